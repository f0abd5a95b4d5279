# SPDX-License-Identifier: Apache-2.0
"""Sentences of signals and of what speaks against them: one, two, many, all and none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.detect import made

from whosaw.detect import weigh
from whosaw.detect.fits import FLAGS
from whosaw.detect.signal import Evidence
from whosaw.detect.signals import approval_ring, case_stretching, crowd, place_match, purpose_mismatch, relationship
from whosaw.detect.wording import looked, people, usual
from whosaw.facts.columns import DAY


def seen(who: str, person: str = "p-1", **more: object) -> Evidence:
    """A look of `who`, of audit and without a reason."""
    return made.seen(who, person, f"l-{who}-{person}", **{"unit": "x", "function": "audit", **more})


def signal(kind, **more):
    """A signal of that kind, of which only what the sentence needs is said."""
    given = {
        "signal": "any", "family": "context", "kind": "group", "unit": "u", "stratum": "all", "p": 0.01, "tries": 1, "days": 1,
        "k": 1, "n": 1, "expected": 0.1,
    }  # fmt: skip
    return kind(**{**given, **more})


def test_a_machine_is_not_called_a_person():
    """Neither one nor several; a person beside a machine makes people of both."""
    assert people(1, [seen("m", function="service")]) == "A machine's account"
    assert (
        people(2, [seen("m", function="service"), seen("n", function="service", unit="y")])
        == "Two accounts of machines"
    )
    assert people(2, [seen("m", function="service", unit="y"), seen("a")]) == "Two people of two functions"


@pytest.mark.parametrize(("expected", "said"), [
    (0.0, "none would be usual"), (0.49, "none would be usual"), (0.5, "one such person would be usual"),
    (1.6, "two such persons would be usual"),
])  # fmt: skip
def test_what_is_usual_is_none_or_a_number(expected, said):
    assert usual(expected) == said


def test_of_protected_persons_all_are_all():
    """Three of three are all of them, not three of them."""
    looks = [seen("a", f"p-{n}", protected=True) for n in range(3)]
    assert looked(looks, 0.1).startswith("One person of audit looked at 3 persons, all of them protected, without")


def test_a_crowd_of_one_meets_nobody():
    """At one and the same person there are several, from parts of the organisation that are counted."""
    one = signal(crowd.Crowd, person="p-1", since=0, until=1)
    assert crowd._sentence(one, [seen("a")]) == (
        "One person of audit looked at a person for the first time, in 1 day, without a reason on file; usually nobody does so "
        "at this person."
    )
    two = replace(one, k=2, expected=1.2)
    assert crowd._sentence(two, [seen("a"), seen("b", protected=True)]) == (
        "Two people of audit, from two parts of the organisation, looked at one and the same protected person for the first "
        "time, in 1 day, without a reason on file; usually people of one part of the organisation do so at this person."
    )


def _why(*patterns):
    """What `purpose_mismatch` says of looks with these flags each."""
    places = [name for name, _ in FLAGS]
    looks = [seen(f"e-{n}") for n in range(len(patterns))]
    bits = [sum(1 << places.index(flag) for flag in flags) for flags in patterns]
    return purpose_mismatch._why(looks, {look.key: of for look, of in zip(looks, bits, strict=True)})


@pytest.mark.parametrize(("patterns", "said"), [
    ([("no_purpose", "not_named")], "the look gives no purpose and names a case that does not name the person"),
    ([("no_purpose", "no_case")] * 2, "both looks give no purpose and name no case, though such looks mostly do"),
    ([("opened_self",)] * 6, "all 6 looks name a case that the one who looked had opened"),
    ([("opened_self", "unknown_case"), ("opened_self",), ("opened_self",)],
     "all 3 looks name a case that the one who looked had opened, and 1 of them names a case that is not on file"),
    ([("later",), ("later",), ("field",)],
     "2 of 3 looks name a case that was opened afterwards, and 1 reads a field that is seldom read for this purpose"),
])  # fmt: skip
def test_why_a_reason_does_not_fit(patterns, said):
    """Both reasons of the same looks in one breath; of different looks nobody says that they are the same."""
    assert _why(*patterns) == said


@pytest.mark.parametrize(("k", "n", "said"), [
    (1, 1, "The only request of one person was approved by one and the same other person; none would be usual."),
    (2, 2, "Both requests of one person were approved by one and the same other person; none would be usual."),
    (1, 5, "1 of 5 requests of one person was approved by one and the same other person; none would be usual."),
    (57, 57, "All 57 requests of one person were approved by one and the same other person; none would be usual."),
])  # fmt: skip
def test_how_many_requests_one_hand_approved(k, n, said):
    assert approval_ring._sentence(signal(approval_ring.Ring, how="same", k=k, n=n)) == said


@pytest.mark.parametrize(("part", "value", "said"), [
    ("protected", 1, "One fraud case was used for looks at 1 protected person; few such cases are used for any."),
    ("protected", 4, "One fraud case was used for looks at 4 protected persons; few such cases are used for so many."),
    ("outside", 1, "One fraud case was used by one person of another unit than the one that has it; few such cases are used by any such."),
    ("outside", 3, "One fraud case was used by three people of other units than the one that has it; few such cases are used by so many."),
])  # fmt: skip
def test_what_a_case_was_stretched_to(part, value, said):
    stretched = signal(case_stretching.Stretched, part=part, type_="fraud", value=value)
    assert case_stretching._sentence(stretched, [seen("a")]) == said


@pytest.mark.parametrize(("k", "n", "said"), [(1, 1, "this person"), (2, 2, "any of them"), (2, 5, "2 of them")])
def test_with_whom_a_case_has_nothing_to_do(k, n, said):
    stretched = signal(case_stretching.Stretched, part="unlinked", type_="fraud", value=k, k=k, n=n)
    assert f" it has nothing to do with {said}; none would be usual in such a case." in case_stretching._sentence(
        stretched, [seen("a")]
    )


@pytest.mark.parametrize(("explained", "said"), [(0, "none had"), (1, "1 of the 2 looks had"), (2, "both looks had")])
def test_how_many_looks_at_places_had_a_reason(explained, said):
    match = signal(place_match.Match, column="who", id="a", outsiders=frozenset({"p-0"}), employees=frozenset({"p-1"}))
    looks = [seen("a", f"p-{n}", explained=n < explained) for n in range(2)]
    assert place_match._sentence(match, looks).endswith(f"so many of both, and {said} a reason on file.")


def test_ones_own_account_is_no_number_of_persons():
    """Once, and more often."""
    own = signal(relationship.Tied, tie="self")
    assert relationship._sentence(own, [seen("a")]) == (
        "One person of audit looked at their own account once in 1 day; by chance that hardly happens."
    )
    twice = [seen("a"), seen("a", t=3 * DAY)]
    assert relationship._sentence(replace(own, expected=0.8), twice) == (
        "One person of audit looked at their own account twice in 3 days; by chance that may happen."
    )


@pytest.mark.parametrize(("number", "all_", "said"), [
    (1, 1, "The look has a reason."), (2, 2, "Both looks have a reason."), (1, 6, "1 of 6 looks has a reason."),
    (6, 6, "All 6 looks have a reason."), (1200, 3000, "1,200 of 3,000 looks have a reason."), (0, 3, ""),
])  # fmt: skip
def test_how_many_looks_speak_against_a_finding(number, all_, said):
    assert weigh._of(number, all_, "a reason") == said


def test_who_was_new_is_said_of_one_and_of_several():
    """Where one person looked it is that one, and of several it is said of how many."""
    new, old = seen("a", tenure=3), seen("b", tenure=400)
    assert weigh._new([new], 30) == ["The one who looked had been here for less than 30 days."]
    assert weigh._new([new, old], 30) == ["1 of those who looked had been here for less than 30 days."]
    assert weigh._new([old], 30) == []
