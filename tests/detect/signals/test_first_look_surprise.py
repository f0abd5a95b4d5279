# SPDX-License-Identifier: Apache-2.0
"""A first look at a person with whom only others have to do, and one at a person whom colleagues know."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import first_look_surprise


def test_a_stranger_is_told_and_a_colleagues_person_is_not():
    """Six of fraud know the person; one of audit looks. Somebody of fraud who looks too is no stranger."""
    made = company(2)
    fraud = [s["who"] for s in made.staff if s["unit"] == "fraud-3"]
    for n, who in enumerate(fraud[:7]):
        made.look(who, "p-01000", 20 + n, weight=100)
    made.look(fraud[7], "p-01000", 60)
    made.look("e-0007", "p-01000", 60)
    made.looks = [look for look in made.looks if look["who"] != "e-0007" or look["person"] == "p-01000"]
    with world(made) as world_:
        signals = tried(first_look_surprise, world_)
    (mine,) = [s for s in signals if s.person == "p-01000"]
    assert (mine.who, mine.opens) == ("e-0007", False)
    assert mine.p < 0.05
    assert mine.sentence == (
        "One person of audit looked at a person for the first time, without a reason on file; of the 9 others who looked at "
        "this person none is of the same unit, and none looked at anybody else whom this one looked at."
    )
    assert all(names_nobody(s, made) for s in signals)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_honest_companies_have_as_many_as_chance_brings(seed):
    with world(company(seed)) as world_:
        assert share_below(tried(first_look_surprise, world_), 0.01) <= 0.02
