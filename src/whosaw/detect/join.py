# SPDX-License-Identifier: Apache-2.0
"""From signals to findings: which of them chance does not bring, and which are about the same thing.

    all units tried ──Benjamini-Hochberg──▶ those that stand ──same pair, or two persons in common──▶ one finding

Invariants: no threshold knows how many will be found, so a quiet company has no findings and a large one no flood;
the order of signals changes nothing.                                              Design: docs/adr/0044
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whosaw.detect.defaults import Joining
from whosaw.detect.signal import Signal


def standing(tried: Sequence[Signal], share: float) -> list[Signal]:
    """Those of all units `tried` that stand when at most `share` of them may be owed to chance; smallest p first."""
    ordered = sorted(tried, key=lambda s: s.order)
    passed = 0
    for rank, signal in enumerate(ordered, start=1):
        if signal.p * len(ordered) <= share * rank:
            passed = rank
    return ordered[:passed]


def joined(signals: Sequence[Signal], lookers: Mapping[str, int], numbers: Joining) -> list[list[Signal]]:
    """The signals, grouped into findings: strongest first, in each finding and among them.

    Where a group grows past what can be reviewed, its weakest signals become findings of their own.
    """
    waiting = sorted(signals, key=lambda s: s.order)
    found: list[list[Signal]] = []
    while waiting:
        parts = _components(waiting, lookers, numbers.hub_lookers)
        waiting = []
        for part in parts:
            cut: list[Signal] = []
            while len(part) > 1 and _too_large(part, numbers):
                cut.append(part.pop())
            # What is left may no longer hang together, and what was cut may among itself.
            pieces = _components(part, lookers, numbers.hub_lookers)
            found += pieces
            waiting += cut
        waiting.sort(key=lambda s: s.order)
    return sorted(found, key=lambda part: part[0].order)


def _too_large(part: Sequence[Signal], numbers: Joining) -> bool:
    looks = {look.key: look for signal in part for look in signal.looks}
    whos = {who for signal in part for who in signal.principals}
    persons = {look.person for look in looks.values()}
    return len(whos) > numbers.most_principals or len(persons) > numbers.most_persons or len(looks) > numbers.most_looks


def _components(signals: Sequence[Signal], lookers: Mapping[str, int], hub: int) -> list[list[Signal]]:
    """Connected parts; each in the order of `signals`."""
    pairs = [{(look.who, look.person) for look in s.looks} for s in signals]
    persons = [{p for look in s.looks if (p := look.person) and lookers.get(p, 0) <= hub} for s in signals]
    part = list(range(len(signals)))
    for i in range(len(signals)):
        for j in range(i):
            if part[i] != part[j] and (pairs[i] & pairs[j] or len(persons[i] & persons[j]) > 1):
                old, new = max(part[i], part[j]), min(part[i], part[j])
                part = [new if each == old else each for each in part]
    made: dict[int, list[Signal]] = {}
    for place, signal in zip(part, signals, strict=True):
        made.setdefault(place, []).append(signal)
    return list(made.values())
