# SPDX-License-Identifier: Apache-2.0
"""Cosignatures for a running log: one loop for each witness, outside the commit path.

    published ──aim──▶ one head at a time ──▶ every loop asks for it ──▶ enough? ──▶ checkpoint.witnessed ──▶ the next
                                                 │
                     AHEAD, CONTRADICTS ─────────┴──▶ what does it show? ──fork──▶ evidence, and the log stops

All loops ask for the same head: if each took the newest, a quorum of slow ones would never meet. Heads in between are
skipped. A head that finds no quorum is given up for a newer one after half a minute, so that those who answer go on
seeing us; the one that was down finds the newer one when it is back.

A witness that is down delays what is shown as witnessed, and nothing else. Its last word, the time of its last
cosignature and its lag are visible all the while (``state``).

Invariant: whatever a witness says, recording goes on, unless a key of ours signed what we do not know.
                                                                          Specification: docs/spec/witness.md
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import WhosawError
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.client import Client, Head, Reply, Says
from whosaw.witness.fork import Ours
from whosaw.witness.gathered import Gathered
from whosaw.witness.ports import Keep, Log
from whosaw.witness.state import QUIET, Standing, WitnessState
from whosaw.witness.suspect import look_into

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds. `head`: at least between two heads; `give_up`: how long one is waited for while there are newer ones;
    `again`: an unchanged head is resubmitted, so that a stale one shows; `alarmed`: after an answer that needs a person;
    `unknown`: after a 404; `state`: at least between two writes of the state of quiet witnesses.
    """

    head: float = 1.0
    give_up: float = 30.0
    again: float = 600.0
    alarmed: float = 600.0
    unknown: float = 3600.0
    first_retry: float = 1.0
    last_retry: float = 60.0
    state: float = 10.0


@dataclass(slots=True)
class _Watched:
    """One witness, as its loop knows it. `next_try`, `since`: on the monotonic clock."""

    name: str
    client: Client
    known: int
    head: Head | None = None
    since: float = 0.0
    next_try: float = 0.0
    failures: int = 0
    says: Says | None = None
    sentence: str = "not asked yet"
    size: int | None = None
    cosigned: datetime | None = None
    asked: datetime | None = None

    def state(self) -> WitnessState:
        return WitnessState(self.name, self.client.url, self.says, self.sentence, self.size, self.cosigned, self.asked)


@dataclass(slots=True)
class _Target:
    """The head that is asked for now. `since`: on the monotonic clock."""

    ours: Ours
    gathered: Gathered
    since: float


