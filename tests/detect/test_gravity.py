# SPDX-License-Identifier: Apache-2.0
"""How grave looks without a reason are: what they lack and where they were at, as seldom as that is here."""

from dataclasses import replace
from math import log10

import pytest
from tests.detect.made import seen, signal
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.evidence import evidence_of
from whosaw.detect.gravity import Gravity, Pair, gravity, shares
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates
from whosaw.detect.weigh import weighed

DEFAULTS, TEMPLATES = load_defaults(), load_templates()
NUMBERS = DEFAULTS.gravity
PLACE, PROTECTED, NOTHING, CASELESS = ((1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def pair(*traits, function="support", weeks=1):
    return Pair(function, weeks, tuple(max(each) for each in zip((0, 0, 0, 0), *traits, strict=True)))


# ── how grave a pair is ──


def test_what_few_lack_is_grave_and_what_most_lack_is_not():
    """Where one in ten names no case, it says much of who does not; where nine in ten do, next to nothing."""
    few = shares({pair(): 900, pair(CASELESS): 100}, NUMBERS)
    most = shares({pair(): 100, pair(CASELESS): 900}, NUMBERS)
    assert few == {pair(): 1.0, pair(CASELESS): 0.1}
    assert most == {pair(): 1.0, pair(CASELESS): 0.9}


def test_what_is_usual_in_a_function_is_not_grave_there():
    """Whoever traces addresses for a living is no graver for it than they who do not; another function is."""
    counted = {
        pair(PLACE, function="security"): 5000, pair(function="security"): 10,
        pair(PLACE): 50, pair(): 5000, pair(CASELESS): 200,
    }  # fmt: skip
    found = shares(counted, NUMBERS)
    assert found[pair(PLACE)] < found[pair(CASELESS)] < found[pair(PLACE, function="security")]


def test_two_people_are_no_function_of_their_own():
    """Of ten pairs of a function all may be sought: they do not make themselves usual."""
    counted = {pair(PROTECTED, function="legal"): 10, pair(): 5000, pair(PROTECTED): 20}
    assert shares(counted, NUMBERS)[pair(PROTECTED, function="legal")] < 0.01


def test_each_trait_and_each_week_more_is_graver():
    counted = {
        pair(): 1000, pair(weeks=2): 100, pair(weeks=3): 20, pair(PLACE): 300, pair(PLACE, NOTHING): 50,
        pair(PLACE, PROTECTED): 5, pair(PLACE, PROTECTED, weeks=3): 1,
    }  # fmt: skip
    found = shares(counted, NUMBERS)
    rising = (pair(), pair(PLACE), pair(PLACE, NOTHING), pair(PLACE, PROTECTED), pair(PLACE, PROTECTED, weeks=3))
    assert [found[each] for each in rising] == sorted((found[each] for each in rising), reverse=True)
    assert found[pair()] > found[pair(weeks=2)] > found[pair(weeks=3)]
    assert found[rising[-1]] == 1 / sum(counted.values())


def test_where_nothing_lacks_a_reason_nothing_is_grave():
    assert shares({}, NUMBERS) == {}


# ── of a finding ──


def test_a_finding_weighs_what_its_pairs_weigh_on_average_and_one_with_a_reason_nothing():
    """However many there are: many ordinary looks are no graver than one, and cover stories thin them out."""
    grave, usual = pair(PROTECTED), pair()
    known = Gravity({grave: 0.001, usual: 1.0}, {("e-1", "p-1"): grave, ("e-1", "p-2"): usual, ("e-2", "p-1"): grave})
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
    pairs = {("e-1", f"p-{n}"): grave if n < 3 else usual for n in range(15)}
    known = Gravity({grave: 0.001, usual: 1.0}, pairs)
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
    assert one.pairs == {("e-1", "p-1"): found.pairs["e-1", "p-1"]}  # no more is read than was asked for
    assert one.shares == found.shares
    assert found.pairs == {
        ("e-1", "p-0"): Pair("support", 1, (1, 0, 1, 0)),
        ("e-1", "p-1"): Pair("support", 4, (0, 0, 1, 1)),
        ("e-1", "p-2"): Pair("support", 1, (0, 1, 1, 1)),
    }
    assert found.shares[found.pairs["e-1", "p-2"]] < 1


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
    with facts_of(looks, staff=[{"who": "e-1", "unit": "u", "function": "support"}]) as facts:
        world = world_of(facts, at(60), DEFAULTS, TEMPLATES)
        found = gravity(world, evidence_of(world, world.looks)).pairs
    weeks = {person: pair.weeks for (_, person), pair in found.items()}
    assert weeks == {"p-0": 1, "p-1": 4, "p-2": 3, "p-3": 4, "p-4": 1}
