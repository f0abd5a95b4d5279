# SPDX-License-Identifier: Apache-2.0
"""Places of journalists beside places of colleagues are found; the same among a hundred others are not."""

import pytest
from tests.detect.signals.ground import company, names_nobody, share_below, tried, world

from whosaw.detect.signals import place_match
from whosaw.model.access import Field


def test_a_hunt_for_a_source_is_found_and_security_work_is_not(town):
    signals, hunt, security = town.signals(place_match), town.plants["hunt"], town.plants["security"]
    first = signals[0]
    assert first.principals == hunt.whos
    assert set(first.persons) >= set(hunt.persons)
    assert first.p < 1e-3
    assert not {s.unit for s in signals if s.p < 0.05} & {*security.whos, "security-5"}
    assert first.sentence == (
        "Three people of data looked at addresses or locations of 4 protected outsiders and of 9 employees within 11 days; "
        "few people of such work look at so many of both, and 7 of the 13 looks had a reason on file."
    )
    assert all(names_nobody(s, town.made) for s in signals)


def test_where_nobody_is_known_to_be_protected_outsiders_without_a_reason_count():
    made = company(6)
    for n in range(4):
        made.look("e-0007", f"p-{900 + n:05d}", 60 + n, Field.LOCATION)
        made.look("e-0015", made.staff[2 * n + 21]["own_person"], 61 + n, Field.LOCATION)
    with world(made, without=("persons", "links", "events", "event_persons")) as world_:
        assert set(tried(place_match, world_)[0].principals) == {"e-0007", "e-0015"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("gaps", [0.06, 0.15])
def test_honest_companies_have_as_many_as_chance_brings(seed, gaps):
    with world(company(seed, gaps=gaps)) as world_:
        assert share_below(tried(place_match, world_), 0.01) <= 0.02
