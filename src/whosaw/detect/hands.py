# SPDX-License-Identifier: Apache-2.0
"""By whose hands requests pass: how often others' do, and how often whoever asks again asks the same one.

    where everybody asks whoever is on duty     each request goes its own way                    binomial
    where everybody asks their own boss         one hand has all of an asker's, as usual         many say no more than one
    what does not go to one's usual hand        is held against all that others ask, and how loyal they are elsewhere

Invariant: whoever is tested is no part of what is usual: a friend must not make friendship so.       Design: docs/adr/0230
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from whosaw.detect.tails import again


@dataclass(frozen=True, slots=True)
class Edge:
    """So many of `n` days on which `approver` let something pass for `requester` were not independent: `k`."""

    requester: str = field(repr=False)
    approver: str = field(repr=False)
    unit: str | None
    function: str | None
    manager: str | None = field(repr=False)
    n: int
    k: int


_Pair = tuple[str, str]


class Hands:
    """Of all edges between two people. `loyal`, `askers`: so often one asks the same again before anything is known, and so many
    people's worth of that.
    """

    def __init__(self, edges: Iterable[Edge], loyal: float, askers: int) -> None:
        self.edges: dict[_Pair, Edge] = {(edge.requester, edge.approver): edge for edge in edges}
        self.asked: Counter[str] = Counter()
        # Who moves asks in two functions: of each group only what was asked in it.
        self._own: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
        self._by: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
        for edge in self.edges.values():
            self.asked[edge.requester] += edge.n
            for group in (("function", edge.function), ("unit", edge.unit)):
                self._by[group][edge.approver] += edge.n
                self._own[group][edge.requester] += edge.n
        self._all = {group: by.total() for group, by in self._by.items()}
        shares = {pair: self.share(edge) for pair, edge in self.edges.items()}
        self._usual = {}
        for pair, edge in sorted(self.edges.items(), key=lambda each: (each[1].n, shares[each[0]], each[0])):
            self._usual[edge.requester] = pair  # the one who was asked most
        rest = {pair: edge for pair, edge in self.edges.items() if self._usual[edge.requester] != pair}
        self._loyal = _Loyal(self.edges, shares, loyal, askers)
        self._elsewhere = _Loyal(rest, shares, loyal, askers)

    def approvers(self, edge: Edge) -> int:
        """How many approve in that function: as many might have stood out."""
        return len(self._by["function", edge.function])

    def share(self, edge: Edge) -> float:
        """Of the requests of others, in the function or in the asker's own unit, whichever is more.

        One more is thought for each approver, or a first request would be impossible.
        """
        found: list[float] = []
        for group in (("function", edge.function), ("unit", edge.unit)):
            by = self._by[group]
            rest = self._all[group] - self._own[group][edge.requester]
            found.append(float(by[edge.approver] - edge.n + 1) / (rest + len(by)))
        return min(1.0, max(found))

    def tails(self) -> dict[_Pair, float]:
        """P(as many of an asker's requests go to this approver) of every edge."""
        return {pair: self._tail(pair, edge) for pair, edge in self.edges.items()}

    def _tail(self, pair: _Pair, edge: Edge) -> float:
        usual, n = self._usual[edge.requester], self.asked[edge.requester]
        # Not against what others ask elsewhere: that is little, and three with one friend would make that friend usual there.
        if pair == usual:
            return again(edge.n, n, self.share(edge), self._loyal.of(edge))
        return again(edge.n, n - self.edges[usual].n, self.share(edge), self._elsewhere.of(edge))


class _Loyal:
    """How much oftener two requests of one go to the same than two of different people: 0 as drawn by lot, 1 always.

    Of the function, drawn towards the company's.
    """

    def __init__(self, edges: Mapping[_Pair, Edge], shares: Mapping[_Pair, float], loyal: float, askers: int) -> None:
        self._declared, self._askers = loyal, askers
        asked: Counter[str] = Counter()
        same: Counter[str] = Counter()
        usual: dict[str, list[float]] = defaultdict(list)
        functions: dict[str | None, set[str]] = defaultdict(set)
        for pair, edge in edges.items():
            asked[edge.requester] += edge.n
            same[edge.requester] += edge.n * (edge.n - 1)
            usual[edge.requester].append(edge.n * shares[pair])
            functions[edge.function].add(edge.requester)
        self._own: dict[str, tuple[float, float]] = {}
        for who, n in asked.items():
            if n > 1:
                by_chance = min(1.0, fsum(usual[who]) / n)
                self._own[who] = same[who] / (n * (n - 1)) - by_chance, 1 - by_chance
        self._all = self._sum(self._own)
        self._functions = {function: self._sum(whos) for function, whos in functions.items()}

    def of(self, edge: Edge) -> float:
        """Of others, for whoever asks there."""
        own, loyal = self._own.get(edge.requester, (0.0, 0.0)), self._declared
        for more, most in (self._all, self._functions[edge.function]):
            loyal = (more - own[0] + self._askers * loyal) / (most - own[1] + self._askers)
        return min(1.0, max(0.0, loyal))

    def _sum(self, whos: Iterable[str]) -> tuple[float, float]:
        own = [self._own[who] for who in whos if who in self._own]
        return fsum(more for more, _ in own), fsum(most for _, most in own)
