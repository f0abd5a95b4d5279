# SPDX-License-Identifier: Apache-2.0
"""What was read of state.db is remembered for as long as nobody writes to it.

    look ──▶ has anybody written since?  no ──▶ what was read then           one question, no transaction
                                         yes ─▶ forget all ──▶ BEGIN, read, keep

One connection that only reads asks SQLite for its `data_version`: another number says that somebody, in whatever process, has
committed since. It is asked for each look, so a suspension or a leaver counts from the next look on, as if nothing was remembered;
and inside a transaction it is of the state that the transaction reads, so all of an answer is of one state.

Looks that are worked on together ask once for all of them (``once``), after the last of them has come.

Invariant: nothing is answered from memory unless the file that stands there now is the one that was read, and its number the same.
In PostgreSQL there is no such number, and nothing is remembered.                          Decided in: docs/adr/0158
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from sqlalchemy import Connection, Dialect, Engine, Select, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from whosaw.directory.query import Row, ask
from whosaw.directory.transaction import answering, reading

LIMIT = 32_768  # answers; a longer list begins anew
Which = Callable[[], tuple[object, object] | None]
"""Which file stands there, and since when it is as it is; None: none does. Does not raise."""


class Held:
    """One state of the database, as long as its block lasts; for ``query.ask`` as good as a connection."""

    __slots__ = ("_memory", "connection", "dialect")

    def __init__(self, memory: Memory, connection: Any, dialect: Dialect) -> None:
        self._memory, self.connection, self.dialect = memory, connection, dialect

    def invalidate(self) -> None:
        """What failed is not used again."""
        self._memory.close()

    def find(self, key: Hashable) -> Any:
        """What is kept of this state under `key`; None where nothing is."""
        return self._memory.kept.get(key)

    def keep(self, key: Hashable, answer: Any) -> None:
        """Keep `answer` until somebody writes."""
        if len(self._memory.kept) >= LIMIT:
            self._memory.kept.clear()
        self._memory.kept[key] = answer


class Memory:
    """What was read of one file. Safe to share: one thread reads at a time."""

    def __init__(self, engine: Engine, which: Which) -> None:
        self._engine, self._which = ref(engine), which
        self._lock = threading.RLock()
        self._open: Held | None = None
        self._of: object = None  # the file that it has open
        self._state: tuple[object, int] | None = None  # of which `kept` is
        self.kept: dict[Hashable, Any] = {}

    def find(self, key: Hashable) -> Any:
        """What is kept under `key`, if nobody has written since; None else. Raises SQLAlchemyError."""
        with self._lock:
            self._look_once()
            return self.kept.get(key)

    def at_hand(self, key: Hashable) -> Any:
        """What is kept under `key`, where this thread has asked in its block already; None else: then `find` it. Asks nothing."""
        return self.kept.get(key) if self._asked_already() else None

    def all_at_hand(self, keys: Iterable[Hashable]) -> list[Any] | None:
        """`at_hand` of each of them; None where one of them is not."""
        if not self._asked_already():
            return None
        found = [self.kept.get(key) for key in keys]
        return None if None in found else found

    def _asked_already(self) -> bool:
        seen = _block.seen
        return seen is not None and self._state is not None and seen.get(self) is self._state

    def find_all(self, keys: Iterable[Hashable]) -> list[Any]:
        """`find` of each of them."""
        with self._lock:
            self._look_once()
            return [self.kept.get(key) for key in keys]

    @contextmanager
    def asking(self) -> Iterator[Held]:
        """For one question, of which nothing is kept. Raises SQLAlchemyError."""
        with self._lock:
            seen = _block.seen
            if seen is not None and self._open is not None and seen.get(self) is self._state is not None:
                yield self._open
            else:
                yield self._held(self._which())

    @contextmanager
    def reading(self) -> Iterator[Held]:
        """All reads inside see one state, and what is kept is of it. Raises SQLAlchemyError."""
        with self._lock:
            held = self._look(begin=True)
            try:
                yield held
            finally:
                self._end()

    def close(self) -> None:
        """Let go of the file, and forget."""
        with self._lock:
            held, self._open, self._state = self._open, None, None
            self.kept.clear()
            if held is not None:
                held.connection.close()

    def _look_once(self) -> None:
        """`_look`, unless this thread has done so in its block, and nobody has found anything new since."""
        seen = _block.seen
        if seen is None:
            self._look()
        elif self._state is None or seen.get(self) is not self._state:
            self._look()
            seen[self] = self._state

    def _look(self, *, begin: bool = False) -> Held:
        """Forget what is not so any more."""
        there = self._which()
        held = self._held(there)
        try:
            if begin:
                held.connection.execute("BEGIN")
            (number,) = held.connection.execute("PRAGMA data_version").fetchone()
        except Exception as error:  # the driver's, which has a type of its own for each way to fail
            self.close()
            raise DBAPIError("", None, error) from error
        if self._state != (there, number):
            self.kept.clear()
            self._state = there, number
        return held

    def _held(self, there: tuple[object, object] | None) -> Held:
        """The connection, to the file that stands there now."""
        if self._open is None or there is None or there[0] != self._of:
            self.close()
            engine = self._engine()
            if engine is None:
                raise RuntimeError("the engine is gone")
            try:
                pooled = engine.raw_connection()
            except SQLAlchemyError:
                raise
            except (
                Exception
            ) as error:  # as it is, where a connection of the library's would have put it in one of its own
                raise DBAPIError("", None, error) from error
            self._open = Held(self, pooled.dbapi_connection, engine.dialect)
            self._of = None if there is None else there[0]
            pooled.detach()  # ours from here on: the pool hands it to nobody
        return self._open

    def _end(self) -> None:
        if self._open is None:
            return
        try:
            self._open.connection.rollback()
        except Exception as error:  # as above
            self.close()
            raise DBAPIError("", None, error) from error


class _Block(threading.local):
    """The block of ``once`` that this thread is in: as of which state it has asked each memory."""

    seen: dict[Memory, object] | None = None


_block = _Block()


@contextmanager
def once() -> Iterator[None]:
    """In this block its thread asks of each file once whether anybody has written, and takes the answer for all questions that follow.

    So each of them is answered as of a moment inside of the block, or before it where nobody has written since.
    """
    before, _block.seen = _block.seen, {}
    try:
        yield
    finally:
        _block.seen = before


_KEPT = "whosaw_memory"  # at the engine itself, and gone with it: asked for six times a look


def remember(engine: Engine, which: Which) -> None:
    """Remember what is read of this SQLite file from here on."""
    memory = engine.__dict__[_KEPT] = Memory(engine, which)

    @event.listens_for(engine, "engine_disposed")
    def close(_: Engine) -> None:
        memory.close()


def memory_of(engine: Engine) -> Memory | None:
    """The memory of `engine`; None where nothing is remembered."""
    found: Memory | None = engine.__dict__.get(_KEPT)
    return found


@contextmanager
def asking(engine: Engine) -> Iterator[Connection | Held]:
    """For one question: no transaction, and nothing is kept. Raises SQLAlchemyError."""
    memory = memory_of(engine)
    if memory is None:
        with engine.connect() as db:
            yield db
        return
    with memory.asking() as held:
        yield held


@contextmanager
def looking(engine: Engine) -> Iterator[Connection | Held]:
    """As ``transaction.reading``, by the connection that remembers where there is one. Raises Unavailable."""
    memory = memory_of(engine)
    if memory is None:
        with reading(engine) as db:
            yield db
        return
    with answering(), memory.reading() as held:
        yield held


def ask_once(db: Connection | Held, query: Select[Any], values: dict[str, Any]) -> list[Row]:
    """The rows that `query` has for these `values`, which may have been read before. For questions that name no instant."""
    if not isinstance(db, Held):
        return ask(db, query, values)
    key = (query, *values.values())
    found: list[Row] | None = db.find(key)
    if found is None:
        found = ask(db, query, values)
        db.keep(key, found)
    return found
