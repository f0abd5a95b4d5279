# SPDX-License-Identifier: Apache-2.0
"""Cases that a system keeps: when it was asked last, what it said, and whose hands its history shows.

    sightings    asked ── known_from ── until     seen, unknown or silent; counts from the second to the third
    case_hands   opened · requested · assigned · queued · named     all hands, where `cases` has room for one

A case with a sighting is its system's. Tables that say something of it too are passed over: they are yesterday's word.

Invariant: what was seen counts until its sighting says, and not a moment longer; then the system is silent, as far as a
look is concerned. The answer depends on the instant and on nothing later, like everything in the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, select

from whosaw.directory.query import Row, ask, ask_one
from whosaw.directory.remembered import Held, ask_once
from whosaw.directory.span import Span
from whosaw.directory.tables import CASE_PERSONS, CASES, instant, micros
from whosaw.directory.ticket_tables import CASE_HANDS, SIGHTINGS
from whosaw.policy.facts import Whose

_LONGEST_WHY = 200
_NEWEST = SIGHTINGS.c.known_from.desc(), SIGHTINGS.c.row.desc()
_OF_CASE = (
    select(SIGHTINGS)
    .where(SIGHTINGS.c.case_id == bindparam("case"), SIGHTINGS.c.known_from <= bindparam("at"))
    .order_by(*_NEWEST)
    .limit(1)
)
_LAST_OF_CASE = select(SIGHTINGS).where(SIGHTINGS.c.case_id == bindparam("case")).order_by(*_NEWEST).limit(1)
_OF_SYSTEM = (
    select(SIGHTINGS).where(SIGHTINGS.c.system == bindparam("system")).order_by(SIGHTINGS.c.row.desc()).limit(1)
)
_HANDS = select(CASE_HANDS).where(
    CASE_HANDS.c.case_id == bindparam("case"),
    CASE_HANDS.c.known_from <= bindparam("at"),
    CASE_HANDS.c.known_to > bindparam("at"),
)


_ROWS = tuple(
    select(table).where(
        table.c.case_id == bindparam("case"),
        table.c.source == bindparam("source"),
        table.c.known_from <= bindparam("at"),
        table.c.known_to > bindparam("at"),
    )
    for table in (CASES, CASE_PERSONS, CASE_HANDS)
)


class Outcome(StrEnum):
    """What became of a question."""

    SEEN = "seen"
    UNKNOWN = "unknown"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One question to a system. `why`: why it said nothing, in words of ours."""

    system: str
    asked: datetime
    until: datetime
    outcome: Outcome
    why: str

    @property
    def spoke(self) -> bool:
        return self.outcome is not Outcome.SILENT

    def counts(self, at: datetime) -> bool:
        """Whether the system's word holds at `at` (`until` is excluded)."""
        return self.spoke and self.asked <= at < self.until


def note(db: Connection, case: str, sighting: Sighting, known_from: int) -> None:
    """Write a sighting down, in the transaction of the rows that it vouches for."""
    said = {
        "system": sighting.system,
        "asked": micros(sighting.asked),
        "until": micros(sighting.until),
        "outcome": str(sighting.outcome),
        "why": sighting.why[:_LONGEST_WHY],
    }
    db.execute(insert(SIGHTINGS).values(case_id=case, known_from=known_from, **said))


def newest(db: Connection | Held, case: str, at: int, span: Span | None = None) -> Sighting | None:
    """The last sighting of a case that was known at `at`; None for a case that no system was ever asked for. It bounds `span`."""
    span = Span(at, 0) if span is None else span
    rows = ask_once(db, _LAST_OF_CASE, {"case": case})
    if rows and rows[0]["known_from"] > at:
        span.end()
        return _sighting(ask_one(db, _OF_CASE, {"case": case, "at": at}))
    span.hold(rows)
    return _sighting(rows[0]) if rows else None


def newest_of_system(db: Connection, system: str) -> Sighting | None:
    """The last sighting of any case of a system."""
    return _sighting(ask_one(db, _OF_SYSTEM, {"system": system}))


def _sighting(row: Row | None) -> Sighting | None:
    if row is None:
        return None
    return Sighting(row["system"], instant(row["asked"]), instant(row["until"]), Outcome(row["outcome"]), row["why"])


def rows_of(db: Connection, source: str, case: str, at: int) -> tuple[list[Row], list[Row], list[Row]]:
    """What `source` says of a case: the case, whom it names, all hands."""
    cases, named, hands = (ask(db, query, {"case": case, "source": source, "at": at}) for query in _ROWS)
    return cases, named, hands


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose hands a case shows. `whose`: tells a hand of the one who looks from others."""

    rows: Sequence[Row]
    whose: Callable[[str | None], Whose]

    @classmethod
    def of(cls, db: Connection | Held, case: str, at: int, whose: Callable[[str | None], Whose]) -> Hands:
        return cls(ask(db, _HANDS, {"case": case, "at": at}), whose)

    def opened_by(self) -> Whose:
        """Whoever made, re-opened or re-typed it; one hand of the one who looks is enough, and so is one unknown."""
        return self._any(self._role("opened"))

    def requested(self) -> bool:
        """Whether it was ever opened for the one who looks."""
        return "principal" in [self.whose(row["hand"]) for row in self._role("requested")]

    def assigned(self, principal: str, queues: Iterable[str]) -> bool:
        """To the principal, or to one of their queues, by somebody else. Who takes a case has not been given it."""
        mine = [row for row in self._role("assigned") if row["of"] == principal]
        mine += [row for row in self._role("queued") if row["of"] in set(queues)]
        return any(self.whose(row["hand"]) == "other" for row in mine)

    def named_by(self, person: str) -> Whose:
        """Whoever put the person there, or edited what the case lists."""
        return self._any([row for row in self._role("named") if row["of"] == person])

    def _role(self, role: str) -> list[Row]:
        return [row for row in self.rows if row["role"] == role]

    def _any(self, rows: Iterable[Row]) -> Whose:
        found = [self.whose(row["hand"]) for row in rows]
        if "principal" in found:
            return "principal"
        return "unknown" if not found or "unknown" in found else "other"
