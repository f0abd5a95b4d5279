# SPDX-License-Identifier: Apache-2.0
"""Windows of a circle, and ways in which one can be swept: for circle_sweep.

    all      k persons, whoever looks                 against what these persons would have had
    a team   k of the n that one principal, unit, manager or function began without a reason
    few      k persons, and fewer people at them      of whom two at least are at several: a list that was shared out
    each for all looks, for those at intimate fields alone, and for those that have nothing

Of a function whose work goes along links further persons of a circle surprise less than the first.

Of few, how many and by how few are two chances, and are multiplied: many strangers who each met one of the circle are no group,
and four who have two each are one, though nobody shares a person.

Invariant: every way of every window is paid for.                                      Design: docs/adr/0149, 0193, 0232, 0282
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from operator import itemgetter
from typing import Any

from whosaw.detect.expected import TEAMS, WEEK, Expected, Spread, windows
from whosaw.detect.tails import all_of, at_least, members, times

# Of circle_sweep all ways there are; the tenth is that of one principal for any reason.
WAYS = 10
# Fewer persons are no circle; of an unprotected seed one more.
LEAST = 2
# One who looks at several is another way; of a list that was shared out at least so many have several.
_FEW = 2
# Of fewer people a function has no habit of its own.
_FEW_PEOPLE = 3
# So many times as many as with everybody are no habit yet.
_HABIT = 1.5
_SMALLEST = 1e-300
# So many persons' worth of everybody's habit in that of a function.
_PRIOR = 20
# So many looks' worth of everybody's share of those that have nothing in that of a function.
_BARE = 50


@dataclass(frozen=True, slots=True)
class Way:
    """One window and one way of looking at a circle; `column`, `id`: whose looks, "" for everybody's."""

    p: float
    weeks: tuple[int, int]
    intimate: bool
    column: str
    id: str = field(repr=False)
    k: int
    n: int | None
    expected: float
    hands: int = 0
    bare: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """`rows`: the looks without a reason of these weeks, all or those at intimate fields, at `k` persons; `mean`: so many to expect.

    `several`: per column of TEAMS those who ever looked at LEAST persons of the circle: in no window can another have as many.
    """

    weeks: tuple[int, int]
    rows: Sequence[Any]
    k: int
    mean: float
    intimate: bool
    several: Mapping[str, frozenset[str]]
    bare: bool = False


