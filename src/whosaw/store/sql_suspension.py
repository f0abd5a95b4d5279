# SPDX-License-Identifier: Apache-2.0
"""Who is suspended, in SQL: a row from when to when, which is never changed but to end it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from whosaw.directory.query import ask
from whosaw.directory.tables import FOR_EVER, SUSPENSIONS, micros
from whosaw.directory.transaction import reading, writing

_STANDS = SUSPENSIONS.c.known_to == FOR_EVER
_NOW = select(SUSPENSIONS.c.principal, SUSPENSIONS.c.code).where(_STANDS)
_AT = select(SUSPENSIONS.c.code).where(
    SUSPENSIONS.c.principal == bindparam("of"),
    SUSPENSIONS.c.known_from <= bindparam("at"),
    SUSPENSIONS.c.known_to > bindparam("at"),
)


class SqlSuspensionRows:
    """``guard.suspension.SuspensionRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def suspend(self, principal: str, code: str, at: datetime) -> None:
        with writing(self._engine) as db:
            if (
                db.execute(select(SUSPENSIONS.c.row).where(SUSPENSIONS.c.principal == principal, _STANDS)).first()
                is None
            ):
                db.execute(
                    insert(SUSPENSIONS).values(principal=principal, code=code, known_from=micros(at), known_to=FOR_EVER)
                )

    def lift(self, principal: str, at: datetime) -> None:
        with writing(self._engine) as db:
            db.execute(
                update(SUSPENSIONS).where(SUSPENSIONS.c.principal == principal, _STANDS).values(known_to=micros(at))
            )

    def now(self) -> Mapping[str, str]:
        with reading(self._engine) as db:
            return {str(row["principal"]): str(row["code"]) for row in ask(db, _NOW, {})}


def suspended(db: Connection, principal: str, at: datetime) -> bool:
    """Whether they were suspended at `at`, in the transaction of whoever asks."""
    return bool(ask(db, _AT, {"of": principal, "at": micros(at)}))
