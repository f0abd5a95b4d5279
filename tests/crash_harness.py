# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments, on real files and SQLite, and what must be true after each of them.

    arena ──fork──▶ child: opens the folder (which recovers it), asks again for old keys, then looks and records on
      │               │    four threads; each answer's receipt goes down a pipe ──┐
      │ ◀─────────────┼──────────────────────────────────────────────────────────┘
      └──kill -9──▶   ✝    0 to 100 ms after the first answer, or earlier: in the middle of its start

Half of the children are whole houses under ``guard.look``, half are a bare journal with small segments. Now and then,
and at the end: fsck of exactly what the kill left finds nothing that is not a crash's; after a start and one head, fsck
finds nothing at all, and every receipt that was ever handed out is kept: its leaves stand at its indexes.

    python -m tests.crash_harness FOLDER KILLS SEED
"""

import itertools
import os
import random
import select
import signal
import sys
import threading
import time
import traceback
from base64 import b64decode, b64encode
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from tests.directory.town import write
from tests.guard.gate import COMPANY, HOUR, SUMMER
from tests.vault.crowds import fill

from whosaw.beside import glance
from whosaw.config import JournalSettings
from whosaw.datafolder import ROOT, VRF
from whosaw.directory.load import load
from whosaw.guard.answer import Refused, Shown
from whosaw.journal.core import Core
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.journal import Journal
from whosaw.journal.reader import Reader
from whosaw.journal.submission import Record, Submission
from whosaw.model.access import Asked, Field, Look
from whosaw.model.record import Stream, canonical
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Root
from whosaw.privacy.vrf import VrfKey
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import state_engine
from whosaw.tlog import merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.tlog.receipt import open_receipt
from whosaw.wiring import build, house

ORIGIN = "log.example.org/whosaw"
THREADS, EACH = 4, 10
BEGAN = time.monotonic()


def clock():
    """The summer of the story, going on like the clock of this machine, and never back."""
    return SUMMER + timedelta(seconds=time.monotonic() - BEGAN)


# ── the child ──


class Child:
    """A process that will be killed. Everything it does follows from its number, so that the next one can do it again."""

    def __init__(self, folder: Path, keys: "Keys", number: int, pipe: int, again: list[str]) -> None:
        self.folder, self.keys = folder, keys
        self.number, self.pipe, self.again = number, pipe, again

    @property
    def guards(self) -> bool:
        return self.number % 2 == 0

    def run(self) -> None:
        if self.guards:
            with house(self.folder, clock=clock) as here:
                self.load(partial(self.look, here), here.journal)
        else:
            with bare(self.folder, self.keys, random.Random(self.number).choice([4_000, 60_000, 2**26])) as journal:
                self.load(partial(self.record, journal), journal)

    def load(self, do, journal: Journal) -> None:
        """Old keys first, answered and unanswered ones, then new ones, then wait for the end.

        One of the threads asks for the index now and then, so that the map log grows, too, and is killed in between.
        """

        def work(thread: int) -> None:
            try:
                new = [f"{'jg'[self.guards]}{self.number}-{thread}-{n}" for n in range(EACH)]
                for key in (*self.again[thread::THREADS], *new):
                    receipt = do(key, *map(int, key[1:].split("-")))
                    if thread == 0 and key.endswith(("0", "4", "8")):
                        journal.mapped()
                    os.write(self.pipe, f"{key} {b64encode(receipt).decode()}\n".encode())
            except BaseException:
                os.write(self.pipe, f"FAILED {traceback.format_exc()!r:.3000}\n".encode())

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        signal.pause()

    def look(self, here, key: str, number: int, thread: int, n: int) -> bytes:
        """A look at the gate: shown, refused for the person, or refused for the case."""
        principal, person, what, purpose, case = (
            ("ana", "mira", "ip:network", "subject_request", "T-100"),
            ("finn", "owen", "ip:exact", "fraud_review", "F-200"),
            ("a3", "kate", "ip:exact", "internal_inquiry", "I-7"),
            ("ana", f"new-{number % 7}", "ip:network", "subject_request", "T-100"),
        )[(thread + n) % 4]
        answer = here.guard.look(Look(f"l-{key}", principal, person, (Asked.parse(what),), purpose, case, key))
        expected = Shown if (thread + n) % 4 < 2 else Refused
        if not isinstance(answer, expected):
            raise AssertionError(f"look {key} was answered {type(answer).__name__}")
        return answer.receipt

    def record(self, journal: Journal, key: str, number: int, thread: int, n: int) -> bytes:
        """A submission: most are small, some have many leaves, some are larger than what one write call takes at once."""
        dice = random.Random(key)
        streams = [Stream.named("bulk"), *(Stream.of_person(f"person-{dice.randrange(20)}") for _ in range(3))]
        count, size = dice.choice([*[(1, 50)] * 7, *[(1, 3_000)] * 3, (40, 100), (6, 150_000)])
        records = tuple(
            Record(streams[m % len(streams)], canonical({"v": 1, "kind": "mention", "n": m, "pad": "x" * size}))
            for m in range(count)
        )
        receipt = journal.submit(Submission("crash", key, records)).receipt
        if dice.random() < 0.2:  # an index is signed between any two heads
            journal.mapped()
        return receipt


class Keys:
    """The keyring of a data folder. Its VRF key takes a tenth of a second to read: once, before all forks."""

    def __init__(self, folder: Path) -> None:
        private = folder / "private"
        self.state, self.root = private / "keys.db", Root.parse((private / ROOT).read_bytes(), ROOT)
        self.vrf = VrfKey.from_pem((private / VRF).read_bytes(), os.urandom)

    @contextmanager
    def open(self):
        engine = state_engine(self.state)
        try:
            yield Keyring(SqlKeyRows(engine), self.root, self.vrf, ORIGIN, os.urandom, enrolled=lambda _: False)
        finally:
            engine.dispose()


@contextmanager
def bare(folder: Path, keys: Keys, segment_bytes: int):
    """The journal of a data folder and nothing else of the house."""
    with (
        glance(folder) as log,
        keys.open() as keyring,
        Journal.open(
            stores=log.stores, keys=keyring, signers=log.signers, settings=JournalSettings(publish_every_ms=10), clock=clock,
            random=os.urandom, segment_bytes=segment_bytes,
        ) as journal,
    ):  # fmt: skip
        yield journal


# ── the arena ──


class Arena:
    """Kills, and remembers what was promised: for each key the leaves of its receipt, and every checkpoint seen."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.folder, self.dice = folder, random.Random(seed)
        self.kept: dict[str, tuple[int, int, bytes]] = {}
        self.roots: dict[int, bytes] = {}
        self.answered_keys: dict[str, list[str]] = {"g": [], "j": []}
        self.open_keys: dict[str, list[str]] = {"g": [], "j": []}
        self.kills = self.answers = self.early = self.crashes = 0

    def make(self) -> None:
        """A house with a directory and a few values."""
        build(self.folder, ORIGIN, clock=lambda: SUMMER - HOUR)
        settings = self.folder / "whosaw.toml"
        many = ("looks_an_hour", "looks_a_day", "attempts_an_hour", "unit_looks_a_day", "person_looks_a_day")
        quotas = "".join(f"{name} = 1000000000\n" for name in many)  # a crash, and not a quota, is what ends a child
        settings.write_text(settings.read_text() + f"\n[journal]\npublish_every_ms = 10\n[quota]\n{quotas}")
        write(self.folder.parent / "tables", COMPANY, regions=None)
        with house(self.folder, clock=lambda: SUMMER - HOUR / 2) as here:
            load(
                self.folder.parent / "tables", engine=here.engine, journal=here.journal, names=here.pseudonyms,
                remember=here.names.remember, clock=here.clock,
            )  # fmt: skip
            for person in ("mira", "owen", "kate"):
                here.vault.put(person, Field.IP, "203.0.113.77", SUMMER - 5 * HOUR, f"{person} signs in")
                fill(here.vault._crowd, "203.0.113.77", SUMMER - 5 * HOUR)
        with glance(self.folder) as log:
            self.receipts = VerifierKey.parse(log.signers.receipts.vkey())
        self.keys = Keys(self.folder)

    def kill_one(self) -> None:
        """One child, from its fork to its end."""
        number = self.kills
        guards, kind, head = number % 2 == 0, "gj"[number % 2], b""
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(ours)
                Child(self.folder, self.keys, number, theirs, self.again(kind)).run()
            except BaseException:
                os.write(theirs, f"FAILED {traceback.format_exc()!r:.3000}\n".encode())
            finally:
                os._exit(1)
        os.close(theirs)
        try:
            if self.dice.random() < 0.2:  # in the middle of its start, or a little later
                self.early += 1
                time.sleep(self.dice.uniform(0, 0.25 if guards else 0.05))
            else:
                head = self.first_answer(ours, f"{kind}{number}-" if self.dice.random() < 0.8 else "")
                time.sleep(self.dice.uniform(0, 0.1))
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        with os.fdopen(ours, "rb") as pipe:
            lines = (head + pipe.read()).split(b"\n")
        self.kills += 1
        for line in lines[:-1]:
            self.answered(line)
        asked = (f"{kind}{number}-{thread}-0" for thread in range(THREADS))
        self.open_keys[kind] = [key for key in asked if key not in self.kept]

    def first_answer(self, pipe: int, of: str) -> bytes:
        """What came down the pipe up to the first answer for a key that begins so."""
        read = b""
        while f"\n{of}".encode() not in b"\n" + read or not read:
            if not select.select([pipe], [], [], 60)[0]:
                raise AssertionError(f"child {self.kills} answered nobody in a minute")
            more = os.read(pipe, 65_536)
            if not more:
                return read
            read += more
        return read

    def again(self, kind: str) -> list[str]:
        """Keys to ask again: a few that were answered once, and those that the last child of this kind died with."""
        known = self.answered_keys[kind]
        return self.dice.sample(known, min(4, len(known))) + self.open_keys[kind]

    def answered(self, line: bytes) -> None:
        """An answer came before the kill. The second one for the same key says the same."""
        key, _, rest = line.decode().partition(" ")
        if key == "FAILED":
            raise AssertionError(f"child {self.kills - 1}: {rest}")
        receipt = open_receipt(b64decode(rest), self.receipts)
        found = receipt.first, receipt.count, receipt.root
        if key not in self.kept:
            self.answered_keys[key[0]].append(key)
        if self.kept.setdefault(key, found) != found:
            raise AssertionError(f"{key} was promised {self.kept[key][:2]} and then {found[:2]}")
        self.answers += 1

    def check(self) -> None:
        """What the kill left, what a start makes of it, and every promise."""
        left = self.fsck("after the kill", keys=self.dice.random() < 0.3)
        self.crashes += bool(left.findings)
        with glance(self.folder) as log, self.keys.open() as keys:
            core = Core.open(log.stores, keys, log.signers, clock=clock, random=os.urandom)
            core.integrator.step()
            core.map.answer()
            core.close()
            reader = log.reader()
            if core.state.tail.frames or reader.note != log.stores.head.read().note:
                raise AssertionError("a start and one head did not publish everything")
            self.promises(reader)
        report = self.fsck("after a start", keys=True)
        if report.findings:
            raise AssertionError("after a start:\n" + "\n".join(report.lines()))

    def fsck(self, when: str, *, keys: bool):
        with glance(self.folder) as log:
            if keys:
                with self.keys.open() as keyring:
                    report = fsck(log.stores, log.signers, keyring)
            else:
                report = fsck(log.stores, log.signers)
        if report.exit:
            raise AssertionError(f"{when}:\n" + "\n".join(report.lines()))
        return report

    def promises(self, reader: Reader) -> None:
        """No receipt is broken, no two submissions share a leaf, and every checkpoint seen is the beginning of this one."""
        hashes = [frame.leaf_hash for frame in reader.frames()]
        taken: set[int] = set()
        for key, (first, count, root) in self.kept.items():
            if merkle.root(hashes[first : first + count]) != root:
                raise AssertionError(f"the receipt of {key} is broken: index {first}, {count} leaves")
            if not taken.isdisjoint(range(first, first + count)):
                raise AssertionError(f"{key} has leaves of another submission")
            taken.update(range(first, first + count))
        for size, root in self.roots.items():
            if merkle.root_at(reader.node, size) != root:
                raise AssertionError(f"size {size} was published with another root")

    def see(self) -> None:
        """Remember what is published now."""
        raw = (self.folder / "public" / "checkpoint").read_bytes()
        shown = Checkpoint.parse(parse_note(raw).text)
        if self.roots and shown.size < max(self.roots):
            raise AssertionError("the log shrank")
        if self.roots.setdefault(shown.size, shown.root) != shown.root:
            raise AssertionError(f"size {shown.size} was published with two roots")


def run(folder: Path, kills: int, seed: str) -> Arena:
    """`kills` kills; a check after every twenty at first, then more and more seldom, as the log grows."""
    arena = Arena(folder, seed)
    arena.make()
    following = 20
    for kill in itertools.count(1):
        arena.kill_one()
        arena.see()
        if kill in {following, kills}:
            arena.check()
            following = kill + max(20, kill // 8)
        if kill == kills:
            return arena
    raise AssertionError("unreachable")


if __name__ == "__main__":
    done = run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    print(
        f"{done.kills} kills, {done.early} of them early; {done.answers} answers for {len(done.kept)} keys; "
        f"{len(done.roots)} checkpoints seen, size {max(done.roots)}; {done.crashes} checks found what a crash leaves"
    )
