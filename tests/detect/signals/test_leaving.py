# SPDX-License-Identifier: Apache-2.0
"""One who leaves and takes persons along, one who hands over, one whose last weeks are busy, one who only goes, one who stays: only the first is found."""

import pytest
from tests.detect.calm import AS_OF, calm
from tests.detect.signals.misuse import Plant
from tests.detect.typed import at

from whosaw.detect.coverage import cover, runs
from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import signals, world_of
from whosaw.detect.signals import leaving
from whosaw.detect.templates import load_templates

TAKES, HANDS_OVER, MACHINE = "e-support-0-3", "e-support-1-3", "e-machine"
GOES, MOVES, STAYS, LONG_GONE = "e-support-2-3", "e-support-3-3", "e-support-4-3", "e-support-5-3"
LAST = {TAKES: 80, HANDS_OVER: 80, GOES: 60, LONG_GONE: -20, MACHINE: 80}


def _made():
    made = calm(11, persons=2600, each=12)
    plant = Plant(made)
    made.staff.append({"who": MACHINE, "unit": "support-0", "function": "service", "country": "IE"})
    staff = {row["who"]: row for row in made.staff}
    for who, day in LAST.items():
        staff[who] |= {"valid_from": None, "valid_to": at(day)}
    # Who moves to another unit has an end, and goes on.
    moved = dict(staff[MOVES])
    staff[MOVES]["valid_to"] = at(80)
    made.staff.append({**moved, "unit": "support-0", "valid_from": at(80)})
    for turn, who in enumerate((TAKES, MOVES, STAYS, MACHINE)):
        for n, person in enumerate(plant.others(30, 40 * turn)):
            plant.look(who, person, 70 + n / 3, f_contacts=1)
    handed = plant.others(30, 200)
    case = plant.case("question", 66, HANDS_OVER, handed)
    for n, person in enumerate(handed):
        plant.look(HANDS_OVER, person, 70 + n / 3, case=case, purpose="subject_request", f_contacts=1)
    return made, set(plant.others(30, 0))


def _said(made, as_of=AS_OF, candidate=1.0):
    with made.opened() as facts:
        world = world_of(facts, as_of, load_defaults(), load_templates())
        return {s.unit: s for s in signals(leaving, world, candidate)}


@pytest.fixture(scope="module")
def told():
    made, taken = _made()
    return _said(made), made, taken


def test_who_takes_persons_along_is_found(told):
    by, _, taken = told
    found = by[TAKES]
    assert found.p < 0.001
    assert found.opens
    assert taken <= set(found.persons)
    assert {look.who for look in found.looks} == {TAKES}
    assert not any(look.explained for look in found.looks)
    assert found.sentence.startswith("One person of support looked at 3")
    assert "days up to their last day here, or since, and at" in found.sentence


@pytest.mark.parametrize("who", [HANDS_OVER, GOES])
def test_who_hands_over_or_only_goes_is_not(told, who):
    by, *_ = told
    assert by[who].p > 0.05


@pytest.mark.parametrize("who", [STAYS, MOVES, LONG_GONE, MACHINE])
def test_who_has_not_left_of_late_or_is_a_machine_is_not_tried(told, who):
    by, *_ = told
    assert who not in by


def test_before_the_last_day_nothing_is_known(told):
    """What the directory will say later is not seen by a replay."""
    _, made, _ = told
    assert TAKES not in _said(made, at(79))


def test_looks_under_an_account_that_has_ended_count(told):
    """Whoever goes on after the last day is found by what was looked at since."""
    made, _ = _made()
    ended = next(row for row in made.staff if row["who"] == GOES)
    ended["valid_to"] = at(60)
    plant = Plant(made)
    after = plant.others(25, 300)
    for n, person in enumerate(after):
        plant.look(GOES, person, 62 + n / 5, f_contacts=1)
    found = _said(made)[GOES]
    assert found.p < 0.001
    assert set(after) <= set(found.persons)


def test_where_nobody_has_left_it_is_off_and_nobody_pays_for_it():
    """It says so. An end that comes later is none yet, and one long ago is none any more."""
    made = calm(12, persons=1600, each=4)
    made.staff[0] |= {"valid_to": at(400)}
    made.staff[1] |= {"valid_to": at(-100)}
    with made.opened() as facts:
        world = world_of(facts, AS_OF, load_defaults(), load_templates())
        assert signals(leaving, world, 1.0) == []
        assert not runs(leaving, world)
        off = "The signal leaving is off: the table staff says of nobody that they have left lately."
        assert off in cover(world, (leaving,)).off
    made.staff[2] |= {"valid_to": at(80)}
    with made.opened() as facts:
        world = world_of(facts, AS_OF, load_defaults(), load_templates())
        assert runs(leaving, world)
        assert not any("leaving" in sentence for sentence in cover(world, (leaving,)).off)


def test_whoever_works_with_the_same_persons_every_week_takes_nobody_along():
    """Twenty persons without a reason in each week to the last: none of them is new in the last one."""
    made, _ = _made()
    plant = Plant(made)
    for week in range(9):
        for n, person in enumerate(plant.others(20, 340)):
            plant.look(GOES, person, 1 + 7 * week + n / 10, f_contacts=1)
    assert _said(made)[GOES].p > 0.05


def test_what_begins_after_the_run_is_not_known():
    """Whoever is hired again later has left."""
    made, _ = _made()
    row = next(row for row in made.staff if row["who"] == TAKES)
    made.staff.append({**row, "valid_from": at(400), "valid_to": None})
    assert _said(made)[TAKES].p < 0.001


def test_a_journal_without_a_directory_of_cases_reproaches_nobody():
    """Nobody could have a reason there."""
    made, _ = _made()
    with made.opened("cases", "case_persons") as facts:
        world = world_of(facts, AS_OF, load_defaults(), load_templates())
        assert not any(s.looks for s in signals(leaving, world, 1.0))


def test_uneven_is_measured_on_those_who_stay():
    """Whose persons without a reason fall into one window together, as their work does not, makes that usual for those who leave."""
    numbers = load_defaults().of(leaving.NAME, leaving.NUMBERS)
    whole = {f"e-{n}": leaving._Whole(u=20, e=80, began=89) for n in range(200)}
    even = [{"who": f"e-{n}", "block": b, "u": 7 if b else 6, "e": 27} for n in range(200) for b in range(3)]
    lumps = [{"who": f"e-{n}", "block": n % 3, "u": 20, "e": 27} for n in range(200)]
    assert leaving._uneven(30, even, whole, numbers) < numbers.uneven < 0.5 < leaving._uneven(30, lumps, whole, numbers)


def test_one_who_takes_a_thousand_makes_that_usual_for_nobody():
    numbers = load_defaults().of(leaving.NAME, leaving.NUMBERS)
    whole = {f"e-{n}": leaving._Whole(u=20, e=80, began=89) for n in range(200)} | {"e-x": leaving._Whole(1000, 0, 89)}
    even = [{"who": f"e-{n}", "block": b, "u": 7 if b else 6, "e": 27} for n in range(200) for b in range(3)]
    heavy = [*even, {"who": "e-x", "block": 0, "u": 1000, "e": 0}]
    assert leaving._uneven(30, heavy, whole, numbers) < leaving._uneven(30, even, whole, numbers) + 0.02
