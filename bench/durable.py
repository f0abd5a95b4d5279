# SPDX-License-Identifier: Apache-2.0
"""durable_1, durable_16, durable_256: records a second that are durable and acknowledged, through the journal as it ships.

    body of 403 bytes ──submit──▶ checked, placed, written, fdatasync ──▶ the caller goes on      by so many callers at once

Nothing is left out: keyring and head database on the same disk, 500 streams whose keys are warm, idempotency keys looked
up, heads signed and published meanwhile. Receipts can be signed and are not: a caller who asks for one pays for it then.

Callers are tasks of one event loop, as in a gate, or threads; both are measured. Beside them, in the same run: one
committed INSERT a record in PostgreSQL over as many connections, and an append to pymerkle's tree in SQLite.
"""

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Measured, bare_appends, percentile
from bench.peers import Postgres, postgres_insert, pymerkle_append
from bench.traced import trace

from whosaw.journal.journal import Journal
from whosaw.journal.segments import Segments
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, canonical
from whosaw.wiring import House, build, house

STREAMS = 500
BODY = 403  # bytes: those of a look with purpose, case and rules
COUNTS = {1: 1_000, 16: 8_000, 256: 40_000}
TIMES = 3  # of which the best counts, ours and theirs: the others say what else the machine did
_LOOK = {
    "v": 1, "kind": "look", "origin": "asked", "mode": "single", "at": "2026-11-22T10:15:30.123Z",
    "principal": "p" * 26, "person": "q" * 26, "asked": [["ip", "network"], ["location", "country"]],
    "purpose": "subject_request", "decision": "permit", "rules": ["case.open", "purpose.field"], "rows": None,
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """So many records in so many seconds; `waits` in milliseconds, one for each record."""

    seconds: float
    waits: list[float]

    @property
    def rate(self) -> float:
        """Records a second."""
        return len(self.waits) / self.seconds

    def __str__(self) -> str:
        p50, p99, p999 = (percentile(self.waits, p) for p in (50, 99, 99.9))
        return f"{self.rate:,.0f}/s; p50 {p50:.2f}, p99 {p99:.2f}, p99.9 {p999:.2f} ms"


def body(number: int) -> bytes:
    """A look of exactly 403 bytes, another one for each number."""
    look = {**_LOOK, "look": f"look-{number:012d}", "case": f"case-{number % 1000:06d}", "source": ""}
    return canonical({**look, "source": "s" * (BODY - len(canonical(look)))})


def submissions(first: int, count: int, streams: int = STREAMS) -> list[Submission]:
    """One record each, for all streams in turn."""
    persons = [Stream.of_person(f"person-{n}") for n in range(streams)]
    return [
        Submission("gate", f"request-{n}", (Record(persons[n % streams], body(n)),))
        for n in range(first, first + count)
    ]


def by_tasks(journal: Journal, wanted: Sequence[Submission], callers: int) -> Run:
    """Each task waits for its record before it hands in the next one."""
    waits: list[float] = []

    async def caller(mine: Sequence[Submission]) -> None:
        for submission in mine:
            began = time.perf_counter()
            await journal.submit_async(submission)
            waits.append(1000 * (time.perf_counter() - began))

    async def all_of_them() -> None:
        await asyncio.gather(*(caller(wanted[n::callers]) for n in range(callers)))

    began = time.perf_counter()
    asyncio.run(all_of_them())
    return Run(time.perf_counter() - began, waits)


def by_threads(journal: Journal, wanted: Sequence[Submission], callers: int) -> Run:
    """The same with a thread for each caller."""
    waits: list[float] = []

    def caller(mine: Sequence[Submission]) -> None:
        for submission in mine:
            began = time.perf_counter()
            journal.submit(submission)
            waits.append(1000 * (time.perf_counter() - began))

    threads = [threading.Thread(target=caller, args=(wanted[n::callers],)) for n in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Run(time.perf_counter() - began, waits)


@contextmanager
def opened(folder: Path, streams: int = STREAMS) -> Iterator[House]:
    """A new data folder, its streams enrolled and their keys warm."""
    build(folder, "log.example.org/bench")
    with house(folder) as here:
        for future in [here.journal.enqueue(submission) for submission in submissions(0, streams, streams)]:
            future.result()
        here.journal.publish_now()
        yield here


def per_fdatasync(here: House, first: int) -> float:
    """Records in one write, of those from `first` on: frames say which write they were in."""
    end = here.journal.reader().size
    frames = list(Segments(here.stores.private, here.stores.manifest).frames(first, end))
    return len(frames) / len({frame.group for frame in frames})


@dataclass(frozen=True)
class Best:
    """A run, with its records in one fdatasync and the microseconds of processor time a record, by thread."""

    run: Run
    together: float
    spent: dict[str, float]

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {micros:.1f}" for name, micros in self.spent.items())
        return f"{self.run}; {self.together:.1f} records per fdatasync; processor time a record, in µs: {spent}"


@dataclass
class Kind:
    """One way to wait, and what it came to with so many callers."""

    name: str
    run: Callable[[Journal, Sequence[Submission], int], Run]
    best: dict[int, Best]


def spent_so_far() -> dict[str, float]:
    """Microseconds of processor time, of the journal's threads and of whoever calls it."""
    clocks = {
        thread.name.removeprefix("whosaw-"): time.clock_gettime(time.pthread_getcpuclockid(thread.ident or 0))
        for thread in threading.enumerate()
        if thread.name in {"whosaw-sequencer", "whosaw-integrator"}
    }
    return {name: 1e6 * t for name, t in {"callers": time.process_time() - sum(clocks.values()), **clocks}.items()}


def ours(folder: Path) -> list[Kind]:
    """The best run of each kind, with its records per fdatasync."""
    kinds = [Kind("tasks", by_tasks, {}), Kind("threads", by_threads, {})]
    with opened(folder) as here:
        done = STREAMS
        for callers, count in COUNTS.items():
            for kind in kinds * TIMES:
                wanted = submissions(done, count)
                done += count
                first, before = here.journal.reader().size, spent_so_far()
                gc.collect()
                gc.freeze()  # what this harness made beforehand is no garbage of the journal's
                run = kind.run(here.journal, wanted, callers)
                gc.unfreeze()
                spent = {name: (after - before[name]) / count for name, after in spent_so_far().items()}
                here.journal.publish_now()
                if callers not in kind.best or run.rate > kind.best[callers].run.rate:
                    kind.best[callers] = Best(run, per_fdatasync(here, first), spent)
    return kinds


def measure(folder: Path) -> Measured:
    """The figures, with their peers."""
    tasks, threads = ours(folder / "data")
    bare = percentile(bare_appends(folder, 1_000), 50)
    found = Measured(notes=["durable: receipts can be signed and are not; best of three, ours and theirs"])
    with Postgres() as database:
        for callers, count in COUNTS.items():
            theirs, pgbench = postgres_insert(database, callers, min(count, 12_000), body(0))
            tree = pymerkle_append(folder, callers, 300, body(0))
            peer = "PostgreSQL, one committed INSERT, psycopg"
            found.figures.append(
                Figure.of(f"durable_{callers}", "records/s", tasks.best[callers].run.rate, theirs, peer)
            )
            for kind in (tasks, threads):
                found.notes.append(f"durable_{callers} by {kind.name}: {kind.best[callers]}")
            found.notes.append(
                f"durable_{callers}, peers: PostgreSQL {theirs:,.0f}/s from Python (the better of threads and tasks), "
                f"{pgbench:,.0f}/s from pgbench; pymerkle's SQLite tree {tree:,.0f}/s"
            )
    p50 = percentile(tasks.best[1].run.waits, 50)
    found.notes.append(f"one caller: {p50:.2f} ms at the median; the bar is 2 x {bare:.2f} + 1 = {2 * bare + 1:.2f} ms")
    found.notes.append(trace(folder))
    return found
