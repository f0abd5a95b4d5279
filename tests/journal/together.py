# SPDX-License-Identifier: Apache-2.0
"""A log in PostgreSQL with gates in one process: real tables, a real folder, keys from a seed. Everybody is invented."""

import os
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime

from tests.journal.world import body, genesis_of, signers

from whosaw.config import JournalSettings
from whosaw.journal.fsck.fsck import fsck
from whosaw.journal.genesis import create
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.shared import Together, stores_in
from whosaw.store.files import data_folders
from whosaw.store.memory import MemoryStreamKeys
from whosaw.store.pg import Database
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.session import Asking, Session


def clock():
    return datetime.now(UTC)


def submission(key, *persons, text=""):
    records = (Record(Stream.of_person(p), body(f"{text or key} {n}")) for n, p in enumerate(persons or ("anna",)))
    return Submission("test", key, tuple(records))


class Town:
    """One log, and as many gates as a test opens."""

    def __init__(self, conninfo, folder):
        self.conninfo, self.folder = conninfo, folder
        self.keys, self.signers = MemoryStreamKeys(b"seed"), signers()
        self.database = Database(conninfo)
        self.public, self.private = self.folders()
        self.stores = stores_in(self.database, self.public, self.private)
        create(self.stores, self.signers, genesis_of(self.signers), clock, os.urandom)

    def folders(self):
        """As a process of its own has them."""
        return data_folders(self.folder)

    @contextmanager
    def gate(self, *, stands=True, patience=15.0):
        """A gate with connections of its own."""
        with closing(Database(self.conninfo)) as database:
            session = Session(
                (Asking("", {}, None), Asking("", {}, None)), TrustPolicy((), (), (), None), clock, os.urandom
            )
            made = Together(
                database, *self.folders(), self.keys, self.signers, JournalSettings(publish_every_ms=20),
                session, clock, os.urandom, patience=patience,
            )  # fmt: skip
            with made.opened(stands=stands) as opened:
                yield opened

    @contextmanager
    def gates(self, count):
        with ExitStack() as stack:
            yield [stack.enter_context(self.gate()) for _ in range(count)]

    def check(self):
        report = fsck(self.stores, self.signers, self.keys)
        assert report.findings == [], report.lines()
        return report

    def close(self):
        self.database.close()


def until(true, seconds=60):
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
