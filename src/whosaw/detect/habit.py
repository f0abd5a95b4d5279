# SPDX-License-Identifier: Apache-2.0
"""What few people do steadily, week after week, with a weak reason each time.

    persons with a weak reason, week by week ── the half of the weeks that has least ──▶ so many a week
      a team                                        its own
      a principal                                   their own, or what falls to each of their function if that is more

A press desk looks at journalists and counsel at opponents in court, in cases that they opened themselves: enough for anybody else, and
little for protected persons. Nobody else's work is like it, so beside everybody it is a surprise in every week anew. What they have
even in their quiet weeks is no news. A burst is not in those, and one member who differs from the rest and from their own past is not
in them either.

Invariant: a person at whom nothing was on file is in nobody's habit, since no more are expected than have a weak reason in that very
window; and a function large enough to say itself what is usual has none.                           Design: docs/adr/0301
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

# label, length of the window in days, how many windows of that length before the last
_Where = tuple[str, int, int]
_Units = Mapping[tuple[str, str], Sequence[Any]]
_Counts = Mapping[tuple[str, str], Mapping[_Where, int]]


class Habits:
    """Of all `units`, by kind and id; `weak`: persons with a weak reason in each window. `large`: from so many people on a function has no habit."""

    def __init__(self, units: _Units, weak: _Counts, large: int) -> None:
        self._weak, self._large = weak, large
        self._week = min((row["days"] for rows in units.values() for row in rows), default=1)
        # Of the time in which anybody looked: whoever came late, or was away, did nothing steadily then.
        self._weeks = 1 + max(
            (r["block"] for rows in units.values() for r in rows if r["days"] == self._week), default=-1
        )
        self._people = Counter(rows[0]["function"] for (kind, _), rows in units.items() if kind == "principal")

    def expected(self, kind: str, id_: str, function: str | None, at: _Where) -> float:
        """So many persons of this label this unit, whose members are of `function`, would have in a window like `at` anyway."""
        weak = self._weak.get((kind, id_), {}).get(at, 0)
        if not weak or function is None or self._people[function] >= self._large:
            return 0.0
        steady = self._steady(kind, id_, at[0])
        if kind == "principal":
            steady = max(steady, self._steady("function", function, at[0]) / self._people[function])
        return min(float(weak), steady * at[1] / self._week)

    def _steady(self, kind: str, id_: str, label: str) -> float:
        """Persons a week, in the half of all weeks that has least: what goes on for less than the other half leaves no trace."""
        of = self._weak.get((kind, id_), {})
        weeks = sorted(of.get((label, self._week, block), 0) for block in range(self._weeks))
        least = weeks[: -(-len(weeks) // 2)]
        return sum(least) / len(least)
