# SPDX-License-Identifier: Apache-2.0
"""How many looks a second, from the question to the masked value, and what one costs as the log grows.

    python -m bench.spine      a table, and bench/results/spine.json

Beside it, in the same run and on the same disk: a bare append with fdatasync, which no durable record can undercut, and
one committed INSERT for each look in SQLite, which is what a team would write for itself (and which proves nothing).
"""

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.figures import Figure, Measured, bare_appends, keep, machine, show
from bench.town import PERSONS, furnished, look_once, town

FEW, MANY = 300, 1_500
SIZES = (2_500, 5_000, 10_000)
BODY = b"x" * 700  # about as long as a look


def rate(work: Callable[[int], None], first: int, count: int, callers: int) -> float:
    """How often `work` is done a second, by so many callers at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(work, range(first, first + count)))
    return count / (time.perf_counter() - began)


def committed_insert(folder: Path, count: int) -> float:
    database = sqlite3.connect(folder / "peer.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE look (id INTEGER PRIMARY KEY, body BLOB)")
    made = rate(lambda _: database.execute("INSERT INTO look (body) VALUES (?)", (BODY,)), 0, count, 1)
    database.close()
    return made


def measure(folder: Path) -> Measured:
    """The figures, and milliseconds a look at each size of the log."""
    with town(furnished(folder)) as here:
        done = PERSONS
        insert, bare = committed_insert(folder, FEW), FEW * 1000 / sum(bare_appends(folder, FEW))
        figures = []
        for callers, count in ((1, FEW), (16, MANY)):
            ours = rate(lambda n: look_once(here, n), done, count, callers)
            done += count
            figures.append(Figure.of(f"looks_{callers}", "looks/s", ours, insert, "SQLite, one committed INSERT"))
        figures.append(Figure.of("append", "looks/s", figures[0].ours, bare, "bare append and fdatasync"))
        grown = []
        for size in SIZES:
            if done < size:
                rate(lambda n: look_once(here, n), done, size - done, 16)
                done = size
            grown.append((here.journal.reader().size, 1000 / rate(lambda n: look_once(here, n), done, FEW, 1)))
            done += FEW
    figures.append(Figure.of("grown", "ms a look", grown[-1][1], grown[0][1], f"the same at {grown[0][0]:,} leaves"))
    notes = [f"{size:,} leaves published: {ms:.2f} ms a look, one caller" for size, ms in grown]
    return Measured(figures, notes)


def main() -> int:
    """Measure, print, and keep the figures."""
    with tempfile.TemporaryDirectory() as name:
        on, measured = machine(Path(name)), measure(Path(name))
    print(show(on, measured))
    keep("spine", on, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
