# SPDX-License-Identifier: Apache-2.0
"""The staff of a division: units, a tree of managers, countries, shifts; who comes, goes and moves, and on which days each works.

    chief ─▶ head of function ─▶ head in a country ─▶ lead of a unit ─▶ everybody else

Invariant: a principal works in one unit at a time, on days of their own, within their own hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.period import COUNTRIES, OFFICES, Period
from whosaw.simulate.draw import Codes, Floats, Ints, Names, draws

FUNCTIONS = (
    "support", "fraud", "safety", "legal", "audit", "security", "engineering", "data", "comms", "executive",
    "operations", "admin", "service",
)  # fmt: skip
SERVICE = FUNCTIONS.index("service")
_SHIFTS = frozenset({"support", "safety", "operations"})
_TEAM = 10
_LEVELS = 7
# No function is so small that nobody could be apart from anybody in it.
_LEAST = {"audit": 4, "legal": 2, "security": 3, "data": 2, "fraud": 3, "executive": 2, "admin": 2, "comms": 2}
_MACHINES = ("portal", "risk-engine", "nightly-sync", "mailer", "migrator", "desk-bridge")


@dataclass(frozen=True, slots=True)
class Spell:
    """From day `first` on, up to day `end` (excluded), `who` works in `unit`."""

    who: int
    unit: int
    manager: int
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Unit:
    name: str
    function: str
    country: str
    number: int


@dataclass(frozen=True, slots=True)
class Staff:
    """Arrays by number of the principal. `works`: days × staff. Machines come last, and always work."""

    codes: Codes
    function: Ints
    country: Ints
    employer: Ints
    household: Ints
    hours: Ints  # the minute of the day, UTC, at which they begin
    pace: Floats
    spells: tuple[Spell, ...]
    units: tuple[Unit, ...]
    works: NDArray[np.bool_]
    machines: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.codes)

    def members(self, unit: int) -> list[Spell]:
        return [spell for spell in self.spells if spell.unit == unit]

    def unit_of(self, who: int, day: int) -> int:
        """The unit in which `who` works, or last worked."""
        mine = [spell for spell in self.spells if spell.who == who]
        return next((s.unit for s in mine if s.first <= day < s.end), mine[-1].unit)

    def manager_of(self, who: int, day: int) -> int:
        mine = [spell for spell in self.spells if spell.who == who]
        return next((s.manager for s in mine if s.first <= day < s.end), mine[-1].manager)

    def of(self, *functions: str) -> list[int]:
        """Everybody of these functions, in the order of their numbers."""
        wanted = {FUNCTIONS.index(each) for each in functions}
        return [who for who in range(len(self)) if int(self.function[who]) in wanted]

    def days_of(self, who: int) -> Ints:
        """The days on which `who` works."""
        return np.flatnonzero(self.works[:, who])


def staff(
    seed: int, division: int, count: int, period: Period, shares: Mapping[str, float], people: Mapping[str, float]
) -> Staff:
    """The staff of one division."""
    sizes = _sizes(count, shares)
    units, home, function, country = _units(division, sizes, draws(seed, "units", division))
    humans = len(home)
    draw = draws(seed, "staff", division)
    spells = _spells(home, units, function, country, period, people, draw)
    spells = _reorganised(spells, units, home, period, draws(seed, "reorganisation", division))
    names = Names(seed, "staff", 28)
    total = humans + len(_MACHINES)
    contractor = np.isin(function, [FUNCTIONS.index(each) for each in ("support", "safety")])
    employer = np.where(
        contractor & (draw.random(humans) < people["contractors"]), 1 + draw.integers(2, size=humans), 0
    )
    household = np.arange(humans)
    for at in np.flatnonzero(draw.random(humans) < 0.02):
        household[at] = household[int(draw.integers(humans))]  # two at one address
    machines = {name: humans + at for at, name in enumerate(_MACHINES)}
    made_of = len(units)
    units = [*units, Unit(f"machines-{division}", "service", "IE", made_of)]
    spells += [Spell(who, made_of, -1, 0, period.days) for who in machines.values()]
    pad = len(_MACHINES)
    return Staff(
        codes=names.of((division << 16) + np.arange(total)),
        function=np.append(function, [SERVICE] * pad),
        country=np.append(country, [1] * pad),
        employer=np.append(employer, [0] * pad),
        household=np.append(household, [-1] * pad),
        hours=np.append(_hours(function, country, draw), [0] * pad),
        pace=np.append(draw.lognormal(0.0, 0.35, humans), [1.0] * pad),
        spells=tuple(spells),
        units=tuple(units),
        works=_works(seed, division, function, country, spells, total, period),
        machines=machines,
    )


def _sizes(count: int, shares: Mapping[str, float]) -> Mapping[str, int]:
    whole = sum(shares.values())
    return {name: max(_LEAST.get(name, 2), round(count * share / whole)) for name, share in shares.items()}


def _units(division: int, sizes: Mapping[str, int], draw: np.random.Generator) -> tuple[list[Unit], Ints, Ints, Ints]:
    """Units of about ten, each in one country; those of control functions stretch over two."""
    units: list[Unit] = []
    home: list[int] = []
    function: list[int] = []
    country: list[int] = []
    shares = np.cumsum([share for _, share, _ in OFFICES])
    for name, size in sizes.items():
        teams = max(1, round(size / _TEAM))
        for team in range(teams):
            first = int(np.searchsorted(shares, draw.random() * shares[-1]))
            second = (first + 1) % len(OFFICES) if name in ("audit", "security", "legal", "data") else first
            number = len(units)
            units.append(
                Unit(f"{name}-{COUNTRIES[first].lower()}-{division * 100 + team + 1}", name, COUNTRIES[first], number)
            )
            for seat in range(size * team // teams, size * (team + 1) // teams):
                home.append(number)
                function.append(FUNCTIONS.index(name))
                country.append(first if seat % 2 == 0 else second)
    return units, np.array(home), np.array(function), np.array(country)


def _managers(home: Ints, units: Sequence[Unit], function: Ints, country: Ints) -> Ints:
    """Who is above whom: the first of a unit leads it, the first of a function and country leads those, and so on up."""
    chief = int(np.flatnonzero(function == FUNCTIONS.index("executive"))[0])
    above = np.full(len(home), chief)
    above[chief] = -1
    leads = np.array([int(np.flatnonzero(home == unit.number)[0]) for unit in units])
    for unit, lead in zip(units, leads.tolist(), strict=True):
        kin = leads[function[leads] == function[lead]]
        head, local = int(kin[0]), int(kin[country[kin] == country[lead]][0])
        above[home == unit.number] = lead
        above[lead] = local if local != lead else head if head != lead else chief
    above[chief] = -1
    return above


def _spells(
    home: Ints, units: Sequence[Unit], function: Ints, country: Ints, period: Period,
    people: Mapping[str, float], draw: np.random.Generator,
) -> list[Spell]:  # fmt: skip
    """One for most; those who came, left or moved in the period have their days."""
    above = _managers(home, units, function, country)
    leads = set(above.tolist())
    made: list[Spell] = []
    in_year = period.days / 365
    for who in range(len(home)):
        unit, first, end = int(home[who]), 0, period.days
        came, left, moved = draw.random(3)
        day, other = int(draw.integers(1, period.days)), int(draw.integers(len(units)))
        if who not in leads and came < people["turnover"] * in_year:
            first = day
        elif who not in leads and left < people["turnover"] * in_year:
            end = day
        alike = [u.number for u in units if u.function == units[unit].function and u.number != unit]
        if who not in leads and first == 0 and end == period.days and moved < people["moves"] * in_year and alike:
            to = alike[other % len(alike)]
            lead = int(np.flatnonzero(home == to)[0])
            made += [Spell(who, unit, int(above[who]), 0, day), Spell(who, to, lead, day, end)]
        else:
            made.append(Spell(who, unit, int(above[who]), first, end))
    return made


def _reorganised(
    spells: list[Spell], units: Sequence[Unit], home: Ints, period: Period, draw: np.random.Generator
) -> list[Spell]:
    """Once in about half a year one unit in ten comes under somebody else: the same people, in the same unit, another line."""
    if draw.random() > period.days / 120:
        return spells
    day, made = int(draw.integers(1, period.days)), []
    moved = {int(unit) for unit in draw.permutation(len(units))[: max(1, len(units) // 10)]}
    leads = {unit.number: int(np.flatnonzero(home == unit.number)[0]) for unit in units}
    above = {spell.who: spell.manager for spell in spells}
    to: dict[int, int] = {}
    for unit in sorted(moved):
        lead, new = leads[unit], leads[int(draw.integers(len(units)))]
        if above[lead] < 0 or lead in _line(new, above):  # nobody comes under somebody below them
            continue
        moved_to = {**above, lead: new}
        if max(len(_line(who, moved_to)) for who in above) <= _LEVELS:
            to[unit], above = new, moved_to
    for spell in spells:
        lead = leads[spell.unit]
        if spell.unit in to and spell.who == lead and spell.first < day < spell.end:
            made += [replace(spell, end=day), replace(spell, first=day, manager=to[spell.unit])]
        else:
            made.append(spell)
    return made


def _line(who: int, above: Mapping[int, int]) -> list[int]:
    """`who` and everybody above."""
    line = [who]
    while above[line[-1]] >= 0:
        line.append(above[line[-1]])
    return line


def _hours(function: Ints, country: Ints, draw: np.random.Generator) -> Ints:
    """When each begins: office hours, or one of three shifts that hand over to each other."""
    ahead = np.array([hours for _, _, hours in OFFICES])[country]
    local = draw.normal(9 * 60, 40, len(function)).astype(np.int64)
    shifts = np.isin(function, [FUNCTIONS.index(each) for each in _SHIFTS])
    shift = np.array([6, 14, 22])[draw.choice(3, size=len(function), p=[0.55, 0.35, 0.1])] * 60
    local = np.where(shifts, shift + draw.integers(-20, 20, len(function)), local)
    return np.asarray((local - ahead * 60) % 1440)


def _works(
    seed: int, division: int, function: Ints, country: Ints, spells: Sequence[Spell], total: int, period: Period
) -> NDArray[np.bool_]:
    """Days × staff: weekdays or five days of seven, without holidays, vacations and days off sick."""
    draw = draws(seed, "presence", division)
    humans = len(function)
    days = np.arange(period.days)
    weekday = period.weekdays()
    shifts = np.isin(function, [FUNCTIONS.index(each) for each in _SHIFTS])
    off = draw.integers(7, size=humans)
    free = (weekday[:, None] == off) | (weekday[:, None] == (off + 1) % 7)
    works = np.where(shifts, ~free, (weekday < 5)[:, None])
    closed = np.stack([period.holidays(seed, name) for name in COUNTRIES])
    works &= shifts | ~closed[country].T
    for _ in range(2):  # two vacations
        begin, length = draw.integers(-20, max(period.days, 120), size=humans), draw.integers(4, 15, size=humans)
        works &= ~((days[:, None] >= begin) & (days[:, None] < begin + length))
    works &= draw.random(works.shape) > 0.02
    there = np.zeros((period.days, total), dtype=bool)
    for spell in spells:
        there[spell.first : spell.end, spell.who] = True
    there[:, :humans] &= works
    return there
