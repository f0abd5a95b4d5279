# SPDX-License-Identifier: Apache-2.0
"""Findings: their numbers, their file, what they are joined from and what they weigh."""

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.made import any_findings, finding, seen, signal

from whosaw.detect import weigh
from whosaw.detect.defaults import load_defaults
from whosaw.detect.evidence import most_telling
from whosaw.detect.finding import NONE, Findings, numbered, one_by_one
from whosaw.detect.findings_file import encode, parse
from whosaw.detect.join import joined, standing
from whosaw.detect.record import detectors_body
from whosaw.detect.registry import SIGNALS
from whosaw.detect.templates import load_templates
from whosaw.detect.wording import days_of, looked
from whosaw.errors import BadInput, NotCanonical
from whosaw.facts.columns import DAY
from whosaw.model.record import parse as parse_record

NUMBERS = load_defaults().findings
LOOKS = st.lists(st.sets(st.sampled_from("abcdefghij"), min_size=1, max_size=5), max_size=4)

# ── order ──


def test_a_further_finding_about_the_same_people_stands_behind_one_about_others():
    """Three about one person, two about another who is in one of both as well: each list of names is told apart."""
    given = ((4.0, "a"), (3.9, "a"), (3.8, "a"), (3.7, "b"), (3.65, "a b"), (0.1, "a"))
    drafts = [replace(finding("l"), score=score, principals=tuple(whos.split())) for score, whos in given]
    found = [(f.score, " ".join(f.principals)) for f in one_by_one(reversed(drafts))]
    assert found == [(4.0, "a"), (3.7, "b"), (3.65, "a b"), (3.599, "a"), (3.3229, "a"), (0.0, "a")]


# ── numbers ──


@settings(deadline=None)
@given(st.lists(LOOKS, max_size=5))
def test_no_number_is_given_twice(runs):
    """Whatever is found in whatever order: ids in a run differ, a new one is above all before, none is lost."""
    kept, ever = NONE, {}
    for found in runs:
        before = kept
        made, kept = numbered([finding(*looks) for looks in found], before, NUMBERS.same)
        ids = [f.id for f in made]
        assert len(set(ids)) == len(ids)
        for f in made:
            if f.id in {b.id for b in before.findings}:
                assert set(f.looks) & set(before.find(f.id).looks)
            else:
                assert int(f.id[2:]) > before.last
        ever |= {f.id: f for f in made}
        assert [f.id for f in kept.findings] == sorted(ever)
        assert parse(encode(kept)) == kept


def test_a_finding_is_the_one_that_it_overlaps_most():
    """It grows, it shrinks, it parts: the number goes with most of the looks."""
    first, kept = numbered([finding("a", "b", "c")], NONE, 3)
    grown, kept = numbered([finding(*"abcdefghi")], kept, 3)
    assert first[0].id == grown[0].id == "f-000001"
    parted, kept = numbered([finding(*"abc"), finding(*"defghi")], kept, 3)
    assert [f.id for f in parted] == ["f-000002", "f-000001"]
    other, kept = numbered([finding(*"axyz"), finding(*"uvw")], kept, 3)
    assert [f.id for f in other] == ["f-000002", "f-000003"]
    far, kept = numbered([finding(*"wklmno")], kept, 3)
    assert far[0].id == "f-000003"
    assert kept.last == 3
    with pytest.raises(BadInput):
        kept.find("f-000004")


# ── the file ──


@settings(deadline=None, max_examples=40)
@given(any_findings())
def test_findings_have_one_spelling(findings):
    """What is written is read back the same, to the last digit."""
    assert parse(encode(findings)) == findings


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_file(raw):
    """Any bytes are findings in their one spelling, or NotCanonical."""
    try:
        assert encode(parse(raw)) == raw
    except NotCanonical:
        return


@settings(deadline=None, max_examples=40)
@given(any_findings(), st.data())
def test_mutated_findings_are_refused_or_rerender(findings, data):
    """One byte changed: refused, or one spelling of other findings."""
    raw = bytearray(encode(findings))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = parse(bytes(raw))
    except NotCanonical:
        return
    assert encode(made) == raw


