# SPDX-License-Identifier: Apache-2.0
"""How sure the figures are: 95 % intervals, from drawing the incidents, and the findings that are about none, again.

    incidents as many as there are, with replacement · false findings likewise · the same figures · the middle 95 %

Invariant: the same findings and truth give the same intervals; no clock and no chance of this run is in them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from whosaw.evaluate.match import Matched

DRAWS = 400
_SEED = 20220701


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle 95 %."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Intervals:
    """Of the average precision, and of precision and recall within each budget, in their order."""

    average_precision: Interval
    precision: tuple[Interval, ...]
    recall: tuple[Interval, ...]


def intervals(matched: Matched, incidents: Sequence[str], shown: Sequence[frozenset[int]]) -> Intervals:
    """`shown`: per budget the places of the findings that were shown."""
    draw = random.Random(_SEED)  # noqa: S311  the same draws every time are what is wanted
    wrong = [i for i, incident in enumerate(matched.incident) if incident is None]
    found: list[tuple[float, list[float], list[float]]] = []
    for _ in range(DRAWS):
        times = Counter(draw.choices(incidents, k=len(incidents))) if incidents else Counter[str]()
        again = Counter(draw.choices(wrong, k=len(wrong))) if wrong else Counter[int]()
        found.append(_figures(matched, times, again, len(incidents), shown))
    return Intervals(
        _middle([ap for ap, _, _ in found]),
        tuple(_middle([p[i] for _, p, _ in found]) for i in range(len(shown))),
        tuple(_middle([r[i] for _, _, r in found]) for i in range(len(shown))),
    )


def _figures(
    matched: Matched, times: Counter[str], again: Counter[int], incidents: int, shown: Sequence[frozenset[int]]
) -> tuple[float, list[float], list[float]]:
    rank, hits, total = 0, 0, 0.0
    right, all_ = [0] * len(shown), [0] * len(shown)
    for place, incident in enumerate(matched.incident):
        copies = again[place] if incident is None else times[incident]
        for _ in range(copies):
            rank += 1
            if incident is not None:
                hits += 1
                total += hits / rank
        for i, places in enumerate(shown):
            if place in places:
                all_[i] += copies
                right[i] += copies if incident is not None else 0
    precision = [r / a if a else 0.0 for r, a in zip(right, all_, strict=True)]
    return (
        total / incidents if incidents else 0.0,
        precision,
        [r / incidents if incidents else 0.0 for r in right],
    )


def _middle(values: Sequence[float]) -> Interval:
    ordered = sorted(values)
    return Interval(ordered[round(0.025 * (len(ordered) - 1))], ordered[round(0.975 * (len(ordered) - 1))])
