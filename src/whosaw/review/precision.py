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

from whosaw.model.share import wilson
from whosaw.review.state import Standing
from whosaw.review.words import Resolution

WORTH = (Resolution.MISUSE, Resolution.POLICY_GAP)
NOT_WORTH = (Resolution.JUSTIFIED, Resolution.DATA_ERROR)


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


def _measured(signal: str, counts: Counter[Resolution]) -> Measured:
    worth, not_worth = (sum(counts[each] for each in of) for of in (WORTH, NOT_WORTH))
    low, high = wilson(worth, worth + not_worth) if worth + not_worth else (None, None)
    return Measured(signal, tuple((each, counts[each]) for each in Resolution), worth, not_worth, low, high)
