# SPDX-License-Identifier: Apache-2.0
"""p as it turns out: what a signal calls seldom, measured on the units that it tried.

    z = −ln p of all units of one signal, kind and stratum
    most of them      the rank of z among them                 p is what it says, whatever the formula assumed
    the largest few   p(z₀)·exp(−c·(z − z₀)), c ≤ 1            a tail may become less extreme, never more

c is the slope of the tail without its very largest: those are perhaps what is sought, and must not make themselves usual.
Strata with few units share a map, without those that have one of their own; where even so they are few, it is the map of all
of their kind. Where these are few as well, or hardly anybody is in the tail, p is the smaller of what they share and of the
formula's, made as flat as they are.

Invariants: p grows where raw p grows, within one map; whoever never left the engine counts as p = 1.   docs/adr/0144, 0187, 0192, 0250, 0252
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from whosaw.detect.defaults import Calibration
from whosaw.detect.signal import Signal

_SMALLEST = 1e-300
# Of the tail, one in so many, the largest, do not say how steep it is.
_PERHAPS_SOUGHT = 6
# Of those that left the engine one in so many, the least, do not say where the tail begins.
_STRAY = 20
# Of few units, what the others stand apart from starts with so large a share, of those that have least.
_MOST = 2 / 3


@dataclass(frozen=True, slots=True)
class Map:
    """From raw z to p. `zs`: of the units, rising; `rest`: more of them at 0. Beyond `start` the tail begins.

    `formula`: of few units, who may all be sought, the slope with which the formula is believed where it says less than their
    share; 0 where there are enough.
    """

    zs: tuple[float, ...]
    rest: int
    start: float
    slope: float
    formula: float

    def p(self, z: float) -> float:
        """The calibrated p of a unit with −ln p = z."""
        if z < self.start:
            return self._rank(z)
        p = self._rank(self.start) * math.exp(-self.slope * (z - self.start))
        return max(_SMALLEST, min(p, math.exp(-self.formula * z)) if self.formula else p)

    def _rank(self, z: float) -> float:
        if z <= 0:
            return 1.0
        # The unit is one of them: at least as much has itself, and nobody twice.
        above = len(self.zs) - bisect_left(self.zs, z)
        return max(1, above) / (len(self.zs) + self.rest)


def calibrated(tried: Iterable[Signal], numbers: Calibration) -> list[Signal]:
    """All units tried of one signal, with p as it turns out; in the same order. `peers`: whose map it was."""
    tried = list(tried)
    strata: dict[tuple[str, str], list[Signal]] = {}
    for signal in tried:
        strata.setdefault((signal.kind, signal.stratum), []).append(signal)
    rests = {key: max(s.rest for s in signals) for key, signals in strata.items()}
    large = {key for key, signals in strata.items() if len(signals) + rests[key] >= numbers.units}
    maps = {key: _map(strata[key], rests[key], numbers) for key in large}
    shared = {
        kind: _shared(kind, strata, rests, large, numbers) for kind in {kind for kind, _ in strata.keys() - large}
    }
    return [
        replace(
            s,
            p=(maps[s.kind, s.stratum] if (s.kind, s.stratum) in large else shared[s.kind]).p(z(s.p)),
            peers=s.stratum if (s.kind, s.stratum) in large else "",
        )
        for s in tried
    ]


def _shared(
    kind: str,
    strata: Mapping[tuple[str, str], Sequence[Signal]],
    rests: Mapping[tuple[str, str], int],
    large: Collection[tuple[str, str]],
    numbers: Calibration,
) -> Map:
    """The map of those strata of `kind` that have few units: their own together, or that of the whole kind."""
    whole = [key for key in strata if key[0] == kind]
    small = [key for key in whole if key not in large]
    enough = sum(len(strata[key]) + rests[key] for key in small) >= numbers.units
    of = small if enough else whole
    return _map([s for key in of for s in strata[key]], sum(rests[key] for key in of), numbers)


def z(p: float) -> float:
    """−ln p, 0 for 1."""
    return -math.log(max(p, _SMALLEST)) if p < 1 else 0.0


def _map(signals: Sequence[Signal], rest: int, numbers: Calibration) -> Map:
    zs = sorted(z(s.p) for s in signals)
    start = _start(zs, len(zs) + rest, numbers)
    tail = [each for each in zs if each >= start]
    slope = formula = _slope(tail, start, numbers.prior)
    if len(zs) + rest < numbers.units:
        formula = _slope_of_few(zs, numbers)
    elif len(tail) >= numbers.tail_units:
        formula = 0.0
    return Map(tuple(zs), rest, start, slope, formula)


def _start(zs: Sequence[float], units: int, numbers: Calibration) -> float:
    """Where the largest `tail` of them begins; above the value that very many share, if enough are above it."""
    wanted = max(numbers.tail_units, math.ceil(units * numbers.tail))
    if wanted > len(zs):
        # One that is next to nothing would say where the tail of all those begins that left the engine.
        some = [each for each in zs if each > 0]
        stray = len(some) // _STRAY if len(some) >= numbers.tail_units else 0
        return some[stray] if some else math.inf
    start = zs[-wanted]
    above = [each for each in zs if each > start]
    many = len(zs) - bisect_left(zs, start) > 2 * wanted
    # Whoever has nothing to be said of is no tail.
    return above[0] if above and (many or start <= 0) else start


def _slope_of_few(zs: Sequence[float], numbers: Calibration) -> float:
    """At most 1: of these units, with `prior` more as the formula has them, and without those that stand apart from all these.

    Of two units both may be sought, and each would say that such are usual. What they stand apart from is found as in
    others.py: from most of the units on, until nobody goes any more.
    """
    usual = [z((2 * i + 1) / (2 * numbers.prior)) for i in range(numbers.prior)]
    every = sorted([*zs, *usual])
    kept = math.ceil(len(every) * _MOST)
    slope = _share(kept, math.fsum(every[:kept]) + (len(every) - kept) * every[kept - 1]) if every else 1.0
    while True:
        near = [each for each in zs if slope * each < z(numbers.apart)]
        found = _share(len(near) + numbers.prior, math.fsum(near) + numbers.prior)
        if found <= slope:
            return slope
        slope = found


def _share(units: int, excess: float) -> float:
    return min(1.0, units / excess) if excess else 1.0


def _slope(zs: Sequence[float], start: float, prior: float) -> float:
    """At most 1. The largest sixth counts as if it ended where it begins, so a few planted units do not flatten it."""
    # One at least: of two units the one that is sought would say that such are usual.
    kept = len(zs) - max(1, len(zs) // _PERHAPS_SOUGHT)
    if kept < 1:
        return 1.0
    last = zs[kept - 1] - start
    excess = math.fsum(each - start for each in zs[:kept]) + (len(zs) - kept) * last
    return min(1.0, (kept + prior) / (excess + prior))
