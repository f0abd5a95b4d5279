# SPDX-License-Identifier: Apache-2.0
"""Sealed values in SQL. A row is written once and never changed; an erased person's rows are noise without their key."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from whosaw.errors import Unavailable
from whosaw.store.state_tables import SEALED, answering
from whosaw.vault.ports import SealedRow


class SqlSealedRows:
    """``vault.ports.SealedRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, row: SealedRow) -> bool:
        with answering("sealed values"):
            try:
                with self._engine.begin() as db:
                    db.execute(
                        insert(SEALED).values(
                            handle=row.handle,
                            field=row.field,
                            seen=row.seen,
                            stored=row.stored,
                            source=row.source,
                            sealed=row.sealed,
                        )
                    )
            except IntegrityError:
                with self._engine.connect() as db:
                    taken = db.scalar(
                        select(SEALED.c.field).where(SEALED.c.handle == row.handle, SEALED.c.source == row.source)
                    )
                if taken is None:
                    raise Unavailable("a sealed value was refused by its table", part="sealed values") from None
                return False
        return True

    def newest(self, handle: bytes, field: str, stored_until: int, limit: int) -> Sequence[SealedRow]:
        query = (
            select(SEALED)
            .where(SEALED.c.handle == handle, SEALED.c.field == field, SEALED.c.stored <= stored_until)
            .order_by(SEALED.c.seen.desc(), SEALED.c.source.desc())
            .limit(limit)
        )
        with answering("sealed values"), self._engine.connect() as db:
            found = db.execute(query).mappings().all()
        return [
            SealedRow(
                handle=bytes(row["handle"]),
                field=row["field"],
                seen=row["seen"],
                stored=row["stored"],
                source=bytes(row["source"]),
                sealed=bytes(row["sealed"]),
            )
            for row in found
        ]
