# SPDX-License-Identifier: Apache-2.0
"""Whether asking helps: who looks again without a reason, of those who were asked and of those who were left out by lot. Pure.

    questions of a while, the first of each principal ──followed for 30 days──▶ asked: 1 of 40    left out: 4 of 9

Only those that can be compared: chosen alike, the look without a reason, followed to the end. Who was left out was so by lot and for the
whole while, so the two groups differ by nothing but the question. Held back are neither.

Invariant: counts, shares and intervals; nobody is named and no principal has a figure of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt

from whosaw.detect.defaults import Nudging
from whosaw.facts.columns import DAY, micros
from whosaw.model.share import wilson
from whosaw.nudge.choose import period
from whosaw.nudge.record import Fate, Question


@dataclass(frozen=True, slots=True)
class Later:
    """A look without a reason. `t` in microseconds."""

    t: int
    who: str = field(repr=False)
    person: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Group:
    """`again`: looked again without a reason, at anybody; `same`: at the same person."""

    all: int
    again: int
    same: int

    def share(self, of: int) -> tuple[float, float]:
        """The interval of 95 % of `of` of all."""
        return wilson(of, self.all)


@dataclass(frozen=True, slots=True)
class Report:
    """`pending`: not followed to the end yet. `difference`: of the shares who looked again, left out less asked, and its interval;
    None where one of the groups is empty.
    """

    asked: Group
    apart: Group
    pending: int
    difference: tuple[float, float, float] | None


def report(
    questions: Iterable[Question], persons: dict[int, str], later: Iterable[Later], now: int, numbers: Nudging
) -> Report:
    """`persons`: at whom the look of each leaf was. `later`: every look without a reason. `now` in microseconds."""
    looks: dict[str, list[Later]] = {}
    for look in later:
        looks.setdefault(look.who, []).append(look)
    counts = {Fate.ASKED: [0, 0, 0], Fate.APART: [0, 0, 0]}
    pending = 0
    for one in _first(questions, numbers):
        start = micros(one.at)
        end = start + numbers.repeat_days * DAY
        if end > now:
            pending += 1
            continue
        found = [look for look in looks.get(one.who, ()) if start < look.t <= end]
        counts[one.fate][0] += 1
        counts[one.fate][1] += bool(found)
        counts[one.fate][2] += any(look.person == persons.get(one.leaf) for look in found)
    asked, apart = Group(*counts[Fate.ASKED]), Group(*counts[Fate.APART])
    return Report(asked, apart, pending, _difference(apart, asked))


def _first(questions: Iterable[Question], numbers: Nudging) -> list[Question]:
    """The first of each principal in each while: the others are no more than the same principal again."""
    found: dict[tuple[str, int], Question] = {}
    for one in sorted(questions, key=lambda q: (q.at, q.id)):
        if one.fate is not Fate.HELD and not one.explained:
            found.setdefault((one.who, period(one.day, numbers)), one)
    return list(found.values())


def _difference(one: Group, other: Group) -> tuple[float, float, float] | None:
    """Of two shares, by Newcombe's interval: of Wilson's bounds, the way that each can be wrong."""
    if not one.all or not other.all:
        return None
    p, q = one.again / one.all, other.again / other.all
    (l1, u1), (l2, u2) = one.share(one.again), other.share(other.again)
    low = p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    return p - q, max(-1.0, low), min(1.0, p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2))
