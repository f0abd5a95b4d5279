# SPDX-License-Identifier: Apache-2.0
"""Somebody else's JSON: one meaning or none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.collect.observed import No
from whosaw.collect.strict_json import Number, parsed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab\\u", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4), st.booleans())
def test_an_object_is_read_as_it_was_meant(value, ascii_only):
    """Beside the library's own reader, escaped or not."""
    assert parsed(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,\\ud8e0+-.eNI1'), max_size=40).map(str.encode))
def test_no_bytes_raise(raw):
    """An object whose texts can be written down again, or a reason."""
    found = parsed(raw)
    if not isinstance(found, No):
        json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a":1,"a":2}', No("a key twice in one object")),
        (b'{"x":{"a":1,"\\u0061":2}}', No("a key twice in one object")),
        (b'{"a":NaN}', No("not JSON")),
        (b'{"a":-Infinity}', No("not JSON")),
        (b"[1]", No("not a JSON object")),
        (b'{"a":1} {', No("not JSON")),
        (b'{"a":' + b"9" * 5000 + b"}", No("not JSON")),
        (b'{"a":' + b"[" * 200_000, No("nested too deep")),
        (b'{"a":"\\ud800"}', No("half of a surrogate pair")),
        (b'{"\\udfff":[]}', No("half of a surrogate pair")),
        (b'{"a":"\xff"}', No("not UTF-8", 6)),
        (b'{"a":"\xed\xa0\x80"}', No("not UTF-8", 6)),
        ('{"a":1}'.encode("utf-16"), No("not UTF-8", 0)),
        (b"", No("not JSON")),
    ],
)
def test_a_second_meaning_is_refused(raw, why):
    """Each with its reason; what is not UTF-8 with the place."""
    assert parsed(raw) == why


def test_a_fraction_stays_what_was_written():
    """A float would round a time into another millisecond."""
    assert parsed(b'{"t":1795550028.3530001}') == {"t": Number("1795550028.3530001")}
