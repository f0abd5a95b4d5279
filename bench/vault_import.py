# SPDX-License-Identifier: Apache-2.0
"""An import of connection rows, as `whosaw vault import` does it: from CSV, into a folder on this disk, records included.

    import_rows   rows a second from the first byte read to the record `done`: read, checked, read again, sealed, counted, durable

    python -m bench.vault import              ROWS=100000,1000000,10000000 for the growth of it; that takes half an hour

The rows are of a year in which each account was seen a hundred times, few of them much more often than most: at home on a line of
its own, by IPv4 or IPv6; on a mobile network that hands out another address each time; some at a place of work that many share. No
two rows of a run are the same connection, and all are found new.

The people are known before: making a key for a new one takes a proof of their label, whose time stands in the notes, and which no
import can go without; so all but a few have their keys put into the table without one. The peer writes the same rows, unsealed, into one
SQLite table with the same two indices, 50,000 at once.
"""

import os
import random
import resource
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, Measured
from bench.people import key_rows

from whosaw.collect.imports import take
from whosaw.collect.imports.csv_rows import CsvRows
from whosaw.model.record import Stream
from whosaw.privacy.root import Root
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import state_engine
from whosaw.wiring import House, build, house

SIZES = tuple(int(n) for n in os.environ.get("ROWS", "10000,100000").split(","))
EACH, PROVED = 100, 200  # rows of a person; people whose labels are proved
ORIGIN = "log.example.org/whosaw"
BEGAN, YEAR = datetime(2025, 10, 1, tzinfo=UTC), 365 * 86_400_000
SLICE = 50_000  # rows that the peer writes at once
TICK = 10  # milliseconds: files of one run are told apart by what is left of them


def measure(folder: Path) -> Measured:
    """The figure of this part; of the largest of SIZES, and of the others in the notes."""
    build(folder / "data", ORIGIN)
    found, told = Measured(), []
    with house(folder / "data") as here:
        began = time.perf_counter()
        here.keyring.keys(Stream.of_person(f"new-{n}") for n in range(PROVED))
        new = PROVED / (time.perf_counter() - began)
        rate = 0.0
        for number, size in enumerate(SIZES):
            file = _file(folder / f"{number}.csv", number, size)
            _known(here, folder / "data" / "private", [f"client-{number}-{n}" for n in range(_people(size))])
            spent, began = time.process_time(), time.perf_counter()
            _import(here, file)
            rate, worked = size / (time.perf_counter() - began), size / (time.process_time() - spent)
            told.append(
                f"{size:,} rows of {_people(size):,}: {rate:,.0f}/s, {worked:,.0f} a second of processor time, "
                f"at most {_memory_mb()} MiB of memory since the start"
            )
            file.unlink()
        peer = _plain(folder / "plain.db", min(SIZES[-1], 1_000_000))
    found.figures.append(Figure.of("import_rows", "rows/s", rate, peer, "SQLite alone, unsealed, read once"))
    found.notes.append("import_rows: " + "; ".join(told))
    found.notes.append(f"import_rows: people who are new come at {new:,.0f}/s, and each once")
    return found


def _known(here: House, private: Path, people: Sequence[str]) -> None:
    root, engine = Root.parse((private / "keys" / "root").read_bytes()), state_engine(private / "keys.db")
    SqlKeyRows(engine).add_all(list(key_rows(root, here.keyring.epochs, map(Stream.of_person, people))))
    engine.dispose()


def _people(count: int) -> int:
    return max(count // EACH, 1)


def _rows(file: int, count: int) -> Iterator[tuple[str, str, str, str]]:
    """`count` connections in the order of their times, which are all different, in this file and in every other of the run."""
    drawn, people = random.Random(file), _people(count)
    step = YEAR // count // TICK * TICK
    for n in range(count):
        # The square makes few people busy; the stride lets each of them turn up early on.
        who = int(drawn.random() ** 2 * people) if n >= people else n
        seen = BEGAN + timedelta(milliseconds=n * step + file)
        yield (
            f"client-{file}-{who}",
            "ip",
            _address(drawn, who),
            f"{seen:%Y-%m-%dT%H:%M:%S}.{seen.microsecond // 1000:03d}Z",
        )


def _address(drawn: random.Random, who: int) -> str:
    """At home six times of ten, on a mobile network three, else at work."""
    where, line = drawn.random(), who * 2_654_435_761 & 0xFFFFFFFF  # spread over all networks, and the same each time
    if where < 0.35:
        return f"{11 + (line >> 24) % 90}.{line >> 16 & 255}.{line >> 8 & 255}.{line & 255}"
    if where < 0.6:
        return f"2001:db8:{line >> 16:x}:{line & 0xFFFF:x}::{drawn.getrandbits(16) | 1:x}"
    if where < 0.9:
        carrier = 100 + who % 4
        return f"{carrier}.{drawn.getrandbits(6)}.{drawn.getrandbits(8)}.{drawn.getrandbits(8)}"
    return f"192.{who % 500 >> 8}.{who % 500 & 255}.{1 + drawn.getrandbits(3)}"


def _file(path: Path, number: int, count: int) -> Path:
    with path.open("w") as file:
        file.write("person,field,value,seen\n")
        file.writelines(",".join(row) + "\n" for row in _rows(number, count))
    return path


def _import(here: House, file: Path) -> None:
    rows, now = CsvRows(file), here.clock()
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


def _plain(path: Path, count: int) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE seen (person, field, value, seen, PRIMARY KEY (person, seen))")
    db.execute("CREATE INDEX newest ON seen (person, field, seen)")
    began, batch = time.perf_counter(), list[Sequence[str]]()
    for row in _rows(0, count):
        batch.append(row)
        if len(batch) == SLICE:
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
