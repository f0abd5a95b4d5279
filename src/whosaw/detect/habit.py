# SPDX-License-Identifier: Apache-2.0
"""What few people do steadily, week after week, with a weak reason each time.

    persons with a weak reason, week by week ── the half of the weeks that has least ──▶ so many a week
      a team                                        its own
      a principal                                   their own, or what falls to each of their function if that is more

A press desk looks at journalists and counsel at opponents in court, in cases that they opened themselves: enough for anybody else, and
little for protected persons. Nobody else's work is like it, so beside everybody it is a surprise in every week anew. What they have
even in their quiet weeks is no news. A burst is not in those, and one member who differs from the rest and from their own past is not
in them either.

Invariant: a person at whom nothing was on file is in nobody's habit: no more are expected than have a weak reason in that very
window, and those without any are held against the others alone as well (tally.py). A function large enough to say itself what is
usual has none, nor has a team with anybody of such a function in it.                               Design: docs/adr/0301
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# label, length of the window in days, how many windows of that length before the last
_Where = tuple[str, int, int]
_Units = Mapping[tuple[str, str], Sequence[Any]]
_Counts = Mapping[tuple[str, str], Mapping[_Where, int]]


# Of fewer weeks the half that has least may be the burst itself.
_WEEKS = 6


class Habits:
    """Of all `units`, by kind and id; `weak`: persons with a weak reason in each window. `large`: from so many people on a function has no habit."""

    def __init__(self, units: _Units, weak: _Counts, large: int) -> None:
        self._weak = weak
        self._week = min((row["days"] for rows in units.values() for row in rows), default=1)
        # Of the time in which anybody looked: whoever came late, or was away, did nothing steadily then.
        self._weeks = 1 + max(
            (r["block"] for rows in units.values() for r in rows if r["days"] == self._week), default=-1
        )
        whos: dict[str, set[str]] = {}
        # Whoever moves is of both functions: those they left are asked for in the windows in which they were there.
        self._of: dict[tuple[str, str], set[str]] = {}
        for (kind, id_), rows in units.items():
            if kind == "principal":
                for row in rows:
                    self._count(id_, row, whos)
        self._people = {function: len(of) for function, of in whos.items()}
        self._large = {function for function, people in self._people.items() if people >= large}

    def _count(self, who: str, row: Any, whos: dict[str, set[str]]) -> None:
        function = row["function"]
        if function is None:
            return
        whos.setdefault(function, set()).add(who)
        teams = ("principal", who), ("function", function), ("unit", row["unit"]), ("manager", row["manager"])
        for kind, id_ in teams:
            if id_ is not None:
                self._of.setdefault((kind, id_), set()).add(function)

    def expected(self, kind: str, id_: str, at: _Where) -> float:
        """So many persons of this label this unit would have in a window like `at` anyway."""
        functions = self._of.get((kind, id_), set())
        if not self.weak(kind, id_, at) or not functions or functions & self._large or self._weeks < _WEEKS:
            return 0.0
        steady = self._steady(kind, id_, at[0])
        if kind == "principal":
            each = (self._steady("function", of, at[0]) / self._people[of] for of in functions)
            steady = max(steady, *each)
        return min(float(self.weak(kind, id_, at)), steady * at[1] / self._week)

    def weak(self, kind: str, id_: str, at: _Where) -> int:
        """Persons of the window `at` for whom some reason is on file that does not count."""
        return self._weak.get((kind, id_), {}).get(at, 0)

    def _steady(self, kind: str, id_: str, label: str) -> float:
        """Persons a week, in the half of all weeks that has least: what goes on for less than the other half leaves no trace."""
        of = self._weak.get((kind, id_), {})
        weeks = sorted(of.get((label, self._week, block), 0) for block in range(self._weeks))
        least = weeks[: -(-len(weeks) // 2)]
        return sum(least) / len(least)
