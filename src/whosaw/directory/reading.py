# SPDX-License-Identifier: Apache-2.0
"""A folder of tables in, rows out: CSV or JSON Lines, either gzipped, strictly or not at all.

    staff.csv ─┐ lines (bounded, UTF-8) ─▶ records ─▶ cells ─▶ Row(number, values)
    …          ┘                                        └────▶ the first 20 problems, with file, row and column

Invariant: one unreadable cell and nothing of the whole folder is used. No message shows a cell: a table without its
header row would otherwise put the first person's data into an error.

The last line must end in a newline. RFC 4180 lets it go without; but a file that a full disk cut in the middle of its
last cell looks exactly like that, and half a date can be a date.              Format: whosaw-dataset/1
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from whosaw.directory.columns import TABLES, Column, Unreadable, Value, parse_cell
from whosaw.errors import BadInput

LINE_LIMIT = 1024 * 1024
SHOWN = 20
_ASIDE = 100
_ENDINGS = (".csv", ".jsonl", ".csv.gz", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, and its values by column, absent ones as None."""

    number: int
    values: Mapping[str, Value] = field(repr=False)


@dataclass(slots=True)
class Problems:
    """What was wrong, in order: the first are kept in words, all are counted."""

    said: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, where: str, what: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.said.append(f"{where}: {what}")

    def stop(self) -> None:
        """Raises BadInput if there was any."""
        if self.count:
            more = f"; and {self.count - SHOWN} more" if self.count > SHOWN else ""
            first, _, rest = self.said[0].partition(": ")
            raise BadInput(
                "; ".join([rest, *self.said[1:]]) + more,
                where=first,
                hint="correct the files and load them again; nothing was changed",
            )


def table_file(folder: Path, table: str) -> Path:
    """The one file of `table`. Raises BadInput where there is none, or more than one."""
    all_there(folder, (table,))
    found = [path for path in (folder / f"{table}{ending}" for ending in _ENDINGS) if path.is_file()]
    if len(found) > 1:
        raise BadInput(f"table {table!r} is there twice", where=folder.name, hint="keep one of the two files")
    return found[0]


def there(folder: Path, table: str) -> bool:
    """Whether the folder has this table at all."""
    return any((folder / f"{table}{ending}").is_file() for ending in _ENDINGS)


def all_there(folder: Path, tables: Iterable[str]) -> None:
    """Raises BadInput where the folder lacks any of these tables, and names all that it lacks."""
    if lacking := [table for table in tables if not there(folder, table)]:
        raise BadInput(
            f"no table {', '.join(map(repr, lacking))}: each is a file that ends in {', '.join(_ENDINGS)}",
            where=folder.name,
            hint="an empty table is a file with its header row only",
        )


def read_table(path: Path, table: str, problems: Problems, aside: set[str]) -> Iterator[Row]:
    """Its rows. Problems of cells go to `problems`, unknown columns to `aside`; what is worse raises BadInput."""
    columns = TABLES[table]
    records = _csv if ".csv" in path.suffixes[-2:] else _jsonl
    for number, cells in records(path, columns, aside):
        values: dict[str, Value] = {}
        for name, column in columns.items():
            try:
                values[name] = parse_cell(column, cells.get(name))
            except Unreadable as error:
                problems.add(f"{path.name} row {number} column {name}", str(error))
                values[name] = None
        yield Row(number, values)


def _csv(path: Path, columns: Mapping[str, Column], aside: set[str]) -> Iterator[tuple[int, dict[str, object]]]:
    lines = _lines(path)
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        try:
            record = next(reader, None)
        except csv.Error:
            # The library's text is about characters and limits, not about this line; ours says where to look.
            raise BadInput(
                "not CSV (RFC 4180): a quote that is not closed, or a cell that is too long",
                where=f"{path.name} row {reader.line_num}",
            ) from None
        if record is None:
            break
        if header is None:
            header = record
            _header(path, header, columns, aside)
        elif len(record) != len(header):
            raise BadInput(
                f"has {len(record)} cells, the header has {len(header)}", where=f"{path.name} row {reader.line_num}"
            )
        else:
            yield (
                reader.line_num,
                {name: _cell(columns.get(name), cell) for name, cell in zip(header, record, strict=True)},
            )
    if header is None:
        raise BadInput("no header row", where=path.name, hint="an empty table is a file with its header row only")


def _cell(column: Column | None, cell: str) -> object:
    if not cell:
        return None
    return cell.split("|") if column is not None and column.kind.lists else cell


def _header(path: Path, header: list[str], columns: Mapping[str, Column], aside: set[str]) -> None:
    if len(set(header)) != len(header):
        raise BadInput("a column is there twice", where=f"{path.name} header")
    if missing := [name for name, column in columns.items() if column.required and name not in header]:
        # Don't list what is there instead: without a header row it is somebody's data.
        raise BadInput(f"required columns are missing: {', '.join(missing)}", where=f"{path.name} header")
    aside.update(f"{path.name}: {name[:40]!a}" for name in header if name not in columns)


def _jsonl(path: Path, columns: Mapping[str, Column], aside: set[str]) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            value = json.loads(line, object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise BadInput("not one JSON object with each key once", where=f"{path.name} row {number}") from None
        if type(value) is not dict:
            raise BadInput("not a JSON object", where=f"{path.name} row {number}")
        if missing := [name for name, column in columns.items() if column.required and name not in value]:
            raise BadInput(f"required columns are missing: {', '.join(missing)}", where=f"{path.name} row {number}")
        if len(aside) < _ASIDE:
            aside.update(f"{path.name}: {name[:40]!a}" for name in value if name not in columns)
        yield number, value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("twice")
    return made


def _no_number(_: str) -> NoReturn:
    raise ValueError("no number")


def _lines(path: Path) -> Iterator[str]:
    """The file's lines with their ends, in UTF-8, none longer than LINE_LIMIT. Raises BadInput."""
    with _opened(path) as file:
        number = 0
        while True:
            number += 1
            where = f"{path.name} row {number}"
            # One byte more than allowed is asked for, and never more: a line of a gigabyte stays on the disk.
            raw = _read(file, where)
            if not raw:
                return
            if len(raw) > LINE_LIMIT:
                raise BadInput(f"longer than {LINE_LIMIT:,} bytes", where=where)
            if not raw.endswith(b"\n"):
                raise BadInput(
                    "does not end in a newline: the file is cut off", where=where, hint="export it again, whole"
                )
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                text = raw.decode()
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"byte {error.start + 1} is not UTF-8", where=where, hint="save the file as UTF-8"
                ) from None
            if "\x00" in text:
                raise BadInput("a zero byte: not UTF-8 text", where=where, hint="save the file as UTF-8")
            yield text


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield file  # type: ignore[misc]
    except OSError as error:
        raise BadInput(f"cannot be opened ({type(error).__name__})", where=path.name) from None


def _read(file: IO[bytes], where: str) -> bytes:
    try:
        return file.readline(LINE_LIMIT + 1)
    except EOFError:
        raise BadInput("the gzip stream is cut off", where=where, hint="export it again, whole") from None
    except (OSError, zlib.error) as error:
        raise BadInput(f"cannot be read ({type(error).__name__})", where=where) from None
