# SPDX-License-Identifier: Apache-2.0
"""Whole looks a second: decided, recorded durably, opened and masked; beside what a team would write instead.

    python -m bench.guard            all of it: a table, and bench/results/guard.json

    library    look_1 look_16 look_256    so many callers, tasks or threads    beside the peer as it stands, over HTTP
    http       http_1 http_16 http_256    the gate's POST /v1/look              beside the same
    decide     decide_us                  facts in, decision out                beside pycasbin's `enforce`
    processes  processes_2                one gate and two, on one database     beside itself with one

The peer (``bench.guard_peer``) asks whether a function may see a field; a look asks that, and verifies the case, the relation, the
region, the quotas and the approvals, and leaves a record that an outsider can check. Both run on this machine, in this run, with
the same clients; its own figure without HTTP stands in the notes, because a library is not a server.

Callers of the library are tasks of one event loop (`Guard.look_async`) or threads (`Guard.look`), and each process, the peer's too,
has all cores or one (`bench.cores`): the best counts, and all stand in the notes.
"""

import asyncio
import gc
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import guard_peer
from bench.cores import on_one_core
from bench.figures import Figure, Measured, keep, machine, percentile, show
from bench.guard_http import Served, served, served_peer
from bench.peers import SETTINGS
from bench.town import PERSONS, furnished, look_once, look_once_async, town
from tests import postgres

from whosaw.config import StoreSettings
from whosaw.model.access import Asked, Field, Look
from whosaw.policy.decide import decide
from whosaw.policy.facts import Facts
from whosaw.wiring import House

CALLERS = (1, 16, 256)
SECONDS = 2.5  # of each measurement
TIMES = 5  # in turns, of which the best counts, ours and theirs: what else the machine does comes and goes in minutes
PEER = "FastAPI, pycasbin, one committed INSERT, AES-GCM; over HTTP"


