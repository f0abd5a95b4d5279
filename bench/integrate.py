# SPDX-License-Identifier: Apache-2.0
"""integrate and index: leaves a second from durable frames to a published head, and labels a second into the index.

    integrate   read back, hash, build, stage, sign, swap, apply, publish         batches of 1, 256 and 4,096; real files
    index       label table, bundles, trie: what one head more costs             10^6 labels before; batches of 256 and 4,096

Both are seconds of processor time of the one thread that does it, so a core's worth; what it waits for the disk is said in
the notes. Every leaf is a submission of its own, which is the dearest: each is a row of the head database.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from bench.durable import submissions
from bench.figures import Figure, Measured, percentile
from pymerkle import InmemoryTree

from whosaw.beside import all_keys, glance
from whosaw.datafolder import now
from whosaw.journal.core import Core
from whosaw.journal.index import Index
from whosaw.journal.submission import prepare
from whosaw.store.files import FilesFolder
from whosaw.store.sql_labels import SqliteLabels
from whosaw.tlog import leaf, merkle
from whosaw.tlog.tile import FULL, Bundle, encode_bundle
from whosaw.wiring import build

BATCHES = {1: 40, 256: 16, 4_096: 8}
STREAMS = 200
BEFORE = 1_000_000
MOVES = {256: 24, 4_096: 6}


@contextmanager
def by_hand(folder: Path) -> Iterator[Core]:
    """A new log on the disk, driven step by step, with no thread of its own."""
    build(folder, "log.example.org/bench")
    with glance(folder) as log, all_keys(folder) as keys:
        core = Core.open(log.stores, keys, log.signers, clock=now, random=os.urandom)
        yield core
        core.close()


def integrate(folder: Path) -> Measured:
    """Leaves a second and core, without the label table and with it."""
    found: dict[tuple[str, int], tuple[float, float]] = {}
    with by_hand(folder / "data") as core:
        _round(core, 0, done := STREAMS)  # enrols them
        whole = core.integrator._commits  # noqa: SLF001 - to leave out the label table, which is measured apart
        for batch, times in BATCHES.items():
            for what, labels in (("log alone", None), ("with the label table", whole.labels)):
                core.integrator._commits = dataclasses.replace(whole, labels=labels)  # noqa: SLF001
                taken = [_round(core, done + n * batch, batch) for n in range(times)]
                done += times * batch
                found[what, batch] = tuple(percentile(each, 25) for each in zip(*taken, strict=True))
    peer = _pymerkle(20_000)
    best = 4_096 / found["log alone", 4_096][0]
    notes = [
        f"integrate, batches of {batch:,}, {what}: {batch / cpu:,.0f} leaves/s and core, {1000 * wall:.1f} ms a round"
        for (what, batch), (cpu, wall) in found.items()
    ]
    return Measured(
        [Figure.of("integrate", "leaves/s and core", best, peer, "pymerkle's tree in memory, nothing written")], notes
    )


def _round(core: Core, first: int, batch: int) -> tuple[float, float]:
    """Processor and wall seconds of one round over `batch` leaves that are durable, each a submission of its own."""
    core.sequencer.step([prepare(submission, core.keys) for submission in submissions(first, batch, STREAMS)])
    cpu, wall = time.thread_time(), time.perf_counter()
    if not core.integrator.step():
        raise RuntimeError("a round was dropped")
    return time.thread_time() - cpu, time.perf_counter() - wall


def _pymerkle(count: int) -> float:
    tree = InmemoryTree()
    began = time.thread_time()
    for number in range(count):
        tree.append_entry(b"e" * 57 + number.to_bytes(8))
    tree.get_state()
    return count / (time.thread_time() - began)


def index(folder: Path) -> Measured:
    """Labels a second and core into an index of a million, and what a start costs."""
    public, labels = FilesFolder(folder / "public"), SqliteLabels(folder / "labels.db")
    for first in range(0, BEFORE, 65_536):
        labels.extend(first, [_label(n) for n in range(first, min(BEFORE, first + 65_536))])
    made = Index(public, labels)
    root = _RootOf()
    whole = _taken(lambda: made.load(BEFORE, root))
    saved, root = made.save(), made.root()
    again = Index(public, labels)
    start = _taken(lambda: again.begin(BEFORE, root, saved))
    notes = [
        f"index, a start at {BEFORE:,} labels: {start:.2f} s from the {len(saved) / 1e6:.0f} MB saved, {whole:.1f} s from the table"
    ]
    rates, size = {}, BEFORE
    for batch, times in MOVES.items():
        taken = []
        for _ in range(times):
            _publish(folder / "public", size, size + batch)
            taken.append(_taken(lambda size=size, batch=batch: _move(again, labels, size, batch)))
            size += batch
        rates[batch] = batch / percentile(taken, 25)
        notes.append(f"index, batches of {batch:,} after {BEFORE:,}: {rates[batch]:,.0f} labels/s and core")
    labels.close()
    return Measured([Figure.of("index", "labels/s and core", rates[4_096])], notes)


class _RootOf:
    """Stands for the root that is to come out: the first index of a benchmark is of no log that was signed."""

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = None


def _move(index_: Index, labels: SqliteLabels, size: int, batch: int) -> None:
    labels.extend(size, [_label(n) for n in range(size, size + batch)])
    index_.move(size + batch)


def _publish(public: Path, size: int, end: int) -> None:
    """The bundles that hold leaves `size` up to `end`; nobody waits for them to be durable."""
    for number in range(size // FULL, (end + FULL - 1) // FULL):
        bundle = Bundle(number, min(FULL, end - number * FULL))
        path = public / bundle.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            encode_bundle(
                leaf.entry(_label(n), merkle.EMPTY_ROOT) for n in range(bundle.first, bundle.first + bundle.width)
            )
        )


def _label(number: int) -> bytes:
    return sha256(number.to_bytes(8)).digest()


def _taken(what: Callable[[], None]) -> float:
    began = time.thread_time()
    what()
    return time.thread_time() - began
