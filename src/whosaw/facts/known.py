# SPDX-License-Identifier: Apache-2.0
"""The directory as facts: every version of every row, with the time for which it may speak.

What the directory said in its first load was so before there was a directory: it holds from its own times on. What it
said differently later holds from when it said it, so that a case rewritten in October explains nothing in July.

    first load            known_from = None                     its own times (opened, added, valid_from) count
    later, new thing      known_from = when it was loaded, first    a feed lags; how much lag is forgiven, detectors say
    later, changed thing  known_from = when it was loaded

Staff and persons need no such care, since nobody is cleared by them: the first row of each holds from its own time on.
A table without a single row was never loaded: there is no directory then, and what needs one is off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from whosaw.directory.directory import OVER
from whosaw.directory.tables import EVER_SINCE, FOR_EVER
from whosaw.facts.ports import AssignmentRow, CasePersonRow, CaseRow, PersonRow, StaffRow

Row = Mapping[str, Any]
Homes = Mapping[str | None, str]
_T = TypeVar("_T")


class Versions(Protocol):
    """directory.Directory, as far as facts need it."""

    def rows(self, table: str) -> Iterable[Row]:
        """Every version ever known, oldest first."""
        ...


class KnownDirectory:
    """`facts.ports.Known` over the directory."""

    def __init__(self, directory: Versions) -> None:
        self._directory = directory
        began = [row["known_from"] for table in ("staff", "persons", "cases") for row in directory.rows(table)]
        self._began: int | None = min(began, default=None)

    def staff(self) -> tuple[StaffRow, ...] | None:
        return self._table("staff", ("principal",), _staff)

    def persons(self) -> tuple[PersonRow, ...] | None:
        return self._table("persons", ("person",), _person)

    def cases(self) -> tuple[CaseRow, ...] | None:
        return self._table("cases", ("case_id",), partial(_case, homes=self._homes()))

    def case_persons(self) -> tuple[CasePersonRow, ...] | None:
        return self._table("case_persons", ("case_id", "person"), partial(_case_person, homes=self._homes()))

    def assignments(self) -> tuple[AssignmentRow, ...] | None:
        return self._table("assignments", ("principal", "scope_kind", "scope"), _assignment)

    def _homes(self) -> Homes:
        """The household of each account and principal that has one: the newest that was ever said."""
        ids = {"persons": "person", "staff": "principal"}
        rows = [(row[id_], row["household"]) for table, id_ in ids.items() for row in self._directory.rows(table)]
        return {of: household for of, household in rows if household is not None}

    def _table(self, table: str, key: tuple[str, ...], make: Callable[[Row, _Said], _T]) -> tuple[_T, ...] | None:
        seen: set[tuple[Any, ...]] = set()
        made: list[_T] = []
        for row in self._directory.rows(table):
            of = tuple(row[name] for name in key)
            made.append(make(row, _said(row, self._began, first=of not in seen)))
            seen.add(of)
        return tuple(made) or None


@dataclass(frozen=True, slots=True)
class _Said:
    """Since when and until when a version was what we knew; `first`: of its thing."""

    since: int | None
    until: int | None
    first: bool


def _said(row: Row, began: int | None, *, first: bool) -> _Said:
    since = None if first and row["known_from"] == began else row["known_from"]
    return _Said(since, _open(row["known_to"]), first)


def _open(at: int) -> int | None:
    return None if at in (EVER_SINCE, FOR_EVER) else at


def _speaks(row: Row, said: _Said) -> tuple[int | None, int | None]:
    """From when to when this version is the one that holds: what it says, cut to when it was known."""
    start, end = _open(row["valid_from"]), _open(row["valid_to"])
    if not said.first and said.since is not None:
        start = said.since if start is None else max(start, said.since)
    if said.until is not None:
        end = said.until if end is None else min(end, said.until)
    return start, end


def _staff(row: Row, said: _Said) -> StaffRow:
    start, end = _speaks(row, said)
    return StaffRow(
        who=row["principal"],
        unit=row["unit"],
        function=row["function"],
        role=row["role"],
        manager=row["manager"],
        employer=row["employer"],
        country=row["country"],
        site=row["site"],
        own_person=row["own_person"],
        household=row["household"],
        valid_from=start,
        valid_to=end,
    )


def _person(row: Row, said: _Said) -> PersonRow:
    start, end = _speaks(row, said)
    return PersonRow(
        person=row["person"],
        region=row["region"],
        protected=row["protected"],
        staff=row["staff"],
        household=row["household"],
        valid_from=start,
        valid_to=end,
    )


def _case(row: Row, said: _Said, homes: Homes) -> CaseRow:
    closed = _open(row["closed"])
    if closed is None and row["status"] is not None and row["status"].lower() in OVER:
        closed = row["known_from"]  # as the policy reads it: over since we know it is
    return CaseRow(
        case=row["case_id"],
        type=row["type"],
        opened=row["opened"],
        closed=closed,
        assignee=row["assignee"],
        requester=row["requester"],
        approver=row["approver"],
        opened_by=row["opened_by"],
        queue=row["queue"],
        requester_home=homes.get(row["requester"]),
        opened_by_home=homes.get(row["opened_by"]),
        known_from=said.since,
        known_to=said.until,
        first=said.first,
    )


def _case_person(row: Row, said: _Said, homes: Homes) -> CasePersonRow:
    return CasePersonRow(
        case=row["case_id"],
        person=row["person"],
        # Without a time of its own a naming is as old as our knowledge of it.
        added=said.since if row["added"] is None else row["added"],
        added_by=row["added_by"],
        added_by_home=homes.get(row["added_by"]),
        known_from=said.since,
        known_to=said.until,
        first=said.first,
    )


def _assignment(row: Row, said: _Said) -> AssignmentRow:
    return AssignmentRow(
        who=row["principal"],
        scope_kind=row["scope_kind"],
        scope=row["scope"],
        valid_from=_open(row["valid_from"]),
        valid_to=_open(row["valid_to"]),
        known_from=said.since,
        known_to=said.until,
        first=said.first,
    )
