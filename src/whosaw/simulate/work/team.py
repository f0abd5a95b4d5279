# SPDX-License-Identifier: Apache-2.0
"""A unit at work: who of it is there on which day, and when somebody's next working day is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.staff import Unit
from whosaw.simulate.draw import Floats, Ints, pick


@dataclass(frozen=True, slots=True)
class Team:
    """Columns are members; a member of two spells in it is there twice. `coming[d, m]`: the next day from d on, or -1."""

    unit: Unit
    who: Ints
    there: NDArray[np.bool_]
    coming: Ints
    pace: Floats

    def capacity(self) -> Floats:
        """Of each day."""
        return np.asarray(self.there @ self.pace)

    def members(self, draw: np.random.Generator, count: int) -> Ints:
        """`count` columns; who works more is drawn more often."""
        return pick(np.cumsum(self.pace * self.there.mean(axis=0) + 1e-9), draw, count)


def team(where: Division, unit: Unit) -> Team | None:
    """The unit's people, or None where nobody ever works in it."""
    spells = where.staff.members(unit.number)
    who = np.array([spell.who for spell in spells], dtype=np.int64)
    there = np.zeros((where.period.days, len(spells)), dtype=bool)
    for at, spell in enumerate(spells):
        there[spell.first : spell.end, at] = where.staff.works[spell.first : spell.end, spell.who]
    if not there.any():
        return None
    coming = np.full((where.period.days + 1, len(spells)), -1, dtype=np.int64)
    for day in range(where.period.days - 1, -1, -1):
        coming[day] = np.where(there[day], day, coming[day + 1])
    return Team(unit, who, there, coming, where.staff.pace[who])
