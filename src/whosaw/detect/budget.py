# SPDX-License-Identifier: Apache-2.0
"""Which findings a reviewer gets, where so many are asked for: the strongest, some by lot, and some that nobody suspects.

    so many per 1,000 staff and month ──▶ 85 % from the top · 10 % by lot from the next, in proportion to their score
                                          5 %, at least one, by lot from looks that have a reason

Whoever knows the threshold cannot stay below it, and what the last ones show is what the reasons hide.
A finding uses up its place once, when it first enters; over several runs places add up, so that none is lost to rounding.

Invariant: the same findings, seed and earlier places give the same choice, in any order.        docs/adr/0146
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whosaw.detect.defaults import Budget
from whosaw.detect.lot import drawn

# Days of a month: a twelfth of a year.
MONTH_DAYS = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Places:
    """How many findings may have entered by now, or have."""

    top: int = 0
    lot: int = 0
    floor: int = 0

    @property
    def all(self) -> int:
        return self.top + self.lot + self.floor

    def __sub__(self, other: Places) -> Places:
        return Places(max(0, self.top - other.top), max(0, self.lot - other.lot), max(0, self.floor - other.floor))

    def __add__(self, other: Places) -> Places:
        return Places(self.top + other.top, self.lot + other.lot, self.floor + other.floor)


def places(per_month: float, staff: int, days: float, numbers: Budget) -> Places:
    """How many findings may have entered after so many days: at least one from the top and one that nobody suspects."""
    all_ = max(2, round(per_month * staff / 1000 * days / MONTH_DAYS))
    floor = max(1, round(all_ * numbers.floor))
    lot = round(all_ * numbers.drawn)
    return Places(max(1, all_ - floor - lot), lot, floor)


def chosen(
    scores: Sequence[float], keys: Sequence[str], free: Places, seed: bytes, numbers: Budget
) -> tuple[list[int], list[int]]:
    """Places in `scores` (falling) of those that enter: from the top, and by lot. `keys`: what each is in the lot."""
    top = list(range(min(free.top, len(scores))))
    rest = range(len(top), min(len(scores), len(top) + numbers.drawn_from * max(1, free.all)))
    weights: Mapping[str, float] = {keys[i]: scores[i] for i in rest}
    at = {keys[i]: i for i in rest}
    return top, sorted(at[key] for key in drawn(seed, weights, free.lot))
