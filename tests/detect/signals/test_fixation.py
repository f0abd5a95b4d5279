# SPDX-License-Identifier: Apache-2.0
"""Coming back for months without a reason is found; with one, or all in one week, it is not."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import fixation
from whosaw.model.access import Field


def test_coming_back_is_found_and_a_long_dispute_is_not(town):
    signals, fixed, dispute = town.signals(fixation), town.plants["fixed"], town.plants["dispute"]
    assert (signals[0].principals, signals[0].persons) == (fixed.whos, fixed.persons)
    assert signals[0].p < 1e-4
    assert signals[0].sentence == (
        "One person of fraud looked at the same person in 9 of 22 weeks at work since the first time, without a reason on "
        "file; two such weeks would be usual."
    )
    assert dispute.persons[0] not in {p for s in signals for p in s.persons}
    assert all(names_nobody(s, town.made) for s in signals)


def test_to_come_back_to_several_is_more_than_to_come_back_to_one():
    """Four looks at each of four persons, weeks apart: little at any of them."""
    made = company(4)
    for n in range(16):
        made.look("e-0009", f"p-{900 + n % 4:05d}", 20 + 9 * n, Field.PROFILE)
    with world(made, without=("persons", "links", "events", "event_persons")) as world_:
        found = tried(fixation, world_)
    (several,) = (s for s in found if s.kind == "principal" and s.unit == "e-0009")
    assert several.p < 1e-3
    assert several.p < min(s.p for s in found if s.kind == "pair" and s.principals == ("e-0009",)) / 10
    assert len(several.persons) == 4
    assert several.sentence == (
        "One person of support came back to each of 4 persons, in 16 different weeks in all, without a reason on file; none "
        "would be usual."
    )


def test_a_week_full_of_looks_is_no_coming_back():
    """Five days in a row is a matter that nobody linked. Nothing but looks is known here, and nobody is in a directory."""
    made = company(3)
    for day in range(40, 47):
        made.look("e-0001", "p-00901", day, Field.IP)
    with world(made, without=("persons", "links", "staff", "events", "event_persons")) as world_:
        assert "p-00901" not in {p for s in tried(fixation, world_) if s.p < 0.05 for p in s.persons}


def test_nobody_comes_back_to_themselves():
    """Who tries what they build does so on their own account, week after week."""
    made = company(3)
    for week in range(10):
        for who, person in (("e-0001", "p-00001"), ("e-0005", "p-00901")):
            made.look(who, person, 20 + 14 * week, Field.PROFILE)
    with world(made, without=("persons", "links", "events", "event_persons")) as world_:
        found = {p for s in tried(fixation, world_) if s.p < 0.01 for p in s.persons}
    assert "p-00901" in found
    assert "p-00001" not in found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gaps", [0.06, 0.15])
def test_honest_companies_have_as_many_as_chance_brings(seed, gaps):
    with world(company(seed, gaps=gaps)) as world_:
        assert share_below(tried(fixation, world_), 0.01) <= 0.02
