# SPDX-License-Identifier: Apache-2.0
"""Files of addresses, and files of pseudonyms: what `whosaw pseudonym` reads and writes.

    CSV, Parquet ──first reading: how many addresses?──▶ call, on record ──second reading──▶ OUT.part ──▶ OUT

Invariant: OUT is for its owner only (0600), stands there whole or not at all, and never has an address that the columns had: what
cannot be read as one stops the work. An empty place stays empty.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import IO, Any

from whosaw.errors import BadInput, MissingExtra, Unavailable
from whosaw.guard.pseudonyms.ask import Refused
from whosaw.guard.pseudonyms.session import Session
from whosaw.model.record import time_text
from whosaw.vault.addresses import Sighting

Open = Callable[[int], Session | Refused]
Progress = Callable[[int, int], None]
_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows OUT has, and how many addresses were encrypted for it. `index`: the leaf of the call."""

    rows: int
    addresses: int
    index: int
    epoch: str


def addresses_of(file: Path) -> list[str]:
    """The lines of a file, or of stdin where it is `-`."""
    with _reading(file) if str(file) != "-" else _stdin() as lines:
        return [line.rstrip("\r\n") for line in lines]


def free(out: Path) -> None:
    """Raises BadInput where something stands there. Asked before a call, which a mistyped name should not cost."""
    if out.exists() or out.is_symlink():
        raise BadInput("there is a file already", where=str(out), hint="nothing was changed; choose another name")
    if not out.parent.is_dir():
        raise BadInput("no such folder", where=str(out.parent))


def sightings_into(out: Path, rows: Iterable[Sighting]) -> int:
    """Write them as CSV; returns how many."""
    count = 0
    with unfinished(out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("hour", "person", "address"))
        for row in rows:
            writer.writerow((time_text(row.hour), row.person, row.address))
            count += 1
    return count


def into_table(
    file: Path, out: Path, columns: Sequence[str], open_: Open, *, batch: int, repeats: bool, progress: Progress
) -> Written | Refused:
    """`file` again as `out`. `repeats`: the same address has another pseudonym each time, and each counts."""
    if file.suffix == ".parquet":
        return _parquet(file, out, columns, open_, progress)
    made = _Csv(file, columns)
    total, distinct = made.count()
    session = open_(total if repeats else len(distinct))
    if isinstance(session, Refused):
        return session
    with session:
        known = {} if repeats else _known(distinct, session, batch)
        with unfinished(out) as target:
            rows = made.write(target, session, known, batch, progress)
        return Written(rows, session.used, session.index, session.epoch)


def _known(distinct: Sequence[str], session: Session, batch: int) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(distinct), batch):
        part = distinct[start : start + batch]
        known.update(zip(part, session.texts(part), strict=True))
    return known


class _Csv:
    """A CSV with a header, read twice."""

    def __init__(self, file: Path, columns: Sequence[str]) -> None:
        self._file, self._columns, self.rows = file, columns, 0

    def count(self) -> tuple[int, list[str]]:
        """How many addresses there are, and the different ones in their order."""
        total, distinct = 0, dict[str, None]()
        with _reading(self._file) as lines:
            rows, where = self._open(lines)
            for row in rows:
                self.rows += 1
                some = [row[at] for at in where if row[at]]
                total += len(some)
                distinct.update(dict.fromkeys(some))
        return total, list(distinct)

    def write(self, target: IO[str], session: Session, known: dict[str, str], batch: int, progress: Progress) -> int:
        writer = csv.writer(target, lineterminator="\n")
        step, done = min(_ROWS, max(1, batch // len(self._columns))), 0
        with _reading(self._file) as lines:
            rows, where = self._open(lines, writer)
            while part := list(islice(rows, step)):
                some = [(row, at) for row in part for at in where if row[at]]
                given = [row[at] for row, at in some]
                try:
                    made = [known[each] for each in given] if known else session.texts(given)
                except KeyError:
                    raise BadInput("changed while it was read", where=str(self._file)) from None
                for (row, at), pseudonym in zip(some, made, strict=True):
                    row[at] = pseudonym
                writer.writerows(part)
                done += len(part)
                progress(done, self.rows)
        return done

    def _open(self, lines: IO[str], writer: Any = None) -> tuple[Iterator[list[str]], list[int]]:
        rows = csv.reader(lines, strict=True)
        header = next(_checked(rows, self._file, None), [])
        if missing := [name for name in self._columns if header.count(name) != 1]:
            raise BadInput(
                f"no column {missing[0]!r}, or more than one", where=str(self._file), hint=f"it has {', '.join(header)}"
            )
        if writer is not None:
            writer.writerow(header)
        return _checked(rows, self._file, len(header)), [header.index(name) for name in self._columns]


def _checked(rows: Any, file: Path, width: int | None) -> Iterator[list[str]]:
    try:
        for row in rows:
            if width is not None and len(row) != width:
                raise BadInput("a row has not as many places as the header", where=f"{file}, line {rows.line_num}")
            yield row
    except csv.Error:
        raise BadInput("not CSV", where=f"{file}, line {rows.line_num}") from None
    except UnicodeDecodeError:
        raise BadInput("not UTF-8", where=f"{file}, after line {rows.line_num}") from None


def _parquet(file: Path, out: Path, columns: Sequence[str], open_: Open, progress: Progress) -> Written | Refused:
    """By batches: each address of a batch counts once in it."""
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise MissingExtra("watch", "reading Parquet") from None
    try:
        with pq.ParquetFile(file) as source:
            names, total, up_to = source.schema_arrow.names, source.metadata.num_rows, 0
            if missing := [name for name in columns if name not in names]:
                raise BadInput(f"no column {missing[0]!r}", where=str(file), hint=f"it has {', '.join(names)}")
            for part in source.iter_batches(_ROWS, columns=list(columns)):
                # As many as it can be at most: of text, each address of a batch counts once.
                up_to += sum(len(part.column(name)) - part.column(name).null_count for name in columns)
            session = open_(up_to)
            if isinstance(session, Refused):
                return session
            rows = 0
            with session, unfinished(out, binary=True) as target:
                writer: Any = None
                for part in source.iter_batches(_ROWS):
                    arrays = [session.column(part.column(n)) if n in columns else part.column(n) for n in names]
                    made = pa.RecordBatch.from_arrays(arrays, names=names)
                    writer = writer or pq.ParquetWriter(target, made.schema)
                    writer.write_batch(made)
                    rows += len(part)
                    progress(rows, total)
                if writer is None:
                    pq.write_table(source.schema_arrow.empty_table(), target)
                else:
                    writer.close()
            return Written(rows, session.used, session.index, session.epoch)
    except (OSError, pa.ArrowInvalid):
        raise BadInput("not a Parquet file that can be read", where=str(file)) from None


@contextmanager
def _reading(file: Path) -> Iterator[IO[str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            yield lines
    except UnicodeDecodeError:
        raise BadInput("not UTF-8", where=str(file)) from None
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", where=str(file)) from None


@contextmanager
def _stdin() -> Iterator[IO[str]]:
    yield sys.stdin


@contextmanager
def unfinished(out: Path, *, binary: bool = False) -> Iterator[Any]:
    """OUT.part, which becomes OUT when all is well and is gone when not."""
    free(out)
    part = out.with_name(f"{out.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(handle, 0o600)
        with os.fdopen(handle, "wb") if binary else os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        part.rename(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"{out} cannot be written: {error.strerror}", part="OUT") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
