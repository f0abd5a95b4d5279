# SPDX-License-Identifier: Apache-2.0
"""Every system call of an append fails once, or is the last one: what the disk then has is a log that keeps its promises.

    worker ──copy──▶ folder ──fork──▶ child waits for its tracer ──▶ lives (``life.py``) ──▶ ✝ or the end
       │                       strace -p child -e inject=CALL:error=EIO:when=K
       └──◀── what it had said stands in shared memory ──▶ fsck, start, the same keys, fsck, every receipt

The first run of each scenario is counted and not harmed; then each call of each kind meets EIO, ENOSPC and SIGKILL in turn.
Only the child is traced, and from when it is ready, so what is counted is done to the data folder and nothing else.

    python -m tests.disk.sweep [--every N] [--seed N] [--workers N] [--minutes N] [SCENARIO…]

Exit 77: this machine lets nobody trace. Exit 1: something is wrong.
"""

import argparse
import logging
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.disk.life import SCENARIOS, settle, state_of
from tests.disk.notebook import Notebook
from tests.disk.trace import Untraceable, traced

KINDS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename*", "link*", "mkdir*", "unlink*", "rmdir",
         "ftruncate", "close", "read", "pread64")  # fmt: skip
# The tracer counts each name apart, so only names of which a system has one stand together.
CALLS = {"rename*": "rename,renameat,renameat2", "link*": "link,linkat", "mkdir*": "mkdir,mkdirat",
         "unlink*": "unlink,unlinkat"}  # fmt: skip
