# SPDX-License-Identifier: Apache-2.0
"""A log that many gates write together: the part of the wiring that puts PostgreSQL in.

    database ──▶ stores to look with ──▶ Gate                        one for each process, for everything that it asks
             └─▶ stores of one term  ──▶ Journal ◀── Candidate       while this process is the elected sequencer

Folders are those of every log: `public`, and `private` for segments and staging. Every gate must see the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from whosaw.config import JournalSettings
from whosaw.journal.asking import PATIENCE
from whosaw.journal.cluster import Candidate, Led
from whosaw.journal.fenced import Fenced
from whosaw.journal.gate import Gate
from whosaw.journal.heads import Signers
from whosaw.journal.journal import Journal
from whosaw.journal.pending import Office
from whosaw.journal.ports import Folder, Stores, StreamKeys
from whosaw.store.pg import Database, Term
from whosaw.store.pg_desk import PgDesk
from whosaw.store.pg_election import PgElection
from whosaw.store.pg_head import LOG, MAP, PgHead
from whosaw.store.pg_labels import PgLabels
from whosaw.store.pg_manifest import PgManifest
from whosaw.store.pg_pending import PgPending
from whosaw.witness.session import Session


def stores_in(database: Database, public: Folder, private: Folder, term: Term | None = None) -> Stores:
    """Where the log lives; with `term` to write it, without one to look at it."""
    head, map_head = PgHead(database, LOG, term), PgHead(database, MAP, term)
    desk, manifest = PgDesk(database, private, term), PgManifest(database, term)
    return Stores(public, private, head, manifest, PgLabels(database, term), map_head, desk)


@dataclass(frozen=True, slots=True)
class Together:
    """What a gate and a candidate of one process are made of. `patience`: seconds that a submission waits for its place."""

    database: Database
    public: Folder
    private: Folder
    keys: StreamKeys
    signers: Signers
    settings: JournalSettings
    session: Session
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
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

        public, private = Fenced(self.public, lasts), Fenced(self.private, lasts)
        desk = PgDesk(self.database, private, term)
        stores = replace(stores_in(self.database, public, private, term), ahead=desk)
        journal = Journal.open(
            stores=stores, keys=self.keys, signers=self.signers, settings=self.settings, clock=self.clock,
            random=self.random, before=self.session.before, witnesses=self.session.asked,
        )  # fmt: skip
        with closing(journal), self.session.collecting(journal):
            yield Led(journal, desk)
