# SPDX-License-Identifier: Apache-2.0
"""A log that many gates write together: the part of the wiring that puts PostgreSQL in.

    database ──▶ stores to look with ──▶ Gate                        one for each process, for everything that it asks
             └─▶ stores of one term  ──▶ Journal ◀── Candidate       while this process is the elected sequencer

Folders are those of every log: `public`, and `private` for segments and staging. Every gate must see the same ones.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine

from whosaw.config import JournalSettings
from whosaw.directory.written import watch
from whosaw.errors import Busy, WhosawError
from whosaw.journal.cluster.asking import PATIENCE
from whosaw.journal.cluster.candidate import Candidate, Led, Pulse
from whosaw.journal.cluster.fenced import Fenced
from whosaw.journal.cluster.gate import Gate
from whosaw.journal.cluster.pending import Office, Tenure
from whosaw.journal.heads import Signers
from whosaw.journal.journal import Journal
from whosaw.journal.ports import Folder, Held, Stores, StreamKeys
from whosaw.store.files import FilesFolder
from whosaw.store.key_tables import SCHEMA
from whosaw.store.pg import Database, Term, hung_up
from whosaw.store.pg_desk import PgDesk
from whosaw.store.pg_election import PgElection
from whosaw.store.pg_head import LOG, MAP, PgHead
from whosaw.store.pg_labels import PgLabels
from whosaw.store.pg_manifest import PgManifest
from whosaw.store.pg_pending import PgPending
from whosaw.store.state import shared_state_engine
from whosaw.witness.session import Session

_AGAIN = 2.0
_log = logging.getLogger(__name__)


def connect(conninfo: str) -> Database:
    """The database of a log. Nothing is asked of it yet."""
    return Database(conninfo)


def engine_in(database: Database) -> Engine:
    """state.db in it."""
    return shared_state_engine(database)


def key_engine_in(database: Database) -> Engine:
    """The key table in it: a schema of its own."""
    return shared_state_engine(database, SCHEMA)


def remembering(engine: Engine) -> None:
    """Remember what is read of state.db, or of the key table, for as long as no gate writes to it."""
    watch(engine, hung_up)


def in_office(database: Database, private: Folder) -> Folder:
    """`private` for whoever mends a log by hand: its lock is the office of the sequencer. Raises Busy while one is alive."""

    def hold() -> Held:
        office = PgElection(database).stand()
        if office is None:
            raise Busy(
                "a sequencer is elected",
                part="sequencer",
                hint="close all gates first; reading and checking work beside them",
            )
        return _AtWork(office)

    return Fenced(private, lambda: None, hold)


class _AtWork:
    """The office of whoever mends by hand. It has a pulse: a gate that comes meanwhile would take it for abandoned."""

    def __init__(self, office: Office) -> None:
        self._office, self._pulse = office, Pulse(office)

    def release(self) -> None:
        self._pulse.close()
        self._office.resign()


def tenure(database: Database) -> Tenure | None:
    """Who is elected, and how much waits; None where no gate ever stood for election."""
    return PgPending(database).tenure()


def stores_in(database: Database, public: Folder, private: Folder, term: Term | None = None) -> Stores:
    """Where the log lives; with `term` to write it, without one to look at it."""
    head, map_head = PgHead(database, LOG, term), PgHead(database, MAP, term)
    desk, manifest = PgDesk(database, private, term), PgManifest(database, term)
    return Stores(public, private, head, manifest, PgLabels(database, term), map_head, desk)


def _nothing(_stores: Stores, _journal: Journal) -> AbstractContextManager[object]:
    return nullcontext()


def _finished(_journal: Journal) -> None:
    """Nothing to finish."""


@contextmanager
def _finishing(finish: Callable[[], None]) -> Iterator[None]:
    """What was begun is finished before anybody's row is taken; but for what is Busy, which nobody's look waits for."""
    ending = threading.Event()

    def go_on() -> None:
        while not ending.wait(_AGAIN):
            try:
                finish()
            except Busy:
                continue
            except WhosawError as error:
                _log.warning("not finished, and left to the next start: %s", error)
            return

    thread = threading.Thread(target=go_on, name="whosaw-finishes", daemon=True)
    try:
        finish()
    except Busy as error:
        _log.warning("not finished yet: %s", error)
        thread.start()
    try:
        yield
    finally:
        ending.set()
        if thread.is_alive():
            thread.join()


def _fenced(folder: Folder, lasts: Callable[[], None]) -> Folder:
    """A file takes its time to be synced; so the question is asked after that, and right before the rename."""
    return Fenced(folder.looking(lasts) if isinstance(folder, FilesFolder) else folder, lasts)


@dataclass(frozen=True, slots=True)
class Together:
    """What a gate and a candidate of one process are made of. `patience`: seconds that a submission waits for its place;
    `beside`: what runs beside the sequencer, as long as its term; `finish`: what the start of a term takes up, before
    anything is recorded for a gate.
    """

    database: Database
    public: Folder
    private: Folder
    keys: StreamKeys
    signers: Signers
    settings: JournalSettings
    session: Session
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    beside: Callable[[Stores, Journal], AbstractContextManager[object]] = _nothing
    finish: Callable[[Journal], None] = _finished
    patience: float = PATIENCE

    @contextmanager
    def opened(self, *, stands: bool = True) -> Iterator[tuple[Gate, Candidate | None]]:
        """The gate, and the candidate if it `stands`. At the end the gate's callers are answered first."""
        looking = stores_in(self.database, self.public, self.private)
        gate = Gate(looking, PgPending(self.database), self.keys, self.signers, patience=self.patience)
        candidate = Candidate(PgElection(self.database), self._led, self.keys) if stands else None
        try:
            yield gate, candidate
        finally:
            gate.close()
            if candidate is not None:
                candidate.close()

    @contextmanager
    def _led(self, office: Office) -> Iterator[Led]:
        """The journal of one term: recovered, its witnesses asked, and asked on as long as it lasts."""
        term = Term(office.epoch)

        def lasts() -> None:
            self.database.check(term)

        public, private = _fenced(self.public, lasts), _fenced(self.private, lasts)
        # Not the fenced folder: the desk asks for itself, and takes away what it put there too late.
        desk = PgDesk(self.database, self.private, term)
        stores = replace(stores_in(self.database, public, private, term), ahead=desk)
        journal = Journal.open(
            stores=stores, keys=self.keys, signers=self.signers, settings=self.settings, clock=self.clock,
            random=self.random, before=self.session.before, witnesses=self.session.asked,
        )  # fmt: skip
        with (
            closing(journal), self.session.collecting(journal), self.beside(stores, journal),
            _finishing(lambda: self.finish(journal)),
        ):  # fmt: skip
            yield Led(journal, desk)
