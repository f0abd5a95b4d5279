# SPDX-License-Identifier: Apache-2.0
"""Submissions of one gate on their way to the sequencer, wherever that is, and their answers on the way back.

    put ──▶ queue ──a group──▶ ask ──▶ the table ◀── sequencer        two threads: one asks, one hears
    caller ◀── answered ◀── hear, and look every 50 ms ◀──┘

What became of a row is read from the table and believed; what became of a COMMIT that failed is found out by asking
again. So a gate needs no restart, whatever happens to the server or to the sequencer, as long as its callers have patience:

    row assigned                      the answer
    row refused                       the caller's own fault, which nobody else has found; or its stream was erased
    row waits too long                taken back ──▶ Unavailable: nothing was recorded, and nothing will be
    no row                            the head knows its place ──▶ the answer; else asked again
    nobody can tell, for too long     OutcomeUnknown: it may have been recorded, or may be yet

Invariant: each caller is answered once. Unavailable is said only where there is no row, and none will be.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from whosaw.errors import BadInput, IdempotencyConflict, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.cluster.pending import ERASED, Answer, Asked, Assigned, Ear, Pending
from whosaw.journal.mail import Mail
from whosaw.journal.queue import Queue
from whosaw.journal.sequencer import same
from whosaw.journal.submission import Recorded, Waiting

PATIENCE = 15.0
LOOK_EVERY, LOOK_IDLE = 0.05, 0.2  # a gate that closes waits for the second
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Errand:
    """A key on its way, and everybody who waits for it. `asked`: the row is in the table, or was."""

    row: Asked
    until: float
    waiters: list[Waiting] = field(default_factory=list)
    asked: bool = False
    perhaps: bool = False  # a COMMIT failed: it may be there


class Asking:
    """The errands of one gate. Close it."""

    def __init__(
        self,
        pending: Pending,
        recorded: Callable[[bytes, Assigned], Recorded],
        placed: Callable[[bytes], Recorded | None],
        refused: Callable[[], None],
        patience: float = PATIENCE,
    ) -> None:
        """`recorded`: what a caller gets for an assigned row; `placed`: the same for a key that the head knows;
        `refused`: called before a caller is told that its row was refused.
        """
        self._pending, self._recorded, self._placed, self._patience = pending, recorded, placed, patience
        self._refused = refused
        self._queue, self._errands, self._ending = Queue(), dict[bytes, _Errand](), threading.Event()
        self._lock, self._answering, self._closed = threading.Lock(), threading.Lock(), False
        self.mail = Mail()
        self._threads = (
            threading.Thread(target=self._ask_on, name="whosaw-asks", daemon=True),
            threading.Thread(target=self._hear_on, name="whosaw-hears", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def put(self, submission: Waiting) -> None:
        """Send it. Raises Busy where too many wait, Unavailable where the gate was closed."""
        self._queue.put(submission)

    def ask_all(self, group: Sequence[Waiting]) -> None:
        """Ask for all of them, on this thread. Raises Unavailable where the gate was closed: for none of them."""
        with self._lock:
            if self._closed:
                raise Unavailable("the journal is closed", part="journal")
            errands = [errand for errand in map(self._begun, group) if errand is not None]
        self._ask(errands)

    def close(self) -> None:
        """Take nothing more, and wait for the answers that are due."""
        with self._lock:
            self._closed = True  # from here on there is no new errand but for what is in the queue
        self._queue.close()
        self._threads[0].join()
        until = time.monotonic() + self._patience
        while self._errands and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
        self._ending.set()
        self._threads[1].join()
        with self._said():
            self._fail(list(self._errands.values()), _nobody_knows())

    # ── asking ──

    def _ask_on(self) -> None:
        while group := self._queue.take():
            self._ask([errand for errand in map(self._errand, group) if errand is not None])

    def _errand(self, submission: Waiting) -> _Errand | None:
        with self._lock:
            return self._begun(submission)

    def _begun(self, submission: Waiting) -> _Errand | None:
        """The errand of a submission, if it is a new one: the same key is asked for once at a time. The lock is held."""
        if not submission.begin():
            return None
        known = self._errands.get(submission.idem)
        if known is not None:
            known.waiters.append(submission)
            return None
        row = Asked(submission.idem, tuple(key.handle for key in submission.keys), tuple(submission.bodies))
        made = self._errands[submission.idem] = _Errand(row, time.monotonic() + self._patience, [submission])
        return made

    def _ask(self, errands: list[_Errand]) -> None:
        if not errands:
            return
        try:
            self._pending.ask([errand.row for errand in errands])
        except WhosawError as error:
            if isinstance(error, OutcomeUnknown):
                _perhaps(errands)
                return
            # Those of which there may be a row already are not given up: only the table can tell what became of them.
            with self._said():
                self._fail([errand for errand in errands if not (errand.asked or errand.perhaps)], error)
        except BaseException as error:
            _perhaps(errands)  # or they would wait for ever, and whoever asks for the same key with them
            if not isinstance(error, Exception):
                raise
            _log.error("gate: asking failed (%s)", type(error).__name__)
        else:
            for errand in errands:
                errand.asked, errand.perhaps = True, False

    # ── hearing ──

    def _hear_on(self) -> None:
        ear: Ear | None = None
        while not self._ending.is_set():
            try:
                ear = ear or self._pending.ear()
                ear.wait(LOOK_EVERY if self._errands else LOOK_IDLE)
                self._look()
            except Exception as error:  # noqa: BLE001 - nobody else hears: without this thread all would wait for ever
                if ear is not None:
                    _log.warning("gate: %s", error if isinstance(error, WhosawError) else type(error).__name__)
                    ear.close()
                    ear = None
                self._expire()
                self._ending.wait(LOOK_EVERY * 4)
        if ear is not None:
            ear.close()

    def _look(self) -> None:
        """What became of everything that is on its way."""
        with self._lock:
            errands = [errand for errand in self._errands.values() if errand.asked or errand.perhaps]
        if not errands:
            return
        answers = self._pending.answers([errand.row.idem for errand in errands])
        again: list[_Errand] = []
        for errand in errands:
            answer = answers.get(errand.row.idem)
            if answer is None:
                self._gone(errand, again)
            else:
                self._stands(errand, answer)
        self._ask(again)

    def _stands(self, errand: _Errand, answer: Answer) -> None:
        if answer.assigned is not None:
            self._answer(errand, self._recorded(errand.row.idem, answer.assigned))
        elif answer.refused is not None:
            self._pending.withdraw(errand.row.idem)
            self._refused()
            with self._said():
                self._fail([errand], _refusal(answer.refused))
        elif time.monotonic() > errand.until and self._pending.withdraw(errand.row.idem):
            with self._said():
                self._fail([errand], _not_in_time())

    def _gone(self, errand: _Errand, again: list[_Errand]) -> None:
        """Without a row: under a head, or withdrawn by another gate, or never there."""
        made = self._placed(errand.row.idem)
        if made is not None:
            self._answer(errand, made)
        elif time.monotonic() > errand.until and errand.asked:
            with self._said():
                self._fail([errand], _not_in_time())
        else:
            again.append(errand)

    def _expire(self) -> None:
        """The table cannot be asked: whoever has waited long enough goes away without knowing."""
        now = time.monotonic()
        with self._said():
            self._fail([e for e in list(self._errands.values()) if now > e.until], _nobody_knows())

    # ── answering ──

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Both threads answer, one at a time: a mailbox has one writer."""
        with self._answering:
            yield
            self.mail.send()

    def _taken(self, errand: _Errand) -> list[Waiting]:
        """Everybody who waits for it. From here on its key is a new errand."""
        with self._lock:
            if self._errands.get(errand.row.idem) is not errand:
                return []
            del self._errands[errand.row.idem]
            return errand.waiters

    def _answer(self, errand: _Errand, made: Recorded) -> None:
        with self._said():
            for waiter in self._taken(errand):
                try:
                    waiter.answer(same(made, waiter))
                except IdempotencyConflict as error:
                    waiter.fail(error)

    def _fail(self, errands: list[_Errand], error: WhosawError) -> None:
        for errand in errands:
            for waiter in self._taken(errand):
                waiter.fail(error)


def _perhaps(errands: list[_Errand]) -> None:
    """Also where it had been asked before, and taken back since: this time nobody knows."""
    for errand in errands:
        errand.asked, errand.perhaps = False, True


def _refusal(sentence: str) -> WhosawError:
    if sentence == ERASED:  # no fault of the caller's: the same again begins a new stream
        return Unavailable(sentence, part="journal", hint="ask again: the record then begins a new stream")
    return BadInput(sentence, where="records")


def _not_in_time() -> Unavailable:
    return Unavailable(
        "no sequencer took the submission in time; it was taken back, and nothing was recorded",
        part="sequencer",
        hint="whosaw journal status says who is elected, and since when",
    )


def _nobody_knows() -> OutcomeUnknown:
    return OutcomeUnknown(
        "the database went away before it was answered; it may be recorded, or may be yet",
        part="database",
        hint="ask again with the same key",
    )
