# SPDX-License-Identifier: Apache-2.0
"""How grave looks without a reason are: what they lack and where they were at, as seldom as that is here."""

from dataclasses import replace
from math import log10

import pytest
from tests.detect.made import seen, signal
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.evidence import evidence_of
from whosaw.detect.fuse import shares as shares_of
from whosaw.detect.gravity import Gravity, Pair, gravity, shares
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates
from whosaw.detect.weigh import weighed

DEFAULTS, TEMPLATES = load_defaults(), load_templates()
NUMBERS = DEFAULTS.gravity
PLACE, PROTECTED, NOTHING, CASELESS = ((1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def pair(*traits, function="support", weeks=1):
    return Pair(function, weeks, tuple(max(each) for each in zip((0, 0, 0, 0), *traits, strict=True)))


def of(counted, *asked):
    return shares(counted, [*counted, *asked], NUMBERS)


# ── how grave a pair is ──


def test_what_few_lack_is_grave_and_what_most_lack_is_not():
    """Where one in ten names no case, it says much of who does not; where nine in ten do, next to nothing."""
    few = of({pair(): 900, pair(CASELESS): 100})
    most = of({pair(): 100, pair(CASELESS): 900})
    assert few == {pair(): 1.0, pair(CASELESS): 0.1}
    assert most == {pair(): 1.0, pair(CASELESS): 0.9}


def test_what_is_usual_in_a_function_is_not_grave_there():
    """Whoever traces addresses for a living is no graver for it than they who do not; another function is."""
    counted = {
        pair(PLACE, function="security"): 5000, pair(function="security"): 10,
        pair(PLACE): 50, pair(): 5000, pair(CASELESS): 200,
    }  # fmt: skip
    found = of(counted)
    assert found[pair(PLACE)] < found[pair(CASELESS)] < found[pair(PLACE, function="security")]


def test_two_people_are_no_function_of_their_own():
    """Of ten pairs of a function all may be sought: they do not make themselves usual."""
    counted = {pair(PROTECTED, function="legal"): 10, pair(): 5000, pair(PROTECTED): 20}
    assert of(counted)[pair(PROTECTED, function="legal")] < 0.01


def test_each_trait_and_each_week_more_is_graver():
    counted = {
        pair(): 1000, pair(weeks=2): 100, pair(weeks=3): 20, pair(PLACE): 300, pair(PLACE, NOTHING): 50,
        pair(PLACE, PROTECTED): 5, pair(PLACE, PROTECTED, weeks=3): 1,
    }  # fmt: skip
    found = of(counted)
    rising = (pair(), pair(PLACE), pair(PLACE, NOTHING), pair(PLACE, PROTECTED), pair(PLACE, PROTECTED, weeks=3))
    assert [found[each] for each in rising] == sorted((found[each] for each in rising), reverse=True)
    assert found[pair()] > found[pair(weeks=2)] > found[pair(weeks=3)]
    assert found[rising[-1]] == 1 / sum(counted.values())


def test_where_nothing_lacks_a_reason_nothing_is_grave():
    assert of({}, pair()) == {}


def test_what_nobody_else_does_is_as_seldom_as_what_one_does():
    """A machine is asked about and counts for nobody: ten thousand pairs of its own leave everybody's share as it is."""
    people = {pair(): 900, pair(CASELESS): 99, pair(PLACE, CASELESS): 1}
    machine = pair(PLACE, CASELESS, function="service", weeks=4)
    found = of(people, machine)
    assert found == {**of(people), machine: 0.001}
    assert of(people, pair(function="service"))[pair(function="service")] == 1


# ── of a finding ──


def test_a_finding_weighs_what_its_pairs_weigh_on_average_and_one_with_a_reason_nothing():
    """However many there are: many ordinary looks are no graver than one, and cover stories thin them out."""
    grave, usual = pair(PROTECTED), pair()
    pairs = {("e-1", "p-1", 0): grave, ("e-1", "p-2", 0): usual, ("e-2", "p-1", 0): grave}
    known = Gravity({grave: 0.001, usual: 1.0}, pairs, 0, 180)
    a, b = seen("e-1", "p-1"), seen("e-2", "p-1")
    assert known.of([a, b, replace(a, look="l-again")]) == pytest.approx(3.0)
    assert known.of([a, seen("e-1", "p-2")]) == pytest.approx(-log10(0.001) / 2)
    assert known.of([a, seen("e-1", "p-explained")]) == pytest.approx(1.5)
    assert known.of([replace(a, person=None)]) == known.of([]) == 0.0
    assert known.said([a, b])[0].startswith("Mostly protected persons")
    assert known.said([a, seen("e-1", "p-2")]) == ()  # half is not most


def test_what_joins_a_finding_thins_out_nothing():
    """Three protected persons among twelve looks at anybody: what says most of a finding says most of how grave it is."""
    grave, usual = pair(PROTECTED), pair()
    pairs = {("e-1", f"p-{n}", 0): grave if n < 3 else usual for n in range(15)}
    known = Gravity({grave: 0.001, usual: 1.0}, pairs, 0, 180)
    looks = [seen("e-1", f"p-{n}", f"l-{n:02}") for n in range(15)]
    strong = replace(signal(1e-6, *looks[:3]), signal="protected_person")
    padded = signal(0.01, *looks)
    ran = {"context": 1}
    with facts_of([]) as facts:
        world = world_of(facts, at(60), DEFAULTS, TEMPLATES)

        def score(*signals):
            return weighed(signals, {}, frozenset(), known, world, ran=ran, prices={}).score

        assert score(strong) == pytest.approx(6 + 3, abs=0.001)
        assert score(strong, padded) == score(padded, strong) == pytest.approx(9, abs=0.01)
        assert score(padded) == pytest.approx(2 + 3 / 5, abs=0.01)
        # What only supports says nothing of it, however strong it is; and what costs much says little.
        assert score(strong, replace(padded, p=1e-9, opens=False)) == score(strong)
        prices = {"protected_person": 1e4}
        paid = weighed([strong, padded], {}, frozenset(), known, world, ran=ran, prices=prices)
        assert paid.score == pytest.approx(2 + (3 + 3 / 5) / 2, abs=0.01)


@pytest.mark.parametrize("kinds", [("unit", "manager", "function"), ("circle", "circle", "circle")])
def test_what_is_said_three_times_counts_once(kinds):
    """A team is a unit, its manager's and a function; circles overlap. Beside one other signal each is one, however it is called."""
    own = signal(1e-3, seen("e-1", "p-1"))
    same = [
        replace(signal(1e-3, seen("e-1", "p-2"), kind=kind, unit=f"u-{n}"), p=1e-3 * n)
        for n, kind in enumerate(kinds, 1)
    ]
    for order in (same, same[::-1]):
        said = shares_of([own, *order], DEFAULTS.fusion)
        assert sorted((share, one.unit) for share, one in said) == [(0.5, "e-1"), (0.5, "u-1")]
    apart = [signal(1e-3, seen(f"e-{n}", "p-1")) for n in range(4)]
    assert [share for share, _ in shares_of(apart, DEFAULTS.fusion)] == [0.25] * 4


def test_what_is_said_of_cases_is_true_of_those_that_cannot_be_the_reason():
    known = Gravity({pair(CASELESS): 1.0}, {("e-1", f"p-{n}", 0): pair(CASELESS) for n in range(3)}, 0, 180)
    none = [seen("e-1", f"p-{n}") for n in range(3)]
    false = [replace(none[0], case="c-1"), *none[1:]]
    assert known.said(none) == ("Mostly no case was named.",)
    assert known.said([*none, replace(none[0], look="l-2", case="c-1", explained=True)]) == known.said(none)
    assert known.said(false) == ("Mostly no case was named that was open then, and theirs or about the person.",)


# ── in the engine ──


def test_traits_are_those_of_all_looks_of_a_pair():
    """One look that names a case is enough; a weak reason at a protected person is one; a week more is told, five are four."""
    persons = [{"person": f"p-{n}", "region": "DE", "protected": int(n == 2)} for n in range(5)]
    staff = [{"who": "e-1", "unit": "u", "function": "support"}]
    base = {"who": "e-1", "person": "p-0"}
    looks = [
        {**base, "t": at(10)},
        {**base, "t": at(10.1), "case": "c-unknown", "f_ip": 1},
        {**base, "person": "p-1", "t": at(11), "f_profile": 1},
        *({**base, "person": "p-1", "t": at(11 + 7 * n)} for n in range(1, 6)),
        {**base, "person": "p-2", "t": at(12)},
    ]
    with facts_of(looks, staff=staff, persons=persons) as facts:
        world = world_of(facts, at(60), DEFAULTS, TEMPLATES)
        seen = evidence_of(world, world.looks)
        found = gravity(world, seen)
        one = gravity(world, [look for look in seen if look.person == "p-1"])
    assert one.pairs == {("e-1", "p-1", 0): found.pairs["e-1", "p-1", 0]}  # no more is read than was asked for
    assert one.shares == found.shares
    assert found.pairs == {
        ("e-1", "p-0", 0): Pair("support", 1, (1, 0, 1, 0)),
        ("e-1", "p-1", 0): Pair("support", 4, (0, 0, 1, 1)),
        ("e-1", "p-2", 0): Pair("support", 1, (0, 1, 1, 1)),
    }
    assert found.shares[found.pairs["e-1", "p-2", 0]] < 1


def test_weeks_under_one_case_are_one():
    """Its missing link is missing in all of them; a case for each week, and weeks without one, are as many as they are."""
    cases = {
        "p-0": ["c-1"] * 4,
        "p-1": ["c-1", "c-2", "c-3", "c-4"],
        "p-2": ["c-1", None, None, "c-1"],
        "p-3": [None] * 4,
    }
    looks = [
        {"who": "e-1", "person": person, "t": at(10 + 7 * week), "case": case}
        for person, of in cases.items()
        for week, case in enumerate(of)
    ]
    # Two cases in one week are one week.
    looks += [{"who": "e-1", "person": "p-4", "t": at(10), "case": f"c-{n}"} for n in range(2)]
    weeks = {"p-0": 1, "p-1": 4, "p-2": 3, "p-3": 4, "p-4": 1}
    assert weeks_of(looks) == weeks
    # A number that no case has is no case whose link is missing; where nobody knows the cases, each may be one.
    cases = [{"case_id": f"c-{n}", "type": "ticket", "opened": at(9)} for n in (2, 3, 4)]
    assert weeks_of(looks, cases=cases) == {**weeks, "p-0": 4, "p-2": 4}


def weeks_of(looks, **tables):
    staff = [{"who": "e-1", "unit": "u", "function": "support"}]
    with facts_of(looks, staff=staff, **tables) as facts:
        world = world_of(facts, at(60), DEFAULTS, TEMPLATES)
        found = gravity(world, evidence_of(world, world.looks)).pairs
    return {person: pair.weeks for (_, person, _), pair in found.items()}


def test_whoever_comes_back_after_half_a_year_begins_anew_and_what_was_usual_before_is_not():
    """Three years ago no tool recorded cases. Now all do, and one names none: that excuses nobody, and one case then neither."""
    then, now = range(10, 12), range(1105, 1107)
    looks = [
        *({"who": "e-1", "person": f"p-{n}", "t": at(day)} for day in then for n in range(50)),
        *({"who": "e-1", "person": f"p-{n}", "t": at(day), "case": f"c-{n}"} for day in now for n in range(1, 50)),
        {"who": "e-1", "person": "p-0", "t": at(1106)},
        {"who": "e-1", "person": "p-0", "t": at(10), "case": "c-0", "f_ip": 1},
    ]
    with facts_of(looks, staff=[{"who": "e-1", "unit": "u", "function": "support"}]) as facts:
        world = world_of(facts, at(1110), DEFAULTS, TEMPLATES)
        seen = [look for look in evidence_of(world, world.looks) if look.person == "p-0"]
        found = gravity(world, seen)
    late, early = found.pairs["e-1", "p-0", 0], found.pairs["e-1", "p-0", 6]
    assert (late, early) == (Pair("support", 1, (0, 0, 1, 1)), Pair("support", 1, (1, 0, 1, 0)))
    assert found.shares[late] == pytest.approx(1 / 50)
    assert found.said(seen[-1:])[-1] == "Mostly no case was named."
