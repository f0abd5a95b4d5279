# SPDX-License-Identifier: Apache-2.0
"""The facts as Ibis tables on an engine, DuckDB by default. Read only, checked against their digests.

    with open_facts(folder) as facts:      facts.tables["look"] … an absent table is not known here

Invariant: only whole numbers, yes and no, and texts leave the engine; whoever reads rows sorts them by a key, since an
engine gives them in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whosaw.errors import BadInput, Damaged, NotCanonical
from whosaw.facts.columns import Cell
from whosaw.facts.engine import DUCKDB, Engine, Room, engine_of
from whosaw.facts.extra import need
from whosaw.facts.hold import held
from whosaw.facts.parquet import check_part
from whosaw.facts.ports import Seal
from whosaw.facts.progress import ANEW, NAME, Progress
from whosaw.facts.project import read_progress
from whosaw.facts.untouched import Untouched

# Past this the driver would be doing the engine's work; the query must gate first.
MOST_ROWS = 2_000_000
# Of what is judged key by key so many are read at a time: dictionaries of more would be a gigabyte.
SLICE = 500_000


class TooManyRows(BadInput):
    """More than MOST_ROWS would leave the engine."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The folder that was read. `start`, `end`: the period covered. `rejected`: rows left out, now in rejected.jsonl.

    `unsaid`: `table.column` of authors of whom nothing is said in the whole table.
    """

    name: str
    start: int
    end: int
    warnings: tuple[str, ...] = ()
    rejected: int = 0
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """`tables`: Ibis tables by name. `engine`: what they live in. `progress`: of the journal's; `dataset`: of a folder."""

    engine: Engine
    tables: Mapping[str, Any]
    progress: Progress | None = None
    dataset: Dataset | None = None

    def keep(self, name: str, expr: Any) -> Any:
        """`expr`, computed once and kept in the engine for this session."""
        return self.engine.keep(name, expr)

    def lay(self, name: str, expr: Any) -> Any:
        """The same for as many rows as there are looks."""
        return self.engine.lay(name, expr)

    def rows(self, expr: Any, order: Sequence[str], what: str) -> list[dict[str, Cell]]:
        """The rows of `expr`, sorted here by `order`, nulls first. Raises TooManyRows past MOST_ROWS, naming `what`."""
        table = self.engine.arrow(expr.limit(MOST_ROWS + 1))
        if table.num_rows > MOST_ROWS:
            raise TooManyRows(f"more than {MOST_ROWS:,} rows would leave the engine", where=what)
        table = _sorted(table, order)
        columns = [_cells(column) for column in table.columns]
        names = table.column_names
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    def slices(self, kept: Any, what: str) -> Iterator[dict[str, Cell]]:
        """The rows of `kept`, sorted by its columns, for what is judged by the first of them alone, a text, and read once: about SLICE
        of them leave the engine at a time, all rows of one key together. Raises TooManyRows where one key has more than MOST_ROWS.
        """
        for part in self.parts(kept, kept.columns[0], SLICE, what):
            yield from self.rows(part, kept.columns, what)

    def parts(self, kept: Any, key: str, most: int, what: str) -> list[Any]:
        """`kept` in parts of about `most` rows, all rows of one text in the column `key` together; one part at least."""
        sizes = self.rows(kept.group_by(key).aggregate(rows=kept.count()), (key,), what)
        ranges = list(_ranges(sizes, key, most))
        if len(ranges) < 2:
            return [kept]
        return [kept.filter(kept[key] >= first, kept[key] <= last) for first, last in ranges]


def _ranges(sizes: Sequence[Mapping[str, Any]], key: str, most: int) -> Iterator[tuple[str, str]]:
    """First and last key of as many as are no more than `most` rows together."""
    first, rows = 0, 0
    for place, each in enumerate(sizes):
        if rows and rows + each["rows"] > most:
            yield sizes[first][key], sizes[place - 1][key]
            first, rows = place, 0
        rows += each["rows"]
    if sizes:
        yield sizes[first][key], sizes[-1][key]


def _sorted(table: Any, order: Sequence[str]) -> Any:
    """By `order`, nulls first. Of whole numbers and of UTF-8 Arrow's order is Python's, and found a hundred times sooner."""
    pc = need("pyarrow.compute", "watching")
    keys, names = [], table.column_names
    for name in order:
        if table[name].null_count:
            there = f"{name}, known"
            table = table.append_column(there, table[name].is_valid())
            keys.append((there, "ascending"))
        keys.append((name, "ascending"))
    return table.take(pc.sort_indices(table, keys)).select(names) if keys else table


def _cells(column: Any) -> list[Cell]:
    """The values of one column. A text that comes often is one value, or two million rows would not fit."""
    types = need("pyarrow.types", "watching")
    if types.is_string(column.type) or types.is_large_string(column.type):
        coded = column.combine_chunks().dictionary_encode()
        words = coded.dictionary.to_pylist()
        return [None if at is None else words[at] for at in coded.indices.to_pylist()]
    if column.null_count == 0 and types.is_integer(column.type):
        return list(column.to_numpy().tolist())
    return list(column.to_pylist())


@contextmanager
def open_facts(
    folder: Path,
    seal: Seal,
    *,
    engine: str = DUCKDB,
    room: Room = Room(),  # noqa: B008  frozen
) -> Iterator[Facts]:
    """The facts in `folder`, sealed with `seal`; `room` is the engine's. Raises BadInput where none were made yet, Damaged where they are not what
    was written; also at the end, where a file was not left alone meanwhile: what was made of it must not be kept.
    """
    need("duckdb", "watching")
    with held(folder, alone=False):
        progress = _progress(folder, seal)
        untouched = Untouched(ANEW)
        untouched.add(folder / part.file for parts in progress.tables.values() for part in parts)
        with engine_of(engine, room) as on:
            yield Facts(on, {name: _table(on, folder, name, progress) for name in progress.tables}, progress)
        untouched.check()


def _progress(folder: Path, seal: Seal) -> Progress:
    try:
        progress = read_progress(folder, seal)
    except NotCanonical as error:
        raise Damaged(f"facts: {NAME} cannot be read", where=NAME, hint=ANEW) from error
    if progress is None:
        raise BadInput("there are no facts yet", where="facts", hint="run: whosaw watch")
    return progress


def _table(engine: Engine, folder: Path, name: str, progress: Progress) -> Any:
    return engine.read(name, [check_part(folder, part) for part in progress.tables[name]])