HARMS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "KILL": "signal=KILL"}
READS = {"read", "pread64"}  # out of space they cannot be, and to die before one is to die before the next write
WORKERS = 2
_LINE = re.compile(r"^\d+ +([a-z0-9]+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Point:
    """One harm to one call. `nth` counts the calls of its kind."""

    scenario: str
    kind: str
    harm: str
    nth: int

    def __str__(self) -> str:
        return f"{self.scenario}: {self.kind} number {self.nth} meets {self.harm}"


class Stage:
    """The beginnings of all scenarios in one folder, and a place for copies of them."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder, self.worlds, self.settled = folder, {}, set()
        for name in names:
            world = SCENARIOS[name].make(folder / name)
            world.crash()
            world.close()
            self.worlds[name] = world

    def copy(self, name: str, to: str):
        data = self.folder / to
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(self.folder / name, data)
        world = self.worlds[name].elsewhere(data)
        world.close()  # no open file may cross the fork
        world._attach()
        world.count_from(10_000)
        return world

    def rehearse(self) -> None:
        """Once without a tracer in this very process: what Python loads late is loaded, and the scenarios hold at all."""
        for name in self.worlds:
            notebook, world = Notebook(), self.copy(name, "rehearsal")
            SCENARIOS[name].live(world, notebook)
            errors = [data for kind, data in notebook.read() if kind == "error"]
            assert not errors, (name, errors)
            world.crash()
            settle(world, made=name != "first")
            world.close()
            notebook.close()

    def run(self, name: str, to: str, log: Path, *options: str):
        """One life in a child under strace. The world as it was left, and what was said."""
        notebook, world = Notebook(), self.copy(name, to)
        calls = ",".join(CALLS.get(kind, kind) for kind in KINDS)
        traced(lambda told: SCENARIOS[name].live(world, told), notebook, ["-e", f"trace={calls}", *options], log)
        return world, notebook

    def count(self, name: str) -> Counter:
        """How often each kind of call is made when nothing fails."""
        log = self.folder / "counted.log"
        world, notebook = self.run(name, "counted", log)
        assert [kind for kind, _ in notebook.read()][-1] == "end"
        world.close()
        found = Counter(_LINE.findall(log.read_text()))
        return Counter({kind: sum(found[call] for call in CALLS.get(kind, kind).split(",")) for kind in KINDS})

    def harm(self, point: Point, to: str) -> str:
        """Play one point; returns what is wrong, or nothing."""
        call = CALLS.get(point.kind, point.kind)
        inject = "-e", f"inject={call}:{HARMS[point.harm]}:when={point.nth}"
        world, notebook = self.run(point.scenario, to, self.folder / f"{to}.log", *inject)
        said = dict(notebook.read())
        try:
            if "crash" in said:
                return f"an error that is none of ours:\n{said['crash'].decode()}"
            if ("end" in said) == (point.harm == "KILL"):
                return "the harm was never met" if point.harm == "KILL" else "the process died"
            world.hear(notebook.read())
            # Many points leave the very same: a process that dies before it closes a file and one that dies after it.
            left = state_of(world.data), *sorted(line for line in notebook.read() if line[0] not in {"error", "end"})
            if (point.scenario, left) not in self.settled:
                settle(world, made=point.scenario != "first")
                self.settled.add((point.scenario, left))
        except Exception:
            return traceback.format_exc()[-3000:]
        finally:
            world.close()
            notebook.close()
        return ""


def room() -> str | None:
    """Where the folders stand. What fails is made to fail, so a disk that is really waited for adds nothing but time."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def points(counts: dict[str, Counter], every: int, seed: int) -> list[Point]:
    """Each harm to each call, or each `every`-th of them, from the `seed`-th on."""
    found = [
        Point(scenario, kind, harm, nth)
        for scenario, of in counts.items()
        for kind in KINDS
        for harm in HARMS
        if not (harm != "EIO" and kind in READS)
        for nth in range(1, of[kind] + 1)
    ]
    found = found[seed % every :: every]
    Random(seed).shuffle(found)  # a sweep that is cut short has seen a little of everything
    return found


def work(stage: Stage, mine: list[Point], to: str, results, until: float) -> None:
    for point in mine:
        if time.monotonic() > until:
            break
        wrong = stage.harm(point, to)
        results.write(f"{point}\0{wrong}\1".encode())
        results.flush()
    print(f"{to}: {len(stage.settled)} different states after {len(mine)} points", flush=True)


def sweep(
    folder: Path, names: list[str], *, every: int = 1, seed: int = 0, workers: int = WORKERS, minutes: float = 1e9
):
    """Everything, or what `minutes` are enough for. Returns the calls counted, the points played and what was wrong at each of those that failed."""
    logging.disable(logging.CRITICAL)  # a line of the log is a `write`, too
    stage = Stage(folder, names)
    stage.rehearse()
    counts = {name: stage.count(name) for name in names}
    todo = points(counts, every, seed)
    pids, until = [], time.monotonic() + 60 * minutes
    for number in range(workers):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with (folder / f"results-{number}").open("wb") as results:
                    work(stage, todo[number::workers], f"worker-{number}", results, until)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * workers
    lines = [
        line.split("\0")
        for number in range(workers)
        for line in (folder / f"results-{number}").read_text().split("\1")[:-1]
    ]
    played = {point for point, _ in lines}
    if len(lines) < len(todo):
        print(f"CUT SHORT: {len(todo) - len(lines)} of {len(todo)} points were not played")
    return counts, [point for point in todo if str(point) in played], {point: wrong for point, wrong in lines if wrong}


def table(counts: dict[str, Counter], todo: list[Point], wrong: dict[str, str]) -> str:
    """One line for each kind of call: how many there are, and how many of the points that were played are fine."""
    heads = ["call", *counts, *HARMS]
    rows = [heads, ["---"] * len(heads)]
    for kind in KINDS:
        row = [f"`{kind}`", *(str(of[kind]) for of in counts.values())]
        for harm in HARMS:
            played = [point for point in todo if (point.kind, point.harm) == (kind, harm)]
            fine = sum(str(point) not in wrong for point in played)
            row.append(f"{fine}/{len(played)}" if played else "–")
        rows.append(row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--workers", type=int, default=WORKERS)
    options.add_argument("scenarios", nargs="*", default=list(SCENARIOS))
    given = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="whosaw-sweep-", dir=room()) as folder:
        try:
            counts, todo, wrong = sweep(
                Path(folder), given.scenarios, every=given.every, seed=given.seed, workers=given.workers,
                minutes=given.minutes,
            )  # fmt: skip
        except Untraceable as error:
            print(error)
            return 77
    print(table(counts, todo, wrong))
    print(f"\n{len(todo)} faults, {len(wrong)} of them wrong, {time.monotonic() - began:.0f} s")
    for point, why in sorted(wrong.items()):
        print(f"\n{point}\n{why}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
