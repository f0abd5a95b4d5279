# SPDX-License-Identifier: Apache-2.0
"""Rows to a Parquet file: written aside, synced, then given the name of its digest.

Invariant: a part under its final name is whole and on the disk. A part that does not fit its digest is Damaged.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from whosaw.errors import Damaged, OutcomeUnknown
from whosaw.facts.columns import TABLES, Cell
from whosaw.facts.extra import need
from whosaw.facts.progress import ANEW, Part, file_name

AT_ONCE = 50_000
ASIDE = ".new"
_WHAT = "the journal as tables"


def write_part(folder: Path, table: str, rows: Iterable[tuple[Cell, ...]]) -> Part:
    """A part of `table` with `rows`. Raises OutcomeUnknown where the disk does; nothing names the part yet."""
    pq = need("pyarrow.parquet", _WHAT)
    schema = _schema(table)
    aside = folder / f"{table}{ASIDE}"
    count = 0
    try:
        with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            for batch in _batches(schema, rows):
                writer.write_batch(batch)
                count += batch.num_rows
        digest = digest_of(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        part = Part(file_name(table, digest), count, digest)
        aside.rename(folder / part.file)
    except OSError as error:
        raise OutcomeUnknown(
            f"the facts could not be written ({type(error).__name__})",
            part="facts",
            hint="make room and run it again: facts are made from the journal, nothing is lost",
        ) from error
    return part


def check_part(folder: Path, part: Part) -> Path:
    """The file of `part`. Raises Damaged where it is gone or not what was written."""
    path = folder / part.file
    try:
        whole = digest_of(path) == part.digest
    except OSError:
        whole = False
    if not whole:
        raise Damaged(
            f"facts: {part.file} is not what was written",
            where=part.file,
            hint=ANEW,
        )
    return path


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _schema(table: str) -> Any:
    pa = need("pyarrow", _WHAT)
    kinds = {"int": pa.int64(), "text": pa.string()}
    columns = TABLES[table].items()
    return pa.schema([pa.field(name, kinds[kind.rstrip("?")], nullable=kind.endswith("?")) for name, kind in columns])


def _batches(schema: Any, rows: Iterable[tuple[Cell, ...]]) -> Iterator[Any]:
    pa = need("pyarrow", _WHAT)
    rest = iter(rows)
    while taken := list(islice(rest, AT_ONCE)):
        columns = zip(*taken, strict=True)
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)
