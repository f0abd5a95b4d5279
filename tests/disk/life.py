# SPDX-License-Identifier: Apache-2.0
"""One append from start to close on a real folder with a real keyring, and what must be true after it died anywhere.

    open ─▶ record ─▶ publish ─▶ map leaf ─▶ record ─▶ publish ─▶ close        each step tells its errors and goes on

    first     `create`, the very first thing, and one append
    grow      254 leaves and a torn tail: a start puts it on record, a tile and its upper one are completed
    tidy      a head that was swapped and never shown, a map leaf that was staged; old partial tiles are collected

Whatever happened, `settle` then asks: fsck of what was left, the same keys again, fsck, each receipt, each size one root.
"""

import functools
import hashlib
import itertools
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.disk.notebook import Notebook
from tests.journal.world import BEGAN, Clock, outcome
from tests.privacy.keys import ORIGIN, root, vrf_key
from tests.store.disk import DiskWorld

from whosaw.directory import migrate
from whosaw.errors import Unavailable, WhosawError
from whosaw.privacy.keyring import Keyring
from whosaw.store import key_tables
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import state_engine
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.receipt import open_receipt

ASKED = {"a": ("anna", "new", "anna"), "b": ("anna", "grower")}


class Remembering:
    """The tests' VRF key, which proves what it has proven before without the 20 ms of work."""

    def __init__(self) -> None:
        self._key = vrf_key()
        self.public, self.certificate = functools.cache(self._key.public), functools.cache(self._key.certificate)
        self.prove = functools.cache(self._key.prove)


_VRF = Remembering()


class KeyedWorld(DiskWorld):
    """`DiskWorld` whose stream keys are rows of ``state.db``, and which can tell a notebook what it promised and signed."""

    def _attach(self) -> None:
        super()._attach()
        made = not (self.data / "private" / "state.db").exists()
        self.engine = state_engine(self.data / "private" / "state.db")
        if made:
            migrate.upgrade(self.engine)
            key_tables.make(self.engine)
        self.keys = Keyring(SqlKeyRows(self.engine), root(), _VRF, ORIGIN, self.random, enrolled=lambda _: False)
        self.engine.dispose()  # nothing is open until somebody asks: a fork comes before that

    def count_from(self, number: int) -> None:
        """What looks random is the same in every run from here on, and is nothing that another process has had."""
        self._numbers = itertools.count(number)

    def close(self) -> None:
        super().close()
        self.engine.dispose()

    def tell(self, notebook: Notebook) -> None:
        """From now on. Whatever is signed or handed out stands in the notebook first."""
        for number, signer in enumerate(self.all_signers):
            signer.texts = Told(signer.texts, notebook, f"signed {number}")
        self.notebook = notebook

    def promised(self, key, recorded) -> None:
        if getattr(self, "notebook", None) is not None:
            self.notebook.say(f"receipt {key}", recorded.receipt)
        super().promised(key, recorded)

    def hear(self, said: Iterable[tuple[str, bytes]]) -> None:
        """Take over what a process that died had said."""
        key = VerifierKey.parse(self.signers.receipts.vkey())
        for kind, data in said:
            word, _, of = kind.partition(" ")
            if word == "signed":
                self.all_signers[int(of)].texts.append(data)
            elif word == "receipt":
                receipt = open_receipt(data, key)
                assert self.receipts.setdefault(of, receipt).root == receipt.root

    def elsewhere(self, data: Path) -> "KeyedWorld":
        made = super().elsewhere(data)
        made.clock = Clock(self.clock.at)
        for ours, theirs in zip(made.all_signers, self.all_signers, strict=True):
            ours.texts = list(theirs.texts)
        return made


class Told(list):
    """A list that a notebook keeps, too."""

    def __init__(self, texts: Iterable[bytes], notebook: Notebook, kind: str) -> None:
        super().__init__(texts)
        self._notebook, self._kind = notebook, kind

    def append(self, text) -> None:
        self._notebook.say(self._kind, text)
        super().append(text)


def attempt(notebook: Notebook, call):
    """What `call` returns. An error of ours is told, and nothing else is an error that may come."""
    try:
        return call()
    except WhosawError as error:
        notebook.say("error", type(error).__name__.encode())
        return None


