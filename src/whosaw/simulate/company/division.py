# SPDX-License-Identifier: Apache-2.0
"""A division: all that stands still of up to a thousand staff and their customers. A larger company has several.

Invariant: divisions share nothing but the calendar and the names' keys, so that one fits into memory whatever the company's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whosaw.simulate.company.events import Event, events
from whosaw.simulate.company.period import COUNTRIES, REGIONS, Period
from whosaw.simulate.company.persons import Persons, persons
from whosaw.simulate.company.staff import Staff, staff
from whosaw.simulate.company.ties import Ties, ties
from whosaw.simulate.draw import Ints, draws
from whosaw.simulate.settings import Settings


@dataclass(frozen=True, slots=True)
class Division:
    """`seed` and `number` name every draw that is made in it."""

    seed: int
    number: int
    settings: Settings
    period: Period
    staff: Staff
    persons: Persons
    ties: Ties
    events: tuple[Event, ...]

    def draws(self, *parts: str | int) -> np.random.Generator:
        return draws(self.seed, *parts, self.number)

    def regions(self, country: int) -> Ints:
        """The regions that an office serves."""
        return np.array([at for at, (_, _, office) in enumerate(REGIONS) if office == COUNTRIES[country]])


def division(seed: int, number: int, count: int, settings: Settings, period: Period) -> Division:
    """The division of this number, with `count` staff."""
    people, crowd = settings.tables["people"], settings.tables["crowd"]
    there = staff(seed, number, count, period, settings.tables["shares"], people)
    many = settings.persons or 100 * count
    customers = persons(seed, number, many, there, period, crowd["classed"], people["customers"])
    near = ties(seed, number, customers, crowd["contacts"], crowd["follows"])
    public = events(seed, number, customers, period, settings.rate("rates", "events") * max(count, 250) / 1000)
    return Division(seed, number, settings, period, there, customers, near, public)


def sizes(whole: int, largest: int) -> Sequence[int]:
    """The divisions of a company of `whole` staff."""
    parts = max(1, -(-whole // largest))
    return [whole * (at + 1) // parts - whole * at // parts for at in range(parts)]
