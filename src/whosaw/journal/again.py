# SPDX-License-Identifier: Apache-2.0
"""A log that starts again by itself: after a failed write it stops, and the next one who needs it starts it anew.

    Journal ──a write fails──▶ stopped: takes nothing, shows nothing        ``journal.journal``, as ever
       ▲                          │ somebody asks, a second later or more
       └──the whole of a start────┘ the lock, what the disk has, what witnesses have seen, recovery

A disk that was full has room again; nobody should have to find the process and end it. What is done is what would be done
by hand: this journal is closed, with its lock, its threads and whoever asks its witnesses; then a start looks at the disk
as if it had never seen it. If the start fails, nothing is open, and the next one who asks tries again.

Invariant: only what may be over is tried again. Another history of this log, damage, two different bytes in one place: they
stay as they are until somebody has looked.                                      Design: docs/adr/0101, docs/adr/0011
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack

from whosaw.errors import Busy, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.erase import Beside, nothing_beside
from whosaw.journal.journal import PATIENCE, Journal
from whosaw.journal.map_log import Mapped
from whosaw.journal.meter import Pulse
from whosaw.journal.ports import Erasing, StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.state import Published
from whosaw.journal.submission import Admit, Opened, Recorded, Submission
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream
from whosaw.model.stage import Stage

PAUSE = 1.0  # seconds between two starts
_MAY_BE_OVER = (OutcomeUnknown, Unavailable, Busy)
_log = logging.getLogger(__name__)


class Again:
    """``open_log.OpenLog`` over one journal after another. Safe to share between threads."""

    def __init__(self, start: Callable[[], AbstractContextManager[Journal]], pause: float = PAUSE) -> None:
        """`start`: a journal with all that belongs to it, until it is left. Raises what a start raises, the first time."""
        self._start, self._pause = start, pause
        self._starting, self._stack = threading.Lock(), ExitStack()
        self._journal: Journal = self._stack.enter_context(start())
        self._open, self._closed, self._tried = True, False, time.monotonic()
        self._why: WhosawError | None = None
        self.genesis: Genesis = self._journal.genesis  # leaf 0, which no start changes

    def live(self) -> Journal:
        """The journal that records now. Raises Unavailable where there is none."""
        journal = self._journal
        if self._open and not self._is_over(journal):
            return journal
        if self._closed or time.monotonic() - self._tried < self._pause or not self._starting.acquire(blocking=False):
            return self._stopped(journal)
        try:
            self._anew()
        finally:
            self._starting.release()
        return self._journal if self._open else self._stopped(journal)

    @staticmethod
    def _is_over(journal: Journal) -> bool:
        return journal.stopped is not None and isinstance(journal.stopped, _MAY_BE_OVER)

    def _stopped(self, journal: Journal) -> Journal:
        """It answers for itself: it has stopped, and says so to whoever asks. After a failed start we say it."""
        if self._open or self._why is None:
            return journal
        raise Unavailable(
            f"the journal cannot start again: {self._why}", part="journal", hint=self._why.hint
        ) from self._why

    def _anew(self) -> None:
        if self._open:
            self._open = False
            self._close()
        self._tried = time.monotonic()
        stack = ExitStack()
        try:
            self._journal = stack.enter_context(self._start())
        except WhosawError as error:
            self._why = error
            _log.warning("not started again: %s", error)
            return
        self._stack, self._open, self._why = stack, True, None
        _log.warning("started again, from what the disk has")

    def _close(self) -> None:
        try:
            self._stack.close()
        except WhosawError as error:
            _log.warning("closing the journal that stopped: %s", error)

    def close(self) -> None:
        """Close it for good."""
        with self._starting:
            self._closed = True
            if self._open:
                self._stack.close()

    # ── what a log is asked ──

    @property
    def leaves(self) -> _Leaves:
        return _Leaves(self)

    @property
    def witnessed(self) -> Published | None:
        return self.live().witnessed

    @property
    def stopped(self) -> WhosawError | None:
        """Why it records nothing at this moment; None while it does. Asking starts nothing."""
        return self._journal.stopped if self._open else self._why or self._journal.stopped

    def pulse(self) -> Pulse:
        return self._journal.pulse()

    def submit(self, submission: Submission) -> Recorded:
        return self.live().submit(submission)

    def submit_all(self, submissions: Sequence[Submission], admit: Admit | None = None) -> list[Recorded | Exception]:
        return self.live().submit_all(submissions, admit)

    def enqueue(self, submission: Submission) -> Future[Recorded]:
        return self.live().enqueue(submission)

    async def submit_async(self, submission: Submission) -> Recorded:
        return await self.live().submit_async(submission)

    def find(self, caller: str, key: str) -> Recorded | None:
        return self.live().find(caller, key)

    def find_all(self, asked: Sequence[tuple[str, str]]) -> list[Recorded | Exception | None]:
        return self.live().find_all(asked)

    def wait_published(self, index: int, timeout: float = PATIENCE) -> bytes:
        return self.live().wait_published(index, timeout)

    def publish_now(self, timeout: float = PATIENCE) -> bytes:
        return self.live().publish_now(timeout)

    def wait_witnessed(self, index: int, timeout: float = PATIENCE) -> bytes:
        return self.live().wait_witnessed(index, timeout)

    def reader(self, *, witnessed: bool = False) -> Reader:
        return self.live().reader(witnessed=witnessed)

    def proof(self, index: int, *, witnessed: bool = False) -> bytes:
        return self.live().proof(index, witnessed=witnessed)

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float = PATIENCE) -> bytes:
        return self.live().receipt(recorded, stage, timeout)

    def rekey(self, stream: Stream) -> bool:
        return self.live().rekey(stream)

    def forget(self, stream: Stream) -> None:
        self.live().forget(stream)

    def mapped(self, *, witnessed: bool = False, timeout: float = PATIENCE) -> Mapped:
        return self.live().mapped(witnessed=witnessed, timeout=timeout)

    def under(self, note: bytes, map_note: bytes) -> Mapped:
        return self.live().under(note, map_note)


class _Leaves:
    """``open_log.DurableLeaves`` of whichever journal is live."""

    __slots__ = ("_again",)

    def __init__(self, again: Again) -> None:
        self._again = again

    def find(self, label: bytes) -> Opened | None:
        return self._again.live().leaves.find(label)


class LiveEraser:
    """``erasure.ports.Eraser`` of whichever journal is live: what one began, the start of the next has finished."""

    __slots__ = ("_again",)

    def __init__(self, again: Again) -> None:
        self._again = again

    def begin(self, key: StreamKey, basis: str, beside: Beside = nothing_beside) -> Erasing | None:
        return self._again.live().eraser.begin(key, basis, beside)

    def unfinished(self) -> list[Erasing]:
        return self._again.live().eraser.unfinished()

    def rewrite(self, job: Erasing) -> None:
        self._again.live().eraser.rewrite(job)

    def done(self, job: Erasing) -> None:
        self._again.live().eraser.done(job)
