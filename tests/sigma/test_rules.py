# SPDX-License-Identifier: Apache-2.0
"""Rule files, read strictly; and what correlations tell of a dozen looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sigma.ground import correlation, detection, typed, written

from whosaw.errors import BadInput
from whosaw.sigma import rules as reading
from whosaw.sigma.rules import read_rules
from whosaw.sigma.run import alerts

LOOKED = detection("selection:\n  person|exists: true", name="looked")
EDITED = detection("selection:\n  object: '*'", name="edited", service="changes", title="Edited")


def told(tmp_path, *rules):
    with typed() as facts:
        found = alerts(facts, read_rules([written(tmp_path, *rules)]))
    return [(a.principals, len(a.matches), a.count) for a in found]


def test_a_detection_that_is_counted_does_not_tell_by_itself(tmp_path):
    assert told(tmp_path, LOOKED, correlation("event_count", ["looked"], by=["principal"])) == [
        (("e-1",), 3, 3),
        (("e-2",), 2, 2),
    ]


def test_a_detection_that_shall_tell_as_well_does(tmp_path):
    both = correlation("event_count", ["looked"], by=["principal"]).replace("  type:", "  generate: true\n  type:")
    assert len(told(tmp_path, LOOKED, both)) == 2 + 6


def test_values_are_counted_once_and_numbers_added(tmp_path):
    rows = detection("selection:\n  rows|gte: 1", name="rows")
    assert (
        told(tmp_path, rows, correlation("value_count", ["rows"], by=["principal"], condition="gte: 3, field: mode"))
        == []
    )
    assert told(tmp_path, LOOKED, correlation("value_count", ["looked"], condition="gte: 4, field: person")) == [
        (("e-1", "e-2"), 5, 4)
    ]
    assert told(
        tmp_path, rows, correlation("value_sum", ["rows"], by=["principal"], condition="gt: 1799, field: rows")
    ) == [(("e-2",), 2, 1800)]


def test_rules_of_two_log_sources_one_after_the_other(tmp_path):
    """Who edits a detector and looks within the day; the field is called differently in each log."""
    alias = "  aliases:\n    who:\n      edited: staff_id\n      looked: principal\n"
    then = correlation("temporal_ordered", ["edited", "looked"], by=["who"], condition="gte: 2").replace(
        "  group-by", alias + "  group-by"
    )
    assert told(tmp_path, EDITED, LOOKED, then) == [(("e-1",), 4, 2)]
    before = then.replace("[edited, looked]", "[looked, edited]")
    assert told(tmp_path, EDITED, LOOKED, before) == [(("e-2",), 3, 2)]
    assert told(tmp_path, EDITED, LOOKED, then.replace("temporal_ordered", "temporal")) == [
        (("e-1",), 4, 2),
        (("e-2",), 3, 2),
    ]


def test_the_same_rules_and_facts_give_the_same_alerts(tmp_path):
    rules = read_rules([written(tmp_path, LOOKED, correlation("event_count", ["looked"], by=["principal"]))])
    with typed() as facts, typed() as again:
        assert [a.id for a in alerts(facts, rules)] == [a.id for a in alerts(again, rules)] != []


def test_a_rule_that_matches_too_much_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("whosaw.facts.opened.MOST_ROWS", 3)
    with typed() as facts, pytest.raises(BadInput, match="more than 3 rows") as refused:
        alerts(facts, read_rules([written(tmp_path, LOOKED)]))
    assert "narrower" in refused.value.hint


def test_rules_for_other_systems_are_left_out_and_told(tmp_path):
    other = (
        LOOKED.replace("product: whosaw", "product: okta").replace("looked", "others").replace("Something", "Theirs")
    )
    other = other.replace(other.split("id: ")[1][:36], "11111111-2222-4333-8444-555555555555")
    read = read_rules([written(tmp_path, LOOKED, other, correlation("event_count", ["others"], by=["principal"]))])
    assert (read.elsewhere, [one.title for one in read.detections], read.correlations) == (
        ("Theirs", "Counted"),
        ["Something"],
        (),
    )
    with pytest.raises(BadInput, match="none of the rules is about looks"):
        read_rules([written(tmp_path, other)])


BAD = {
    "": "empty",
    "a: [": "line 1: not YAML",
    "[" * 25 + "]" * 25: "levels deep",
    "a: &a 1\nb: *a": "line 2: a reference",
    "title: a\ntitle: b": "line 2: a key that stands there twice",
    "just a text": "no Sigma rule",
    "title: nothing else": "no Sigma rule",
    "\x00": "not YAML",
    "? [1, 2]\n: 3": "a key that is no text",
    LOOKED.replace("service: looks", "service: look"): "no such log source",
    LOOKED + "---\n" + LOOKED: "two rules go by",
    correlation("event_count", ["nobody"]): "do not fit together",
    LOOKED + "---\n" + correlation("value_avg", ["looked"], condition="gte: 2, field: rows"): "value_avg is not counted here",
    LOOKED + "---\n" + correlation("value_count", ["looked"], condition="gte: 2"): "no Sigma rule",
    LOOKED + "---\n" + correlation("value_count", ["looked"], condition="gte: 2, field: rows"): "rows cannot be counted so",
    LOOKED + "---\n" + correlation("value_sum", ["looked"], condition="gte: 2, field: app"): "app cannot be counted so",
    LOOKED + "---\n" + correlation("event_count", ["looked"], condition="lt: 2"): "only a whole number that is reached",
    LOOKED + "---\n" + correlation("event_count", ["looked"], condition="gte: 0"): "true of nothing at all",
    LOOKED + "---\n" + correlation("event_count", ["looked"], by=["rows"]): "cannot be grouped by 'rows'",
    LOOKED + "---\n" + correlation("event_count", ["looked"], by=["nobody"]): "cannot be grouped by 'nobody'",
    LOOKED + "---\n" + correlation("event_count", ["looked"], span="soon"): "no Sigma rule",
    EDITED + "---\n" + correlation("event_count", ["edited"], by=["principal"]): "cannot be grouped by 'principal'",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_rule_is_named_by_file(tmp_path, text):
    with pytest.raises(BadInput, match=BAD[text]) as refused:
        read_rules([written(tmp_path, text)])
    assert "rule" in refused.value.where


@pytest.mark.parametrize("said", ["principal|gte: 'e-secret'", "app|re: 'O''Secret secret('", "app|re: '(?<=secret)x'"])
def test_values_of_a_rule_stand_in_no_error(tmp_path, capfd, said):
    """A rule may ask for somebody; nor does whatever reads its regular expressions print them."""
    with pytest.raises(BadInput) as refused:
        read_rules([written(tmp_path, detection(f"s:\n  {said}", condition="s"))])
    assert "secret" not in f"{refused.value} {refused.value.hint} {''.join(capfd.readouterr())}".lower()


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match=r"gone\.yml: cannot be read"):
        read_rules([tmp_path / "gone.yml"])
    with pytest.raises(BadInput, match="no rules lie there"):
        read_rules([tmp_path])
    (tmp_path / "latin.yml").write_bytes(b"title: \xe9")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_rules([tmp_path])
    monkeypatch.setattr(reading, "_MOST_BYTES", 7)
    with pytest.raises(BadInput, match="longer than"):
        read_rules([tmp_path])


RULE = (LOOKED + "---\n" + correlation("event_count", ["looked"], by=["principal"])).encode()


@given(data=st.data())
def test_no_bytes_crash_it(data, tmp_path_factory):
    """A rule with a piece cut out, doubled or replaced is a rule, or refused in our words."""
    at = data.draw(st.integers(0, len(RULE)))
    cut = data.draw(st.integers(0, 30))
    piece = data.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b"- ", b": ", b"null", b"[]", b"{}", b"1", b"!!x ", b"|"]))
    )
    path = tmp_path_factory.getbasetemp() / "bytes.yml"
    path.write_bytes(RULE[:at] + piece + RULE[at + cut :])
    try:
        read_rules([path])
    except BadInput as error:
        assert error.where
