# SPDX-License-Identifier: Apache-2.0
"""Rows of a table or view in PostgreSQL, all from one moment. They are numbered from 1, in the order of the table.

    one transaction, REPEATABLE READ, READ ONLY ──▶ a cursor that the server keeps ──▶ some thousands of rows at a time

Invariant: nothing is written there, and both readings see the same rows. The order of a table nobody has touched stays what it
was; where it does not, or rows came, it is another source, and the vault finds what it has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from whosaw.collect.imports.ports import Numbered
from whosaw.collect.imports.row import columns_of
from whosaw.errors import BadInput, MissingExtra, Unavailable, WhosawError

BATCH = 4_096
# What waiting does not mend, by SQLSTATE.
_ASKED = {
    "42P01": ("there is no such table or view", "TABLE or SCHEMA.TABLE, as that database has it, capitals included"),
    "3F000": ("there is no such schema", "TABLE or SCHEMA.TABLE, as that database has it, capitals included"),
    "42501": ("this role may not read it", "GRANT SELECT on it, or connect as a role that may"),
    "42809": ("it is neither a table nor a view", "name one that is"),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_$]{0,62})?")


class PostgresRows:
    """``ports.Rows`` of `table`, for as long as it is entered. `where`: a connection string; never in an error."""

    form = "postgresql"
    broken: str | None = None

    def __init__(self, table: str, where: str) -> None:
        if not _NAME.fullmatch(table):
            raise BadInput("a table is a name, or schema.name", where="--table")
        self._table, self._where = table, where
        self._done, self._total = 0, 0
        self._sha = hashlib.sha256()
        self._db: Any = None

    def __enter__(self) -> Self:
        try:
            psycopg = import_module("psycopg")
        except ModuleNotFoundError:
            raise MissingExtra("cluster", "reading a table of PostgreSQL") from None
        self._error, self._programming = psycopg.Error, psycopg.ProgrammingError
        try:
            self._db = psycopg.connect(self._where, application_name="whosaw", connect_timeout=10)
            self._db.read_only = True
            self._db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            # Else a reading may begin in the middle of the table, where another one is just then.
            self._db.execute("SET LOCAL synchronize_seqscans = off")
        except psycopg.Error as error:
            raise self._wrong(error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._db.close()

    def read(self, after: int = 0) -> Iterator[Numbered]:
        self._sha = hashlib.sha256(b"whosaw/import/table/v1")
        quoted = ".".join(f'"{part}"' for part in self._table.split("."))
        try:
            self._total = self._db.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0]  # noqa: S608 - a name, quoted
            with self._db.cursor(name="whosaw") as rows:
                rows.itersize = BATCH
                rows.execute(f"SELECT * FROM {quoted}")  # noqa: S608
                order = columns_of([column.name for column in rows.description], "--table")
                for number, row in enumerate(rows, 1):
                    cells = [row[at] if row[at] is None else _plain(row[at]) for at in order]
                    self._sha.update(repr(cells).encode("utf-8", "surrogatepass") + b"\n")
                    self._done = number
                    if number > after:
                        yield number, cells
        except self._error as error:
            raise self._wrong(error) from None

    def digest(self) -> bytes:
        return self._sha.digest()

    def at(self) -> tuple[int, int]:
        return self._done, self._total

    def _wrong(self, error: Exception) -> WhosawError:
        """What to do about it. The driver's own text quotes the connection string, and perhaps a row."""
        state = getattr(error, "sqlstate", None)
        if state in _ASKED:
            what, hint = _ASKED[state]
            return BadInput(what, where="--table", hint=hint)
        if state is None and isinstance(error, self._programming):
            return BadInput(
                "no words that libpq connects with",
                where="--database",
                hint="host=… dbname=… user=…, or postgresql://…",
            )
        return Unavailable(
            f"the table cannot be read ({type(error).__name__}{f', {state}' if state else ''})",
            part="the database of --table",
            hint="look at its address, and at who may read the table; asking again is safe",
        )


def _plain(cell: object) -> object:
    """An address type is a text to us; all else stays what it is."""
    return str(cell) if type(cell).__module__ == "ipaddress" else cell
