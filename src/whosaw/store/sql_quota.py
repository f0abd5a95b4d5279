# SPDX-License-Identifier: Apache-2.0
"""Places that are taken, in SQL, for gates that count together. Pseudonyms and numbers, for a day.

    turn ─▶ a lock until the end of the transaction, SELECT … ─▶ INSERT … ON CONFLICT add, COMMIT        PostgreSQL: two answers

The lock is its own and not that of the directory: a load that takes minutes holds up no look.

A place that is taken is waited for until it is on the disk: a server that died in between would know nothing of it, and record the
look all the same as soon as it is back. What is given back is not waited for.                     Decided in: docs/adr/0300
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, bindparam, delete, select, text

from whosaw.directory.query import at_once, driver
from whosaw.store.state_tables import QUOTA, answering

_COUNTED = select(QUOTA.c.lane, QUOTA.c.which, QUOTA.c.until, QUOTA.c.taken).where(
    QUOTA.c.lane.in_(bindparam("keys", expanding=True)), QUOTA.c.until > bindparam("at"), QUOTA.c.taken > 0
)
_ADD = text(
    "INSERT INTO quota (lane, which, until, taken) VALUES (:lane, :which, :until, :taken) "
    "ON CONFLICT (lane, which, until) DO UPDATE SET taken = quota.taken + excluded.taken"
)
_OVER = delete(QUOTA).where(QUOTA.c.until <= bindparam("at"))
_SWEEP = 1440  # seconds between two sweeps of this process

_ALONE = "SELECT pg_advisory_xact_lock(hashtext('whosaw/quota'))"
_NOT_WAITING = "SET LOCAL synchronous_commit TO off"
# All spans of a thing in one row: which of them a place is of is asked when it is given back, and by nobody who counts.
_SUMS = """SELECT lane, which, max(until), sum(taken)::bigint FROM quota
    WHERE lane = ANY(%b) AND until > %s AND taken > 0 GROUP BY lane, which"""
_ADD_ALL = """INSERT INTO quota (lane, which, until, taken)
    SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::int[])
    ON CONFLICT (lane, which, until) DO UPDATE SET taken = quota.taken + excluded.taken"""


class SqlQuotaRows:
    """``guard.quota_shared.QuotaRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._swept = engine, 0

    @contextmanager
    def turn(self) -> Iterator[_Turn | _PgTurn]:
        with answering("quotas"), self._engine.connect() as db:
            db.begin()
            if db.dialect.name == "postgresql":
                yield _PgTurn(db, self)
            else:
                db.exec_driver_sql("BEGIN IMMEDIATE")
                yield _Turn(db, self)
            db.commit()

    def due(self, at: int) -> bool:
        """Whether it is time to throw away what is over."""
        if at - self._swept < _SWEEP:
            return False
        self._swept = at
        return True


@dataclass(frozen=True, slots=True)
class _Turn:
    """``guard.quota_shared.Turn``."""

    db: Connection
    rows: SqlQuotaRows

    def counted(self, keys: Sequence[str], at: int) -> Iterable[tuple[str, str, int, int]]:
        if self.rows.due(at):
            self.db.execute(_OVER, {"at": at})
        found = self.db.execute(_COUNTED, {"keys": list(keys), "at": at})
        return [(key, each, until, taken) for key, each, until, taken in found]

    def add(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        if rows:
            names = ("lane", "which", "until", "taken")
            self.db.execute(_ADD, [dict(zip(names, row, strict=True)) for row in sorted(rows)])


@dataclass(frozen=True, slots=True)
class _PgTurn:
    """The same in PostgreSQL: what is asked at once is answered at once, and each answer is waited for."""

    db: Connection
    rows: SqlQuotaRows

    def counted(self, keys: Sequence[str], at: int) -> Iterable[tuple[str, str, int, int]]:
        with driver(self.db) as raw:
            with raw.pipeline():
                raw.execute(_ALONE)
                found = raw.execute(_SUMS, (list(keys) or [""], at))
            counted: list[tuple[str, str, int, int]] = found.fetchall()
        if self.rows.due(at):
            self.db.execute(_OVER, {"at": at})
        return counted

    def add(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        if not rows:
            return
        added = _ADD_ALL, [list(column) for column in zip(*sorted(rows), strict=True)]
        if any(count > 0 for *_, count in rows):
            at_once(self.db, added)
        else:
            at_once(self.db, (_NOT_WAITING, ()), added)
