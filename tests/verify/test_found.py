# SPDX-License-Identifier: Apache-2.0
"""Findings that were shown, held against their records: the same bytes or others, and never a record that is none of ours."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from whosaw.detect.record import found_body
from whosaw.errors import NotCanonical
from whosaw.model.record import canonical, parse
from whosaw.verify.found import Found
from whosaw.verify.steps import Said

AT = datetime(2026, 7, 3, 9, tzinfo=UTC)
FILES = [b"one", b"two", b"three"]


def found(files=FILES):
    made = Found()
    for index, raw in enumerate(files):
        made.take(found_body(raw, AT), 10 * index, f"line {index}")
    return made


def check(made, raw, streams=("findings",)):
    said = Said()
    made.check(raw, streams, said)
    return said


@pytest.mark.parametrize("streams", [("findings",), ("detectors", "findings"), ("all",)])
def test_each_file_has_its_place(streams):
    """The leaf and the time of its record, and how many were recorded after it."""
    for index, raw in enumerate(FILES):
        said = check(found(), raw, streams)
        assert not said.failures and said.counts == {"later": len(FILES) - 1 - index}
        assert f"leaf {10 * index}." in said.sentences[0] and "2026-07-03T09:00:00" in said.sentences[0]


@pytest.mark.parametrize("raw", [b"", b"on", b"one ", b"One", sha256(b"one").digest()])
def test_another_file_is_not_the_one(raw):
    """Shorter, longer, changed, or the digest itself."""
    assert check(found(), raw).failures
    assert check(found([]), b"one").failures


def test_of_other_streams_nothing_can_be_told():
    """Neither true nor false."""
    said = check(found(), b"one", ("policy",))
    assert said.unclear_about and not said.failures


def test_a_record_that_is_none_of_ours_is_refused():
    """A member too many or too few, another version, a digest that is none; a body of another kind is passed over."""
    true = parse(found_body(b"one", AT))
    for wrong in (
        {**true, "more": 1}, {**true, "v": 2}, {**true, "digest": "AAAA"}, {**true, "digest": 3},
        {name: value for name, value in true.items() if name != "at"},
        {**true, "at": "2026-07-03"}, {**true, "at": "2026-07-03T09:00:00.000Z\n\x1b[2J 9. holds"},
    ):  # fmt: skip
        with pytest.raises(NotCanonical):
            Found().take(canonical(wrong), 1, "line 1")
    made = Found()
    made.take(canonical({"v": 1, "kind": "look", "said": '"kind":"found"'}), 1, "line 1")
    made.take(canonical({"v": 1, "kind": "look", "said": {"kind": "found"}}), 1, "line 1")
    assert made.digests == {}


def test_what_is_recorded_again_is_as_old_as_it_was():
    """Whoever records an old digest once more makes no newest file of it."""
    again = found([*FILES, FILES[0]])
    said = check(again, FILES[0])
    assert said.counts == {"later": 2} and "leaf 0." in said.sentences[0]
    assert check(again, FILES[2]).counts == {"later": 0}
