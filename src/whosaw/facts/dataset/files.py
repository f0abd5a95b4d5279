# SPDX-License-Identifier: Apache-2.0
"""Which file is which table, and what its columns are.

    looks.csv · looks.csv.gz · looks.jsonl · looks.jsonl.gz · looks.parquet        one of them

Invariant: a table that is there twice is there not at all: nobody can say which of the two counts. `truth.jsonl` is
never opened.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from whosaw.errors import BadInput
from whosaw.facts.dataset.about import NAME
from whosaw.facts.dataset.form import FORM

ENDINGS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
# Beside the tables: what `evaluate` reads, and what we write.
OURS = frozenset({NAME, "truth.jsonl", "truth.jsonl.gz", "findings.jsonl", "rejected.jsonl"})
_HEADER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableFile:
    table: str
    path: Path

    @property
    def form(self) -> str:
        """csv, jsonl or parquet."""
        return self.path.name.removesuffix(".gz").rpartition(".")[2]

    @property
    def packed(self) -> bool:
        return self.path.name.endswith(".gz")


def table_files(folder: Path) -> tuple[list[TableFile], list[str]]:
    """The tables of `folder` in the order of the format, and the names of files that are none. Raises BadInput."""
    found = []
    for table in FORM:
        there = [path for path in (folder / f"{table}{ending}" for ending in ENDINGS) if path.is_file()]
        if len(there) > 1:
            raise BadInput(
                f"it is there {len(there)} times, as {', '.join(p.name for p in there)}", where=table, hint="keep one"
            )
        found += [TableFile(table, path) for path in there]
    if all(file.table != "looks" for file in found):
        raise BadInput(f"there is none: no {', '.join('looks' + ending for ending in ENDINGS)}", where="looks")
    known = OURS | {file.path.name for file in found}
    return found, sorted(p.name for p in folder.iterdir() if p.name not in known and p.name.endswith(ENDINGS))


def csv_header(file: TableFile) -> list[str]:
    """The names in the first row. Raises BadInput where there is none, or one stands there twice."""
    where = f"{file.path.name} row 1"
    try:
        with gzip.open(file.path) if file.packed else file.path.open("rb") as raw:
            header = next(csv.reader(_bounded(raw), strict=True), [])
    except (UnicodeDecodeError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile):
        raise BadInput("not a header of CSV (RFC 4180) in UTF-8", where=where) from None
    if not any(header):
        raise BadInput("there is no header row", where=where)
    twice = sorted({name for name in header if header.count(name) > 1 and name in FORM[file.table]})
    if twice:
        raise BadInput("it stands there twice", where=f"{where} column {twice[0]}")
    return header


def _bounded(raw: Iterable[bytes]) -> Iterator[str]:
    """Its lines, decoded one by one: what stands further down is not the header's affair."""
    left, mark = _HEADER, b"\xef\xbb\xbf"
    for line in raw:
        left -= len(line)
        if left < 0:
            return
        yield line.removeprefix(mark).decode()
        mark = b""
