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

from whosaw.datafolder import now
from whosaw.desks import load_directory
from whosaw.guard.answer import Shown
from whosaw.model.access import Asked, Field, Look
from whosaw.wiring import House, build, house

PERSONS = 200
FEW, MANY = 300, 1_500
SIZES = (2_500, 5_000, 10_000)
BODY = b"x" * 700  # about as long as a look


def write_tables(folder: Path) -> None:
    """One agent of support and a case for each person, opened by the portal a day ago."""
    folder.mkdir()
    opened = "2026-01-01T00:00:00Z"
    people = [f"person-{n}" for n in range(PERSONS)]
    rows = {
        "staff.csv": ["staff_id,unit,function,country", "agent,help,support,IE", "portal,machines,service,IE"],
        "persons.csv": ["person,region", *(f"{p},IE" for p in people)],
        "cases.csv": [
            "case_id,type,opened,assignee,requester,opened_by",
            *(f"c-{p},support_request,{opened},agent,{p},portal" for p in people),
        ],
        "case_persons.csv": ["case_id,person,added,added_by", *(f"c-{p},{p},{opened},portal" for p in people)],
        "assignments.csv": ["staff_id,scope_kind,scope"],
    }
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines) + "\n")


def look_once(here: House, number: int) -> None:
    """One look that is shown. Raises RuntimeError where it is not: a refused look would be faster."""
    person = f"person-{number % PERSONS}"
    asked = (Asked(Field.IP, "network"),)
    look = Look(f"look-{number}", "agent", person, asked, "subject_request", f"c-{person}", f"key-{number}")
    if not isinstance(here.guard.look(look), Shown):
        raise RuntimeError("a look was refused")  # noqa: TRY004 - a refusal is no type error


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
    data, tables = folder / "data", folder / "tables"
    build(data, "log.example.org/bench")
    write_tables(tables)
    with house(data) as here:
        load_directory(here, tables)
        for n in range(PERSONS):
            here.vault.put(f"person-{n}", Field.IP, "203.0.113.77", now(), "sign-in")
            look_once(here, n)  # enrols the person: a proof with an RSA key, once in their life
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
