# SPDX-License-Identifier: Apache-2.0
"""state.db and keys.db as SQLAlchemy sees them: each one SQLite file, or in PostgreSQL.

journal_mode=WAL  synchronous=FULL     a COMMIT that returned is on the disk
secure_delete=ON                       what is deleted is overwritten (``sql_erase`` sees to the rest)
connections as ``store.pg`` opens them the same in PostgreSQL, where several gates share it
hide_parameters                        no value of a person in an error's text
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.exc import DisconnectionError

from whosaw.directory.remembered import remember
from whosaw.store.sqlite import private_file
from whosaw.store.state_tables import answering

if TYPE_CHECKING:
    from whosaw.store.pg import Database

BUSY_MS = 5_000
_KEPT = 16  # connections to a shared database, of each gate


def state_engine(path: Path) -> Engine:
    """An engine over the file at `path`, which is made when it is first used."""
    engine = create_engine(
        f"sqlite:///{path}", hide_parameters=True, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False}
    )

    opened: list[bool] = []

    @event.listens_for(engine, "do_connect")
    def keep_private(*_: object) -> None:
        # Only the first connection makes a file. One that is gone later would come back empty: no key of anybody, and
        # a backup could not be put in its place.
        if opened and _file(path) is None:
            raise sqlite3.OperationalError("unable to open database file")
        private_file(path)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "fullfsync=1", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        opened.append(True)
        record.info["file"] = _file(path)

    @event.listens_for(engine, "checkout")
    def same_file(_connection: Any, record: Any, _proxy: Any) -> None:
        # An open file that was removed, or replaced by another, goes on answering, from what nobody sees any more.
        if record.info["file"] != _file(path):
            raise DisconnectionError

    remember(engine, lambda: file_at(path))
    return engine


def answers(engine: Engine) -> Callable[[], None]:
    """A probe: state.db is there, is a database, has a page to read, and lets somebody write. Raises Unavailable."""

    def probe() -> None:
        with answering("state"), engine.connect() as db:
            # The list of tables, and not `SELECT 1`, for which SQLite opens no file at all.
            inspect(db).get_table_names()
            if db.dialect.name == "sqlite":
                # A lock that a program left behind stops every look, and no reading shows it. Taken, and given back unused.
                db.rollback()
                db.exec_driver_sql("BEGIN IMMEDIATE")
                db.rollback()

    return probe


def _file(path: Path) -> tuple[int, int] | None:
    """Which file stands there, or that none does."""
    found = file_at(path)
    return None if found is None else found[0]


def file_at(path: Path) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The same, with what changes when somebody writes to it without telling SQLite."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked several times for each look, and a Path's own way to it is longer
    except OSError:
        return None
    return (found.st_dev, found.st_ino), (found.st_mtime_ns, found.st_size)


def shared_state_engine(database: Database, schema: str = "") -> Engine:
    """An engine over a PostgreSQL database, for all gates of a log. `schema`: where its tables are, if not in the usual one."""
    from whosaw.store.pg import hung_up  # an extra, and only whoever has a database has its driver

    def connect() -> Any:
        connection = database.own()
        # A load of the directory works on its tables between two statements; nothing that is elected waits for it.
        connection.execute("SET idle_in_transaction_session_timeout = '10min'; SET statement_timeout = '10min'")
        if schema:
            connection.execute(f"SET search_path TO {schema}")
        connection.autocommit = False  # SQLAlchemy says when a transaction ends, and relies on its having begun
        return connection

    # Kept, and not closed again after a busy moment: making one costs both sides as much as a look.
    engine = create_engine(
        "postgresql+psycopg://", creator=connect, hide_parameters=True, pool_size=_KEPT, max_overflow=0
    )

    @event.listens_for(engine, "checkout")
    def still_there(connection: Any, _record: Any, _proxy: Any) -> None:
        # One that the server has cut is found out before it is used, and not by whoever looks at a person; and without a
        # question to the server each time.
        if hung_up(connection):
            raise DisconnectionError

    return engine
