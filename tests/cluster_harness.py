# SPDX-License-Identifier: Apache-2.0
"""Gates that are killed, stopped and cut off while they write one log, and what must be true after each of it.

    arena ──fork──▶ three gates, each of them a candidate, on one PostgreSQL and one folder
      │ kill      the sequencer at any moment; or whichever gate comes to one step of a commit, before it or after it
      │ stop      the same with SIGSTOP: it goes on once another was elected, and must answer nobody and write no head
      │ cut       the connections of gates and sequencer, wherever they are, in the middle of a COMMIT too
      └ restart   the server, as in a power cut

Now and then everybody is killed at once. What that left: fsck finds nothing that is not a crash's. After a start and one
head it finds nothing at all; every receipt that was ever handed out is kept, to the byte, whichever gate handed it out;
no two submissions share a leaf; no size was signed with two roots, and the published checkpoint never went back.

    python -m tests.cluster_harness FOLDER EVENTS SEED
"""

import os
import random
import select
import signal
import sys
import time
from base64 import b64decode
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from tests import postgres
from tests.cluster_gate import POINTS, fork

from whosaw.beside import glance
from whosaw.datafolder import ROOT, VRF
from whosaw.journal.core import Core
from whosaw.journal.fsck.fsck import fsck
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Root
from whosaw.privacy.vrf import VrfKey
from whosaw.settings.store import StoreSettings
from whosaw.shared import in_office, stores_in
from whosaw.store.files import data_folders
from whosaw.store.key_tables import SCHEMA
from whosaw.store.pg import Database
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import shared_state_engine
from whosaw.tlog import merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, parse_note
from whosaw.tlog.receipt import open_receipt
from whosaw.wiring import build

ORIGIN = "log.example.org/whosaw"
GATES, PATIENCE = 3, 60


