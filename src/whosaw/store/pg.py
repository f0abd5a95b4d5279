# SPDX-License-Identifier: Apache-2.0
"""One PostgreSQL database of ours: connections opened the same way everywhere, transactions said out loud.

    autocommit                            no transaction begins unless we say BEGIN
    synchronous_commit=on                 a COMMIT that returned is on the disk, and on the synchronous standby
    lock_timeout, idle_in_transaction…    a process that is stopped in the middle of a transaction holds nobody up for long
    %b, for lists                         as text the driver spells and escapes each item by itself

    BEGIN ─fence─ … ─COMMIT─▶ returned              durable
      │       │        │   └─▶ broken, or warned    OutcomeUnknown: it may be stored
      │       └ no row ─▶ Contradiction             another sequencer was elected; nothing was changed
      └───────┴────────▶ any failure before COMMIT  Unavailable: nothing was changed

Invariant: no error carries what the server or the driver says in words. Those quote addresses, statements and values;
the kind of an error and its five-letter SQLSTATE are enough to look it up.        Specification: docs/spec/cluster.md
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from whosaw.errors import Contradiction, Damaged, Misconfigured, MissingExtra, OutcomeUnknown, Unavailable, WhosawError
from whosaw.store.pg_schema import EXISTS, SCHEMA, VERSION

try:
    import psycopg
    from psycopg import errors
    from psycopg.pq import TransactionStatus
except ImportError:
    raise MissingExtra("cluster", "a log in PostgreSQL") from None

PART = "database"
_SESSION = (
    "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning;"
    "SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET idle_in_transaction_session_timeout = '5s'"
)
_PARAMS = {
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000,
}  # fmt: skip
# What the driver writes of itself is in the server's words. Not `disabled`: whoever sets up their own log makes that undone for all.
logging.getLogger("psycopg").addFilter(lambda _: False)
_IDLE = 16  # connections kept for the next who asks
# Nobody is elected until this transaction ends, or somebody was, and it ends here.
_FENCE = "SELECT 1 FROM journal.leader WHERE epoch = %s FOR SHARE"
# Before it is connected, the driver has no SQLSTATE to tell a wrong password from a server that is down.
_HINT = "look at the server, the database's name, the account, and PGPASSWORD or the passfile; asking again is safe"

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]
Said = tuple[str, Sequence[Any]]


class Term:
    """The time between being elected and another's election. `epoch` is larger than that of every earlier term."""

    __slots__ = ("epoch",)

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch


