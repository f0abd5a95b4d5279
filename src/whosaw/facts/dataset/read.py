# SPDX-License-Identifier: Apache-2.0
"""A folder to the Parquet files of its facts: every file read once, checked whole, then projected.

    file ─▶ typed rows, laid down in the spool ─▶ ids that stand there twice ─▶ problems? ─▶ project

Invariant: strictly, one problem in one file and nothing at all is taken. Leniently, a row is taken whole or rejected whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whosaw.errors import BadInput
from whosaw.facts.dataset import rejected
from whosaw.facts.dataset.about import NAME as ABOUT
from whosaw.facts.dataset.about import About, read_about
from whosaw.facts.dataset.files import TableFile, table_files
from whosaw.facts.dataset.form import UNIQUE
from whosaw.facts.dataset.project import project
from whosaw.facts.dataset.rejected import SHOWN, Rejected
from whosaw.facts.dataset.sql import literal, name
from whosaw.facts.dataset.texts import REJECTS, SCANS, Texts, texts
from whosaw.facts.dataset.typed import TWICE, prepare, typed
from whosaw.facts.engine import ALONE, Room, memory_limit, no_disk, room_enough
from whosaw.facts.extra import need
from whosaw.facts.untouched import Untouched

# Who wrote something down. Where nobody is named in a whole table, that says nothing about any row.
AUTHORS = (("cases", "opened_by"), ("cases", "requester"), ("case_persons", "added_by"))
_ENDED = {
    "MISSING COLUMNS": "fewer cells than the header",
    "TOO MANY COLUMNS": "more cells than the header",
    "INVALID ENCODING": "not UTF-8",
    "UNQUOTED VALUE": "a quote that is not closed, or text behind one",
    "LINE SIZE OVER MAXIMUM": "too long",
}


@dataclass(frozen=True, slots=True)
class Read:
    """`files`: the tables of facts. `rejected`: how many rows were left out. `unsaid`: `table.column` of authors that nobody gave."""

    about: About
    files: dict[str, Path]
    warnings: tuple[str, ...]
    rejected: int
    unsaid: frozenset[str]


@dataclass(slots=True)
class _Problems:
    first: list[Rejected] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder whose readable rows stand as typed tables in `connection`, one for each of `there`, as long as that is open."""

    connection: Any
    about: About
    there: frozenset[str]
    warnings: tuple[str, ...]
    rejected: int


def read(folder: Path, spool: Path, *, lenient: Path | None, memory: int | None = None) -> Read:
    """The facts of `folder` as files in `spool`. `lenient`: where rejected rows go; None: there may be none. Raises BadInput."""
    with checked(folder, spool, lenient=lenient, memory=memory) as whole:
        files = project(whole.connection, whole.there, whole.about, spool)
        unsaid = frozenset(f"{t}.{c}" for t, c in AUTHORS if t in whole.there and _unsaid(whole.connection, t, c))
    return Read(whole.about, files, whole.warnings, whole.rejected, unsaid)


@contextmanager
def checked(folder: Path, spool: Path, *, lenient: Path | None, memory: int | None = None) -> Iterator[Checked]:
    """`folder`, read into files in `spool`, and a database in memory that goes with the block. Raises BadInput; Unavailable where memory
    or the disk is full, also within the block; Damaged at the end, where somebody exchanged such a file.
    """
    duckdb = need("duckdb", "reading a dataset")
    about = read_about(folder)
    found, strange = table_files(folder)
    config = {"memory_limit": memory_limit(Room(memory)), "temp_directory": str(spool / "spill")}
    untouched = Untouched(ALONE)
    with room_enough(), duckdb.connect(config=config) as connection:
        connection.execute("set enable_progress_bar = false")
        prepare(connection, about.regions)
        problems = _Problems()
        read_ = [_taken(connection, file, spool / f"{file.table}.typed", problems) for file in found]
        untouched.add(taken.rows for taken in read_)
        if lenient is None:
            rejected.refuse(problems.first, problems.count)
            count = 0
        else:
            count = rejected.write(lenient, _rejected(connection, read_)) if problems.count else _none(lenient)
            for taken in read_:
                connection.execute(f"create or replace view {taken.file.table} as {taken.sql} where why is null")
        there = frozenset(file.table for file in found)
        yield Checked(connection, about, there, _warnings(about, read_, strange), count)
    untouched.check()
    for taken in read_:
        taken.rows.unlink()


def _none(path: Path) -> int:
    path.unlink(missing_ok=True)
    return 0


@dataclass(frozen=True, slots=True)
class _Taken:
    """One file, read into the file `rows`, of which `sql` is all. `torn`: rows of CSV that could not be taken apart, as (row, reason,
    text), by row.
    """

    texts: Texts
    rows: Path
    sql: str
    torn: tuple[tuple[int, str, str], ...]

    @property
    def file(self) -> TableFile:
        return self.texts.file