class Sweeps:
    """The windows of all circles that somebody looked at without a reason."""

    def __init__(
        self, rows: Mapping[str, Any], expected: Expected, usually: Spread, hands: Spread, weeks: Sequence[int]
    ) -> None:
        self._expected, self._usually = expected, usually
        self._windows = [window for each in weeks for window in windows(expected.span(), each)]
        self.tries = len(self._windows)
        self._without = {
            (first, last): sum(n for week, n in expected.without.items() if first <= week <= last)
            for first, last in self._windows
        }
        self._shares = {(first, last): expected.share(first, last) for first, last in self._windows}
        weeks_of: dict[tuple[str, str], dict[int, int]] = {}
        for row in rows["teams"]:
            weeks_of.setdefault((row["team"], row["id"]), {})[row["week"]] = row["n"]
        self._began = min((first for first, _ in self._windows), default=0)
        ended = max((last for _, last in self._windows), default=0)
        # Of each team its starts before each week: those of a window are a difference.
        self._teams = {
            team: list(accumulate((of.get(week, 0) for week in range(self._began, ended + 1)), initial=0))
            for team, of in weeks_of.items()
        }
        self._of = {row["team"]: row["teams"] for row in rows["numbers"]}
        self._hands = hands
        self._bare = _bare(rows["bare"])
        self._habits = _habits(rows["habits"])
        self._same = {window: same_hand(rows["together"], window) for window in self._windows}

    def best(self, circle: Any, looks: Iterable[Any]) -> Way | None:
        """The most surprising window and way of this circle, from its rows of `inside`. Most are hopeless: they get no exact tail, and
        no value of their own.
        """
        found, worked = _apart(looks)
        days, weeks = [row["day"] for row in found], [row["day"] // WEEK for row in worked]
        best: Way | None = None
        persons = (circle["members"] - circle["shielded"], circle["shielded"])
        if len({row["person"] for row in found}) < LEAST:
            return None
        several = _several(found)
        for window in self._windows:
            first, last = window
            inside = found[bisect_left(days, first * WEEK) : bisect_left(days, (last + 1) * WEEK)]
            k = len({row["person"] for row in inside})
            if k < LEAST:
                continue
            work = [0, 0]
            for row in worked[bisect_left(weeks, first) : bisect_left(weeks, last + 1)]:
                work[row["protected"]] += row["n"]
            mean = self._expected.mean(self._shares[window], persons, work) * self._usually.ratio
            best = self._by_any(best, _Part(window, inside, k, mean, intimate=False, several=several))
            intimate = [row for row in inside if row["intimate"] == 1]
            k = len({row["person"] for row in intimate})
            if k >= LEAST:
                few = mean * self._expected.intimate
                best = self._by_any(best, _Part(window, intimate, k, few, intimate=True, several=several))
            bare = [row for row in inside if row["bare"] == 1]
            k = len({row["person"] for row in bare})
            if k >= LEAST:
                few = mean * math.fsum(self._bare.get(row["function"], self._bare[None]) for row in bare) / len(bare)
                best = self._by_any(best, _Part(window, bare, k, few, intimate=False, several=several, bare=True))
        return best

    def _by_any(self, best: Way | None, part: _Part) -> Way | None:
        return self._by_few(self._by_team(self._by_all(best, part), part), part)

    def _by_all(self, best: Way | None, part: _Part) -> Way | None:
        # Persons, not pairs: one whom everybody looks at is no sweep. What is expected are pairs, which is more.
        k, mean, tries = part.k, part.mean, self.tries * WAYS
        if _hopeless(k, mean, self._usually.inverse_s, tries, best):
            return best
        p = times(at_least(k, 1, mean, self._usually.inverse_s), tries)
        return Way(p, part.weeks, part.intimate, "", "", k, None, mean, bare=part.bare) if _less(p, best) else best

    def _by_few(self, best: Way | None, part: _Part) -> Way | None:
        """More of them than chance brings, and by fewer people."""
        if len(part.several["who"]) < _FEW:
            return best
        pairs = {(row["who"], row["person"]) for row in part.rows}
        by = Counter(who for who, _ in pairs)
        if sum(n > 1 for n in by.values()) < _FEW:
            return best
        k, tries = len({person for _, person in pairs}), self.tries * WAYS
        hands = math.comb(len(pairs), 2) * self._same[part.weeks] * self._hands.ratio
        both = [
            at_least(k, 1, part.mean, self._usually.inverse_s),
            at_least(again(pairs), 1, hands, self._hands.inverse_s),
        ]
        p = times(all_of(both), tries)
        return (
            Way(p, part.weeks, part.intimate, "", "", k, None, part.mean, len(by), part.bare)
            if _less(p, best)
            else best
        )

    def _by_team(self, best: Way | None, part: _Part) -> Way | None:
        first, last = part.weeks
        without = self._without[part.weeks]
        seen: int | None = None
        for column, ids in part.several.items():
            if not ids:
                continue
            by: dict[str, set[str]] = {}
            function_of: dict[str, str | None] = {}
            for row in part.rows:
                id_ = row[column]
                if id_ in ids:
                    by.setdefault(id_, set()).add(row["person"])
                    function_of[id_] = row["function"]
            tries = self.tries * self._of[column] * WAYS
            for id_, persons in by.items():
                k = len(persons)
                if k < LEAST:
                    continue
                so_far = self._teams[column, id_]
                n = so_far[last - self._began + 1] - so_far[first - self._began]
                usual_here = n * min(1.0, part.mean / without)
                if _hopeless(k, usual_here, self._usually.inverse_s, tries, best):
                    continue
                p = at_least(k, 1, usual_here, self._usually.inverse_s)
                p = min(1.0, p * _further(self._habits, function_of[id_], k - 1, usual_here, self._usually.inverse_s))
                if not _less(times(p, tries), best):
                    continue
                if seen is None:
                    seen = len({(row["who"], row["person"]) for row in part.rows})
                p = times(max(p, members(k, n, seen, without, usual_here)), tries)
                if _less(p, best):
                    best = Way(p, part.weeks, part.intimate, column, id_, k, n, usual_here, bare=part.bare)
        return best


def _apart(looks: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Looks without a reason by day; and by week how much work there was, which has no person."""
    looks = sorted(looks, key=itemgetter("day"))
    return [row for row in looks if row["person"] is not None], [row for row in looks if row["person"] is None]


def _habits(rows: Iterable[Any]) -> dict[str, float]:
    """Per function how many persons more follow the first of a circle than half as many again as with everybody: some work
    goes along links.

    `rows`: of each principal, at how many `persons` of how many `circles` they began to look without a reason. Of the two thirds of
    a function who do so least; a third may be in it together.
    """
    everybody: list[tuple[int, int]] = []
    members: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        own = row["persons"] - row["circles"], row["persons"]
        everybody.append(own)
        if row["function"] is not None:
            members.setdefault(row["function"], []).append(own)
    all_ = _of_least(everybody, 0.0)
    shares = {function: _of_least(of, all_) for function, of in members.items() if len(of) >= _FEW_PEOPLE}
    return {function: share / (1 - share) - _HABIT * all_ / (1 - all_) for function, share in shares.items()}


def _bare(rows: Iterable[Any]) -> dict[str | None, float]:
    """Per function of how many of its looks without a reason there is nothing at all, drawn towards everybody's, which is at None.

    Where tools record no case, to name none says nothing.
    """
    rows = list(rows)
    everybody = sum(row["bare"] for row in rows) / max(1, sum(row["n"] for row in rows))
    own = {row["function"]: (row["bare"] + _BARE * everybody) / (row["n"] + _BARE) for row in rows}
    return {**own, None: everybody}


def _further(habits: Mapping[str, float], function: str | None, k: int, mean: float, inverse_s: float) -> float:
    """How many times as likely `k` further persons are, once one of a circle is looked at, where such work goes along links."""
    more = habits.get(function, 0.0) if function is not None else 0.0
    if more <= 0:
        return 1.0
    return at_least(k, 1, mean + more, inverse_s) / max(at_least(k, 1, mean, inverse_s), _SMALLEST)


def _of_least(of: Iterable[tuple[int, int]], wider: float) -> float:
    ordered = sorted(of, key=lambda each: (each[0] / each[1], each))
    least = ordered[: -(-len(ordered) * 2 // 3)]
    return (sum(k for k, _ in least) + _PRIOR * wider) / (sum(n for _, n in least) + _PRIOR)


def _several(found: Sequence[Any]) -> dict[str, frozenset[str]]:
    made = {}
    for column in TEAMS:
        pairs = {(row[column], row["person"]) for row in found if row[column] is not None}
        made[column] = frozenset(id_ for id_, n in Counter(id_ for id_, _ in pairs).items() if n >= LEAST)
    return made


def same_hand(together: Iterable[Any], weeks: tuple[int, int]) -> float:
    """How likely one and the same principal began two of the looks without a reason of these weeks."""
    first, last = weeks
    rows = [row for row in together if first <= row["week"] <= last and first <= row["other"] <= last]
    both, all_ = sum(row["both"] for row in rows), sum(row["n"] for row in rows if row["week"] == row["other"])
    return float(both / max(1, all_) ** 2)


def again(pairs: Iterable[tuple[str, str]]) -> int:
    """How often somebody looked at one person more."""
    return sum(n - 1 for n in Counter(who for who, _ in pairs).values())


def _less(p: float, best: Way | None) -> bool:
    return p < (1.0 if best is None else best.p)


def _hopeless(k: int, mean: float, inverse_s: float, tries: int, best: Way | None) -> bool:
    """Not even the chance of exactly k, which is less than that of at least k, would be less than the best so far."""
    if mean <= 0:
        return False
    size = 1 / max(inverse_s, 1e-6)
    log = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) - size * math.log1p(mean / size)
    least = math.exp(log + k * math.log(mean / (mean + size)))
    # The two formulas round differently: who is that near is computed.
    return least * tries * 0.999 >= (1.0 if best is None else best.p)
