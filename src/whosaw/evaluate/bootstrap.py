# SPDX-License-Identifier: Apache-2.0
"""How sure the figures are: 95 % intervals, from drawing the incidents, and the findings that are about none, again.

    incidents as many as there are, with replacement · false findings likewise · the same figures · the middle 95 %

Invariant: the same findings and truth give the same intervals; no clock and no chance of this run is in them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from whosaw.evaluate.match import Matched
from whosaw.evaluate.read import Planted

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
    average_precision_of_pairs: Interval
    precision: tuple[Interval, ...]
    recall: tuple[Interval, ...]


def intervals(matched: Matched, incidents: Sequence[Planted], shown: Sequence[frozenset[int]]) -> Intervals:
    """`shown`: per budget the places of the findings that were shown."""
    draw = random.Random(_SEED)  # noqa: S311  the same draws every time are what is wanted
    ids = sorted(each.id for each in incidents)
    wrong = [i for i, incident in enumerate(matched.incident) if incident is None]
    pairs = _pairs(matched, incidents)
    found: list[tuple[float, list[float], list[float]]] = []
    of_pairs: list[float] = []
    for _ in range(DRAWS):
        times = Counter(draw.choices(ids, k=len(ids))) if ids else Counter[str]()
        again = Counter(draw.choices(wrong, k=len(wrong))) if wrong else Counter[int]()
        found.append(_figures(matched.incident, times, again, len(ids), shown))
        of_pairs.append(_of_pairs(pairs, times))
    return Intervals(
        _middle([ap for ap, _, _ in found]),
        _middle(of_pairs),
        tuple(_middle([p[i] for _, p, _ in found]) for i in range(len(shown))),
        tuple(_middle([r[i] for _, _, r in found]) for i in range(len(shown))),
    )


def of_mean(values: Sequence[float], of: Callable[[Sequence[float]], float] = fmean) -> Interval | None:
    """Of the mean of these, or of another figure of theirs; None of none."""
    if not values:
        return None
    draw = random.Random(_SEED)  # noqa: S311  as above
    return _middle([of(draw.choices(values, k=len(values))) for _ in range(DRAWS)])


def of_some(found: Sequence[str | None], ids: Sequence[str]) -> Interval:
    """Of the average precision over the incidents `ids`. `found`: per finding the one that is its, of these or none."""
    draw = random.Random(_SEED)  # noqa: S311  as above
    wrong = [i for i, incident in enumerate(found) if incident is None]
    made = []
    for _ in range(DRAWS):
        times = Counter(draw.choices(ids, k=len(ids)))
        again = Counter(draw.choices(wrong, k=len(wrong))) if wrong else Counter[int]()
        made.append(_figures(found, times, again, len(ids), ())[0])
    return _middle(made)


def _figures(
    matched: Sequence[str | None],
    times: Counter[str],
    again: Counter[int],
    incidents: int,
    shown: Sequence[frozenset[int]],
) -> tuple[float, list[float], list[float]]:
    rank, hits, total = 0, 0, 0.0
    right, all_ = [0] * len(shown), [0] * len(shown)
    for place, incident in enumerate(matched):
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


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Per finding its new pairs: those of incidents, and how many of none. `of`: the incidents of each pair that is one's."""

    of: Mapping[tuple[str, str], Sequence[str]]
    new: Sequence[tuple[Sequence[tuple[str, str]], int]]


def _pairs(matched: Matched, incidents: Sequence[Planted]) -> _Pairs:
    of: dict[tuple[str, str], list[str]] = {}
    for each in incidents:
        for pair in ((who, person) for who in each.principals for person in each.persons):
            of.setdefault(pair, []).append(each.id)
    seen: set[tuple[str, str]] = set()
    new = []
    for finding in matched.findings:
        fresh = {(who, person) for who in finding.newest.principals for person in finding.newest.persons} - seen
        seen |= fresh
        right = sorted(pair for pair in fresh if pair in of)
        new.append((right, len(fresh) - len(right)))
    return _Pairs(of, new)


def _of_pairs(pairs: _Pairs, times: Counter[str]) -> float:
    """As average_precision_of_pairs, each pair as often as its incidents were drawn."""
    weight = {pair: sum(times[id_] for id_ in ids) for pair, ids in pairs.of.items()}
    all_ = sum(weight.values())
    right, wrong, total = 0, 0, 0.0
    for fresh, others in pairs.new:
        hit = sum(weight[pair] for pair in fresh)
        right, wrong = right + hit, wrong + others
        total += hit * right / (right + wrong) if hit else 0.0
    return total / all_ if all_ else 0.0


def _middle(values: Sequence[float]) -> Interval:
    ordered = sorted(values)
    return Interval(ordered[round(0.025 * (len(ordered) - 1))], ordered[round(0.975 * (len(ordered) - 1))])
