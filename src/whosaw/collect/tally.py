# SPDX-License-Identifier: Apache-2.0
"""Counts by name, most used first, in bounded memory: reasons, unknown routes, columns that no map names.

Invariant: the sum of the counts is the number of things counted. Beyond `KEPT` names, whatever is new counts as `OTHERS`.
"""

from __future__ import annotations

from collections import Counter

KEPT = 10_000
OTHERS = "(others)"
Counts = tuple[tuple[str, int], ...]


class Tally:
    """Names counted."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        if name not in self._counts and len(self._counts) >= KEPT:
            name = OTHERS
        self._counts[name] += 1

    def most(self) -> Counts:
        """(name, count), most used first, and by name where equally used."""
        return tuple(sorted(self._counts.items(), key=lambda one: (-one[1], one[0])))
