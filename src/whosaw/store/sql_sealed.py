# SPDX-License-Identifier: Apache-2.0
"""Sealed values in SQL. A row is written once and never changed; an erased person's rows are noise without their key."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Engine, Select, and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from whosaw.directory.query import Reads, ask
from whosaw.directory.remembered import VAULT, Memory, asking, memory_of
from whosaw.errors import Unavailable
from whosaw.store.state_tables import IMPORTS, SEALED, add_unless_there, answering

_Row = tuple[bytes, str, int, int, bytes, bytes]
_KEY = itemgetter(0, 4)
_NEWEST = (
    select(SEALED.c.seen, SEALED.c.sealed)
    .where(
        SEALED.c.handle == bindparam("of"), SEALED.c.field == bindparam("which"), SEALED.c.stored <= bindparam("until")
    )
    .order_by(SEALED.c.seen.desc(), SEALED.c.source.desc())
    .limit(bindparam("most"))
)
_WITHIN = and_(
    SEALED.c.field == bindparam("which"), SEALED.c.seen >= bindparam("begin"), SEALED.c.seen < bindparam("end"),
    SEALED.c.stored <= bindparam("until"),
)  # fmt: skip
_SEEN = (
    select(SEALED.c.handle, SEALED.c.source, SEALED.c.seen, SEALED.c.sealed)
    .where(
        _WITHIN,
        SEALED.c.handle >= bindparam("handle"),
        or_(SEALED.c.handle > bindparam("handle"), SEALED.c.source > bindparam("source")),
    )
    .order_by(SEALED.c.handle, SEALED.c.source)
    .limit(bindparam("most"))
)
_MANY = select(func.count().label("many")).select_from(SEALED).where(_WITHIN)
_STANDING = select(SEALED.c.seen, SEALED.c.sealed).where(
    SEALED.c.handle == bindparam("of"), SEALED.c.source == bindparam("source"), SEALED.c.field == bindparam("which")
)
_LAST = select(func.max(SEALED.c.stored).label("last")).where(
    SEALED.c.handle == bindparam("of"), SEALED.c.field == bindparam("which")
)
_FEW = 20  # values of a field that are remembered; whoever exports all of them reads them
_Kept = tuple[int, list[tuple[int, bytes]]]


def _newest(db: Reads, handle: bytes, field: str, stored_until: int, limit: int) -> list[tuple[int, bytes]]:
    given = {"of": handle, "which": field, "until": stored_until, "most": limit}
    return [(row["seen"], bytes(row["sealed"])) for row in ask(db, _NEWEST, given)]


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

    def add_all(self, rows: Sequence[_Row]) -> int:
        if not rows:
            return 0
        # In the order of the index: neighbours then lie on the same pages of it.
        given = sorted(rows, key=_KEY)
        with answering("sealed values"), self._engine.begin() as db:
            return add_unless_there(db, SEALED, given)

    def standing(self, field: str, names: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        found: list[tuple[bytes, bytes, int, bytes]] = []
        with answering("sealed values"), self._engine.connect() as db:
            # One question for each: asked for many pairs at once, SQLite reads its whole table.
            for handle, source in sorted(set(names)):
                rows = ask(db, _STANDING, {"of": handle, "source": source, "which": field})
                found += [(handle, source, row["seen"], bytes(row["sealed"])) for row in rows]
        return found

    def mark(self, source: bytes, behind: int) -> None:
        with answering("sealed values"), self._engine.begin() as db:
            db.execute(delete(IMPORTS).where(IMPORTS.c.source == source))
            db.execute(insert(IMPORTS).values(source=source, behind=behind))

    def reached(self, source: bytes) -> int:
        with answering("sealed values"), self._engine.connect() as db:
            return db.scalar(select(IMPORTS.c.behind).where(IMPORTS.c.source == source)) or 0

    def newest(self, handle: bytes, field: str, stored_until: int, limit: int) -> Sequence[tuple[int, bytes]]:
        if (memory := memory_of(self._engine)) is None or limit > _FEW:
            with answering("sealed values"), asking(self._engine) as db:
                return _newest(db, handle, field, stored_until, limit)
        key = (_NEWEST, handle, field, limit)
        kept: _Kept | None = memory.at_hand(key, VAULT)
        if kept is None:
            with answering("sealed values"):
                kept = memory.find(key, VAULT) or self._read(memory, key, stored_until)
        last, rows = kept
        if last <= stored_until:  # nothing came in since
            return rows
        with answering("sealed values"), asking(self._engine) as db:
            return _newest(db, handle, field, stored_until, limit)

    def _read(self, memory: Memory, key: tuple[Select[Any], bytes, str, int], stored_until: int) -> _Kept:
        """All there is, and when the last of it came in: the same for every later look, until somebody writes."""
        _, handle, field, limit = key
        with memory.reading() as db:
            last = ask(db, _LAST, {"of": handle, "which": field})[0]["last"] or 0
            made = last, _newest(db, handle, field, max(last, stored_until), limit)
            db.keep(key, made, VAULT)
        return made

    def seen_within(
        self, field: str, begin: int, end: int, stored_until: int, *, after: tuple[bytes, bytes], limit: int
    ) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        given = {
            "which": field, "begin": begin, "end": end, "until": stored_until, "handle": after[0], "source": after[1],
            "most": limit,
        }  # fmt: skip
        with answering("sealed values"), self._engine.connect() as db:
            rows = ask(db, _SEEN, given)
            return [(bytes(r["handle"]), bytes(r["source"]), r["seen"], bytes(r["sealed"])) for r in rows]

    def how_many(self, field: str, begin: int, end: int, stored_until: int) -> int:
        given = {"which": field, "begin": begin, "end": end, "until": stored_until}
        with answering("sealed values"), self._engine.connect() as db:
            return int(ask(db, _MANY, given)[0]["many"])
