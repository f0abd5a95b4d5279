# SPDX-License-Identifier: Apache-2.0
"""Point reads of a look, put together once and asked on the driver's own cursor.

    Select ──compiled once──▶ text, names ──▶ cursor ──▶ rows as plain dictionaries

A look asks a dozen small questions of state.db, each a row or two by an index. The engine answers one in 3 µs; the library's
way to it and back takes ten times that, and was a third of what a look cost. Transactions, connections and errors stay the
library's: what is left out is the putting together of what is always the same.

Invariant: nothing is remembered but the text of a question. Every look reads what stands in the database at that moment, in
the transaction that its caller has begun.                                          Measured in: docs/benchmarks.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Select, TextClause
from sqlalchemy.exc import DBAPIError

Row = Mapping[str, Any]
_QUESTIONS = 512  # the program has a few dozen


class Reads(Protocol):
    """A connection, as far as a question needs one: SQLAlchemy's, or the one that remembers (``directory.remembered``)."""

    @property
    def dialect(self) -> Dialect: ...
    @property
    def connection(self) -> Any: ...
    def invalidate(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Ready:
    """`names`: parameters in their order, or None where the driver takes them by name. `fixed`: those of the query itself."""

    text: str
    names: tuple[str, ...] | None
    fixed: Mapping[str, Any]
    columns: tuple[str, ...]
    shaped: tuple[tuple[str, Callable[[Any], Any]], ...]


def ask(db: Reads, query: Select[Any], values: Mapping[str, Any]) -> list[Row]:
    """The rows that `query` has for these `values`, in the transaction of `db`. Raises SQLAlchemyError.

    For queries that are put together once: what is built anew for each call fills the memory of texts for nothing.
    """
    ready = _ready(query, db.dialect)
    given = {**ready.fixed, **values}
    try:
        cursor = db.connection.cursor()
        cursor.execute(ready.text, given if ready.names is None else [given[name] for name in ready.names])
        rows: list[Row] = [dict(zip(ready.columns, row, strict=True)) for row in cursor.fetchall()]
        cursor.close()
    except db.dialect.loaded_dbapi.Error as error:
        db.invalidate()  # whatever it was, the next one who asks gets a connection that answered before
        raise DBAPIError("", None, error) from error
    for name, shape in ready.shaped:
        for row in rows:
            row[name] = shape(row[name])  # type: ignore[index]  # made here, and ours until it is returned
    return rows


def ask_one(db: Reads, query: Select[Any], values: Mapping[str, Any]) -> Row | None:
    """The first row, or None."""
    rows = ask(db, query, values)
    return rows[0] if rows else None


def tell(db: Reads, statement: TextClause, values: Mapping[str, Any]) -> int:
    """Write one row the same way; how many were written. The caller has begun a transaction, and ends it."""
    text, names = _telling(statement, db.dialect)
    try:
        cursor = db.connection.cursor()
        cursor.execute(text, values if names is None else [values[name] for name in names])
        written = cursor.rowcount
        cursor.close()
    except db.dialect.loaded_dbapi.Error as error:
        db.invalidate()
        raise DBAPIError("", None, error) from error
    return int(written)


@contextmanager
def driver(db: Connection) -> Iterator[Any]:
    """The driver's own connection, for what is said to it in one go. Raises SQLAlchemyError."""
    try:
        yield db.connection.dbapi_connection
    except db.dialect.loaded_dbapi.Error as error:
        db.invalidate()
        raise DBAPIError("", None, error) from error


def at_once(db: Connection, *said: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """The rows that PostgreSQL answers to each of these statements: all are sent in one go, and committed when this returns.

    Raises SQLAlchemyError: none of them was done, or nobody knows.
    """
    with driver(db) as raw:
        with raw.pipeline():
            made = [raw.execute(statement, values) for statement, values in said]
            raw.commit()
        return [each.fetchall() if each.description else [] for each in made]


@lru_cache(_QUESTIONS)
def _telling(statement: TextClause, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    made = statement.compile(dialect=dialect)
    return str(made), tuple(made.positiontup or ()) if made.positional else None


@lru_cache(_QUESTIONS)
def _ready(query: Select[Any], dialect: Dialect) -> _Ready:
    made = query.compile(dialect=dialect)
    columns = [(column.key or "", column.type.dialect_impl(dialect)) for column in query.selected_columns]
    # What differs between the two databases is a truth value, which SQLite keeps as a number.
    shapes = [(name, kind.result_processor(dialect, None)) for name, kind in columns]
    return _Ready(
        text=str(made),
        names=tuple(made.positiontup or ()) if made.positional else None,
        fixed={name: value for name, value in made.params.items() if value is not None},
        columns=tuple(name for name, _ in columns),
        shaped=tuple((name, shape) for name, shape in shapes if shape is not None),
    )
