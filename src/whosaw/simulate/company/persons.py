# SPDX-License-Identifier: Apache-2.0
"""The customers of a division: where they live, with whom, how much they are about, and to which classes they belong.

    newsrooms, campaigns, cabinets ── workplaces whose people are mostly of one class; those around them mostly of none

Invariant: classes are rare and lie together; the first persons are the staff's own accounts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.period import REGIONS, Period
from whosaw.simulate.company.staff import SERVICE, Staff
from whosaw.simulate.draw import Codes, Floats, Ints, Names, draws, pick

CLASSES = ("press", "critic", "litigant", "regulator", "politician", "union", "minor", "staff", "public_figure")
BIT = {name: 1 << at for at, name in enumerate(CLASSES)}
# Of all who have a class, so many have this one; `minor` and `public_figure` are not of a workplace.
_SHARE = {"press": 0.34, "critic": 0.2, "litigant": 0.08, "regulator": 0.05, "politician": 0.1, "union": 0.08}


@dataclass(frozen=True, slots=True)
class Persons:
    """Arrays by number of the person. `later`: those whose class began in the period, and on which day."""

    codes: Codes
    region: Ints
    household: Ints
    workplace: Ints
    classes: Ints
    known: Floats  # the running sum of how much each is about
    later: dict[int, tuple[int, int]]
    own: dict[int, int]  # whose private account: principal → person

    def __len__(self) -> int:
        return len(self.codes)

    def having(self, *names: str) -> Ints:
        """Those who have one of these classes."""
        mask = sum(BIT[name] for name in names)
        return np.flatnonzero(self.classes & mask)

    @property
    def protected(self) -> NDArray[np.bool_]:
        """Any class but `staff`."""
        return np.asarray((self.classes & ~BIT["staff"]) != 0)


def persons(
    seed: int, division: int, count: int, staff: Staff, period: Period, classed: float, customers: float
) -> Persons:
    """All persons of one division."""
    draw = draws(seed, "persons", division)
    sizes = draw.choice([1, 2, 3, 4, 5], size=count, p=[0.38, 0.3, 0.15, 0.12, 0.05])
    household = np.repeat(np.arange(count), sizes)[:count]
    at_home = draw.choice(len(REGIONS), size=count, p=_shares())
    weight = draw.pareto(1.25, count) + 0.3
    workplace = _workplaces(count, draw)
    own = _own(staff, household, count, draws(seed, "own accounts", division), customers)
    classes, later = _classes(household, workplace, weight, classed, period, draws(seed, "classes", division))
    for person in own.values():
        classes[person] |= BIT["staff"]
        weight[person] = min(weight[person], 2.0)
    codes = Names(seed, "person", 40).of((division << 28) + np.arange(count))
    return Persons(
        codes, at_home[household], household, workplace, classes, np.cumsum(np.minimum(weight, 120.0)), later, own
    )


def _shares() -> Floats:
    shares = np.array([share for _, share, _ in REGIONS])
    return np.asarray(shares / shares.sum())


def _workplaces(count: int, draw: np.random.Generator) -> Ints:
    """Of two fifths the workplace; where one works has nothing to do with where one lives."""
    size = 12
    places = np.full(count, -1)
    working = draw.permutation(count)[: int(count * 0.4)]
    places[working] = np.arange(len(working)) // size
    return places


def _own(staff: Staff, household: Ints, count: int, draw: np.random.Generator, share: float) -> dict[int, int]:
    """Some of the staff are customers: the first of one household each, shared with people who are not staff."""
    people = np.flatnonzero(staff.function != SERVICE)
    mine = people[draw.random(len(people)) < share]
    firsts = np.flatnonzero(np.diff(household, prepend=-1))
    homes = draw.permutation(firsts)[: len(mine)]
    return {int(who): int(person) for who, person in zip(mine, homes, strict=False) if person < count}


def _classes(
    household: Ints, workplace: Ints, weight: Floats, share: float, period: Period, draw: np.random.Generator
) -> tuple[Ints, dict[int, tuple[int, int]]]:
    count = len(household)
    classes = np.zeros(count, dtype=np.int64)
    wanted = max(12, round(count * share))
    places = draw.permutation(int(workplace.max()) + 1)
    at = 0
    for name, part in _SHARE.items():
        left = max(3, round(wanted * part))
        while left > 0 and at < len(places):
            inside = np.flatnonzero(workplace == places[at])
            at += 1
            of_it = inside[draw.random(len(inside)) < 0.6][:left]
            classes[of_it] |= BIT[name]
            left -= max(1, len(of_it))
    famous = np.argsort(-weight, kind="stable")[: max(3, round(wanted * 0.06))]
    classes[famous] |= BIT["public_figure"]
    minors = np.flatnonzero(household == np.roll(household, 2))  # the third of a household
    classes[draw.permutation(minors)[: max(2, round(wanted * 0.08))]] |= BIT["minor"]
    having = np.flatnonzero(classes)
    late = having[draw.random(len(having)) < 0.04]
    return classes, {int(p): (int(draw.integers(1, period.days)), 0) for p in late}


def somebody(persons: Persons, regions: Ints, draw: np.random.Generator, count: int) -> Ints:
    """`count` persons of these regions, those who are more about more often."""
    found = pick(persons.known, draw, count)
    for _ in range(12):
        wrong = np.flatnonzero(~np.isin(persons.region[found], regions))
        if not len(wrong):
            break
        found[wrong] = pick(persons.known, draw, len(wrong))
    return found
