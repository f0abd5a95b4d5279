# SPDX-License-Identifier: Apache-2.0
"""One gate of the cluster that ``tests.cluster_harness`` kills: a process that records, stands for election, and dies.

It records on a few threads and asks again, with the same key, for whatever it got no answer for. Each answer's receipt
goes down a pipe. Everything that is signed as a head is written down first, in a file that all gates share.

Armed, it kills or stops itself at one call of the sequencer's, before it or after it.
"""

import itertools
import os
import random
import signal
import threading
import time
import traceback
from base64 import b64encode
from contextlib import closing

from whosaw.config import JournalSettings
from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.journal.heads import Signers
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream, canonical
from whosaw.privacy.keyring import Keyring
from whosaw.shared import Together
from whosaw.store.files import FilesFolder, data_folders
from whosaw.store.key_tables import SCHEMA
from whosaw.store.pg import Database
from whosaw.store.pg_desk import PgDesk
from whosaw.store.pg_election import PgElection, PgOffice
from whosaw.store.pg_head import PgHead
from whosaw.store.pg_labels import PgLabels
from whosaw.store.pg_manifest import PgManifest
from whosaw.store.pg_pending import PgPending
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import shared_state_engine
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.session import Asking, Session

THREADS = 3
STALE = 1.5

# Where a gate may die or stop: by the step of a commit. A call of a folder is told from others by what its name begins with.
POINTS = {
    "insert": (PgPending, "ask", ""),
    "elected": (PgElection, "stand", ""),
    "pulse": (PgOffice, "beat", ""),
    "assign": (PgDesk, "write", ""),
    "read back": (PgDesk, "entries", ""),
    "stage": (FilesFolder, "replace", "staging/"),
    "swap": (PgHead, "swap", ""),
    "segment": (PgDesk, "covered", ""),
    "apply": (FilesFolder, "create_or_compare", ""),
    "labels": (PgLabels, "extend", ""),
    "publish": (FilesFolder, "replace", "checkpoint"),
    "delete": (PgDesk, "released", ""),
    "seal": (PgManifest, "seal", ""),
    "grant": (PgDesk, "grant", ""),
}


class Noted:
    """A signer that writes down what it signs, before it does."""

    def __init__(self, signer, path) -> None:
        self._signer, self._path = signer, path

    def __getattr__(self, name):
        return getattr(self._signer, name)

    def sign(self, text, time_s):
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(fd, b64encode(text) + b"\n")
        finally:
            os.close(fd)
        return self._signer.sign(text, time_s)


def arm(point: str, when: str, nth: int, sign: int) -> None:
    """At the `nth` call of `point`, before it or after it, this process gets the signal `sign`."""
    owner, name, begins = POINTS[point]
    true, count = getattr(owner, name), itertools.count(1)

    def call(self, *args, **more):
        here = (not begins or str(args[0]).startswith(begins)) and next(count) == nth
        if here and when == "before":
            os.kill(os.getpid(), sign)
        made = true(self, *args, **more)
        if here and when == "after":
            os.kill(os.getpid(), sign)
        return made

    setattr(owner, name, call)


class Gate:
    """A process. `again`: keys to begin with, which an earlier one may have had answers for."""

    def __init__(self, arena, number: int, pipe: int, again: list[str]) -> None:
        self.arena, self.number, self.pipe, self.again = arena, number, pipe, again
        self.parent = os.getppid()

    def run(self) -> None:
        PgElection.__init__.__defaults__ = (STALE,)
        arena = self.arena
        noted = Signers(*(tuple(Noted(s, arena.signed) for s in some) for some in (arena.signers.logs, arena.signers.maps)),
                        arena.signers.receipts)  # fmt: skip
        database = Database(arena.conninfo, name=f"gate-{os.getpid()}")
        engine = shared_state_engine(database, SCHEMA)
        session = Session(
            (Asking("", {}, None), Asking("", {}, None)), TrustPolicy((), (), (), None), arena.clock, os.urandom
        )
        with closing(database):
            keyring = self._patiently(
                lambda: Keyring(
                    SqlKeyRows(engine), arena.root, arena.vrf, arena.origin, os.urandom, enrolled=lambda _: False
                )
            )
            together = Together(
                database, *data_folders(arena.folder), keyring, noted, JournalSettings(publish_every_ms=20), session,
                arena.clock, os.urandom,
            )  # fmt: skip
            entered = []

            def enter():
                entered[:] = [together.opened()]
                return entered[0].__enter__()

            gate, _ = self._patiently(enter)
            threads = [threading.Thread(target=self._work, args=(gate, n)) for n in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _patiently(self, do):
        """The server may be down when a gate starts; whoever starts processes would start it again."""
        until = time.monotonic() + 30
        while True:
            try:
                return do()
            except Unavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def _work(self, gate, thread: int) -> None:
        dice = random.Random(f"{self.number} {thread}")
        try:
            for key in itertools.chain(
                self.again[thread::THREADS], (f"{self.number}-{thread}-{n}" for n in itertools.count())
            ):
                receipt = self._recorded(gate, key)
                os.write(self.pipe, f"{key} {b64encode(receipt).decode()}\n".encode())
                if thread == 0 and dice.random() < 0.05:
                    try:
                        gate.mapped(timeout=5)
                    except Unavailable:
                        pass
                time.sleep(dice.uniform(0, self.arena.pause))
        except BaseException:
            os.write(self.pipe, f"FAILED {traceback.format_exc()!r:.3500}\n".encode())

    def _recorded(self, gate, key: str) -> bytes:
        """Recorded, whatever it takes: whoever got no answer asks again with the same key."""
        dice = random.Random(key)
        streams = [Stream.named("bulk"), *(Stream.of_person(f"person-{dice.randrange(12)}") for _ in range(3))]
        count, size = dice.choice([*[(1, 50)] * 7, *[(1, 3_000)] * 3, (30, 100), (4, 60_000)])
        records = tuple(
            Record(streams[m % len(streams)], canonical({"v": 1, "kind": "mention", "n": m, "pad": "x" * size}))
            for m in range(count)
        )
        while os.getppid() == self.parent:
            try:
                return gate.submit(Submission("crash", key, records)).receipt
            except (Unavailable, OutcomeUnknown, Busy):
                time.sleep(0.05)
                found = self._found(gate, key)
                if found is not None:
                    return found
        os._exit(1)  # nobody listens any more

    def _found(self, gate, key: str) -> bytes | None:
        try:
            found = gate.find("crash", key)
        except Unavailable:
            return None
        return None if found is None else found.receipt


def fork(arena, number: int, again: list[str], armed: tuple[str, str, int, int] | None) -> tuple[int, int]:
    """A gate in a process of its own: its pid, and the pipe that its answers come down."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            signal.alarm(600)  # whatever becomes of the arena
            if armed:
                arm(*armed)
            Gate(arena, number, theirs, again).run()
        except BaseException:
            os.write(theirs, f"FAILED {traceback.format_exc()!r:.3500}\n".encode())
        finally:
            os._exit(1)
    os.close(theirs)
    os.set_blocking(ours, False)
    return pid, ours
