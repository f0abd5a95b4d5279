# SPDX-License-Identifier: Apache-2.0
"""A circle shared out among four is found; the same looks with a reason are not, and neither is honest work."""

from dataclasses import replace

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world
from tests.detect.typed import at, facts_of

from whosaw.detect.coverage import cover, homes_alone, runs
from whosaw.detect.defaults import load_defaults
from whosaw.detect.expected import bare_of
from whosaw.detect.run import world_of
from whosaw.detect.signals import circle_sweep
from whosaw.detect.templates import load_templates
from whosaw.model.access import Field


def test_a_circle_shared_out_is_found_and_its_twin_is_not(town):
    """Nobody shares a person with anybody, and most are in no class: the circle is what they have in common."""
    signals, sweep = town.signals(circle_sweep), town.plants["sweep"]
    first = signals[0]
    assert set(first.persons) <= set(sweep.persons)
    assert set(first.principals) <= set(sweep.whos)
    by_seed = {s.unit: s for s in signals}
    mine = by_seed[sweep.persons[0]]
    assert mine.p < 1e-5
    assert set(mine.persons) >= set(sweep.persons)
    assert by_seed[town.plants["takeover"].persons[0]].p > 0.05
    assert mine.sentence == (
        "Four people of audit looked at intimate data of 7 of the 14 persons around one protected person, that one included, no "
        "two at the same person, in 30 days without a reason on file; none would be usual."
    )
    assert all(names_nobody(s, town.made) for s in signals)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gaps", [0.03, 0.15])
def test_honest_companies_have_as_many_as_chance_brings(seed, gaps):
    with world(company(seed, gaps=gaps)) as world_:
        assert share_below(tried(circle_sweep, world_), 0.01) <= 0.02


def test_a_list_covered_by_cases_stands_out_by_who_it_is_about():
    """One principal has a reason for each of eight persons of one circle. Where no classes are known, too."""
    made = company(5)
    seed = made.persons[700]["person"]
    for n, person in enumerate([seed, *made.around(seed)][:8]):
        made.look("e-0007", person, 20 + 12 * n, Field.PROFILE, weight=100)
    with world(made, without=("persons",)) as world_:
        first = next(s for s in tried(circle_sweep, world_) if s.any_reason)
    assert first.principals == ("e-0007",)
    assert first.p < 1e-3
    assert first.sentence == (
        "One person of audit looked at 6 of the 9 persons around one person, that one included, in 60 days with a reason on "
        "file for all of them; hardly anybody with as much work looks at so many around one."
    )


def homes(seed=6, home=6):
    """A company whose first two hundred persons live in homes of so many, the first of each protected; no links are known."""
    made = company(seed)
    for n, row in enumerate(made.persons[:200]):
        row["household"], row["protected"] = f"h-{n // home}", int(n % home == 0)
    return made


def test_homes_are_circles_where_no_links_are_known():
    """Five of one home, by three people, without a reason: found, and the run says that circles are homes alone."""
    made = homes()
    family = [row["person"] for row in made.persons[:6]]
    for n, person in enumerate(family[:5]):
        made.look(("e-0007", "e-0013", "e-0021")[n % 3], person, 20 + 5 * n, Field.IP)
    with world(made, without=("links",)) as world_:
        assert runs(circle_sweep, world_) and homes_alone(world_)
        first = tried(circle_sweep, world_)[0]
        (said,) = [each for each in cover(world_, (circle_sweep,)).off if "ircle" in each]
    assert set(first.persons) <= set(family) and len(first.persons) >= 4
    assert first.p < 1e-3
    assert said == "Circles of persons are homes alone: no table says who else is linked to whom."


def test_without_links_and_homes_the_signal_is_off():
    """Homes of three are no circle; with links known, nothing is said of homes."""
    for made, without in ((homes(home=3), ("links",)), (homes(), ("links", "persons"))):
        with world(made, without=without) as world_:
            assert not runs(circle_sweep, world_) and not homes_alone(world_)
            assert "The signal circle_sweep is off: it needs links." in cover(world_, (circle_sweep,)).off
    with world(homes()) as world_:
        assert runs(circle_sweep, world_) and not homes_alone(world_)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_honest_homes_have_as_many_as_chance_brings(seed):
    with world(homes(seed), without=("links",)) as world_:
        assert share_below(tried(circle_sweep, world_), 0.05) <= 0.12


def test_nothing_is_no_case_and_no_reason_then():
    """A case that nobody knows is one, a weak reason is one, and one that was filed since is none: it was not there."""
    looks = [{"who": "e-1", "person": f"p-{n}", "t": at(10), "case": "c-?" if n == 1 else None} for n in range(5)]
    with facts_of(looks, staff=[{"who": "e-1", "unit": "u", "function": "support"}]) as facts:
        world_ = world_of(facts, at(60), load_defaults(), load_templates())
        of = world_.looks
        weak, late = ((of.person == f"p-{n}").cast("int64") for n in (2, 3))
        of = of.mutate(weight_then=20 * weak, weight_now=world_.templates.explained_from * late)
        rows = facts.rows(of.select("person", bare=bare_of(of)), ("person",), "")
    assert {row["person"] for row in rows if row["bare"]} == {"p-0", "p-3", "p-4"}


def test_it_is_said_of_looks_that_have_nothing():
    """And only those are shown: another of the circle was looked at for a case."""
    made = company(5)
    *persons, other = [made.persons[700]["person"], *made.around(made.persons[700]["person"])][:8]
    for n, person in enumerate([*persons, other]):
        made.look(f"e-{7 + n % 4:04d}", person, 60 + n, Field.PROFILE)
    with world(made) as world_:
        looks = world_.looks
        looks = looks.mutate(case=looks.person.isin(persons).ifelse(None, "c-1"))
        signals = tried(circle_sweep, replace(world_, looks=looks))
    first = next(s for s in signals if s.unit == persons[0])
    assert first.bare
    assert other not in first.persons and len(first.persons) >= 5
    assert "with no case named and no reason, however weak, on file; " in first.sentence
