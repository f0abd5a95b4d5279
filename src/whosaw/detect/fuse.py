# SPDX-License-Identifier: Apache-2.0
"""One p for a finding, Cauchy's combination of its families; and their odds, by which findings are put in order.

    per family      the smallest p of its signals × how many signals of it ran × what a p of that signal costs, for it tries
                    many units;  .9 where none of them speaks
    T = Σ w·tan((½ − p)·π)                w declared, of the families that ran        p = ½ − atan(T)/π

It stands dependence: the signals of one finding look at the same looks. p is cut off at .9, since counts come in jumps and
often say 1, and one such family would shout down all others.

Invariant: the order of signals changes nothing; a family that could not run is neither for nor against.
Design: docs/adr/0145, 0193, 0197, 0241, 0281, 0285
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from whosaw.detect.defaults import Fusion
from whosaw.detect.signal import FAMILIES, TEAMS, Family, Signal

LEAST = 1e-15
_SILENT = 0.9
# Below this tan and 1/x agree to every digit that is kept.
_TINY = 1e-8


def fused(
    signals: Iterable[Signal], ran: Mapping[Family, int], numbers: Fusion, prices: Mapping[str, float] | None = None
) -> float:
    """The p of the finding that `signals` make. `ran`: how many signals of each family were on; `prices`: see below."""
    smallest = _smallest(signals, ran, numbers, prices)
    weights = {family: numbers.weight(family) for family in FAMILIES if ran.get(family)}
    return combined([(weights[f], smallest.get(f, _SILENT)) for f in FAMILIES if f in weights])


def odds(
    signals: Iterable[Signal], ran: Mapping[Family, int], numbers: Fusion, prices: Mapping[str, float] | None = None
) -> float:
    """What the families of `signals` would have won together, each betting one against chance at odds of one to its p."""
    return math.fsum(1 / max(LEAST, p) for p in _smallest(signals, ran, numbers, prices).values())


def _smallest(
    signals: Iterable[Signal], ran: Mapping[Family, int], numbers: Fusion, prices: Mapping[str, float] | None
) -> dict[Family, float]:
    """Per family that speaks its smallest p, all prices paid; it may be above 1."""
    paid = [(s, _paid(s, numbers, prices)) for s in signals]
    # What may support a finding and never be one does not carry it either.
    least = min((p for s, p in paid if s.opens), default=0.0)
    smallest: dict[Family, float] = {}
    for signal, p in paid:
        smallest[signal.family] = min(smallest.get(signal.family, math.inf), p if signal.opens else max(p, least))
    return {family: p * ran[family] for family, p in smallest.items() if ran.get(family)}


def shares(
    signals: Sequence[Signal], numbers: Fusion, prices: Mapping[str, float] | None = None
) -> list[tuple[float, Signal]]:
    """How much of a finding each signal says: its odds beside those of all that may be a finding by themselves. Adds up to 1. What says
    the same as a stronger one says nothing more.
    """
    said = [signal for signal in signals if signal.opens] or signals
    strongest: dict[tuple[str, ...], Signal] = {}
    for signal in sorted(said, key=lambda s: (_paid(s, numbers, prices), s.order)):
        strongest.setdefault(_word(signal), signal)
    won = [(1 / max(LEAST, _paid(signal, numbers, prices)), signal) for signal in strongest.values()]
    all_ = math.fsum(each for each, _ in won)
    return [(each / all_, signal) for each, signal in won]


def _word(signal: Signal) -> tuple[str, ...]:
    """A unit, its manager and its function say the same once, and so do circles that overlap."""
    if signal.kind in TEAMS:
        return signal.signal, "team"
    return (signal.signal, signal.kind) if signal.kind == "circle" else (signal.signal, signal.kind, signal.unit)


def _paid(signal: Signal, numbers: Fusion, prices: Mapping[str, float] | None) -> float:
    return max(signal.p, numbers.least) * prices.get(_purse(signal), 1.0) if prices else signal.p


def prices_of(tried: Iterable[Signal]) -> dict[str, float]:
    """Per purse how many units it tried for each principal, at least one: so many times as often chance is strong there.

    One in ten thousand is nothing among twenty thousand circles and much among three hundred principals. A signal with two purses
    has half of its chances in each.
    """
    units: Counter[str] = Counter()
    rests: dict[tuple[str, str, str], int] = {}
    of: dict[str, set[str]] = {}
    principals: set[str] = set()
    for s in tried:
        purse = _purse(s)
        units[purse] += 1
        of.setdefault(s.signal, set()).add(purse)
        key = purse, s.kind, s.stratum
        rests[key] = max(rests.get(key, 0), s.rest)
        if s.kind == "principal":
            principals.add(s.unit)
    for (purse, _, _), rest in rests.items():
        units[purse] += rest
    return {
        purse: max(1.0, len(purses) * units[purse] / max(1, len(principals)))
        for purses in of.values()
        for purse in purses
    }


def _purse(signal: Signal) -> str:
    """What pays for the units of a signal. Few circles are those of a protected person, and they need not pay for all the others."""
    return f"{signal.signal}: {signal.stratum.partition('/')[0]}" if signal.kind == "circle" else signal.signal


def combined(parts: Sequence[tuple[float, float]]) -> float:
    """The p of pairs (weight, p)."""
    total = math.fsum(weight for weight, _ in parts)
    t = math.fsum(weight / total * _score(p) for weight, p in parts)
    return math.atan(1 / t) / math.pi if t > 0 else 0.5 - math.atan(t) / math.pi


def _score(p: float) -> float:
    p = min(max(p, LEAST), _SILENT)
    return 1 / (math.pi * p) if p < _TINY else math.tan((0.5 - p) * math.pi)


def of_newcomers(signal: Signal, numbers: Fusion) -> Signal:
    """For the first weeks in a new place everybody looks unlike the others: some signals then count as √p."""
    if signal.signal not in numbers.new_signals:
        return signal
    known = [look.tenure for look in signal.looks if look.tenure is not None]
    if not known or max(known) >= numbers.new_days:
        return signal
    return replace(signal, p=math.sqrt(signal.p))
