# SPDX-License-Identifier: Apache-2.0
"""What is usual for a case: what other cases of its type bring, or all cases where its type is rare.

    k of n persons of each case ──▶ Sums per type and of all, without those far apart ──▶ minus the case itself ──▶ Usual

No type is known beforehand: a type is a code in the data. A case number that stands in no table is of a type of its own.

Invariant: no case is part of what it is compared with.                                   Design: docs/adr/0147
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from whosaw.detect.defaults import Counts
from whosaw.detect.others import Usual
from whosaw.detect.tails import Sums, at_least, dispersion, mixed, rate

ALL = "all cases"


class ByType:
    """`counted`: (type, k, n) of every case. `few`: cases from which on a type speaks for itself."""

    def __init__(self, counted: Iterable[tuple[str, int, int]], counts: Counts, few: int) -> None:
        self._counts, self._few = counts, few
        rows = [row for row in counted if row[2]]
        start = max(counts.rate, rate(Sums.of((k, n) for _, k, n in rows), counts.rate, counts.prior))
        self._rate = start
        self._sums: dict[str, Sums] = {}
        for type_, k, n in rows:
            if not self._apart(k, n):
                self._sums[type_] = self._sums.get(type_, Sums()) + Sums.of([(k, n)])
        self._all = sum(self._sums.values(), Sums())
        self._mixed = mixed(
            dispersion(self._all, rate(self._all, counts.rate, counts.prior)), self._all.units, counts.dispersion,
            counts.dispersion_prior,
        )  # fmt: skip

    def _apart(self, k: int, n: int) -> bool:
        """So many that chance brings them too seldom to count as usual, by the declared dispersion."""
        counts = self._counts
        return k > n * self._rate and at_least(k, n, self._rate, counts.dispersion) <= counts.apart

    def usual(self, type_: str, k: int, n: int) -> Usual:
        """For a case of this type that has k of n itself."""
        own = Sums() if self._apart(k, n) else Sums.of([(k, n)])
        counts = self._counts
        everybody = self._all - own
        r = rate(everybody, counts.rate, counts.prior)
        mine = self._sums.get(type_, Sums()) - own
        if mine.units < self._few:
            return Usual(r, self._mixed, everybody.units, ALL)
        own_rate = rate(mine, r, counts.prior)
        s = mixed(dispersion(mine, own_rate), mine.units, self._mixed, counts.dispersion_prior)
        return Usual(own_rate, s, mine.units, type_)


class Ranks:
    """How many cases of a type have as much: (1 + those with as much or more) of (1 + all), without the case itself."""

    def __init__(self, values: Mapping[str, Sequence[int]], few: int) -> None:
        self._few = few
        self._by = {type_: sorted(of) for type_, of in values.items()}
        self._all = sorted(value for of in values.values() for value in of)

    def rank(self, type_: str, value: int) -> float:
        """For a case of this type that has `value` itself."""
        if value <= 0:
            return 1.0
        of = self._by.get(type_, [])
        of = of if len(of) > self._few else self._all
        # The case itself is among those with as much: leaving it out and counting it once more is the same.
        return (len(of) - bisect_left(of, value)) / len(of)
