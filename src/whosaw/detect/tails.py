# SPDX-License-Identifier: Apache-2.0
"""Tails: how surprising a count is, given what others do. Pure functions of whole numbers, on SciPy's distributions.

    at_least   Σk Σn Σk² Σkn Σn² of the others ──▶ rate r, dispersion 1/s ──▶ P(X ≥ k),  X negative binomial, mean n·r
    shared     two principals have so many persons in common            Poisson, mean from how much each looks
    members    so many of a set of persons were looked at               hypergeometric or Poisson, the larger
    split      so many after an instant, so few before                  binomial
    again      so many of one's requests went to one and the same       beta-binomial: whoever asked one asks them again
    wealth     coming back to one person, day after day                 a bet against chance that may stop at any time
    rank       larger than so many of those it is compared with

Invariants: p is the safe P(X ≥ k), never below the true tail of the model; p falls with k and rises with r; sums are
whole numbers, so their order cannot matter.           Design: docs/adr/0042; tests: against exact fractions, simulated nulls
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
        # Added as plain numbers: to make a sum of each would take most of the time.
        units = k_ = n_ = kk = kn = nn = 0
        for k, n in counted:
            if n:
                units, k_, n_ = units + 1, k_ + k, n_ + n
                kk, kn, nn = kk + k * k, kn + k * n, nn + n * n
        return cls(units, k_, n_, kk, kn, nn)

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


@lru_cache(maxsize=1)
def _special() -> Any:
    # The functions under SciPy's distributions: the same numbers, a hundred times sooner.
    return need("scipy.special", "watching")


def poisson(k: float, mean: float) -> float:
    """P(X ≥ k), X Poisson."""
    if k <= 0:
        return 1.0
    return float(_special().gammainc(k, mean)) if mean > 0 else 0.0


def poissons(ks: Sequence[float], means: Sequence[float]) -> list[float]:
    """The same of very many, each k and mean above 0: one call, where each would cost more than its number."""
    return [min(1.0, p) for p in _special().gammainc(ks, means).tolist()] if ks else []


def at_least(k: float, n: int, r: float, inverse_s: float) -> float:
    """P(X ≥ k) for X with mean n·r: negative binomial of size s, Poisson where 1/s is next to nothing."""
    if k <= 0:
        return 1.0
    if n <= 0 or r <= 0:
        raise ValueError("k of nothing")
    mean = n * r
    if inverse_s < _NO_DISPERSION:
        return min(1.0, poisson(k, mean))
    # mean/(size + mean), in the form that keeps its digits when the dispersion is small.
    share = mean * inverse_s / (1 + mean * inverse_s)
    return min(1.0, float(_special().betainc(k, 1 / inverse_s, share)))


def in_common(one: int, other: int, pairs_of_lookers: int, pairs: int) -> float:
    """How many persons two principals share by chance: `one` and `other` are how many each looked at.

    `pairs_of_lookers`: Σ d(d−1) over persons with d lookers; `pairs`: of principal and person, all of them.
    """
    return one * other * pairs_of_lookers / pairs**2 if pairs else 0.0


def shared(c: int, expected: float) -> float:
    """P(at least `c` persons in common). Of many others one is always the nearest: pay for them with `times`."""
    return poisson(c, expected)


def members(k: int, n: int, of: int, among: int, expected: float) -> float:
    """P(at least `k` of the `of` persons of a set), n persons being looked at of `among`: the larger of two tails.

    Drawn evenly: hypergeometric. Some persons are popular: Poisson with `expected`, n times the set's share of all looks.
    """
    if k <= 0:
        return 1.0
    if not (0 <= k <= min(n, of) and max(n, of) <= among):
        raise ValueError("more members than there are")
    return min(1.0, max(_hypergeometric(k, n, of, among), poisson(k, expected)))


def _hypergeometric(k: int, n: int, of: int, among: int) -> float:
    k = max(k, n + of - among)  # fewer cannot be
    p = math.exp(_choose(of, k) + _choose(among - of, n - k) - _choose(among, n))
    terms = [p]
    for i in range(k, min(n, of)):
        p *= (of - i) * (n - i) / ((i + 1) * (among - of - n + i + 1))
        terms.append(p)
    return math.fsum(terms)


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def share(after: int, before: int) -> float:
    """The share that falls after, from controls, drawn a little towards the middle."""
    return (after + 0.5) / (after + before + 1)


def split(after: int, before: int, pi: float) -> float:
    """P(at least `after` of all fall after), each with chance `pi`."""
    if after <= 0:
        return 1.0
    return min(1.0, float(_special().betainc(after, before + 1, pi)))


def again(k: int, n: int, share: float, loyal: float) -> float:
    """P(at least `k` of `n` go to one who gets this `share` of all), where two of the same asker agree by `loyal` beyond chance.

    0: each goes its own way, binomial. 1: all go where the first went, so any k is as likely as one.
    """
    if k <= 0 or share >= 1:
        return 1.0
    if loyal < _NO_DISPERSION:
        return min(1.0, float(_special().betainc(k, n - k + 1, share)))
    if loyal > 1 - _NO_DISPERSION:
        return share
    size = (1 - loyal) / loyal
    a, b = share * size, (1 - share) * size
    beta = _special().betaln
    terms = (math.exp(_choose(n, i) + beta(a + i, b + n - i) - beta(a, b)) for i in range(k, n + 1))
    return min(1.0, math.fsum(terms))


def wealth(days: Sequence[int], r: float) -> float:
    """Coming back: `days[i]` is the number of days, from the day after the first look on, by the (i+1)-th later look-day.

    Who bets at each day on a look-day, at odds for chance r, has E times the stake; by Ville's inequality chance lets
    anybody ever reach E at most once in E. So it may be read on any day, and there is no window to hide under.
    """
    if not 0 < r < 1:
        raise ValueError("a rate lies between 0 and 1")
    bets = [min(0.5, r * more) for more in (4, 16, 64)]
    best = 0.0
    for n, so_far in enumerate(days, start=1):
        logs = [n * math.log(q / r) + (so_far - n) * (math.log1p(-q) - math.log1p(-r)) for q in bets]
        top = max(logs)
        best = max(best, top + math.log(math.fsum(math.exp(each - top) for each in logs) / len(logs)))
    return min(1.0, math.exp(-best))


def rank(x: float, reference: Sequence[float]) -> float:
    """How many of `reference` (in rising order) are at least `x`, itself counted in: never 0."""
    return (1 + len(reference) - bisect_left(reference, x)) / (1 + len(reference))


def times(p: float, tries: int) -> float:
    """The smallest of `tries` p-values, paid for."""
    return min(1.0, p * tries)


def all_of(ps: Sequence[float]) -> float:
    """P(a product of so many independent p is as small as this one)."""
    z = -math.fsum(math.log(max(p, 1e-300)) for p in ps)
    return min(1.0, math.exp(-z) * math.fsum(z**i / math.factorial(i) for i in range(len(ps))))
