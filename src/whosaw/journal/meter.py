# SPDX-License-Identifier: Apache-2.0
"""What a running journal counts of itself, and how it stands at this moment: numbers, and never of what or of whom.

    sequencer ──wrote(leaves, seconds)──▶ Meter        Journal.pulse() ──▶ Pulse ──▶ whoever measures

Invariant: one thread counts, any may read. A number that is read while it grows is the one before it or after it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime

GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
WRITE_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Histogram:
    """How many values fell below each bound; the last bucket is for all others."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds, self.counts, self.total = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """(bound, how many values up to it), the last bound being ``+Inf``: as monitoring systems want it."""
        found, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found


class Meter:
    """Since this journal was opened: leaves made durable, how many at once, and how long the disk took."""

    __slots__ = ("groups", "leaves", "seconds")

    def __init__(self) -> None:
        self.leaves = 0
        self.groups, self.seconds = Histogram(GROUP_SIZES), Histogram(WRITE_SECONDS)

    def wrote(self, leaves: int, seconds: float) -> None:
        """One group became durable."""
        self.leaves += leaves
        self.groups.add(leaves)
        self.seconds.add(seconds)


@dataclass(frozen=True, slots=True)
class Pulse:
    """A journal at one moment. `stopped`, `map_stopped`: why it takes or signs nothing more; empty where it does.

    `waiting`: leaves that are durable and under no head yet. `signed_at`: of the newest head.
    """

    meter: Meter
    queued: int
    waiting: int
    published: int
    signed_at: datetime
    promise_s: int
    stopped: str = ""
    map_stopped: str = ""
