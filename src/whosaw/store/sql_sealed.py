# SPDX-License-Identifier: Apache-2.0
"""Sealed values in SQL. A row is written once and never changed; an erased person's rows are noise without their key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from whosaw.directory.query import ask
from whosaw.errors import Unavailable
from whosaw.store.state_tables import SEALED, answering

_NEWEST = (
    select(SEALED.c.seen, SEALED.c.sealed)
    .where(
        SEALED.c.handle == bindparam("of"), SEALED.c.field == bindparam("which"), SEALED.c.stored <= bindparam("until")
    )
    .order_by(SEALED.c.seen.desc(), SEALED.c.source.desc())
    .limit(bindparam("most"))
)


class SqlSealedRows:
    """``vault.ports.SealedRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, *, handle: bytes, field: str, seen: int, stored: int, source: bytes, sealed: bytes) -> bool:
        row = {"handle": handle, "field": field, "seen": seen, "stored": stored, "source": source, "sealed": sealed}
        with answering("sealed values"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(SEALED).values(row))
            except IntegrityError:
                taken = select(SEALED.c.field).where(SEALED.c.handle == handle, SEALED.c.source == source)
                with self._engine.connect() as db:
                    if db.scalar(taken) is None:
                        raise Unavailable("a sealed value was refused by its table", part="sealed values") from None
                return False
        return True

    def newest(self, handle: bytes, field: str, stored_until: int, limit: int) -> Sequence[tuple[int, bytes]]:
        given = {"of": handle, "which": field, "until": stored_until, "most": limit}
        with answering("sealed values"), self._engine.connect() as db:
            return [(row["seen"], bytes(row["sealed"])) for row in ask(db, _NEWEST, given)]
