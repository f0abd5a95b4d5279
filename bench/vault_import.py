# SPDX-License-Identifier: Apache-2.0
"""An import of connection rows, as `whosaw vault import` does it: from CSV, into a folder on this disk, records included.

    import_rows   rows a second from the first byte read to the record `done`: read, checked, read again, sealed, counted, durable

The people are known before: making a key for a new one takes a proof of their label, whose time stands in the notes, and which no
import can go without. The peer writes the same rows, unsealed, into one SQLite table with the same two indices, in the same batches.
"""

import os
import resource
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, Measured

from whosaw.collect.imports import take
from whosaw.collect.imports.csv_rows import CsvRows
from whosaw.model.record import Stream
from whosaw.wiring import House, build, house

SIZES = tuple(int(n) for n in os.environ.get("ROWS", "10000,100000").split(","))
PEOPLE = int(os.environ.get("PEOPLE", "200"))
ORIGIN = "log.example.org/whosaw"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def measure(folder: Path) -> Measured:
    """The figure of this part; of the largest of SIZES, and of the others in the notes."""
    build(folder / "data", ORIGIN)
    found, told = Measured(), []
    with house(folder / "data") as here:
        began = time.perf_counter()
        here.keyring.keys(Stream.of_person(f"client-{n}") for n in range(PEOPLE))
        new = PEOPLE / (time.perf_counter() - began)
        rate = 0.0
        for number, size in enumerate(SIZES):
            rate = _import(here, _file(folder / f"{number}.csv", number, size))
            told.append(f"{size:,} rows: {rate:,.0f}/s, at most {_memory_mb()} MiB of memory since the start")
    peer = _plain(folder / "plain.db", SIZES[-1])
    found.figures.append(Figure.of("import_rows", "rows/s", rate, peer, "SQLite alone, unsealed, read once"))
    found.notes.append(f"import_rows, of {PEOPLE} people: " + "; ".join(told))
    found.notes.append(f"import_rows: people who are new come at {new:,.0f}/s, and each once")
    return found


def _rows(file: int, count: int) -> Iterator[tuple[str, str, str, str]]:
    for n in range(count):
        seen = BEGAN + timedelta(seconds=20 * n + file)
        yield (
            f"client-{n * 7 % PEOPLE}", "ip", f"10.{n * 31 % 200}.{n >> 8 & 255}.{n & 255}", f"{seen:%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip


def _file(path: Path, number: int, count: int) -> Path:
    with path.open("w") as file:
        file.write("person,field,value,seen\n")
        file.writelines(",".join(row) + "\n" for row in _rows(number, count))
    return path


def _import(here: House, file: Path) -> float:
    began, rows, now = time.perf_counter(), CsvRows(file), here.clock()
    checked = take.check(rows, now)
    made = take.take(
        rows,
        checked,
        here.vault,
        here.journal,
        here.pseudonyms,
        by=here.names.remember("ana"),
        clock=here.clock,
        now=now,
    )
    if made.new != checked.rows:
        raise RuntimeError("rows of a new file were not new")
    return checked.rows / (time.perf_counter() - began)


def _plain(path: Path, count: int) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE seen (person, field, value, seen, PRIMARY KEY (person, seen))")
    db.execute("CREATE INDEX newest ON seen (person, field, seen)")
    began, batch = time.perf_counter(), list[Sequence[str]]()
    for row in _rows(0, count):
        batch.append(row)
        if len(batch) == take.BATCH:
            _write(db, batch)
            batch = []
    _write(db, batch)
    db.close()
    return count / (time.perf_counter() - began)


def _write(db: sqlite3.Connection, batch: list[Sequence[str]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", batch)
    db.execute("COMMIT")


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
