# SPDX-License-Identifier: Apache-2.0
"""Eight of one circle by four people is less likely than by eight, and both are paid for."""

import pytest

from whosaw.detect.expected import TEAMS, Expected, Spread
from whosaw.detect.sweeps import Sweeps, again, same_hand

WEEKS = range(2800, 2820)
BEGUN = [{"team": "who", "id": f"e-{n}", "week": week, "n": 1} for n in range(100) for week in WEEKS]


def together(teams):
    """What the engine says of them: in two weeks, of everybody, the looks of one times those of the other."""
    return [
        {"week": week, "other": other, "n": sum(row["n"] for row in teams if row["week"] == week),
         "both": sum(a["n"] * b["n"] for a in teams for b in teams if a["id"] == b["id"] and (a["week"], b["week"]) == (week, other))}
        for week in {row["week"] for row in teams} for other in {row["week"] for row in teams}
    ]  # fmt: skip


TOGETHER = [{"week": week, "other": other, "n": 100, "both": 100} for week in WEEKS for other in WEEKS]
EXPECTED = Expected(
    weeks=dict.fromkeys(WEEKS, 1000),
    without=dict.fromkeys(WEEKS, 100),
    intimate=0.3,
    quiet=(0.2, 0.2),
    linked=(0.0, 0.0),
)
CIRCLE = {"members": 30, "shielded": 0}


def best(whos, function=None, habits=(), bare=0, nothing=()):
    """The best way of a circle of thirty, of whom one a day was looked at by each of `whos` in turn."""
    found = [
        {"seed": "p", "who": who, "person": f"p-{n}", "day": 2810 * 7 + n, "intimate": 0, "bare": bare, "unit": None, "function": function,
         "manager": None, "protected": 0, "n": 0}
        for n, who in enumerate(whos)
    ]  # fmt: skip
    of_function = [{**row, "team": "function", "id": "security", "n": 50} for row in BEGUN if row["id"] == "e-0"]
    numbers = [{"team": column, "teams": 100} for column in TEAMS]
    rows = {
        "teams": [*BEGUN, *of_function],
        "numbers": numbers,
        "together": TOGETHER,
        "habits": habits,
        "bare": nothing,
    }
    return Sweeps(rows, EXPECTED, Spread(1.0, 0.5, 500), Spread(1.0, 0.5, 500), [5]).best(CIRCLE, found)


def test_few_hands_are_less_likely_than_many():
    """Four with two each; eight with one each; and one with four, who is another way."""
    few, strangers = best(["e-0", "e-1", "e-2", "e-3"] * 2), best([f"e-{n}" for n in range(8)])
    assert (few.hands, few.k) == (4, 8)
    assert (strangers.hands, strangers.k) == (0, 8)
    assert few.p < strangers.p / 20
    one = best(["e-0"] * 4 + [f"e-{n}" for n in range(1, 5)])
    assert one.hands == 0


def test_where_work_goes_along_links_a_further_person_surprises_less():
    """Ten of security go on to a second person in every third circle; of ten others three do, and make it nobody's habit."""
    support = [{"function": "support", "persons": 5, "circles": 5}] * 70
    goes_on, does_not = ({"function": "security", "persons": n, "circles": 9} for n in (12, 9))
    ten, three, none = [goes_on] * 10, [goes_on] * 3 + [does_not] * 7, []
    habit, no_habit, unknown = (best(["e-10"] * 4, "security", [*support, *of]) for of in (ten, three, none))
    assert no_habit.k == habit.k == 4
    assert habit.p > 20 * no_habit.p
    assert no_habit.p == unknown.p


def test_where_few_people_do_all_the_work_few_hands_say_little():
    """Two who began a third of everything meet in one circle by chance."""
    assert same_hand(TOGETHER, (2800, 2819)) == pytest.approx(0.01)
    few = [{"id": f"e-{n}", "week": week, "n": 1} for n in range(10) for week in WEEKS]
    busy = [{"id": who, "week": 2800, "n": 500} for who in ("a", "b")]
    assert same_hand(together([*few, *busy]), (2800, 2819)) == pytest.approx((2 * 500**2 + 10 * 20**2) / 1200**2)
    assert same_hand(together([*few, *busy]), (2801, 2802)) == pytest.approx(0.1)
    assert same_hand([], (2800, 2819)) == 0
    assert again([("a", "1"), ("a", "2"), ("a", "3"), ("b", "1")]) == 2


def test_what_has_nothing_is_held_against_what_has_nothing():
    """Eight persons at whom nothing explains a look, where one in twenty is so; of a function where most are so they are any eight."""
    whos = [f"e-{n}" for n in range(8)]
    everybody = {"function": "support", "n": 1900, "bare": 95}
    never, seldom = ({"function": "security", "n": 100, "bare": bare} for bare in (100, 5))
    plain = best(whos, "security", nothing=[everybody, seldom])
    stands, habit = (best(whos, "security", bare=1, nothing=[everybody, of]) for of in (seldom, never))
    assert (plain.bare, stands.bare) == (False, True)
    assert stands.p < plain.p / 100
    assert habit.p > 50 * stands.p
    # Of two or three people a function does not make itself usual.
    few = best(whos, "security", bare=1, nothing=[everybody, {"function": "security", "n": 6, "bare": 6}])
    assert stands.p < few.p < plain.p / 10
