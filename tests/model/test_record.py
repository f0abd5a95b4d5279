# SPDX-License-Identifier: Apache-2.0
"""Bodies: reading is building again, byte for byte; and a body that was built is known to be one."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import NotCanonical
from whosaw.model.record import BIGGEST, LIMIT, Body, canonical, parse, parse_json

KEYS = st.from_regex(re.compile(r"[a-z][a-z0-9_]{0,5}|[A-Z]|", re.ASCII), fullmatch=True)
LEAVES = st.none() | st.booleans() | st.integers(-BIGGEST - 1, BIGGEST + 1) | st.text(max_size=5) | st.floats(0, 2)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def spelled(value) -> bytes | None:
    """The one spelling, or None where there is none."""
    try:
        return canonical(value)
    except NotCanonical:
        return None


@given(value=VALUES, loose=st.booleans())
def test_what_is_read_is_exactly_what_can_be_written(value, loose):
    """The reader takes the writer's spelling of a value and no other, and of a value without one nothing."""
    text = json.dumps(value, sort_keys=not loose, separators=None if loose else (",", ":"), ensure_ascii=loose)
    raw = text.encode(errors="surrogatepass")
    if raw == spelled(value):
        assert parse_json(raw, "x", LIMIT) == value
        return
    with pytest.raises(NotCanonical):
        parse_json(raw, "x", LIMIT)


@pytest.mark.parametrize("raw", [
    b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a":-0}', b'{"a":1.0}', b'{"a":1e3}', b'{"a":"\\u0041"}', b'{"a":"\\/"}', b"NaN",
    b'{"a":"\\ud800"}', b'{"a":9007199254740992}', b'{"A":1}', b' {"a":1}', b'{"a":1}\n', b'{"a":"\xff"}', b"",
    b"[" * 33 + b"1" + b"]" * 33, b"[" * 5_000, b'{"a":' * 40 + b"1" + b"}" * 40,
])  # fmt: skip
def test_what_has_another_spelling_is_refused(raw):
    """Each of these means something to a JSON parser, or nearly."""
    with pytest.raises(NotCanonical):
        parse_json(raw, "x", LIMIT)


@pytest.mark.parametrize(
    "raw", [b"[" * 32 + b"1" + b"]" * 32, b'"' + b"[{" * 40 + b'"', b"[[],[],{}" + b",[]" * 40 + b"]"]
)
def test_depth_is_counted_and_not_brackets(raw):
    """32 lists in each other, and any number beside each other or in a text."""
    assert canonical(parse_json(raw, "x", LIMIT)) == raw


def test_a_body_is_what_canonical_made_and_what_parse_would_take():
    """Whoever gets a `Body` need not read it: only `canonical` makes one, and only of what is a record."""
    made = canonical({"v": 1, "kind": "look", "text": "é"})
    assert type(made) is Body
    assert parse(made) == {"v": 1, "kind": "look", "text": "é"}
    for value in ({"kind": "look"}, {"v": True, "kind": "look"}, {"v": 1, "kind": 2}, {"v": 1}, ["v", "kind"], 1):
        other = canonical(value)
        assert type(other) is bytes
        with pytest.raises(NotCanonical):
            parse(other)
    assert type(canonical({"v": 1, "kind": "look", "text": "x" * LIMIT})) is bytes
    assert type(made + b"") is bytes
    assert type(made[:-1]) is bytes


@pytest.mark.parametrize("inmost", ["text", None, 1, True, "é", {}])
def test_the_depth_is_the_same_for_whatever_is_inmost(inmost):
    """A text nested too deep is refused as a number is."""
    deepest = []
    for depth in range(1, 40):
        value = inmost
        for _ in range(depth):
            value = [value]
        try:
            canonical(value)
        except NotCanonical:
            break
        deepest.append(depth)
    assert deepest == list(range(1, 33))
