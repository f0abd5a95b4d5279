# SPDX-License-Identifier: Apache-2.0
"""Accounts that somebody looks after: no case each time, but an assignment that says whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.draw import pick
from whosaw.simulate.work import rows
from whosaw.simulate.work.pace import instants, place

COMPONENT = 904
_HOW_MANY = {"comms": 0.6, "executive": 0.5, "support": 0.03, "operations": 0.04}


@dataclass(frozen=True, slots=True)
class Kept:
    """`who` looks after `person` from day `first` on."""

    who: int
    person: int
    first: int


def kept(where: Division) -> tuple[Kept, ...]:
    """Who looks after whom: mostly since before the first day."""
    draw = where.draws("accounts")
    made: list[Kept] = []
    for function, share in _HOW_MANY.items():
        for who in where.staff.of(function):
            count = int(draw.integers(3, 9)) if draw.random() < share else 0
            persons = np.unique(pick(where.persons.known, draw, count)).tolist()
            since = np.where(draw.random(len(persons)) < 0.8, 0, draw.integers(where.period.days, size=len(persons)))
            made += [Kept(who, int(person), int(day)) for person, day in zip(persons, since, strict=True)]
    return tuple(made)


def accounts(where: Division) -> rows.Looks:
    """The looks that this brings: about one a week at each."""
    draw = where.draws("looks at accounts")
    who, person, day = [], [], []
    for one in kept(where):
        days = where.staff.days_of(one.who)
        days = days[days >= one.first]
        chosen = days[draw.random(len(days)) < 0.2]
        who += [one.who] * len(chosen)
        person += [one.person] * len(chosen)
        day += chosen.tolist()
    if not who:
        return rows.together(())
    principals = np.array(who)
    address, country = place(where, principals, draw)
    app = {number: rows.APP_OF[where.staff.units[where.staff.unit_of(number, 0)].function] for number in set(who)}
    columns: dict[str, Any] = {
        "t": instants(where, principals, np.array(day), draw), "who": where.staff.codes[principals],
        "person": where.persons.codes[person], "fields": np.where(draw.random(len(who)) < 0.6, *map(rows.mask, ("profile", "activity"))),
        "detail": np.where(draw.random(len(who)) < 0.1, 0, 1 + draw.integers(2, size=len(who))),
        "purpose": np.where(draw.random(len(who)) < 0.5, 0, -1), "app": np.array([app[number] for number in who]),
        "ip": address, "country": country,
    }  # fmt: skip
    return rows.made(where.seed, where.number, COMPONENT, 0, columns, draw)
