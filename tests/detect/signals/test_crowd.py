# SPDX-License-Identifier: Apache-2.0
"""Many at one person: from all over the company they are a crowd, of one unit they are not, and over months neither."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import crowd


def test_many_from_everywhere_are_told_and_a_ward_is_not():
    """Seven people of seven units within a week; seven of one unit at another person; seven units over half a year at a third."""
    made = company(3, events=0)
    ward = [s["who"] for s in made.staff if s["unit"] == "fraud-3"][:7]
    elsewhere = [f"e-{n:04d}" for n in range(1, 8)]
    met = {look["person"] for look in made.looks}
    one, of_ward, slow = [p["person"] for p in made.persons if p["person"] not in met][:3]
    for n in range(7):
        made.look(elsewhere[n], one, 150 + n // 2)
        made.look(ward[n], of_ward, 150 + n // 2)
        made.look(elsewhere[n], slow, 95 + 12 * n)
    with world(made) as world_:
        signals = {s.unit: s for s in tried(crowd, world_)}
    mine = signals[one]
    assert (mine.k, mine.days, len(mine.principals), mine.persons) == (7, 7, 7, (one,))
    assert mine.p < 1e-4
    assert mine.p == min(s.p for s in signals.values())
    assert mine.sentence == (
        "Seven people of six functions, from seven parts of the organisation, looked at one and the same person for the first "
        "time, in 4 days, without a reason on file; usually nobody does so at this person."
    )
    assert of_ward not in signals
    assert signals[slow].p > 100 * mine.p
    assert all(names_nobody(s, made) for s in signals.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_honest_companies_have_as_many_as_chance_brings(seed):
    with world(company(seed)) as world_:
        assert share_below(tried(crowd, world_), 0.01) <= 0.02