class Database:
    """Connections to one database. Safe to share between threads; of no use after a fork."""

    def __init__(
        self, conninfo: str, *, connect: Callable[..., Connection] = psycopg.Connection.connect, name: str = "whosaw"
    ) -> None:
        """`conninfo`: without a password, which libpq takes from PGPASSWORD or a passfile."""
        self._conninfo, self._connect, self._name = conninfo, connect, name
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._closed = self._known = False

    def __repr__(self) -> str:
        return "Database(…)"

    # ── layout ──

    def exists(self) -> bool:
        """Whether the tables are there. Raises Misconfigured for tables of another version."""
        if self._known:
            return True
        with self.connection() as db:
            if not db.execute(EXISTS).fetchone()[0]:  # type: ignore[index]
                return False
            found = db.execute("SELECT version FROM journal.layout").fetchone()
        if found is None or found[0] != VERSION:
            raise Misconfigured(
                f"the tables of the journal have layout {found and found[0]}, this version of whosaw knows {VERSION}",
                setting="store.database",
                hint="use the version of whosaw that made them, or a newer one; nothing was changed",
            )
        self._known = True
        return True

    def make(self) -> None:
        """Make the tables, all of them or none, if there are none."""
        if not self.exists():
            with self.transaction() as db:
                db.execute("SELECT pg_advisory_xact_lock(hashtext('whosaw/schema'))")
                if not db.execute(EXISTS).fetchone()[0]:  # type: ignore[index]
                    db.execute(SCHEMA)
                    db.execute("INSERT INTO journal.layout VALUES (1, %s)", (VERSION,))

    # ── asking ──

    def check(self, term: Term) -> None:
        """Raise Contradiction where `term` is over, at this moment."""
        # No lock: it would be a write of its own, and hold nobody up once this returns.
        if not self.rows("SELECT 1 FROM journal.leader WHERE epoch = %s", (term.epoch,)):
            raise _over()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query, which sees one state."""
        with self.connection() as db:
            return db.execute(statement, values, binary=True).fetchall()

    def stream(self, statement: str) -> Iterator[Any]:
        """Rows of a query that may be long, a few thousand at a time."""
        db = self._opened()
        try:
            # Whoever reads may take their time, and locks nobody out.
            db.execute("SET idle_in_transaction_session_timeout = 0")
            with told(), db.transaction(), db.cursor("whosaw", binary=True) as cursor:
                cursor.itersize = 5_000
                cursor.execute(statement)
                yield from cursor
        finally:
            db.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection that commits each statement. For reading, and for what may be said twice."""
        with told():
            db = self._take()
            try:
                yield db
            except BaseException:
                self._drop(db)
                raise
            self._give(db)

    @contextmanager
    def transaction(self, term: Term | None = None) -> Iterator[Connection]:
        """BEGIN … COMMIT; with `term` only while it lasts. What is raised inside has changed nothing."""
        with self._transaction(term) as (db, _):
            yield db

    @contextmanager
    def at_once(self, *said: Said, term: Term | None = None) -> Iterator[list[Cursor]]:
        """A transaction of these statements, sent in one go; inside, what each of them answered, and COMMIT after it.

        With `term` only while it lasts: what a late one said is taken back.
        """
        with self._transaction(term, said) as (_, made):
            yield made

    @contextmanager
    def _transaction(self, term: Term | None, said: Sequence[Said] = ()) -> Iterator[tuple[Connection, list[Cursor]]]:
        with told():
            db = self._take()
        try:
            with told():
                yield db, self._begin(db, term, said)
        except BaseException:
            # Not rolled back by us: whoever loses its connection before COMMIT has changed nothing, and that holds
            # for a server that does not answer any more, too.
            self._drop(db)
            raise
        self._commit(db)

    def _begin(self, db: Connection, term: Term | None, said: Sequence[Said]) -> list[Cursor]:
        """What these statements answer, after BEGIN and, with `term`, after the fence."""
        if term is None:
            return together(db, ("BEGIN", ()), *said)[1:]
        try:
            # One by one, and not in one go: who is stopped in the middle of that is waited for by the server for ever, and is in
            # everybody's way; between two answers for five seconds.
            _, fence, *made = [
                db.execute(statement, values) for statement, values in (("BEGIN", ()), (_FENCE, (term.epoch,)), *said)
            ]
        except psycopg.IntegrityError:
            self.check(term)  # a late one has met the rows of whoever succeeded it: that is no damage
            raise
        if fence.fetchone() is None:
            raise _over()
        return made

    def _commit(self, db: Connection) -> None:
        warned: list[Any] = []
        db.add_notice_handler(warned.append)
        try:
            done = db.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            self._drop(db)
            # Not tried again: the server may have it.
            raise OutcomeUnknown(f"COMMIT failed ({_kind(error)})", part=PART, hint=_HINT) from None
        db.remove_notice_handler(warned.append)
        if done != "COMMIT":
            self._drop(db)
            raise Unavailable("the database took a transaction back", part=PART, hint=_HINT)
        if warned:
            # "might not have been replicated": durable here, and gone if the standby is promoted now.
            self._drop(db)
            raise OutcomeUnknown("COMMIT was cut short before the standby had it", part=PART, hint=_HINT)
        self._give(db)

    # ── connections ──

    def listening(self, channel: str) -> Connection:
        """A connection of the caller's own that hears `channel`. Close it."""
        with told():
            db = self._opened()
            try:
                db.execute(f"LISTEN {channel}")
            except BaseException:
                db.close()
                raise
            return db

    def own(self) -> Connection:
        """A connection of the caller's own. Close it."""
        with told():
            return self._opened()

    def _take(self) -> Connection:
        with self._lock:
            while self._idle:
                db = self._idle.pop()
                if not hung_up(db):
                    return db
                with suppress(psycopg.Error):
                    db.close()
        return self._opened()

    def _give(self, db: Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE and db.info.transaction_status == TransactionStatus.IDLE:
                self._idle.append(db)
                return
        # One too many, or in the middle of something: the others are as good as they were.
        with suppress(psycopg.Error):
            db.close()

    def _drop(self, db: Connection) -> None:
        with suppress(psycopg.Error):
            db.close()
        # Where one was broken, the others are likely to be: a server that was started again knows none of them.
        with self._lock:
            idle, self._idle = self._idle, []
        for other in idle:
            with suppress(psycopg.Error):
                other.close()

    def _opened(self) -> Connection:
        with told():
            db = self._connect(self._conninfo, autocommit=True, application_name=self._name, **_PARAMS)
            try:
                db.execute(_SESSION)
            except BaseException:
                db.close()
                raise
            return db

    def close(self) -> None:
        """Close what is idle. What is in use is closed when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()


def hung_up(db: Connection) -> bool:
    """Whether a connection of which nobody waits for an answer is of no use any more."""
    # Something to read where nothing was asked is the server's good-bye.
    if db.closed:
        return True
    asked = select.poll()  # and not `select`, which knows no number above 1,023: a gate has a file open for each caller
    asked.register(db.fileno(), select.POLLIN)
    return bool(asked.poll(0))


def together(db: Connection, *said: Said, binary: bool = False) -> list[Cursor]:
    """What each of these statements answers, all of them sent in one go. Where one fails, none after it is done."""
    with db.pipeline():
        return [db.execute(statement, values, binary=binary) for statement, values in said]


def _over() -> Contradiction:
    return Contradiction(
        "another sequencer was elected; nothing was changed",
        where=PART,
        hint="this process goes on as a gate, and stands for election again",
    )


def _kind(error: psycopg.Error) -> str:
    return f"{type(error).__name__}, SQLSTATE {error.sqlstate}" if error.sqlstate else type(error).__name__


@contextmanager
def told() -> Iterator[None]:
    """PostgreSQL's errors in our words, and without its own."""
    try:
        yield
    except WhosawError:
        raise
    except errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the account may not use our tables ({_kind(error)})",
            setting="store.database",
            hint="they belong to the account that `whosaw init` used",
        ) from None
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError) as error:
        # Our statements never change, so one that makes no sense to PostgreSQL means that the tables are not ours.
        raise Damaged(f"the tables in the database are not as we left them ({_kind(error)})", where=PART) from None
    except psycopg.Error as error:
        raise Unavailable(f"the database does not answer ({_kind(error)})", part=PART, hint=_HINT) from None
