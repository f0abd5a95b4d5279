# SPDX-License-Identifier: Apache-2.0
"""Whether asking helps: counted over those that can be compared, once each, with intervals that hold what they say."""

import random
from datetime import timedelta

from tests.nudge.day import BEGAN, NUMBERS

from whosaw.facts.columns import DAY, micros
from whosaw.nudge.record import Chosen, Fate, Question
from whosaw.nudge.report import Later, report

NOW = micros(BEGAN) + 60 * DAY


def asked(number, who, fate=Fate.ASKED, at=BEGAN, **more):
    facts = {"chosen": Chosen.RULE, "explained": False, "repeat": False}
    return Question(
        id=f"n-{number:06d}", at=at, who=who, leaf=number, day=micros(at) // DAY, due=at, fate=fate, **{**facts, **more}
    )


def later(who, days, person="p-x"):
    return Later(micros(BEGAN) + days * DAY, who, person)


def test_who_looks_again_is_counted_once():
    """By group; at the same person apart; only within the time, and only after the question."""
    questions = [asked(1, "a"), asked(2, "b"), asked(3, "c", Fate.APART), asked(4, "d", Fate.APART), asked(5, "a")]
    looks = [later("a", -1), later("b", 31), later("c", 2), later("c", 3), later("d", 30, "p-4")]
    made = report(questions, {1: "p-1", 2: "p-2", 3: "p-3", 4: "p-4"}, looks, NOW, NUMBERS)
    assert ((made.asked.all, made.asked.again, made.asked.same), made.pending) == ((2, 0, 0), 0)
    assert (made.apart.all, made.apart.again, made.apart.same) == (2, 2, 1)
    share, low, high = made.difference
    assert (share, high) == (1.0, 1.0)
    assert 0 < low < 1


def test_what_cannot_be_compared_is_not_counted():
    """Held back, looks with a reason, and those that are not followed to the end yet."""
    questions = [
        asked(1, "a", Fate.HELD), asked(2, "b", explained=True), asked(3, "c", at=BEGAN + timedelta(days=50)), asked(4, "d"),
    ]  # fmt: skip
    made = report(questions, {}, [], NOW, NUMBERS)
    assert (made.asked.all, made.apart.all, made.pending, made.difference) == (1, 0, 1, None)


def test_the_interval_finds_a_difference_that_is_there():
    """Of 40 % and 2 %, with a few hundred each, it says so; of two that are the same it says so about 19 times of 20."""
    draw = random.Random(5)

    def drawn(p_asked, p_apart, n):
        questions, looks = [], []
        for i in range(n):
            fate = Fate.ASKED if i % 2 else Fate.APART
            questions.append(asked(i, f"w-{i}", fate))
            if draw.random() < (p_asked if i % 2 else p_apart):
                looks.append(later(f"w-{i}", 3))
        return report(questions, {}, looks, NOW, NUMBERS).difference

    share, low, high = drawn(0.02, 0.4, 440)
    assert 0.25 < low < share < high < 0.5
    inside = sum(low <= 0 <= high for _, low, high in (drawn(0.2, 0.2, 80) for _ in range(200)))
    assert 180 <= inside <= 200
