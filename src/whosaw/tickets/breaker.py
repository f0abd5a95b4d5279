# SPDX-License-Identifier: Apache-2.0
"""One system, asked with care: never for longer than the deadline, never by too many at once, and not while it is down.

    closed ──3 failures──▶ open ──pause──▶ one may try ──answer──▶ closed
                             ▲                  └──failure──▶ open, twice as long, up to a minute

A look that is not asked while the system is down is refused at once. Without that, looks would pile up behind a system
that hangs, and the gate would be as slow as the slowest of them.

Each question has a thread of its own: a name server that hangs can be waited for with no deadline at all. Such a thread
keeps its place until it is done, so that there are never more of them than places.

Invariant: whatever happens inside, the one who asked has an answer or Unavailable by the deadline.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from whosaw.errors import Unavailable, WhosawError
from whosaw.tickets.ports import CaseSystem, Timer, silent
from whosaw.tickets.seen import SeenCase

PLACES = 8
FAILURES = 3
PAUSE_S, LONGEST_S = 2.0, 60.0


class Breaker:
    """Counts what went wrong, one after the other. Safe to share."""

    def __init__(self, timer: Timer) -> None:
        self._timer, self._lock = timer, threading.Lock()
        self._failures, self._until, self._trying = 0, 0.0, False

    def enter(self) -> None:
        """Raises Unavailable while the system is left alone."""
        with self._lock:
            if self._failures < FAILURES:
                return
            if self._trying or self._timer() < self._until:
                raise silent("it failed several times, and is left alone for a moment")
            self._trying = True

    def leave(self, *, failed: bool) -> None:
        with self._lock:
            self._trying = False
            if not failed:
                self._failures = 0
                return
            self._failures += 1
            doubled = min(max(0, self._failures - FAILURES), 10)
            self._until = self._timer() + min(PAUSE_S * 2**doubled, LONGEST_S)


@dataclass(slots=True)
class _Question:
    """One question and what became of it."""

    done: threading.Event = field(default_factory=threading.Event)
    answer: SeenCase | None = field(default=None, repr=False)
    error: Unavailable | None = None


class Careful:
    """`ports.CaseSystem` around another."""

    def __init__(self, system: CaseSystem, timer: Timer, *, places: int = PLACES) -> None:
        self._system, self._timer, self._breaker = system, timer, Breaker(timer)
        self._places = threading.BoundedSemaphore(places)

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        self._breaker.enter()
        failed = True
        try:
            found = self._within(id, deadline)
            failed = False
            return found
        finally:
            self._breaker.leave(failed=failed)

    def _within(self, id_: str, deadline: float) -> SeenCase | None:
        if not self._places.acquire(timeout=max(0.0, deadline - self._timer())):
            raise silent("too many looks wait for it")
        question = _Question()
        threading.Thread(target=self._ask, args=(question, id_, deadline), name="tickets", daemon=True).start()
        if not question.done.wait(max(0.0, deadline - self._timer())):
            raise silent("no answer in time")
        if question.error is not None:
            raise question.error
        return question.answer

    def _ask(self, question: _Question, id_: str, deadline: float) -> None:
        try:
            question.answer = self._system.case(id_, deadline)
        except Unavailable as error:
            question.error = error
        except WhosawError as error:
            question.error = silent(str(error))
        except Exception as error:  # noqa: BLE001  a fault of ours is silence, too, and its text may quote a ticket
            question.error = silent(f"its answer broke our reader ({type(error).__name__})")
        finally:
            self._places.release()
            question.done.set()