@pytest.mark.parametrize(
    ("why", "old", "new"),
    [
        ("a number above the last one given", b'"last":2', b'"last":1'),
        ("the same number twice", b'"id":"f-000002"', b'"id":"f-000001"'),
        ("no number at all", b'"id":"f-000001"', b'"id":"f-000000"'),
        ("looks out of order", b'"looks":["a","b"]', b'"looks":["b","a"]'),
        ("a finding of no looks", b'"looks":["a","b"]', b'"looks":[]'),
        ("a window that ends before it begins", b'"window":[1,4]', b'"window":[4,1]'),
        ("p that is none", b'"p":"1.00000e-03"', b'"p":"nan"'),
        ("a score with five digits", b'"score":"3.0000"', b'"score":"3.00000"'),
        ("another version", b'"v":1', b'"v":2'),
        ("another kind", b'"kind":"findings"', b'"kind":"facts"'),
        ("more than there is", b'"v":1', b'"v":1,"w":1'),
        ("yes for a time", b'"as_of":5', b'"as_of":true'),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(why, old, new):
    """Each of these would give a number twice, or mean two things."""
    _, kept = numbered([finding("a", "b"), finding("c", "d")], NONE, 3)
    raw = encode(kept)
    assert old in raw, why
    with pytest.raises(NotCanonical) as caught:
        parse(raw.replace(old, new, 1), "private/findings.json")
    assert str(caught.value).startswith("private/findings.json: ")


# ── which signals stand ──


@given(st.lists(st.integers(1, 1000).map(lambda i: i / 1000), max_size=12))
def test_those_stand_whom_chance_does_not_bring(ps):
    """Benjamini and Hochberg's rule, tried for every number that may stand."""
    tried = [signal(p, unit=f"e-{i}") for i, p in enumerate(ps)]
    best = max((r for r in range(len(ps) + 1) if sum(p <= 0.1 * r / len(ps) for p in ps) >= r), default=0) if ps else 0
    stand = standing(tried, 0.1)
    assert len(stand) == best
    assert [s.p for s in stand] == sorted(ps)[:best]


# ── which are about the same ──


def test_signals_join_over_a_pair_or_two_persons():
    """The same who and person, or two persons in common; one person in common is not enough."""
    team = signal(0.001, seen("a", "1"), seen("b", "2"), kind="unit", unit="u")
    alone = signal(0.002, seen("a", "1"))
    stranger = signal(0.003, seen("c", "2"), seen("c", "3"))
    twice = signal(0.004, seen("d", "2"), seen("d", "3"))
    assert joined([team, alone, stranger], {}, NUMBERS) == [[team, alone], [stranger]]
    assert joined([stranger, twice], {}, NUMBERS) == [[stranger, twice]]
    famous = {"2": NUMBERS.hub_lookers + 1}
    assert joined([stranger, twice], famous, NUMBERS) == [[stranger], [twice]]


def test_the_order_of_signals_changes_nothing():
    """Every order gives the same findings in the same order."""
    signals = [
        signal(0.001, seen("a", "1"), seen("b", "1"), kind="unit", unit="u"),
        signal(0.001, seen("a", "1")),
        signal(0.002, seen("b", "1")),
        signal(0.003, seen("c", "7")),
    ]
    parts = {str(joined(list(order), {}, NUMBERS)) for order in itertools.permutations(signals)}
    assert len(parts) == 1


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_nothing_is_lost_and_no_finding_is_too_large(draw):
    """Every signal is in one finding, and a finding of several signals can be reviewed."""
    signals = []
    for i in range(draw.randint(1, 14)):
        whos = draw.sample(range(20), draw.randint(1, 6))
        looks = [seen(f"e-{w}", f"p-{draw.randint(0, 6)}", look=f"l-{i}-{w}") for w in whos]
        signals.append(signal(draw.randint(1, 99) / 1e4, *looks, kind="unit", unit=f"u-{i}"))
    parts = joined(signals, {}, NUMBERS)
    assert sorted(s.unit for part in parts for s in part) == sorted(s.unit for s in signals)
    for part in parts:
        assert len(part) == 1 or len({who for s in part for who in s.principals}) <= NUMBERS.most_principals


# ── looks and words ──


def test_the_most_telling_looks_have_every_pair():
    """Before any pair of principal and person comes twice every pair has come once; protected ones first; by time."""
    looks = [seen("a", "1", f"l-{i}", t=i) for i in range(50)]
    looks += [seen("b", f"{i}", f"m-{i}", t=100 + i, protected=i == 7) for i in range(9)]
    chosen = most_telling(looks, 10)
    assert [look.t for look in chosen] == sorted(look.t for look in chosen)
    assert {(look.who, look.person) for look in chosen} == {(look.who, look.person) for look in looks}
    assert [look.person for look in most_telling(looks, 1)] == ["7"]


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            seen,
            who=st.sampled_from(["e-7f3a", "e-99c0"]),
            person=st.sampled_from(["p-51aa", "p-77bb", "p-02cc"]),
            look=st.sampled_from(["l-ab12", "l-cd34"]),
            case=st.sampled_from([None, "c-ef56"]),
            manager=st.sampled_from([None, "e-0b0b"]),
            unit=st.sampled_from([None, "audit-ie", "Mira Holt's team", "x" * 80, "a\nb", "\u202eevil"]),
            function=st.sampled_from([None, "audit", "support"]),
            t=st.integers(0, 90 * DAY),
            protected=st.booleans(),
        ),
        min_size=1,
    ),
    st.floats(0, 500),
)
def test_a_sentence_is_counts_days_and_codes(looks, usual):
    """No id gets into it, and of an org unit's code only what looks like one."""
    text = looked(looks, usual)
    assert not [id_ for id_ in ("7f3a", "99c0", "51aa", "77bb", "02cc", "ab12", "cd34", "ef56", "0b0b") if id_ in text]
    assert not [code for code in ("Mira", "xxx", "\n", "\u202e") if code in text]
    assert text.isprintable()
    assert text.endswith("would be usual.")
    assert f"{len({look.person for look in looks})} person" in text


