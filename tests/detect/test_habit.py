# SPDX-License-Identifier: Apache-2.0
"""What few people do steadily with a weak reason is no surprise; a burst, a stranger among them and a bare look are."""

from dataclasses import replace

import pytest
from tests.detect.signals.ground import company, tried, world

from whosaw.detect.defaults import load_defaults
from whosaw.detect.habit import Habits
from whosaw.detect.signals import protected_person
from whosaw.detect.tally import tallies

COUNTS = replace(load_defaults().counts, rate=0.002)
WEEKS = 12
STEADY = [2, 1, 2, 2, 1, 2, 2, 1, 2, 2, 1, 2]
BURST = [0, 0, 0, 6, 7, 7, 0, 0, 0, 0, 0, 0]


def weekly(who, counts, function="comms", unit="press", other=0):
    """Rows (n, k) of one who looks at so many protected persons in each week before the last, and `other` persons beside."""
    at = {"kind": "principal", "id": who, "unit": unit, "function": function, "manager": f"m-{unit}"}
    weeks = [(7, block, k) for block, k in enumerate(counts)] + [(84, 0, sum(counts))]
    n = [{**at, "days": days, "block": block, "n": k + other * days // 7} for days, block, k in weeks if k + other]
    return n, [{**at, "label": "press", "days": days, "block": block, "k": k} for days, block, k in weeks if k]


def team(kind, id_, rows, **columns):
    """Those rows of its members added up; no two of them looked at the same person."""
    summed = {}
    for row in rows:
        name = "n" if "n" in row else "k"
        key = row["days"], row["block"]
        of = summed.setdefault(key, {**row, **columns, "kind": kind, "id": id_, name: 0})
        of[name] += row[name]
    return list(summed.values())


OFFICE = {"e-1": STEADY, "e-2": STEADY[::-1], "e-3": STEADY}


def p_of(of, weak=None, *, kind="principal", id_="e-1", function="comms"):
    """The p of a unit among sixty of support who meet nobody protected; `weak`: the counts with a weak reason, else all of them."""
    n, k, with_weak = [], [], []
    for i in range(60):
        n += weekly(f"s-{i}", [0] * WEEKS, "support", f"desk-{i % 6}", other=5)[0]
    mine = [weekly(who, counts, function, other=1) for who, counts in of.items()]
    for rows, all_ in ((0, n), (1, k)):
        added = [row for each in mine for row in each[rows]]
        all_.extend([*added, *team("function", function, added)])
    added = [row for who, counts in (of if weak is None else weak).items() for row in weekly(who, counts, function)[1]]
    with_weak += added + team("function", function, added)
    made = tallies(n, k, COUNTS, signal="protected_person", family="context", weak=with_weak)
    (p,) = (t.p for t in made if (t.kind, t.unit) == (kind, id_))
    return p


@pytest.mark.parametrize("people", [1, 2, 3])
@pytest.mark.parametrize("kind", ["principal", "function"])
def test_what_a_few_people_always_do_is_no_surprise(people, kind):
    of = dict(list(OFFICE.items())[:people])
    id_ = "e-1" if kind == "principal" else "comms"
    assert p_of(of, weak={}, kind=kind, id_=id_) < 1e-6
    assert p_of(of, kind=kind, id_=id_) > 0.05


@pytest.mark.parametrize("counts", [BURST, [3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0], [0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 0]])
@pytest.mark.parametrize("people", [1, 2, 3])
def test_a_summer_is_no_habit(counts, people):
    """A department that looks at as many in half of the time, all of it together: nothing is taken from it, nor from anybody of it."""
    of = {f"e-{n}": counts for n in range(1, people + 1)}
    for kind, id_ in (("principal", "e-1"), ("function", "comms")):
        assert p_of(of, kind=kind, id_=id_) == p_of(of, weak={}, kind=kind, id_=id_) < 1e-6


def test_a_burst_beside_a_habit_is_a_surprise():
    """Who looks at two a week and then at twelve."""
    of = {**OFFICE, "e-1": [*STEADY[:5], 12, *STEADY[6:]]}
    assert p_of(of) < 0.2 * p_of(of, id_="e-2")
    assert p_of({**of, "e-1": [*STEADY[:5], 30, *STEADY[6:]]}) < 1e-3


def test_who_does_what_the_others_of_a_function_do_has_their_habit():
    """New at the desk: nothing steady of their own, and as many as fall to each."""
    new = {**OFFICE, "e-1": [2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]}
    assert p_of(new) > 0.05
    assert p_of({"e-1": new["e-1"]}) < 0.001


def test_one_who_differs_from_their_function_stands_out():
    """Nobody else of it does that, and they themselves did not before."""
    of = {"e-1": BURST, "e-2": [0] * WEEKS, "e-3": [0] * WEEKS}
    assert p_of(of) == p_of(of, weak={}) < 1e-6


def test_nothing_on_file_is_nobody_s_habit():
    """Of a steady desk, one who takes as many again without any reason: no more are expected than have a weak one."""
    twice = [2 * each for each in STEADY]
    of = {**OFFICE, "e-1": twice}
    assert p_of(of, weak=dict.fromkeys(("e-2", "e-3"), STEADY)) == p_of(of, weak={}) < 1e-6


def test_no_more_are_expected_than_have_a_weak_reason():
    """Two a week are steady; of a quarter with three such persons three are expected, not twenty-four."""
    at = {"function": "comms", "unit": "press", "manager": None, "days": 7}
    units = {("principal", "e-1"): [{**at, "block": block} for block in range(WEEKS)]}
    weak = {("press", 7, block): 2 for block in range(WEEKS)} | {("press", 84, 0): 3}
    habits = Habits(units, {("principal", "e-1"): weak}, large=50)
    assert habits.expected("principal", "e-1", ("press", 84, 0)) == 3
    assert habits.expected("principal", "e-1", ("press", 7, 4)) == 2


def test_who_takes_bare_persons_beside_a_habit_is_a_surprise():
    """Two a week with a weak reason, and in one week six at whom nothing is on file."""
    of = {**OFFICE, "e-1": [*STEADY[:5], STEADY[5] + 6, *STEADY[6:]]}
    assert p_of(of, weak=OFFICE) < 1e-4 < 0.01 < p_of(of, weak=of)


def test_whoever_is_the_only_one_of_a_function_and_moves_is_of_both():
    """In the weeks before the move they were all there was of it."""
    units = {
        ("principal", "e-1"): [
            {"function": "legal" if week < 3 else "comms", "unit": "u", "manager": "m", "days": 7, "block": week}
            for week in range(WEEKS)
        ]
    }
    weak = {("principal", "e-1"): {("press", 7, block): 2 for block in range(WEEKS)}}
    habits = Habits(units, weak, large=50)
    assert habits.expected("principal", "e-1", ("press", 7, 8)) == 2
    assert habits.expected("principal", "e-1", ("press", 7, 0)) == 2


def test_a_few_weeks_are_no_habit():
    """Of one week the quieter half is the burst itself."""
    row = {"function": "comms", "unit": "press", "manager": None, "days": 7}
    for weeks, expected in ((5, 0), (6, 2)):
        units = {("principal", "e-1"): [{**row, "block": block} for block in range(weeks)]}
        weak = {("principal", "e-1"): {("press", 7, block): 2 for block in range(weeks)}}
        assert Habits(units, weak, large=50).expected("principal", "e-1", ("press", 7, 0)) == expected


def test_a_team_with_anybody_of_a_large_function_has_no_habit():
    """Whatever its function is called."""
    row = {"unit": "mixed", "manager": None, "days": 7}
    units = {
        ("principal", f"e-{n}"): [
            {**row, "function": "safety" if n else "audit", "block": block} for block in range(WEEKS)
        ]
        for n in range(4)
    }
    weak = {("unit", "mixed"): {("press", 7, block): 2 for block in range(WEEKS)}}
    assert Habits(units, weak, large=4).expected("unit", "mixed", ("press", 7, 0)) == 2
    assert Habits(units, weak, large=3).expected("unit", "mixed", ("press", 7, 0)) == 0


def test_a_large_function_has_no_habit():
    """It says itself what is usual there."""
    of = {f"e-{n}": STEADY if n == 1 else [0] * WEEKS for n in range(1, 61)}
    assert p_of(of) == p_of(of, weak={}) < 1e-6


@pytest.mark.parametrize(("weight", "surprising"), [(20, False), (0, True)])
def test_a_press_desk_of_two_in_a_company(weight, surprising):
    """Each week two journalists each, in cases of their own, or with nothing on file."""
    made = company(4, staff=40, persons=600, work=20, events=0)
    for n in (1, 2):
        made.staff.append(
            {"who": f"e-press-{n}", "unit": "press", "function": "comms", "manager": "m-press", "country": "IE"}
        )
    known = made.protected()
    for week in range(26):
        for n in (1, 2):
            for step in (0, 1):
                made.look(f"e-press-{n}", known[(4 * week + 2 * n + step) % len(known)], 7 * week + 2, weight=weight)
    with world(made) as bare:
        # Without a table of cases nobody could have a reason, and nothing would be counted.
        whole = replace(bare, tables={**bare.tables, "cases": bare.tables["staff"]})
        mine = [s for s in tried(protected_person, whole) if s.unit in {"e-press-1", "e-press-2", "comms", "press"}]
    assert len(mine) == 4
    assert all((s.p < 0.001) == surprising for s in mine)
