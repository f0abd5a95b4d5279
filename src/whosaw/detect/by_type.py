# SPDX-License-Identifier: Apache-2.0
"""What is usual for a case: what other cases of its type bring, or all cases where its type is rare.

    (type, k, n) of all cases, how many each ──▶ Sums per type and of all, without those far apart ──▶ minus the case ──▶ Usual

No type is known beforehand: a type is a code in the data. A case number that stands in no table is of a type of its own.

Invariant: no case is part of what it is compared with.                                   Design: docs/adr/0147
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from whosaw.detect.defaults import Counts
from whosaw.detect.others import Usual
from whosaw.detect.tails import Sums, at_least, dispersion, mixed, rate

ALL = "all cases"


class ByType:
    """`counted`: type, k, n, and how many cases have these. `few`: cases from which on a type speaks for itself."""

    def __init__(self, counted: Iterable[tuple[str, int, int, int]], counts: Counts, few: int) -> None:
        self._counts, self._few = counts, few
        rows = [(type_, _times(k, n, cases)) for type_, k, n, cases in counted if n]
        whole = sum((sums for _, sums in rows), Sums())
        self._rate = max(counts.rate, rate(whole, counts.rate, counts.prior))
        self._sums: dict[str, Sums] = {}
        for type_, sums in rows:
            if not self._apart(sums.k // sums.units, sums.n // sums.units):
                self._sums[type_] = self._sums.get(type_, Sums()) + sums
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


def _times(k: int, n: int, cases: int) -> Sums:
    return Sums(cases, cases * k, cases * n, cases * k * k, cases * k * n, cases * n * n)


class Ranks:
    """How many cases of a type have as much: (1 + those with as much or more) of (1 + all), without the case itself."""

    def __init__(self, values: Mapping[str, Mapping[int, int]], few: int) -> None:
        """`values`: per type how many cases have a value."""
        self._few = few
        whole: dict[int, int] = {}
        for of in values.values():
            for value, cases in of.items():
                whole[value] = whole.get(value, 0) + cases
        self._all = _at_least(whole)
        self._by = {type_: _at_least(of) for type_, of in values.items()}

    def rank(self, type_: str, value: int) -> float:
        """For a case of this type that has `value` itself."""
        if value <= 0:
            return 1.0
        of = self._by.get(type_, self._all)
        of = of if of[None] > self._few else self._all
        # The case itself is among those with as much: leaving it out and counting it once more is the same.
        return of.get(value, 1) / of[None]

    def seldom(self, type_: str, most: float) -> int:
        """The smallest value that at most so large a share of the cases of this type have, or more; 1 at least."""
        of = self._by.get(type_, self._all)
        of = of if of[None] > self._few else self._all
        values = sorted(value for value in of if value is not None)
        return next((value for value in values if value > 0 and of[value] <= most * of[None]), (values or [0])[-1] + 1)


def _at_least(of: Mapping[int, int]) -> dict[int | None, int]:
    """Per value how many have as much or more; None: all."""
    values = sorted(of, reverse=True)
    made: dict[int | None, int] = dict(zip(values, accumulate(of[value] for value in values), strict=True))
    made[None] = sum(of.values())
    return made
