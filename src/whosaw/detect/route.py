# SPDX-License-Identifier: Apache-2.0
"""Who reviews a finding: computed like the independence of an approver, never assumed.

    a function that reviews ──▶ its org units ──▶ not one of a principal's, not in their line, nobody of whom is in the finding
    none is left, or a principal reviews findings themselves ──▶ the overseer

Invariant: nobody reviews themselves, their unit, their team or their line; where that is not known, the overseer does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whosaw.facts.columns import Cell

OVERSEER = "overseer"
# How far up a line two people may meet and still be of one team.
_LEVELS = 2


@dataclass(frozen=True, slots=True)
class Member:
    """One principal as of the run."""

    who: str = field(repr=False)
    unit: str | None
    function: str
    manager: str | None = field(repr=False)


class Reviewers:
    """Everybody who is here at the instant of the run, and the functions that review findings."""

    def __init__(self, members: Collection[Member], functions: Collection[str]) -> None:
        self._members = {member.who: member for member in members}
        units: dict[str, list[Member]] = {}
        for member in members:
            if member.function in functions and member.unit is not None:
                units.setdefault(member.unit, []).append(member)
        self._units = sorted(units.items())
        self._functions = frozenset(functions)
        self._lines: dict[str, list[str]] = {}

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Cell]], functions: Collection[str]) -> Reviewers:
        """From rows of the table staff that hold at the instant."""
        values: Sequence[Mapping[str, Any]] = rows
        return cls([Member(r["who"], r["unit"], r["function"], r["manager"]) for r in values], functions)

    def route(self, principals: Collection[str]) -> str:
        """The org unit that reviews a finding about `principals`, or OVERSEER."""
        known = [self._members.get(who) for who in principals]
        if any(member is None or member.function in self._functions for member in known):
            return OVERSEER
        members = [member for member in known if member is not None]
        lines = {boss for member in members for boss in self._line(member.who)} | {m.who for m in members}
        near = {boss for member in members for boss in self._line(member.who)[:_LEVELS]}
        free = (unit for unit, theirs in self._units if self._apart(unit, theirs, members, lines, near))
        return next(free, OVERSEER)

    def _apart(
        self, unit: str, theirs: Sequence[Member], members: Sequence[Member], lines: set[str], near: set[str]
    ) -> bool:
        if any(member.unit == unit for member in members):
            return False
        whos = {member.who for member in members}
        for reviewer in theirs:
            line = self._line(reviewer.who)
            if reviewer.who in lines or whos & set(line) or near & set(line[:_LEVELS]):
                return False
        return True

    def _line(self, who: str) -> list[str]:
        """Managers upwards, nearest first."""
        if who in self._lines:
            return self._lines[who]
        found: list[str] = []
        at = self._members.get(who)
        while at is not None and at.manager is not None and at.manager not in (*found, who):
            found.append(at.manager)
            at = self._members.get(at.manager)
        self._lines[who] = found
        return found
