# SPDX-License-Identifier: Apache-2.0
"""The ledger of counts in SQL: one row for each question, written once and answered once. Nobody is in it.

Its lock is its own, as that of the quotas is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select, update

from whosaw.store.state_tables import COUNTS, answering


class SqlCountRows:
    """``guard.counts.ledger.LedgerRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def turn(self) -> Iterator[_Turn]:
        with answering("ledger of counts"), self._engine.connect() as db:
            db.begin()
            if db.dialect.name == "postgresql":
                db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('whosaw/counts'))")
            else:
                db.exec_driver_sql("BEGIN IMMEDIATE")
            yield _Turn(db)
            db.commit()


@dataclass(frozen=True, slots=True)
class _Turn:
    """``guard.counts.ledger.Turn``."""

    db: Connection

    def find(self, question: str) -> tuple[int, str | None] | None:
        row = self.db.execute(select(COUNTS.c.epsilon, COUNTS.c.answer).where(COUNTS.c.question == question)).first()
        return None if row is None else (row.epsilon, row.answer)

    def spent(self, data_set: str, purpose: str, begin: int, end: int) -> int:
        touched = (COUNTS.c.begin_day < end, COUNTS.c.end_day > begin)
        same = (COUNTS.c.data_set == data_set, COUNTS.c.purpose == purpose)
        return int(self.db.scalar(select(func.sum(COUNTS.c.epsilon)).where(*same, *touched)) or 0)

    def add(
        self, question: str, *, data_set: str, purpose: str, begin: int, end: int, epsilon: int, asked: int
    ) -> None:
        row = {
            "question": question, "data_set": data_set, "purpose": purpose, "begin_day": begin, "end_day": end,
            "epsilon": epsilon, "asked": asked,
        }  # fmt: skip
        self.db.execute(insert(COUNTS).values(row))

    def fill(self, question: str, answer: str) -> None:
        none_yet = (COUNTS.c.question == question, COUNTS.c.answer.is_(None))
        self.db.execute(update(COUNTS).where(*none_yet).values(answer=answer))
