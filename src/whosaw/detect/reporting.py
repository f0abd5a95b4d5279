# SPDX-License-Identifier: Apache-2.0
"""Reporting lines as of an instant: who stands above whom, from the rows of the staff.

Invariant: a line ends after LEVELS steps, and where somebody would come twice: a staff table may go round in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# More levels than this no organisation has that we know of.
LEVELS = 6


class Lines:
    """`rows` of the staff: who, unit, manager, valid_from, valid_to. An instant before or after all of them has none."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows: dict[str, list[Any]] = {}
        for row in rows:
            self._rows.setdefault(row["who"], []).append(row)

    def unit(self, who: str | None, t: int) -> str | None:
        """Their org unit at that instant."""
        row = self._at(who, t)
        return None if row is None else row["unit"]

    def manager(self, who: str | None, t: int) -> str | None:
        """Whom they report to at that instant."""
        row = self._at(who, t)
        return None if row is None else row["manager"]

    def above(self, who: str | None, t: int, levels: int = LEVELS) -> list[str]:
        """Those above them at that instant, nearest first."""
        found: list[str] = []
        while who is not None and len(found) < levels:
            who = self.manager(who, t)
            if who is None or who in found:
                break
            found.append(who)
        return found

    def one(self, a: str, b: str, t: int) -> bool:
        """Both are in one line: the same, or one of them above the other."""
        return a == b or b in self.above(a, t) or a in self.above(b, t)

    def near(self, a: str, b: str, t: int) -> bool:
        """They share a manager within two levels, or an org unit."""
        unit = self.unit(a, t)
        same = unit is not None and unit == self.unit(b, t)
        return same or bool(set(self.above(a, t, 2)) & set(self.above(b, t, 2)))

    def _at(self, who: str | None, t: int) -> Any:
        for row in self._rows.get(who or "", ()):
            if (row["valid_from"] is None or row["valid_from"] <= t) and (
                row["valid_to"] is None or t < row["valid_to"]
            ):
                return row
        return None


def staff_rows(staff: Any) -> Any:
    """What Lines needs of the staff."""
    return staff.select("who", "unit", "manager", "valid_from", "valid_to").distinct()
