# SPDX-License-Identifier: Apache-2.0
"""Who stood where in the thirty days before: re-organising launders nothing."""

from datetime import timedelta

import pytest
from tests.directory.test_sources import say, staff
from tests.directory.town import AT, DAY, HOUR, TOWN, Office

SECOND = timedelta(seconds=1)


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def moved(who, **more):
    return {**TOWN, "staff": [{**row, **more} if row["staff_id"] == who else row for row in TOWN["staff"]]}


def test_a_unit_changed_the_day_before_is_still_theirs(office):
    """Both units, both managers, for thirty days after the change, and not longer."""
    office.load()
    then = office.clock.turn(3 * DAY)
    office.load(moved("ana", unit="task-force", manager="gus"))
    ana, carl, gus = (office.names.principal(name) for name in ("ana", "carl", "gus"))
    for at in (then, then + DAY, then + 30 * DAY - SECOND):
        chart = office.directory.chart(at)
        assert chart.units[ana] == {"support-1", "task-force"}
        assert chart.managers[ana] == {carl, gus}
    later = office.directory.chart(then + 30 * DAY)
    assert (later.units[ana], later.managers[ana]) == ({"task-force"}, {gus})


def test_a_table_that_rewrites_the_past_launders_nothing(office):
    """The new table says that it was always so; what was said before still counts for thirty days."""
    office.load()
    now = office.clock.turn(HOUR)
    office.load(moved("ana", unit="task-force", valid_from="2020-01-01T00:00:00Z"))
    assert office.directory.chart(now).units[office.names.principal("ana")] == {"support-1", "task-force"}


def test_what_was_not_known_then_is_not_in_it(office):
    """The same question has the same answer, whatever is loaded afterwards."""
    office.load()
    at = office.clock.turn(HOUR)
    before = office.directory.chart(at)
    office.clock.turn(HOUR)
    office.load(moved("ana", unit="task-force"))
    assert office.directory.chart(at) == before
    assert office.directory.chart(AT - SECOND).units == {}


def test_who_left_in_these_days_is_in_it_and_who_left_before_is_not(office):
    """An approver's line goes through those who were there."""
    office.load()
    assert office.names.principal("left") in office.directory.chart(AT).units
    assert office.names.principal("left") not in office.directory.chart(AT + 5 * DAY).units


def test_every_source_counts(office):
    """The unit by the tables and that by the identity provider."""
    office.load()
    say(office, "ana", staff(office, "ana", unit="people"))
    assert office.directory.chart(office.clock.at).units[office.names.principal("ana")] == {"support-1", "people"}


def test_present(office):
    """Whose word counts: who works here and is not suspended, by every source."""
    office.load()
    names = office.names.principal
    here = {who: office.directory.present(names(who), AT) for who in ("ana", "left", "stopped", "nobody")}
    assert here == {"ana": True, "left": False, "stopped": False, "nobody": False}
