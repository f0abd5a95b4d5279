# SPDX-License-Identifier: Apache-2.0
"""One view of the database for several reads, and one writer at a time, in SQLite and in PostgreSQL.

            SQLite             PostgreSQL
    reading BEGIN              REPEATABLE READ, or each statement would see another state
    writing BEGIN IMMEDIATE    a lock until the end of the transaction, or two loads would be written side by side

Python's driver for SQLite opens a transaction before an INSERT and not before a SELECT or a CREATE TABLE. Left to itself,
five reads of one decision could see two loads of the directory, and a crash could leave half a migration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from whosaw.errors import Unavailable


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """All reads inside see one state. Raises Unavailable where the database cannot be read."""
    with answering(), engine.connect() as db:
        if db.dialect.name == "postgresql":
            db.execution_options(isolation_level="REPEATABLE READ")
        _begin(db, "BEGIN")
        yield db


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writer at a time; all is committed at the end, or nothing. Raises Unavailable."""
    with answering(), engine.connect() as db:
        _begin(db, "BEGIN IMMEDIATE")
        if db.dialect.name == "postgresql":
            db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('whosaw/state'))")
        yield db
        db.commit()


def _begin(db: Connection, statement: str) -> None:
    db.begin()
    if db.dialect.name != "sqlite":
        return
    raw: Any = db.connection.dbapi_connection
    if raw.in_transaction:
        return
    try:
        raw.execute(statement)  # on the driver, like the questions that follow (``directory.query``)
    except db.dialect.loaded_dbapi.Error as error:
        db.invalidate()
        raise DBAPIError("", None, error) from error


@contextmanager
def answering() -> Iterator[None]:
    """Whatever the database says becomes Unavailable."""
    try:
        yield
    except SQLAlchemyError as error:
        # The database's own text quotes statements with their values: keep its kind only, and cut the chain.
        raise Unavailable(
            f"the directory cannot be read or written ({type(error.__cause__ or error).__name__})",
            part="directory",
            hint="look at the disk and at state.db; asking again is safe",
        ) from None
