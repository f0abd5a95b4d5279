# SPDX-License-Identifier: Apache-2.0
"""A circle shared out among four is found; the same looks with a reason are not, and neither is honest work."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import circle_sweep
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
        "Four people of audit looked at intimate data of 7 of the 14 persons in the circle of one protected person, no "
        "two at the same person, in 30 days without a reason on file; not even one such person would be usual."
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
        "One person of audit looked at 6 of the 9 persons in the circle of one person in 60 days, all of them for a reason "
        "on file; not even one such person would be usual."
    )
