# SPDX-License-Identifier: Apache-2.0
"""What was read of a database is remembered for as long as nobody writes to it.

    look ──▶ has anybody written since?  no ──▶ what was read then           one question, no transaction
                                         yes ─▶ forget it ──▶ BEGIN, read, keep

One connection that only reads asks whether somebody, in whatever process, has committed since: SQLite by its `data_version`
(``InFile``), PostgreSQL by what writers leave there (``directory.written``). It is asked for each look, so a suspension or a leaver
counts from the next look on, as if nothing was remembered; and inside a transaction the answer is of the state that the transaction
reads, so all of an answer is of one state.

Looks that are worked on together ask once for all of them (``once``), after the last of them has come.

Invariant: nothing is answered from memory unless the database that stands there now is the one that was read, and nobody has written to
what the answer was read from.                                                    Decided in: docs/adr/0158, 0273
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import ref

from sqlalchemy import Connection, Dialect, Engine, Select, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from whosaw.directory.query import Row, ask
from whosaw.directory.transaction import answering, reading

LIMIT = 32_768  # answers; a longer list begins anew
VAULT = "vault"  # what is sealed, and how many share a network; all else is the part ""
Which = Callable[[], tuple[object, object] | None]
"""Which file stands there, and since when it is as it is; None: none does. Does not raise."""


class Tells(Protocol):
    """How a database says whether anybody has written to it, on one connection after the other. Raises what its driver raises."""

    def fits(self, connection: Any) -> bool:
        """Whether this connection is of use still. Asks nobody, and does not raise."""
        ...

    def written(self, connection: Any, *, begin: bool) -> Collection[str] | None:
        """The parts that somebody has written to since it was last asked on this connection; None: all of them, perhaps.

        `begin`: and begin a transaction, which sees the state that the answer is of.
        """
        ...


class InFile:
    """``Tells`` of a SQLite file: another `data_version` says that another connection has committed."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: tuple[Any, int] | None = None

    def fits(self, connection: Any) -> bool:  # noqa: ARG002 - an open file stays open
        return True

    def written(self, connection: Any, *, begin: bool) -> Collection[str] | None:
        if begin:
            connection.execute("BEGIN")
        (number,) = connection.execute("PRAGMA data_version").fetchone()
        before, self._known = self._known, (connection, number)
        return () if before == self._known else None


class Held:
    """One state of the database, as long as its block lasts; for ``query.ask`` as good as a connection."""

    __slots__ = ("_memory", "connection", "dialect")

    def __init__(self, memory: Memory, connection: Any, dialect: Dialect) -> None:
        self._memory, self.connection, self.dialect = memory, connection, dialect

    def invalidate(self) -> None:
        """What failed is not used again."""
        self._memory.close()

    def find(self, key: Hashable, part: str = "") -> Any:
        """What is kept of this state under `key`; None where nothing is."""
        return self._memory.parts[part].get(key)

    def keep(self, key: Hashable, answer: Any, part: str = "") -> None:
        """Keep `answer` until somebody writes. `part`: all that it was read from."""
        kept = self._memory.parts[part]
        if len(kept) >= LIMIT:
            kept.clear()
        kept[key] = answer


class Memory:
    """What was read of one database. Safe to share: one thread reads at a time."""

    def __init__(self, engine: Engine, which: Which, tells: Tells) -> None:
        self._engine, self._which, self._tells = ref(engine), which, tells
        self._lock = threading.RLock()
        self._open: Held | None = None
        self._of: object = None  # the database that it has open
        self._there: object = None  # it, as it was when it was last asked
        self._state: object = None  # of which `parts` are; another one as soon as anything is forgotten
        self.parts: dict[str, dict[Hashable, Any]] = {"": {}, VAULT: {}}

    @property
    def kept(self) -> dict[Hashable, Any]:
        """What is remembered of all but the vault."""
        return self.parts[""]

    def find(self, key: Hashable, part: str = "") -> Any:
        """What is kept under `key`, if nobody has written since; None else. Raises SQLAlchemyError."""
        with self._lock:
            self._look_once()
            return self.parts[part].get(key)

    def at_hand(self, key: Hashable, part: str = "") -> Any:
        """What is kept under `key`, where this thread has asked in its block already; None else: then `find` it. Asks nothing."""
        return self.parts[part].get(key) if self._asked_already() else None

    def all_at_hand(self, keys: Iterable[Hashable], part: str = "") -> list[Any] | None:
        """`at_hand` of each of them; None where one of them is not."""
        if not self._asked_already():
            return None
        found = [self.parts[part].get(key) for key in keys]
        return None if None in found else found

    def _asked_already(self) -> bool:
        seen = _block.seen
        return seen is not None and self._state is not None and seen.get(self) is self._state

    def find_all(self, keys: Iterable[Hashable], part: str = "") -> list[Any]:
        """`find` of each of them."""
        with self._lock:
            self._look_once()
            return [self.parts[part].get(key) for key in keys]

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
        """Let go of the database, and forget."""
        with self._lock:
            held, self._open = self._open, None
            self._forget(self.parts)
            self._state = None
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
            written = self._tells.written(held.connection, begin=begin)
        except Exception as error:  # the driver's, which has a type of its own for each way to fail
            self.close()
            raise DBAPIError("", None, error) from error
        before, self._there = self._there, there
        if self._state is None or written is None or there != before:
            self._forget(self.parts)
        elif written:
            self._forget(written)
        return held

    def _forget(self, parts: Collection[str]) -> None:
        """Whatever is not of the vault may say something of everything else, too."""
        for part in self.parts if set(parts) - {VAULT} else parts:
            self.parts[part].clear()
        self._state = object()

    def _held(self, there: tuple[object, object] | None) -> Held:
        """The connection, to the database that stands there now."""
        held = self._open
        if held is None or there is None or there[0] != self._of or not self._tells.fits(held.connection):
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
            self._open = held = Held(self, pooled.dbapi_connection, engine.dialect)
            self._of = None if there is None else there[0]
            pooled.detach()  # ours from here on: the pool hands it to nobody
        return held

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
    """In this block its thread asks of each database once whether anybody has written, and takes the answer for all questions that follow.

    So each of them is answered as of a moment inside of the block, or before it where nobody has written since. A block inside of
    another asks anew, and what it was told counts in the other one from then on.
    """
    before, _block.seen = _block.seen, {}
    try:
        yield
    finally:
        if before is not None:
            before |= _block.seen
        _block.seen = before


_KEPT = "whosaw_memory"  # at the engine itself, and gone with it: asked for six times a look


def remember(engine: Engine, which: Which, tells: Tells | None = None) -> None:
    """Remember what is read of this database from here on: a SQLite file, unless `tells` is another's."""
    memory = engine.__dict__[_KEPT] = Memory(engine, which, tells or InFile())

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