def by_threads(work: Callable[[int], None], numbers: Iterator[int], callers: int) -> float:
    """How often `work` is done a second, by so many threads at once. `numbers`: no two looks are the same."""
    counts, until = [0] * callers, time.perf_counter() + SECONDS

    def caller(which: int) -> None:
        while time.perf_counter() < until:
            work(next(numbers))
            counts[which] += 1

    threads = [threading.Thread(target=caller, args=(which,)) for which in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def by_tasks(work: Callable[[int], Awaitable[object]], numbers: Iterator[int], callers: int) -> float:
    """The same by so many tasks of one event loop."""

    async def all_of_them() -> float:
        counts, until = [0] * callers, time.perf_counter() + SECONDS

        async def caller(which: int) -> None:
            while time.perf_counter() < until:
                await work(next(numbers))
                counts[which] += 1

        began = time.perf_counter()
        await asyncio.gather(*(caller(which) for which in range(callers)))
        return sum(counts) / (time.perf_counter() - began)

    return asyncio.run(all_of_them())


def peer_inside(folder: Path, numbers: Iterator[int], callers: int) -> float:
    """The peer's handler without HTTP, FastAPI and pydantic: tasks that call it."""

    async def all_of_them() -> float:
        async with guard_peer.peer(str(folder)) as made:
            counts, until = [0] * callers, time.perf_counter() + SECONDS

            async def caller(which: int) -> None:
                while time.perf_counter() < until:
                    await made.look(asks(next(numbers)))
                    counts[which] += 1

            began = time.perf_counter()
            await asyncio.gather(*(caller(which) for which in range(callers)))
            return sum(counts) / (time.perf_counter() - began)

    return asyncio.run(all_of_them())


def asks(n: int) -> guard_peer.Ask:
    person = f"person-{n % PERSONS}"
    return guard_peer.Ask(
        key=f"key-{n}", principal="agent", person=person, field="ip", detail="network", purpose="subject_request",
        case=f"c-{person}",
    )  # fmt: skip


def measure(folder: Path) -> Measured:
    """All figures of one run."""
    found = Measured()
    with postgres.server(SETTINGS) as pg:
        with pg.connect() as db:
            db.execute(guard_peer.TABLE)
        library_, served_ = (furnished(_made(folder / name)) for name in ("library", "served"))
        with town(library_) as here:
            numbers = itertools.count(PERSONS)
            with served_peer(pg.folder) as theirs, served(served_) as ours:
                for callers in CALLERS:
                    found.take(_looks(callers, numbers, here, pg.folder, ours=ours, theirs=theirs))
            found.take(decided(here))
        found.take(processes(folder, pg))
    return found


def _looks(
    callers: int, numbers: Iterator[int], here: House, database: Path, *, ours: Served, theirs: Served
) -> Measured:
    """`look_` and `http_` of so many callers: each alternative with the process on all cores and on one, of which the better counts."""
    own = os.getpid()
    alternatives: dict[str, tuple[int, Callable[[], float]]] = {
        "tasks": (own, lambda: by_tasks(lambda n: look_once_async(here, n), numbers, callers)),
        "threads": (own, lambda: by_threads(lambda n: look_once(here, n), numbers, callers)),
        "its handler without HTTP": (own, lambda: peer_inside(database, numbers, callers)),
        "the peer": (theirs.process, lambda: theirs.rate(callers, numbers, SECONDS)),
        "http": (ours.process, lambda: ours.rate(callers, numbers, SECONDS)),
    }
    free, single = dict.fromkeys(alternatives, 0.0), dict.fromkeys(alternatives, 0.0)
    for _ in range(TIMES):
        for name, (process, rate) in alternatives.items():
            gc.collect()
            free[name] = max(free[name], rate())
            with on_one_core(process):
                single[name] = max(single[name], rate())
    best = {name: max(free[name], single[name]) for name in alternatives}
    library, peer = max(best["tasks"], best["threads"]), best["the peer"]
    notes = [f"{name} {free[name]:,.0f}/s on all cores, {single[name]:,.0f}/s on one" for name in alternatives]
    notes.append(f"the library is {library / best['its handler without HTTP']:.2f} times the peer's handler")
    return Measured(
        [
            Figure.of(f"look_{callers}", "looks/s", library, peer, PEER),
            Figure.of(f"http_{callers}", "looks/s", best["http"], peer, PEER),
        ],
        [f"look_{callers}, http_{callers}: " + "; ".join(notes)],
    )


def decided(here: House) -> Measured:
    """Microseconds of processor time of one decision, at the median, from facts that were read."""
    person = "person-1"
    look = Look("look-d", "agent", person, (Asked(Field.IP, "network"),), "subject_request", f"c-{person}", "key-d")
    at = datetime.now(UTC)
    who, whom = here.pseudonyms.principal("agent"), here.pseudonyms.person(person)
    quota = {"principal": 9, "unit": 9, "purpose": 9, "person": 9}

    def facts() -> Facts:
        known = here.directory.known(who, whom, look.case, at)
        return Facts(known=known, offered=frozenset(look.asked), last_look=at, quota=quota)

    read = facts()
    if not decide(here.policy, look, read, at).permitted:
        raise RuntimeError("a look was refused")
    rules = guard_peer.enforcer()
    spent = {
        name: percentile(_micros(work), 50)
        for name, work in (
            ("decide", lambda: decide(here.policy, look, read, at)),
            ("facts", facts),
            ("enforce", lambda: rules.enforce("agent", "subject_request", "ip:network")),
        )
    }
    figure = Figure.of("decide_us", "µs, at the median", spent["decide"], spent["enforce"], "pycasbin, enforce")
    return Measured([figure], [f"decide_us: the facts for it are read in another {spent['facts']:.0f} µs"])


def _micros(work: Callable[[], object], times: int = 2_000) -> list[float]:
    taken = []
    for _ in range(times):
        began = time.thread_time_ns()
        work()
        taken.append((time.thread_time_ns() - began) / 1000)
    return taken


def processes(folder: Path, pg: postgres.Server) -> Measured:
    """Looks a second through one gate, and through two, each a process of its own, on one database."""
    data = furnished(_made(folder / "shared"), StoreSettings(database=pg.database()))
    rates = [sum(_gates(data, count)) for count in (1, 2)]
    return Measured(
        [Figure.of("processes_2", "looks/s", rates[1], rates[0], "one process, the same log in PostgreSQL")]
    )


def _gates(data: Path, count: int) -> list[float]:
    """Each process opens the house, says so, waits for the others, and looks on sixteen threads for some seconds."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.guard_gate", data, f"{count}-{n}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(count)
    ]  # fmt: skip
    for each in started:
        if each.stdout is None or each.stdout.readline() != "open\n":
            raise RuntimeError("a gate did not open")
    for each in started:
        if each.stdin is not None:
            each.stdin.write("go\n")
            each.stdin.flush()
    return [float(json.loads(each.communicate(timeout=120)[0])) for each in started]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> int:
    """Measure, print, and keep the figures."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        on, measured = machine(Path(name)), measure(Path(name))
    print(show(on, measured))
    keep("guard", on, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
