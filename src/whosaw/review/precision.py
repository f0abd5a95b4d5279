# SPDX-License-Identifier: Apache-2.0
"""How often what a signal says is worth a review: counted from how findings ended, with an interval. Pure.

    ended findings ──by signal──▶ counts of each resolution ──▶ worth it of those that say something, and from where to where

Worth a review: misuse, or a gap in the policy. Not worth it: justified, or an error in the data. An inconclusive one says nothing of
either and is counted apart. Of a finding only how it ended last counts.

Invariant: this is shown and nothing else: no resolution makes a detector look away, and no finding fewer.   docs/adr/0164
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from whosaw.review.state import Standing
from whosaw.review.words import Resolution

WORTH = (Resolution.MISUSE, Resolution.POLICY_GAP)
NOT_WORTH = (Resolution.JUSTIFIED, Resolution.DATA_ERROR)
_Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True, slots=True)
class Measured:
    """One signal. `low`, `high`: the interval of 95 % around `worth` of `worth + not_worth`; None where nothing was said yet."""

    signal: str
    counts: tuple[tuple[Resolution, int], ...]
    worth: int
    not_worth: int
    low: float | None
    high: float | None

    @property
    def ended(self) -> int:
        return sum(count for _, count in self.counts)


def measured(standings: Iterable[Standing]) -> tuple[Measured, ...]:
    """Each signal of a finding that ended, by name. One that was reopened counts as it ended before, until it ends again."""
    by_signal: dict[str, Counter[Resolution]] = {}
    for standing in standings:
        if standing.ended:
            last = standing.ended[-1]
            for signal in last.signals:
                by_signal.setdefault(signal, Counter())[last.resolution] += 1
    return tuple(_measured(signal, counts) for signal, counts in sorted(by_signal.items()))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval of 95 % in which the share lies, by Wilson's score. With nothing counted: anywhere."""
    if of == 0:
        return 0.0, 1.0
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return (0.0 if hits == 0 else max(0.0, middle - half)), (1.0 if hits == of else min(1.0, middle + half))


def _measured(signal: str, counts: Counter[Resolution]) -> Measured:
    worth, not_worth = (sum(counts[each] for each in of) for of in (WORTH, NOT_WORTH))
    low, high = wilson(worth, worth + not_worth) if worth + not_worth else (None, None)
    return Measured(signal, tuple((each, counts[each]) for each in Resolution), worth, not_worth, low, high)