def _taken(connection: Any, file: TableFile, rows: Path, problems: _Problems) -> _Taken:
    duckdb = need("duckdb", "reading a dataset")
    try:
        of = texts(connection, file)
        _lay(connection, typed(of), rows)
        torn = _torn(connection) if file.form == "csv" else ()
    except duckdb.OutOfMemoryException:
        raise  # which is no fault of the file
    except duckdb.Error as error:
        # The library's words may quote the file.
        raise BadInput(
            f"cannot be read as {file.path.name.partition('.')[2]} ({type(error).__name__})", where=file.path.name
        ) from None
    sql = f"select * from read_parquet({literal(str(rows))})"
    connection.execute(f"create view {file.table} as {sql}")
    key = UNIQUE.get(file.table)
    if key is not None:
        sql = _twice_marked(connection, file.table, key, sql)
    taken = _Taken(of, rows, sql, torn)
    problems.count += len(torn) + _one(
        connection, f"select coalesce(sum(len(string_split(why, chr(10)))), 0) from {file.table}"
    )
    if len(problems.first) < SHOWN:
        problems.first += list(_of(connection, taken, SHOWN))
    return taken


def _lay(connection: Any, sql: str, path: Path) -> None:
    """In a file: the same rows in memory, and spilled where they do not fit, take twice the room and more."""
    duckdb = need("duckdb", "reading a dataset")
    try:
        connection.execute(f"copy ({sql}) to {literal(str(path))} (format parquet, compression lz4_raw)")
    except duckdb.IOException:
        # Where the rows can be read, it is no fault of theirs.
        connection.execute(f"select count(why) from ({sql})")
        raise no_disk() from None


def _torn(connection: Any) -> tuple[tuple[int, str, str], ...]:
    rows = connection.execute(
        f"select line, min_by(error_type::varchar, column_idx), min_by(csv_line, column_idx) from {REJECTS} group by line order by line"
    ).fetchall()
    connection.execute(f"drop table {REJECTS}")
    connection.execute(f"drop table {SCANS}")
    return tuple((line, _ENDED.get(kind, "not CSV (RFC 4180)"), text) for line, kind, text in rows)


def _twice_marked(connection: Any, table: str, key: str, sql: str) -> str:
    """`sql`, the rows of `table`: the first readable row of an id is taken, the others are not."""
    twice = f"select {key} from {table} where why is null group by {key} having count(*) > 1"
    if not _one(connection, f"select count(*) from ({twice})"):
        return sql
    later = f"select n from (select n, row_number() over (partition by {key} order by n) as r from {table} where why is null and {key} in ({twice})) where r > 1"
    connection.execute(f"create temp table {table}_twice as {later}")
    marked = f"case when n in (select n from {table}_twice) then {literal(f'{key}={TWICE}')} else why end"
    sql = f"select * from (select * replace ({marked} as why) from ({sql}))"
    connection.execute(f"create or replace view {table} as {sql}")
    return sql


def _of(connection: Any, taken: _Taken, most: int | None = None) -> Iterator[Rejected]:
    """The rows of one file that cannot be read, in their order: the first `most` without what they say, or all with it."""
    table, file = taken.file.table, taken.file.path.name
    if most is None:
        cells = ", ".join(f"{name(column)} := t.{name(column)}" for column in sorted(taken.texts.columns))
        said = (
            f"select b.n, b.why, to_json(struct_pack({cells})) from {table} b join ({taken.texts.sql}) t on b.n = t.n"
        )
        bad = f"{said} where b.why is not null order by b.n"
    else:
        bad = f"select n, why, null from {table} where why is not null order by n limit {most}"
    found = connection.execute(bad).fetchall()
    if taken.file.form == "csv" and most is None:
        _torn(connection)  # the same once more
    torn = list(taken.torn)
    first = 2 if taken.file.form == "csv" else 1
    for n, why, text in found:
        # Rows that could not be taken apart were not counted.
        while torn and torn[0][0] <= n + first:
            yield _whole(file, *torn.pop(0))
            first += 1
        reasons = tuple((column, reason) for column, _, reason in (part.partition("=") for part in why.split("\n")))
        yield Rejected(file, n + first, reasons, None if text is None else json.loads(text))
    yield from (_whole(file, *row) for row in torn)


def _whole(file: str, row: int, why: str, text: str) -> Rejected:
    return Rejected(file, row, (("", why),), text)


def _rejected(connection: Any, read_: list[_Taken]) -> Iterator[Rejected]:
    for taken in read_:
        yield from _of(connection, taken)


def _unsaid(connection: Any, table: str, column: str) -> bool:
    return not _one(connection, f"select count({name(column)}) from {table}")


def _one(connection: Any, sql: str) -> int:
    (value,) = connection.execute(sql).fetchone()
    return int(value)


def _warnings(about: About, read_: list[_Taken], strange: list[str]) -> tuple[str, ...]:
    said = [f"{ABOUT}: the key {key!r} is not known and was left aside" for key in about.unknown]
    said += [
        f"{t.file.path.name}: the column {column!r} is not known and was left aside"
        for t in read_
        for column in t.texts.aside
    ]
    return (*said, *(f"{file!r} is none of the tables and was left aside" for file in strange))