def live(world: KeyedWorld, notebook: Notebook, *, first: bool = False) -> None:
    """The append. A step that failed does not keep the next one from being tried: it must refuse, or be right."""
    world.tell(notebook)
    core = attempt(notebook, world.open)
    if core is None:
        return
    attempt(notebook, lambda: world.record(core, "a", *ASKED["a"]))
    attempt(notebook, core.integrator.step)
    attempt(notebook, core.map.answer)
    if not first:
        world.clock.at += timedelta(hours=2)
        attempt(notebook, lambda: world.record(core, "b", *ASKED["b"]))
        attempt(notebook, core.integrator.step)
    attempt(notebook, core.close)


def live_from_the_first(world: KeyedWorld, notebook: Notebook) -> None:
    """`create`, twice where the first one fails, and then the append."""
    world.tell(notebook)
    if not attempt(notebook, lambda: world.make() or "made"):
        attempt(notebook, world.make)
    live(world, notebook, first=True)


# ── what it begins with ──


def nothing(data: Path) -> KeyedWorld:
    """A folder with a keyring and no log."""

    class Unmade(KeyedWorld):
        def make(self) -> None:
            pass

    world = Unmade(data)
    world.__class__ = KeyedWorld
    return world


def grown(data: Path, sizes: list[int]) -> KeyedWorld:
    """A log with a head of each of these sizes, its files older than an hour by the clock of its world."""
    world = KeyedWorld(data)
    world.segment_bytes = 40_000
    core = world.open()
    world.record(core, "known", "anna")
    for size in sizes:
        count = size - core.state.tail.end - (core.state.tail.end == 3)
        world.record(core, f"grow-{size}", *["grower"] * count)
        core.integrator.step()
        core.map.answer()
    old = (BEGAN - timedelta(days=1)).timestamp()
    for path in (data / "public").rglob("*"):
        os.utime(path, (old, old))
    return world


def growing(data: Path) -> KeyedWorld:
    """254 leaves, and a write that reached the disk in part."""
    world = grown(data, [100, 254])
    world.crash()
    segment = max((data / "private" / "segments").iterdir())
    with segment.open("ab") as file:
        file.write(b"torn" * 75)
    return world


def tidying(data: Path) -> KeyedWorld:
    """520 leaves of which 510 are shown, with partial tiles that may go, and a map leaf on its way."""
    world = grown(data, [254, 256, 300])
    core = world.core

    def refuse(*_):
        raise Unavailable("not this time", part="test")

    world.record(core, "more", *["grower"] * 210)
    core.integrator.step()
    world.map_head.swap = refuse
    assert isinstance(outcome(core.map.answer), Unavailable)
    world.record(core, "still more", *["grower"] * 10)
    world.public.create_or_compare = refuse
    assert not core.integrator.step()
    assert world.head.read().size > core.state.published.size
    return world


@dataclass(frozen=True)
class Scenario:
    """`make` gives the folder that every run begins with a copy of."""

    make: Callable[[Path], KeyedWorld]
    live: Callable[[KeyedWorld, Notebook], None] = live


SCENARIOS = {"first": Scenario(nothing, live_from_the_first), "grow": Scenario(growing), "tidy": Scenario(tidying)}


# ── what must be true ──


def settle(world: KeyedWorld, *, made: bool) -> None:
    """After a life that ended anywhere. `made`: there was a log before it."""
    world.count_from(20_000)
    world.clock.at += timedelta(hours=9)  # the clock of the one that died went on
    if world.head.read() is None:
        assert not made
        world.make()
    assert world.fsck().exit == 0, world.fsck().lines()
    core = world.open()
    for key, persons in ASKED.items():
        world.record(core, key, *persons)
    core.integrator.step()
    core.map.answer()
    world.settle(also_before=False)


_SIGNED = re.compile("0A0AE28094[0-9A-F]*")  # what begins with an empty line and an em dash, in a dump of blobs


def state_of(data: Path) -> bytes:
    """A digest of what a start would find: files byte for byte, databases by what SQLite reads out of them.

    Without the signatures under notes: those of ML-DSA are others each time.
    """
    found = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        name = str(path.relative_to(data))
        if path.is_dir() or path.suffix in {".db-shm", ".db-wal"}:
            continue
        found.update(b"temporary" if name.startswith("private/tmp/") else name.encode())
        raw = _database(path) if path.suffix == ".db" else path.read_bytes()
        found.update(raw.partition(b"\n\n")[0] if path.name == "checkpoint" else raw)
    return found.digest()


def _database(path: Path) -> bytes:
    with tempfile.TemporaryDirectory(dir=path.parents[2]) as copy:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, copy)
        with closing(sqlite3.connect(Path(copy) / path.name)) as db:
            return _SIGNED.sub("", "\n".join(db.iterdump())).encode()
