# SPDX-License-Identifier: Apache-2.0
"""Work that waits for a disk, taken off the event loop: one hop there for each request, one wake-up back for all that are done.

    loop ──run──▶ queue ──▶ threads: admit, read the question ──▶ done, done, done
      ▲                                                             │
      └────────────────── one call_soon_threadsafe ◀────────────────┘

A look is waited for on the loop (``guard.turn``), so a thread is held up here by a database, and by what is asked seldom: a search, a
count, a question of the day. A few are enough. Where all of them wait for something else, an identity provider, more are started so
that nobody waits behind them. An executor of the standard library would wake the loop for each answer.

Invariant: what was taken up is done to its end, even where nobody waits for the answer any more: its record may stand already.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Self, TypeVar

from whosaw.errors import Busy

THREADS = 32  # while work gets done
MOST = 512  # where it does not
WAITING = 4096
STUCK_S = 0.1
_T = TypeVar("_T")


class _Job:
    """One piece of work, and whoever waits for it."""

    __slots__ = ("box", "error", "future", "result", "work")

    def __init__(self, work: Callable[[], Any], box: _Box) -> None:
        self.work, self.box, self.future = work, box, box.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def do(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self.error = error

    def deliver(self) -> None:
        """On the loop's thread. Whoever gave up waiting is told nothing. An error is not the future's: there is one that it does not
        take, and all others that are done would wait with it.
        """
        if not self.future.done():
            self.future.set_result(None)


class _Box:
    """What is done and not delivered yet to one loop. One that is closed takes its box with it."""

    __slots__ = ("_done", "_lock", "_woken", "loop", "watched")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._done: deque[_Job] = deque()
        self._lock, self._woken, self.watched = threading.Lock(), False, False

    def put(self, job: _Job) -> None:
        self._done.append(job)
        with self._lock:
            woken, self._woken = self._woken, True
        if not woken:
            with suppress(RuntimeError):  # the loop was closed, and with it whoever waited
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # Cleared first: what is done while we deliver wakes us again, or is delivered now. Never neither.
        with self._lock:
            self._woken = False
        while self._done:
            self._done.popleft().deliver()


class Lane:
    """Threads for an event loop, started as they are needed."""

    def __init__(self, threads: int = THREADS, most: int = MOST, waiting: int = WAITING) -> None:
        self._few, self._most, self._waiting = threads, max(threads, most), waiting
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._box: _Box | None = None
        self._threads: list[threading.Thread] = []
        self._lock, self._idle, self._taken, self._closed = threading.Lock(), 0, 0, False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def run(self, work: Callable[[], _T]) -> _T:
        """What `work` returns or raises, done on another thread. Raises Busy where too much waits; it was not begun then."""
        loop, box = asyncio.get_running_loop(), self._box
        if box is None or box.loop is not loop:
            self._box = box = _Box(loop)
        job = _Job(work, box)
        with self._lock:
            if self._closed or self._jobs.qsize() >= self._waiting:
                raise Busy("too many requests wait", part="api", hint="ask again")
            served = self._idle > self._jobs.qsize()
            self._jobs.put(job)
            if not served and len(self._threads) < self._few:
                self._start()
            # Also where a thread seems to be free: it may be about to take up something that never ends.
            if not box.watched:
                box.watched = True
                loop.call_later(STUCK_S, self._watch, box, self._taken)
        await job.future
        if job.error is not None:
            raise job.error
        made: _T = job.result
        return made

    def _watch(self, box: _Box, taken: int) -> None:
        """On the loop's thread, while something waits: where nothing was taken up since, all threads are stuck."""
        with self._lock:
            waiting = self._jobs.qsize()
            if self._taken == taken and not self._closed:
                for _ in range(min(waiting, self._most - len(self._threads))):
                    self._start()
            box.watched = waiting > 0 and not self._closed
            if box.watched:
                box.loop.call_later(STUCK_S, self._watch, box, self._taken)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"whosaw-api-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Take nothing more, and wait for what was taken."""
        with self._lock:
            self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job = self._jobs.get()
            with self._lock:
                self._idle -= 1
                self._taken += 1
            if job is None:
                return
            job.do()
            job.box.put(job)
