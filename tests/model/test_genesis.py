# SPDX-License-Identifier: Apache-2.0
"""Genesis has one spelling, as a body and as a file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import NotCanonical, WhosawError
from whosaw.model.genesis import Genesis, GenesisFile
from whosaw.model.record import canonical

GENESIS = Genesis(
    origin="log.example.org/whosaw",
    logs=("log.example.org/whosaw+00000000+AQ==", "log.example.org/whosaw+00000001+Bg=="),
    map_origin="log.example.org/whosaw/map",
    map_logs=("log.example.org/whosaw/map+00000003+AQ==",),
    receipts="log.example.org/whosaw/receipts+00000002+AQ==",
    promise_s=60,
    vrf_n=bytes(range(128)) * 3,
    vrf_certificate=tuple(bytes([j]) * 384 for j in range(16)),
)
FILE = GenesisFile(bytes(range(32)), GENESIS.encode())


def test_body_and_file_render_back():
    """What is accepted renders back to the same bytes."""
    assert Genesis.parse(GENESIS.encode()) == GENESIS
    assert GenesisFile.parse(FILE.encode()) == FILE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2), ("v", True), ("kind", "look"), ("map", 1), ("map", None), ("map", {}),
        ("map", {"origin": "m", "logs": []}), ("map", {"origin": 1, "logs": ["k"]}), ("map", {"origin": "m", "logs": ["k"], "x": 1}),
        ("logs", []), ("logs", [1]), ("logs", "x"), ("promise_s", 0),
        ("promise_s", True), ("promise_s", 86_401), ("vrf", None), ("vrf", {"n": "AA=="}), ("more", 1), ("origin", None),
        ("vrf", {"n": "AA==", "certificate": []}),
    ],
)  # fmt: skip
def test_another_body_is_no_genesis(name, value):
    """A field too many, too few or of another type is refused."""
    with pytest.raises(NotCanonical):
        Genesis.parse(canonical(json.loads(GENESIS.encode()) | {name: value}))


@pytest.mark.parametrize("name", ["v", "kind", "origin", "map", "logs", "receipts", "promise_s", "vrf"])
def test_no_field_may_be_missing(name):
    """Every field stands in the body, null or not."""
    value = json.loads(GENESIS.encode())
    del value[name]
    with pytest.raises(NotCanonical):
        Genesis.parse(canonical(value))


@given(st.data())
def test_mutated_files_never_crash(data):
    """Any bytes parse to a file that renders to the same bytes, or are NotCanonical."""
    raw = bytearray(FILE.encode())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = GenesisFile.parse(bytes(raw))
        Genesis.parse(made.body)
    except WhosawError:
        return
    assert made.encode() == bytes(raw)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_crash(raw):
    """Arbitrary bytes are NotCanonical."""
    for parse in (Genesis.parse, GenesisFile.parse):
        with pytest.raises(NotCanonical):
            parse(raw)
