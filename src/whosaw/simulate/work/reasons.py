# SPDX-License-Identifier: Apache-2.0
"""Where the reason of honest work is not on file: not evenly, but in some units, in some months.

    nowhere ── worked on without a case      unnamed ── a case that names nobody      elsewhere ── it lies with somebody else

Invariant: on average as many cases lack a reason as the settings say, however they cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY
from whosaw.simulate.draw import Ints

_MONTH = 30


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of each case, whether it lacks what would explain its looks; and two rates of a look."""

    nowhere: NDArray[np.bool_]
    unnamed: NDArray[np.bool_]
    elsewhere: NDArray[np.bool_]
    forgotten: float
    mistyped: float


def reasons(where: Division, count: int, opened: Ints, draw: np.random.Generator) -> Reasons:
    """What is missing of `count` cases of one unit."""
    rate = where.settings.tables["reasons"]
    months = where.period.days // _MONTH + 2
    bad = draw.random(months) < rate["bad_months"]
    inside = rate["missing"] * rate["clustered"] / max(rate["bad_months"], 1e-9)
    outside = rate["missing"] * (1 - rate["clustered"]) / max(1 - rate["bad_months"], 1e-9)
    month = np.clip((opened - where.period.begin) // DAY // _MONTH, 0, months - 1)
    missing = draw.random(count) < np.where(bad[month], min(inside, 0.9), outside)
    way = draw.choice(3, size=count, p=[0.4, 0.35, 0.25])
    return Reasons(
        missing & (way == 0), missing & (way == 1), missing & (way == 2), rate["forgotten"], rate["mistyped"]
    )
