# SPDX-License-Identifier: Apache-2.0
"""When and from where a principal works: for ordinary looks and for planted ones alike.

Invariant: nobody looks outside their days and hours, but for the few who stay late.
"""

from __future__ import annotations

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, MINUTE
from whosaw.simulate.draw import Floats, Ints

_SHIFT = 8 * 60


def instants(where: Division, who: Ints, day: Ints, draw: np.random.Generator) -> Ints:
    """An instant in the hours of each `who` on each `day`; two busy times, before and after a break."""
    return (
        where.period.begin
        + day * DAY
        + (where.staff.hours[who] + within(draw, len(who))).astype(np.int64) * MINUTE
        + _second(draw, len(who))
    )


def within(draw: np.random.Generator, count: int) -> Floats:
    """Minutes since the beginning of a shift; one in fifty after its end."""
    late = draw.random(count) < 0.02
    early = draw.random(count) < 0.52
    half = np.where(early, draw.beta(2.0, 2.2, count) * 250, 270 + draw.beta(1.8, 2.2, count) * (_SHIFT - 270))
    return np.where(late, _SHIFT + draw.exponential(50, count), half)


def _second(draw: np.random.Generator, count: int) -> Ints:
    return np.asarray(draw.integers(60_000, size=count))


def place(where: Division, who: Ints, draw: np.random.Generator) -> tuple[Ints, Ints]:
    """The address and the country of each look: the office, mostly, or home; a few are travelling."""
    away = draw.random(len(who))
    host = np.where(away < 0.8, 1 + who % 250, 1 + who * 7 % 250)
    office = where.staff.country[who] * 16 + where.number % 16
    address = (np.where(away < 0.8, office, 128 + who // 250 % 100) << 16) + (who // 250 % 256 << 8) + host
    country = np.where(away < 0.985, where.staff.country[who], (where.staff.country[who] + 1) % 5)
    return np.asarray(address, dtype=np.int64), np.asarray(country, dtype=np.int64)
