# SPDX-License-Identifier: Apache-2.0
"""Rows of the keyring and sealed names in SQL.

Each call is one transaction, and durable when it returns: the engine commits with a sync (see ``store.sql``).

    add: INSERT ──ok──▶ ours ──┐
              └──there is one──┴─▶ SELECT, and return what is *stored*

Never INSERT OR REPLACE: it would put a second key in the place of the one under which values and leaves already stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from whosaw.directory.query import ask_one, at_once
from whosaw.directory.remembered import memory_of
from whosaw.directory.transaction import writing
from whosaw.errors import Damaged, Unavailable
from whosaw.privacy.carried import CARRIES
from whosaw.privacy.epochs import EpochRow, Rerooting
from whosaw.privacy.keyring import KeyRow
from whosaw.store.key_tables import EPOCHS, KEYRING, KEYRING_CHECK
from whosaw.store.state_tables import NAMES, answering, unless_there
from whosaw.store.wiping import wipe

_AT_ONCE = 500  # variables in one statement; SQLite takes at least 999
# Built once: `find` runs before every record, and building a query costs more than asking it.
_ROW: Select[tuple[Any, ...]] = select(*(KEYRING.c[column.name] for column in fields(KeyRow)))
_NEWEST = _ROW.order_by(KEYRING.c.generation.desc()).limit(1)
_FIND = _NEWEST.where(KEYRING.c.lookup == bindparam("lookup"))
_EXACTLY = _FIND.where(KEYRING.c.generation == bindparam("generation"))
_WITH_HANDLES = _ROW.where(KEYRING.c.handle.in_(bindparam("handles", expanding=True)))
_OF_HANDLES = f"SELECT {', '.join(column.name for column in fields(KeyRow))} FROM keyring WHERE handle = ANY(%b)"  # noqa: S608 - columns of ours
_WITH_LOOKUPS = _ROW.where(KEYRING.c.lookup.in_(bindparam("lookups", expanding=True))).order_by(KEYRING.c.generation)
_WISH, _ROOT = "wish", "root"
_EPOCHS = select(EPOCHS.c.number, EPOCHS.c.wrapped).order_by(EPOCHS.c.number)
_NAME = select(NAMES.c.sealed).where(NAMES.c.pseudonym == bindparam("of"))
_BY_PREFIX = _NEWEST.where(KEYRING.c.lookup.between(bindparam("first"), bindparam("last")))


class SqlKeyRows:
    """``privacy.keyring.KeyRows`` on an engine."""

    def __init__(self, engine: Engine, at_once: int = 1000) -> None:
        """`at_once`: how many rows `all` reads in one go."""
        self._engine, self._at_once = engine, at_once

    def find(self, lookup: bytes) -> KeyRow | None:
        # Asked before every record and before every value: where nobody has written since, it is the row of last time.
        if (memory := memory_of(self._engine)) is None:
            return self._one(_FIND, {"lookup": lookup})
        found: KeyRow | None = memory.at_hand(lookup)
        if found is not None:
            return found
        with answering("keyring"):
            found = memory.find(lookup)
            if found is None:
                with memory.reading() as db:
                    row = ask_one(db, _FIND, {"lookup": lookup})
                    found = None if row is None else KeyRow(**row)
                    if found is not None:  # of those who are not there nothing is kept, however many are asked for
                        db.keep(lookup, found)
        return found

    def find_all(self, lookups: Sequence[bytes]) -> list[KeyRow]:
        newest: dict[bytes, KeyRow] = {}
        for at in range(0, len(lookups), _AT_ONCE):
            with answering("keyring"), self._engine.connect() as db:
                for found in db.execute(_WITH_LOOKUPS, {"lookups": list(lookups[at : at + _AT_ONCE])}):
                    row = KeyRow(*found)
                    newest[row.lookup] = row  # generations come in their order
        return list(newest.values())

    def add_all(self, rows: Sequence[KeyRow]) -> bool:
        if not rows:
            return True
        with answering("keyring"):
            try:
                with self._engine.begin() as db:
                    db.execute(unless_there(db, KEYRING), [asdict(row) for row in rows])
            except IntegrityError:
                if {row.epoch for row in rows} <= {epoch.number for epoch in self.epochs()}:
                    raise Unavailable("rows of the keyring were refused by their table", part="keyring") from None
                return False
        return True

    def with_handles(self, handles: Sequence[bytes]) -> list[KeyRow]:
        found: list[KeyRow] = []
        if handles and self._engine.dialect.name == "postgresql":  # asked for each group of records
            with answering("keyring"), self._engine.connect() as db:
                return [KeyRow(*row) for row in at_once(db, (_OF_HANDLES, (list(handles),)))[0]]
        for at in range(0, len(handles), _AT_ONCE):
            with answering("keyring"), self._engine.connect() as db:
                rows = db.execute(_WITH_HANDLES, {"handles": list(handles[at : at + _AT_ONCE])})
                found += [KeyRow(*row) for row in rows]
        return found

    def by_prefix(self, prefix: bytes) -> KeyRow | None:
        # A range, not a LIKE: the index of the primary key serves it, and bytes have no wildcards.
        return self._one(_BY_PREFIX, {"first": prefix, "last": prefix + b"\xff" * (32 - len(prefix))})

    def add(self, row: KeyRow) -> KeyRow | None:
        with answering("keyring"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(KEYRING).values(**asdict(row)))
            except IntegrityError:
                pass  # Somebody was here first, or an earlier attempt of ours that seemed to have failed; or its epoch is gone.
            stored = self._one(_EXACTLY, {"lookup": row.lookup, "generation": row.generation})
        if stored is None:
            if row.epoch not in {epoch.number for epoch in self.epochs()}:
                return None
            raise Unavailable("the keyring took a row and has it not", part="keyring")
        return stored

    def rekey(self, old: KeyRow, new: KeyRow) -> KeyRow | None:
        change = update(KEYRING).values(rekeys=new.rekeys, sealed_id=new.sealed_id)
        same = (KEYRING.c.lookup == old.lookup) & (KEYRING.c.generation == old.generation)
        with answering("keyring"):
            with self._engine.begin() as db:
                db.execute(change.where(same & (KEYRING.c.rekeys == old.rekeys)))
            return self._one(_EXACTLY, {"lookup": old.lookup, "generation": old.generation})

    def before(self, epoch: int, limit: int) -> Sequence[KeyRow]:
        with answering("keyring"), self._engine.connect() as db:
            return [KeyRow(*found) for found in db.execute(_ROW.where(KEYRING.c.epoch < epoch).limit(limit))]

    def rewrap(self, rows: Sequence[tuple[KeyRow, bytes]], epoch: int) -> None:
        there = (
            (KEYRING.c.lookup == bindparam("of"))
            & (KEYRING.c.generation == bindparam("which"))
            & (KEYRING.c.epoch == bindparam("old"))
        )
        change = update(KEYRING).where(there).values(wrapped=bindparam("new"), epoch=epoch)
        given = [{"of": row.lookup, "which": row.generation, "old": row.epoch, "new": wrapped} for row, wrapped in rows]
        if given:
            with answering("keyring"), self._engine.begin() as db:
                db.execute(change, given)

    def count(self, epoch: int) -> int:
        with answering("keyring"), self._engine.connect() as db:
            return db.scalar(select(func.count()).select_from(KEYRING).where(KEYRING.c.epoch < epoch)) or 0

    def epochs(self) -> Sequence[EpochRow]:
        with answering("keyring"), self._engine.connect() as db:
            return [EpochRow(number, bytes(wrapped)) for number, wrapped in db.execute(_EPOCHS)]

    def begin(self, row: EpochRow) -> EpochRow:
        with answering("keyring"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(EPOCHS).values(**asdict(row)))
            except IntegrityError:
                pass  # It was begun, by another gate or by an attempt of ours that seemed to have failed.
        return next(kept for kept in self.epochs() if kept.number == row.number)

    def retire(self, number: int) -> bool:
        with answering("keyring"):
            if number >= max((row.number for row in self.epochs()), default=number):
                return False
            try:
                with self._engine.begin() as db:
                    db.execute(delete(EPOCHS).where(EPOCHS.c.number == number))
            except IntegrityError:
                return False  # A row uses it: a gate that did not know better added one meanwhile.
            wipe(self._engine, (EPOCHS.name, KEYRING.name))
        return True

    def reroot(self, change: Rerooting) -> bool:
        *known, newest = change.epochs
        with answering("keyring"), writing(self._engine) as db:
            there = {number for number, _ in db.execute(_EPOCHS)}
            if there != {row.number for row in known} or _kept(db, _ROOT) != change.before:
                return False
            for row in known:
                db.execute(update(EPOCHS).where(EPOCHS.c.number == row.number).values(wrapped=row.wrapped))
            db.execute(insert(EPOCHS).values(**asdict(newest)))
            db.execute(delete(KEYRING_CHECK).where(KEYRING_CHECK.c.name.in_([_ROOT, CARRIES])))
            db.execute(
                insert(KEYRING_CHECK),
                [{"name": _ROOT, "value": change.check}, {"name": CARRIES, "value": change.carried}],
            )
        with answering("keyring"):
            wipe(self._engine, (EPOCHS.name, KEYRING_CHECK.name))
        return True

    def kept(self, name: str) -> bytes | None:
        with answering("keyring"), self._engine.connect() as db:
            found = _kept(db, name)
        return None if found is None else bytes(found)

    def wish(self, by: str) -> None:
        with answering("keyring"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(KEYRING_CHECK).values(name=_WISH, value=by.encode()))
            except IntegrityError:
                pass  # Somebody wishes it already.

    def wished(self) -> str | None:
        with answering("keyring"), self._engine.connect() as db:
            found = _kept(db, _WISH)
        return None if found is None else bytes(found).decode()

    def fulfilled(self) -> None:
        with answering("keyring"), self._engine.begin() as db:
            db.execute(delete(KEYRING_CHECK).where(KEYRING_CHECK.c.name == _WISH))

    def all(self) -> Iterator[KeyRow]:
        # Page by page and not one open cursor: a check of all labels takes minutes, and a reader who stays blocks
        # SQLite from folding its write-ahead log.
        after: tuple[bytes, int] = (b"", -1)
        order = _ROW.order_by(KEYRING.c.lookup, KEYRING.c.generation).limit(self._at_once)
        while True:
            lookup, generation = after
            beyond = (KEYRING.c.lookup > lookup) | ((KEYRING.c.lookup == lookup) & (KEYRING.c.generation > generation))
            with answering("keyring"), self._engine.connect() as db:
                page = [KeyRow(*found) for found in db.execute(order.where(beyond))]
            yield from page
            if len(page) < self._at_once:
                return
            after = page[-1].lookup, page[-1].generation

    def claim(self, name: str, value: bytes) -> bytes:
        with answering("keyring"):
            try:
                with self._engine.begin() as db:
                    kept = _kept(db, name)
                    if kept is not None:
                        return kept
                    if db.scalar(select(func.count()).select_from(KEYRING)):
                        raise Damaged(
                            f"the keyring has rows but no check value for {name}",
                            where="keyring_check",
                            hint="restore keys.db from its backup; nothing was changed",
                        )
                    db.execute(insert(KEYRING_CHECK).values(name=name, value=value))
            except IntegrityError:
                pass  # Another process claimed it at the same moment: its value counts.
            with self._engine.connect() as db:
                kept = _kept(db, name)
        if kept is None:
            raise Unavailable("the keyring took a check value and has it not", part="keyring")
        return kept

    def _one(self, query: Select[tuple[Any, ...]], given: dict[str, bytes | int]) -> KeyRow | None:
        with answering("keyring"), self._engine.connect() as db:
            found = ask_one(db, query, given)
        return None if found is None else KeyRow(**found)


class SqlNameRows:
    """``privacy.names.NameRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, pseudonym: str, sealed: bytes) -> None:
        with answering("names"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(NAMES).values(pseudonym=pseudonym, sealed=sealed))
            except IntegrityError:
                pass  # One is kept, and it stays.

    def find(self, pseudonym: str) -> bytes | None:
        with answering("names"), self._engine.connect() as db:
            found = ask_one(db, _NAME, {"of": pseudonym})
        return None if found is None else bytes(found["sealed"])


def _kept(db: Connection, name: str) -> bytes | None:
    kept: bytes | None = db.scalar(select(KEYRING_CHECK.c.value).where(KEYRING_CHECK.c.name == name))
    return kept