class Collector:
    """Asks all witnesses of one log, from `start` until `close`. Safe between threads."""

    def __init__(
        self,
        log: Log,
        witnesses: Mapping[str, Client],
        policy: TrustPolicy,
        keep: Keep,
        clock: Callable[[], datetime],
        *,
        known: Mapping[str, int] | None = None,
        witnessed: int = 0,
        pace: Pace | None = None,
    ) -> None:
        """`known`: the size that each witness has, as far as a start found out; `witnessed`: what is shown already."""
        self._log, self._policy, self._keep, self._clock = log, policy, keep, clock
        self._pace = pace or Pace()
        self._watched = [_Watched(name, client, (known or {}).get(name, 0)) for name, client in witnesses.items()]
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._target = _aimed(log.ours())
        self._shown = Gathered(self._target.ours.head)
        self._witnessed, self._shown_note = witnessed, b""
        self._closing = self._hurry = False
        self._state_at = 0.0
        self._threads = [
            threading.Thread(target=self._run, args=(each,), name=f"whosaw-witness-{n}", daemon=True)
            for n, each in enumerate(self._watched)
        ]

    def start(self) -> None:
        """Begin to ask."""
        self._log.listen(self._wake)
        for thread in self._threads:
            thread.start()

    def standing(self) -> Standing:
        """How it stands with each witness now."""
        published = self._log.ours().head.size
        with self._changed:
            return Standing(self._clock(), published, self._witnessed, tuple(w.state() for w in self._watched))

    def close(self, patience_s: float = 3.0) -> None:
        """Give the newest head a moment with those who answer, then end every loop."""
        self._drain(patience_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for each in self._watched:
            each.client.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._write_state(now=True)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # ── one loop ──

    def _run(self, mine: _Watched) -> None:
        while (ours := self._due(mine)) is not None:
            try:
                self._ask(mine, ours)
            except WhosawError as error:
                self._failed(mine, Says.ODD, f"we could not ask: {error}")
            except Exception as error:  # noqa: BLE001 - a loop that died would leave its witness silently unasked
                _log.exception("witness %s: a fault", mine.name)
                self._failed(mine, Says.ODD, f"we could not ask: a fault in whosaw ({type(error).__name__})")
            self._write_state()

    def _due(self, mine: _Watched) -> Ours | None:
        """What to ask for now; waits until there is something. None: it is over."""
        with self._changed:
            while not self._closing:
                self._aim()
                wait = self._wait(mine)
                if wait <= 0:
                    return self._target.ours
                self._changed.wait(wait)
            return None

    def _aim(self) -> None:
        """Turn to the newest head, if it is time."""
        ours, target = self._log.ours(), self._target
        if ours.head.size > target.ours.head.size and (self._hurry or time.monotonic() >= self._until()):
            self._target = _aimed(ours)
            self._changed.notify_all()

    def _until(self) -> float:
        """When this head has had its time."""
        enough = self._target.gathered.enough(self._policy)
        return self._target.since + (self._pace.head if enough else self._pace.give_up)

    def _wait(self, mine: _Watched) -> float:
        now, due = time.monotonic(), mine.next_try
        if mine.head is not None and mine.head.size == self._target.ours.head.size:
            due = max(due, mine.since + self._pace.again)
        if due <= now:
            return 0.0
        newer = self._log.ours().head.size > self._target.ours.head.size
        return max(0.001, min(due, self._until()) - now if newer else due - now)

    def _ask(self, mine: _Watched, ours: Ours) -> None:
        reply = mine.client.ask(ours.head, mine.known, ours.prove, int(self._clock().timestamp()))
        with self._changed:
            mine.asked = self._clock()
            if self._closing and reply.says is Says.UNREACHABLE:
                return  # we hung up ourselves
        if reply.says is Says.COSIGNED:
            self._cosigned(mine, ours.head, reply)
        elif reply.says in (Says.AHEAD, Says.CONTRADICTS):
            found = look_into(mine.name, mine.client, reply, self._log, self._keep)
            self._failed(mine, reply.says, found)
        else:
            self._failed(mine, reply.says, reply.sentence)

    def _cosigned(self, mine: _Watched, head: Head, reply: Reply) -> None:
        with self._changed:
            mine.head, mine.known, mine.size = head, head.size, head.size
            mine.since, mine.cosigned, mine.failures = time.monotonic(), self._clock(), 0
            self._heard(mine, reply.says, reply.sentence)
            for gathered in (self._target.gathered, self._shown):
                if gathered.head.size == head.size:
                    gathered.add(reply.lines)
            self._changed.notify_all()
        try:
            self._show()
        except WhosawError as error:
            # The cosignature is not lost: the same head is asked for again, and the witness gives another line.
            mine.head = None
            self._failed(mine, Says.COSIGNED, f"{reply.sentence}, and that could not be shown: {error}")

    def _show(self) -> None:
        """Write `checkpoint.witnessed`, where there is enough for a newer one, or more for the one that stands."""
        with self._writing:
            with self._changed:
                gathered = self._target.gathered if self._target.gathered.enough(self._policy) else self._shown
                note, size = gathered.note(), gathered.head.size
                if not gathered.enough(self._policy) or size < self._witnessed or note == self._shown_note:
                    return
            self._log.keep_witnessed(note)
            with self._changed:
                self._shown, self._shown_note, self._witnessed = gathered, note, size
                self._changed.notify_all()

    def _failed(self, mine: _Watched, says: Says, sentence: str) -> None:
        pace = self._pace
        with self._changed:
            mine.failures += 1
            wait = min(pace.first_retry * 2 ** min(mine.failures - 1, 16), pace.last_retry)
            if says is Says.UNKNOWN:
                wait = pace.unknown
            elif says in (Says.AHEAD, Says.CONTRADICTS, Says.REFUSED):
                wait = pace.alarmed
            mine.next_try = time.monotonic() + wait
            self._heard(mine, says, sentence)
            self._changed.notify_all()

    def _heard(self, mine: _Watched, says: Says, sentence: str) -> None:
        """Keep its last word; say it aloud when it is a new one that somebody should hear."""
        if says is not mine.says or (says is Says.COSIGNED and mine.failures):
            level = logging.ERROR if says not in QUIET else logging.WARNING if mine.failures else logging.INFO
            _log.log(level, "witness %s: %s", mine.name, sentence)
        mine.says, mine.sentence = says, sentence

    # ── state, end ──

    def _write_state(self, *, now: bool = False) -> None:
        at = time.monotonic()
        with self._writing:
            loud = any(each.says not in QUIET for each in self._watched)
            if not now and not loud and at < self._state_at + self._pace.state:
                return
            self._state_at = at
            try:
                self._keep.state(self.standing().encode())
            except WhosawError as error:
                _log.warning("the state of the witnesses could not be written: %s", error)

    def _drain(self, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            while (left := until - time.monotonic()) > 0 and not self._drained():
                self._changed.wait(left)

    def _drained(self) -> bool:
        """Whether there is nobody left to wait for."""
        newest = self._log.ours().head.size
        if self._witnessed >= newest or not any(thread.is_alive() for thread in self._threads):
            return True
        return all(w.failures or (w.head is not None and w.head.size >= newest) for w in self._watched)


def _aimed(ours: Ours) -> _Target:
    return _Target(ours, Gathered(ours.head), time.monotonic())
