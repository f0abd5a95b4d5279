# SPDX-License-Identifier: Apache-2.0
"""The parts of one journal, put together and driven by hand. ``journal.Journal`` is this with a queue and two threads.

    stores ──find──▶ Found ──before──▶ recover ──▶ State ◀── Sequencer.step     (steps 1 and 2)
             reads            asks      writes           ◀── Integrator.step    (steps 3 to 10)
                                                         ◀── MapLog.step        (the same for the log of its index)

Tests drive it step by step, so that a crash can be put between any two of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whosaw.journal import tail
from whosaw.journal.ahead import ahead_of
from whosaw.journal.counters import Counters
from whosaw.journal.face import Face
from whosaw.journal.heads import Signers
from whosaw.journal.integrate import Integrator
from whosaw.journal.map_log import EVERY, MapLog
from whosaw.journal.older import Pairs
from whosaw.journal.ports import Held, Stores, StreamKeys
from whosaw.journal.receipts import Receipts
from whosaw.journal.recover import find, no_journal, recover
from whosaw.journal.segment import SEGMENT_BYTES
from whosaw.journal.sequencer import Sequencer
from whosaw.journal.standing import Standing
from whosaw.journal.state import State
from whosaw.journal.submission import Prepared, Record, Submission, prepare
from whosaw.journal.warm import WarmKeys
from whosaw.journal.witnessed import Witnessed
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream
from whosaw.tlog.receipt import idem

CALLER = "journal"
_log = logging.getLogger(__name__)

Before = Callable[[Sequence[Standing]], Sequence[Submission]]
"""What is asked before a start writes anything, about the log and its map log as their heads say they are: it may raise,
and what it returns is recorded first."""


def nothing_before(_stood: Sequence[Standing]) -> Sequence[Submission]:
    """A start that asks nobody."""
    return ()


@dataclass(frozen=True, slots=True)
class Core:
    """A recovered journal, at rest until somebody steps it."""

    stores: Stores
    keys: WarmKeys
    state: State
    genesis: Genesis
    sequencer: Sequencer
    integrator: Integrator
    map: MapLog
    witnessed: Witnessed
    _held: Held

    @classmethod
    def open(
        cls,
        stores: Stores,
        keys: StreamKeys,
        signers: Signers,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        segment_bytes: int = SEGMENT_BYTES,
        map_every: timedelta = EVERY,
        behind: timedelta = timedelta(0),
        before: Before = nothing_before,
        witnesses: bool = False,
    ) -> Core:
        """Take the lock, look, ask, and only then recover. Raises BadInput where there is no journal, Busy, Damaged, Misconfigured.

        `witnesses`: only heads that they have seen get an index. `behind`: how old the heads of statements are.
        """
        stores = replace(stores, public=stores.public.fresh(), ahead=ahead_of(stores, segment_bytes))
        if stores.head.read() is None:  # before the lock: a wrong path is left as it was
            raise no_journal()
        held = stores.private.hold("lock")
        try:
            found = find(stores, signers)
            first = before((found.log, found.map))
            state = recover(stores, found, clock).state
            face = Face(
                "", stores.public, signers.keys(), lambda: state.published, state.check, state.stop, state.changed
            )
            witnessed = Witnessed(face)
            heads = (lambda: witnessed.shown) if witnesses else None
            map_log = MapLog.open(
                state,
                stores,
                signers,
                clock,
                found.map,
                heads=heads,
                every=map_every,
                pairs=Pairs(stores.private, behind) if behind else None,
            )
            counters = Counters(stores.head, stores.labels, state.tail)
            receipts = Receipts(found.genesis.origin, signers.receipts, found.genesis.promise_s)
            sequencer = Sequencer(
                state, stores, counters, receipts, clock=clock, random=random,
            )  # fmt: skip
            integrator = Integrator(state, stores, found.genesis.origin, signers.logs, clock)
            made = cls(stores, WarmKeys(keys), state, found.genesis, sequencer, integrator, map_log, witnessed, held)
            for submission in first:
                made.record(submission).future.result()
            made._record_cuts()
        except BaseException:
            held.release()
            raise
        return made

    def record(self, submission: Submission) -> Prepared:
        """Record one submission on this thread: for a start and for tests, while nobody else steps the sequencer."""
        prepared = prepare(submission, self.keys)
        self.sequencer.step([prepared])
        return prepared

    def close(self) -> None:
        """Let go of the folder. Nothing is written that counts: what is durable is found by the next start."""
        self.sequencer.close()
        self.map.close()
        self._held.release()

    def _record_cuts(self) -> None:
        """A crash that tore something is on record, once, however many starts it takes."""
        for key, body in tail.cuts(self.stores.private):
            if self.sequencer.known(idem(CALLER, key)) is None:
                _log.warning("tail: recording that bytes were cut")
                self.record(Submission(CALLER, key, (Record(Stream.named("admin"), body),))).future.result()
