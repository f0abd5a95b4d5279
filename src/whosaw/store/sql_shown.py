# SPDX-License-Identifier: Apache-2.0
"""What looks showed, in SQL, for gates that share a database: in one transaction for all looks that are worked on together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Engine, bindparam, delete, select, text

from whosaw.directory.query import ask, at_once
from whosaw.errors import Unavailable
from whosaw.store.state_tables import PREFIXES, add_unless_there, answering

_PART = "crowd"
_SHOWN = select(PREFIXES.c.sealed).where(PREFIXES.c.handle == bindparam("of"), PREFIXES.c.look == bindparam("which"))
_NEWEST = text("SELECT handle, look, sealed FROM prefixes_shown ORDER BY rowid DESC LIMIT :most")
_KEEP_ALL = """INSERT INTO prefixes_shown (handle, look, sealed)
    SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[]) ON CONFLICT DO NOTHING"""
_SHOWN_ALL = """SELECT handle, look, sealed FROM prefixes_shown
    JOIN unnest(%b::bytea[], %b::bytea[]) AS asked (handle, look) USING (handle, look)"""
_Name = tuple[bytes, bytes]  # a handle, and what tells the look from another


class SqlShown:
    """``sql_crowd.ShownRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_all(self, names: Sequence[_Name]) -> list[bytes | None]:
        if not names:
            return []
        with answering(_PART), self._engine.connect() as db:
            found = _found(db, names)
        return [found.get(name) for name in names]

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        return self.keep_all([(handle, look, sealed)])[0]

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes]:
        """What is kept of each (handle, look, sealed), durable; of the same look twice the first. Raises Unavailable: of none."""
        if not kept:
            return []
        new: dict[_Name, bytes] = {}
        for handle, look, sealed in kept:
            new.setdefault((handle, look), sealed)
        # Sorted: two gates that keep the same rows in another order would wait for each other.
        rows = [(*name, new[name]) for name in sorted(new)]
        with answering(_PART), self._engine.begin() as db:
            if db.dialect.name == "postgresql":
                _, stands = at_once(db, (_KEEP_ALL, _columns(rows)), (_SHOWN_ALL, _columns(sorted(new))))
                found = {(handle, look): sealed for handle, look, sealed in stands}
            else:
                add_unless_there(db, PREFIXES, rows)
                found = _found(db, new)
        if found.keys() < new.keys():
            raise Unavailable("what a look showed was not kept", part=_PART)
        return [found[handle, look] for handle, look, _ in kept]

    def leave(self, handle: bytes) -> None:
        with answering(_PART), self._engine.begin() as db:
            db.execute(delete(PREFIXES).where(PREFIXES.c.handle == handle))

    def newest(self, most: int) -> list[tuple[bytes, bytes, bytes]]:
        """What was kept last, the newest last; SQLite only."""
        with answering(_PART), self._engine.connect() as db:
            rows = db.execute(_NEWEST, {"most": most}).all()
        return [(bytes(handle), bytes(look), bytes(sealed)) for handle, look, sealed in reversed(rows)]

    def clear(self) -> None:
        """Keep nothing of anybody."""
        with answering(_PART), self._engine.begin() as db:
            db.execute(delete(PREFIXES))


def _found(db: Connection, names: Iterable[_Name]) -> dict[_Name, bytes]:
    """What is kept of these."""
    if db.dialect.name == "postgresql":
        (rows,) = at_once(db, (_SHOWN_ALL, _columns(list(names))))
        return {(handle, look): sealed for handle, look, sealed in rows}
    found = {(handle, look): ask(db, _SHOWN, {"of": handle, "which": look}) for handle, look in names}
    return {name: bytes(rows[0]["sealed"]) for name, rows in found.items() if rows}


def _columns(rows: Sequence[tuple[bytes, ...]]) -> list[list[bytes]]:
    return [list(column) for column in zip(*rows, strict=True)]
