# SPDX-License-Identifier: Apache-2.0
"""What was pushed, kept: the last word on each case, sealed, and the ids of pushes that were taken.

    pushed   system, case, version ──▶ sealed body       one row for each case, the newest version
    pushes   system, id, time                            so that none counts twice; and when a system was heard last

Invariant: a body stands here sealed, because persons' ids are in it. Erasing a person takes the bodies of all cases that
name them, and such a case is then unknown until it is pushed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, insert, select

from whosaw.directory.tables import instant, micros
from whosaw.directory.ticket_tables import PUSHED, PUSHES
from whosaw.directory.transaction import reading
from whosaw.errors import IdempotencyConflict
from whosaw.privacy.data_key import seal, unseal
from whosaw.privacy.root import Random

_KEPT = timedelta(hours=1)  # an id older than the window of a signature can be forgotten


@dataclass(frozen=True, slots=True)
class PushedRows:
    """Over state.db. Safe to share."""

    engine: Engine
    key: bytes = field(repr=False)
    random: Random

    def heard(self, system: str) -> datetime | None:
        """When the system was heard last; None where it never was."""
        with reading(self.engine) as db:
            last = db.scalar(select(func.max(PUSHES.c.at)).where(PUSHES.c.system == system))
        return None if last is None else instant(last)

    def find(self, system: str, case: str) -> bytes | None:
        """The last that was pushed about a case."""
        query = select(PUSHED.c.sealed).where(PUSHED.c.system == system, PUSHED.c.case_id == case)
        with reading(self.engine) as db:
            sealed = db.scalar(query)
        return None if sealed is None else unseal(self.key, sealed, _about(system, case), "a pushed case")

    def check(self, db: Connection, system: str, id_: str, case: str | None, version: int) -> None:
        """Raises IdempotencyConflict for a push that was taken before, or that is no newer than what is known."""
        taken = select(PUSHES.c.at).where(PUSHES.c.system == system, PUSHES.c.id == id_)
        if db.scalar(taken) is not None:
            raise IdempotencyConflict("this push was taken before")
        if case is None:
            return
        known = db.scalar(select(PUSHED.c.version).where(PUSHED.c.system == system, PUSHED.c.case_id == case))
        if known is not None and known >= version:
            raise IdempotencyConflict("this version of the case, or a later one, was taken before")

    def take(self, db: Connection, system: str, id_: str, at: datetime) -> None:
        """Take a push, in the transaction of what it says. Two at once: the second breaks on the key, and nothing is written."""
        old = micros(at - _KEPT)
        db.execute(delete(PUSHES).where(PUSHES.c.system == system, PUSHES.c.at < old))
        db.execute(insert(PUSHES).values(system=system, id=id_, at=micros(at)))

    def put(self, db: Connection, system: str, case: str, version: int, body: bytes) -> None:
        """The last word on a case, in place of the one before it."""
        db.execute(delete(PUSHED).where(PUSHED.c.system == system, PUSHED.c.case_id == case))
        sealed = seal(self.key, body, _about(system, case), self.random)
        db.execute(insert(PUSHED).values(system=system, case_id=case, version=version, sealed=sealed))


def _about(system: str, case: str) -> bytes:
    return f"whosaw/pushed/v1\0{system}\0{case}".encode()