def test_sentences_read_well():
    """One, two, many; with and without protected persons."""
    one = [seen(function="legal", protected=True)]
    assert looked(one, 0.1) == (
        "One person of legal looked at 1 person, a protected one, without a case, assignment or other reason on file in "
        "1 day; none would be usual."
    )
    two = [
        seen("a", "1", function="audit", unit="x", protected=True),
        seen("b", "2", t=2 * DAY, function="legal", unit="x", protected=True),
    ]
    assert looked(two, 2.2) == (
        "Two people of unit x looked at 2 persons, both of them protected, without a case, assignment or other reason on "
        "file in 2 days; two such persons would be usual."
    )
    many = [seen(f"e{i}", "1", function="audit" if i else "legal", unit=f"u{i}", t=i) for i in range(13)]
    assert looked(many, 13.4).startswith("13 people of two functions looked at 1 person without")
    assert looked(many, 13.4).endswith("; 13 such persons would be usual.")
    assert days_of(many) == 1


def test_what_names_somebody_never_prints():
    """Pseudonyms stand in no repr of a look, a signal or a finding."""
    look = seen("e-secret", "p-secret", manager="e-secret")
    text = repr([look, signal(0.1, look), replace(finding("l"), principals=("e-secret",), persons=("p-secret",))])
    assert "secret" not in text
    assert "l-1" not in repr(finding("l-1"))


# ── the record ──


def test_the_record_tells_one_set_of_detectors_from_another():
    """Canonical, of its kind, and different when a number or a reason is."""
    at = datetime(2026, 6, 1, tzinfo=UTC)
    defaults, templates = load_defaults(), load_templates()
    body = parse_record(detectors_body(defaults, templates, at))
    assert (body["kind"], body["signals"], body["at"]) == (
        "detectors",
        [d.NAME for d in SIGNALS],
        "2026-06-01T00:00:00.000Z",
    )
    others = [
        detectors_body(replace(defaults, digest="0" * 64), templates, at),
        detectors_body(defaults, replace(templates, digest="0" * 64), at),
        detectors_body(defaults, templates, at, {"pgaudit": 20_600}),
        detectors_body(defaults, templates, at, {"pgaudit": 20_601}),
    ]
    assert len({detectors_body(defaults, templates, at), *others}) == 5


def test_findings_keep_their_order():
    """A file of findings that were made in any order is in the order of their numbers."""
    drafts = [finding(letter) for letter in "abcdef"]
    random.Random(1).shuffle(drafts)
    _, kept = numbered(drafts, NONE, 3)
    assert kept == Findings(6, kept.findings)
    assert [f.id for f in kept.findings] == [f"f-{i:06d}" for i in range(1, 7)]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (None, []), (50, []), (22, ["What is usual was learnt from only 22 others, and is partly assumed."]),
        (1, ["What is usual was learnt from only 1 other, and is partly assumed."]),
        (0, ["Nobody else here does such work, so what is usual is assumed and not measured."]),
    ],
)  # fmt: skip
def test_where_few_others_say_what_is_usual_that_speaks_against_a_finding(others, said):
    """Of fifty it is measured; below it is said how many they were."""
    assert weigh._weak(others, load_defaults()) == said