class Arena:
    """What happens, and a memory of what was promised."""

    def __init__(self, server, folder: Path, seed: str, pause: float) -> None:
        self.server, self.folder, self.dice, self.pause = server, folder, random.Random(seed), pause
        self.origin, self.signed, self.conninfo = ORIGIN, folder.parent / "signed", server.database()
        self.gates: dict[int, int] = {}
        self.numbers: dict[int, int] = {}
        self.halves: dict[int, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.shown = 0
        self.happened: Counter[str] = Counter()
        self.checks = self.crashes = 0

    @staticmethod
    def clock():
        return datetime.now(UTC)

    def make(self) -> None:
        build(self.folder, ORIGIN, store=StoreSettings(database=self.conninfo))
        private = self.folder / "private"
        self.root = Root.parse((private / ROOT).read_bytes(), ROOT)
        self.vrf = VrfKey.from_pem((private / VRF).read_bytes(), os.urandom)
        with glance(self.folder) as log:
            self.signers = log.signers
        self.receipts = VerifierKey.parse(self.signers.receipts.vkey())

    # ── gates ──

    def spawn(self, armed=None) -> int:
        number = sum(self.happened.values()) * 10 + len(self.gates) + 1_000_000 * self.checks
        again = self.dice.sample(sorted(self.kept), min(3, len(self.kept)))
        pid, pipe = fork(self, number, again, armed)
        self.gates[pid], self.halves[pid] = pipe, b""
        return pid

    def buried(self, pid: int) -> None:
        """Read what it said before it died."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.hear()
        os.close(self.gates.pop(pid))
        del self.halves[pid]

    def bury(self) -> None:
        """Those that killed themselves."""
        for pid in list(self.gates):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
            self.hear()
            os.close(self.gates.pop(pid))
            del self.halves[pid]

    def hear(self, seconds: float = 0.0) -> int:
        """Take in answers. How many came."""
        came = 0
        for pipe in select.select(list(self.gates.values()), [], [], seconds)[0]:
            pid = next(pid for pid, ours in self.gates.items() if ours == pipe)
            with suppress(BlockingIOError):
                while more := os.read(pipe, 65_536):
                    self.halves[pid] += more
            *lines, self.halves[pid] = self.halves[pid].split(b"\n")
            for line in lines:
                self.answered(line)
            came += len(lines)
        return came

    def answered(self, line: bytes) -> None:
        key, _, rest = line.decode().partition(" ")
        if key == "FAILED":
            raise AssertionError(f"a gate failed: {rest}")
        receipt = b64decode(rest)
        open_receipt(receipt, self.receipts)
        if self.kept.setdefault(key, receipt) != receipt:
            raise AssertionError(f"{key} has two receipts")

    def progress(self, answers: int = 10) -> None:
        """Wait for so many answers, with as many gates as there should be."""
        until = time.monotonic() + PATIENCE
        while answers > 0:
            self.bury()
            while len(self.gates) < GATES:
                self.spawn()
            answers -= self.hear(0.05)
            self.look()
            if time.monotonic() > until:
                raise AssertionError(f"nobody was answered for {PATIENCE} seconds")

    def look(self) -> None:
        """The published checkpoint never goes back."""
        size = Checkpoint.parse(parse_note((self.folder / "public/checkpoint").read_bytes()).text).size
        if size < self.shown:
            raise AssertionError(f"the checkpoint went back from {self.shown} to {size}")
        self.shown = size

    def leader(self) -> tuple[int, int]:
        """The pid of whoever is elected, and the epoch; 0 where it is not one of ours any more."""
        with suppress(psycopg.Error), psycopg.connect(self.conninfo, autocommit=True) as db:
            found = db.execute(
                "select application_name, epoch from journal.leader left join pg_stat_activity on pid = backend"
            ).fetchone()
            pid = int((found[0] or "gate-0").split("-")[1]) if (found[0] or "gate-").startswith("gate-") else 0
            return (pid if pid in self.gates else 0), found[1]
        return 0, 0

    # ── what happens ──

    def event(self) -> str:
        what = self.dice.choices(
            [
                "kill the sequencer",
                "kill at a step",
                "stop the sequencer",
                "stop at a step",
                "cut",
                "restart",
                "kill a gate",
            ],
            [4, 8, 1, 3, 3, 1, 1],
        )[0]
        getattr(self, what.split()[0] + ("_at_a_step" if "step" in what else "_it"))(what)
        self.happened[what] += 1
        return what

    def kill_it(self, what: str) -> None:
        self.hear(self.dice.uniform(0, 0.1))
        pid = self.leader()[0] if "sequencer" in what else self.dice.choice(sorted(self.gates))
        if pid:
            self.buried(pid)

    def armed(self, sign: int):
        point = self.dice.choice(sorted(POINTS))
        nth = 1 if point in {"elected", "pulse"} else self.dice.choice([1, 1, 2, 3, 5])
        return point, self.dice.choice(["before", "after"]), nth, sign

    def take_over(self, armed) -> int:
        """A gate that is armed, and nobody else who could be elected: so it is its turn."""
        for pid in list(self.gates):
            self.buried(pid)
        return self.spawn(armed)

    def kill_at_a_step(self, _: str) -> None:
        pid = self.take_over(self.armed(signal.SIGKILL))
        until = time.monotonic() + 6
        while time.monotonic() < until:
            self.hear(0.05)
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.hear()
                os.close(self.gates.pop(pid))
                del self.halves[pid]
                return

    def stop_it(self, _: str) -> None:
        pid, epoch = self.leader()
        if pid:
            self.hear(self.dice.uniform(0, 0.1))
            os.kill(pid, signal.SIGSTOP)
            self.woken(pid, epoch)

    def stop_at_a_step(self, _: str) -> None:
        pid = self.take_over(self.armed(signal.SIGSTOP))
        until = time.monotonic() + 6
        while time.monotonic() < until:
            self.hear(0.05)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
                epoch = self.leader()[1]  # before there is anybody else who could be elected
                while len(self.gates) < GATES:
                    self.spawn()
                self.woken(pid, epoch)
                return

    def woken(self, pid: int, epoch: int) -> None:
        """Another is elected, and has answered; then whoever was stopped goes on."""
        until = time.monotonic() + PATIENCE
        while self.leader()[1] <= epoch:
            self.hear(0.1)
            if time.monotonic() > until:
                raise AssertionError("nobody was elected in the place of a sequencer that was stopped")
        self.progress(5)
        os.kill(pid, signal.SIGCONT)
        self.hear(self.dice.uniform(0.1, 0.6))

    def cut_it(self, _: str) -> None:
        for _ in range(self.dice.choice([1, 1, 5, 20])):
            with psycopg.connect(self.conninfo, autocommit=True) as db:
                db.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'gate-%'"
                    " and (state = 'active' or random() < 0.3)"
                )
            self.hear(self.dice.uniform(0, 0.02))

    def restart_it(self, _: str) -> None:
        self.server.restart()

    # ── what must be true ──

    def check(self) -> None:
        """Everybody is killed at once."""
        for pid in list(self.gates):
            self.buried(pid)
        self.checks += 1
        with closing(Database(self.conninfo)) as database:
            engine = shared_state_engine(database, SCHEMA)
            try:
                keys = Keyring(SqlKeyRows(engine), self.root, self.vrf, ORIGIN, os.urandom, enrolled=lambda _: False)
                self.crashes += bool(self.fsck(database, None, "after the kill").findings)
                public, private = data_folders(self.folder)
                stores = stores_in(database, public, in_office(database, private))
                core = Core.open(stores, keys, self.signers, clock=self.clock, random=os.urandom)
                core.integrator.step()
                core.map.answer()
                core.close()
                report = self.fsck(database, keys, "after a start")
                if report.findings:
                    raise AssertionError("after a start:\n" + "\n".join(report.lines()))
                left = database.rows("SELECT count(*) FROM journal.pending WHERE first IS NOT NULL")
                if left != [(0,)] or core.state.tail.frames:
                    raise AssertionError("rows with a place were left after a start and a head")
                self.promises(stores)
            finally:
                engine.dispose()

    def fsck(self, database, keys, when: str):
        report = fsck(stores_in(database, *data_folders(self.folder)), self.signers, keys)
        if report.exit:
            raise AssertionError(f"{when}:\n" + "\n".join(report.lines()))
        return report

    def promises(self, stores) -> None:
        with glance(self.folder) as log:
            reader = log.reader()
        self.look()
        hashes = [frame.leaf_hash for frame in log.reader().frames()] if reader.size else []
        taken: set[int] = set()
        for key, raw in self.kept.items():
            receipt = open_receipt(raw, self.receipts)
            if merkle.root(hashes[receipt.first : receipt.first + receipt.count]) != receipt.root:
                raise AssertionError(f"the receipt of {key} is broken: index {receipt.first}, {receipt.count} leaves")
            if not taken.isdisjoint(receipt.indexes):
                raise AssertionError(f"{key} has leaves of another submission")
            taken.update(receipt.indexes)
        roots: dict[tuple[str, int], bytes] = {}
        for line in self.signed.read_bytes().split(b"\n")[:-1]:
            head = Checkpoint.parse(b64decode(line))
            if roots.setdefault((head.origin, head.size), head.root) != head.root:
                raise AssertionError(f"size {head.size} of {head.origin} was signed with two roots")
        for (origin, size), root in roots.items():
            if origin == ORIGIN and size <= reader.size and merkle.root_at(reader.node, size) != root:
                raise AssertionError(f"size {size} was signed with a root that is not the log's")


def run(folder: Path, events: int, seed: str, seconds: float = 1e9, pause: float = 0.02) -> Arena:
    """`events` events, or as many as there is time for; a check after every fifteen of them, and at the end."""
    until = time.monotonic() + seconds
    with postgres.server("max_connections = 100\nsynchronous_commit = on\n") as server:
        arena = Arena(server, folder, seed, pause)
        try:
            return _run(arena, events, until)
        finally:
            for pid in arena.gates:  # or the server would wait for them: they have its input open, too
                os.kill(pid, signal.SIGKILL)


def _run(arena: Arena, events: int, until: float) -> Arena:
    arena.make()
    for n in range(1, events + 1):
        arena.progress()
        what = arena.event()
        print(f"{n}: {what}; {len(arena.kept)} keys, size {arena.shown}", file=sys.stderr, flush=True)
        if n % 15 == 0:
            arena.check()
        if time.monotonic() > until:
            break
    arena.progress()
    arena.check()
    return arena


if __name__ == "__main__":
    given = [*sys.argv[4:], "1e9"][0]
    done = run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(given))
    many = ", ".join(f"{count} × {what}" for what, count in sorted(done.happened.items()))
    print(
        f"{sum(done.happened.values())} events ({many}); {len(done.kept)} keys answered, size {done.shown}; "
        f"{done.checks} checks, {done.crashes} of them found what a crash leaves"
    )
