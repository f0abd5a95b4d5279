# SPDX-License-Identifier: Apache-2.0
"""Tails: how surprising a count is, given what others do. Pure functions of whole numbers, on SciPy's distributions.

    Σk Σn Σk² Σkn Σn² of the others ──▶ rate r, dispersion 1/s ──▶ P(X ≥ k),  X negative binomial with mean n·r

Invariants: p is the safe P(X ≥ k), never below the true tail of the model; p falls with k and rises with r; sums are
whole numbers, so their order cannot matter.           Design: docs/adr/0042; tests: against exact fractions
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from whosaw.facts.extra import need

# Below this the negative binomial is the Poisson to more digits than are printed, and its formula loses them.
_NO_DISPERSION = 1e-6


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over units, each with k unexplained of n. They add and subtract without rounding."""

    units: int = 0
    k: int = 0
    n: int = 0
    kk: int = 0
    kn: int = 0
    nn: int = 0

    @classmethod
    def of(cls, counted: Iterable[tuple[int, int]]) -> Sums:
        """Over pairs (k, n); a unit with n = 0 did nothing and is none."""
        total = cls()
        for k, n in counted:
            if n:
                total += cls(1, k, n, k * k, k * n, n * n)
        return total

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.units + other.units,
            self.k + other.k,
            self.n + other.n,
            self.kk + other.kk,
            self.kn + other.kn,
            self.nn + other.nn,
        )

    def __sub__(self, other: Sums) -> Sums:
        return Sums(
            self.units - other.units,
            self.k - other.k,
            self.n - other.n,
            self.kk - other.kk,
            self.kn - other.kn,
            self.nn - other.nn,
        )


def rate(others: Sums, wider: float, prior: int) -> float:
    """The others' rate, drawn towards the `wider` group's as if `prior` more of its persons had been seen."""
    return (others.k + prior * wider) / (others.n + prior)


def dispersion(others: Sums, r: float) -> float:
    """1/s: by how much the others differ among themselves beyond chance; 0 where they do not."""
    if not others.nn or r <= 0:
        return 0.0
    spread = others.kk - 2 * r * others.kn + r * r * others.nn
    return max(0.0, (spread - r * others.n) / (r * r * others.nn))


def mixed(measured: float, units: int, declared: float, prior: int) -> float:
    """The `measured` dispersion of so many units, drawn towards the declared one as if `prior` more had shown that."""
    return (measured * units + declared * prior) / (units + prior) if units + prior else declared


def at_least(k: int, n: int, r: float, inverse_s: float) -> float:
    """P(X ≥ k) for X with mean n·r: negative binomial of size s, Poisson where 1/s is next to nothing."""
    if k <= 0:
        return 1.0
    if n <= 0 or r <= 0:
        raise ValueError("k of nothing")
    stats = need("scipy.stats", "watching")
    mean = n * r
    if inverse_s < _NO_DISPERSION:
        p = stats.poisson.sf(k - 1, mean)
    else:
        # size/(size + mean), in the form that keeps its digits when the dispersion is small.
        p = stats.nbinom.sf(k - 1, 1 / inverse_s, 1 / (1 + mean * inverse_s))
    return min(1.0, float(p))


def times(p: float, tries: int) -> float:
    """The smallest of `tries` p-values, paid for."""
    return min(1.0, p * tries)
