# SPDX-License-Identifier: Apache-2.0
"""Turns: one thread works at a time, and does it for all who wait.

    share(look, work)     somebody works ─▶ sleep ──────────────────────────────────▶ woken once, with the answer
                          nobody does ─▶ work([look, and all that sleep, up to `MOST`])
                                           decide all …
                                           with turn.aside() as aside:   the next group's turn, while this one waits for the disk
                                               submit …, aside.admit       whoever wakes it gives it its next turn with that
                                         wake the first of them, who wakes the second …, and the last gives the turn on

One interpreter does one thing at a time, and gives way whenever a thread asks a database. Two hundred looks that are all halfway
through then take each other's place between any two questions, which costs more than the questions themselves. Here a thread that finds
nobody working takes all that wait through the same steps. Whoever comes meanwhile is in the next group; there is no timer. One
caller alone is a group of one, in their own thread.

Each of the others is woken once, one after the other, and before the next group begins: all of them at once would stand in line
for the interpreter, each looking every few milliseconds whether it is their turn. A thread that waits for records is woken
when they are durable *and* nobody works.

Invariant: a turn is given on however the work ends, whoever waits for a disk keeps none, and nobody sleeps who is in no
group and in no queue.                                          Measured in: docs/benchmarks.md; decided in: docs/adr/0176
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

MOST = 64  # in one group: nobody waits for more than so many others
_T = TypeVar("_T")


class Turn:
    """`at_once` turns; None: as many as there are threads, and each works for itself. Safe to share; a thread takes one at a time."""

    __slots__ = ("_free", "_lock", "_mine", "_new", "_old", "_unbounded")

    def __init__(self, at_once: int | None) -> None:
        self._unbounded, self._free = at_once is None, at_once or 0
        self._lock = threading.Lock()
        self._new: deque[_Waiter] = deque()
        self._old: deque[_Waiter] = deque()  # those that have had one before
        self._mine = _Mine()

    def share(self, mine: _T, work: Callable[[Sequence[_T]], None]) -> None:
        """Have `mine` worked on, by this thread or by another: when this returns, some `work` has returned that was given it.

        `work` says what became of each to each of them. Where it raises, that goes to the thread that did it.
        """
        if self._unbounded:
            work([mine])
            return
        seat = self._take(self._new, mine)
        if not seat.granted:
            self._go_on(seat.after)
            return
        self._mine.held = True
        group: deque[_Waiter] = deque()
        try:
            with self._lock:
                while self._new and len(group) < MOST - 1:
                    group.append(self._new.popleft())
            work([mine, *[each.what for each in group]])
        finally:
            if self._mine.held:
                self._mine.held = False
                self._go_on(group)
            else:  # interrupted where it had none
                for each in group:
                    each.wake()

    def aside(self) -> Aside:
        """Let somebody else go on meanwhile. Whoever has no turn keeps none."""
        return Aside(self)

    def _take(self, queue: deque[_Waiter], what: Any = None) -> _Waiter:
        """A turn; or, of those who share, somebody else's, who has worked for us when this returns."""
        with self._lock:
            if self._free:
                self._free -= 1
                return _HAS
            mine = threading.Lock()
            mine.acquire()
            waiter = _Waiter(mine.release, what)
            queue.append(waiter)
        try:
            mine.acquire()
        except BaseException:
            self._abandon(waiter)
            raise
        return waiter

    def _go_on(self, after: deque[_Waiter] | None) -> None:
        """Wake the next one of our group, who does the same; after the last, the turn is somebody else's."""
        if after is None:
            return
        with self._lock:
            following = None
            while after and (following is None or following.gone):
                following = after.popleft()
            if following is not None and not following.gone:
                following.after = after
            else:
                following = None
        if following is None:
            self._give()
        else:
            following.wake()

    def _give(self) -> None:
        """To the next one, if somebody waits."""
        with self._lock:
            if waiter := (self._old or self._new):
                next_one = waiter.popleft()
                next_one.granted = True
            else:
                self._free += 1
                return
        next_one.wake()

    def _abandon(self, waiter: _Waiter) -> None:
        """Nobody waits there any more."""
        with self._lock:
            for queue in (self._old, self._new):
                if waiter in queue:
                    queue.remove(waiter)
                    return
            waiter.gone = True
        if waiter.granted:
            self._give()
        else:
            self._go_on(waiter.after)


class Aside:
    """One thread that waits elsewhere."""

    __slots__ = ("_over", "_turn", "_waiter", "_was")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._was, self._over = False, False  # it had a turn; it has stopped waiting
        self._waiter: _Waiter | None = None

    def __enter__(self) -> Self:
        self._was = self._turn._mine.held  # noqa: SLF001 - one class in two parts
        if self._was:
            self._turn._mine.held = False  # noqa: SLF001
            self._turn._give()  # noqa: SLF001
        return self

    def admit(self, wake: Callable[[], None]) -> None:
        """What it waits for has come: call `wake` as soon as there is a turn for it, which is its own from then on. By any thread, once."""
        turn = self._turn
        with turn._lock:  # noqa: SLF001
            if self._was and not self._over:
                self._waiter = waiter = _Waiter(wake)
                if not turn._free:  # noqa: SLF001
                    turn._old.append(waiter)  # noqa: SLF001
                    return
                turn._free -= 1  # noqa: SLF001
                waiter.granted = True
        wake()

    def __exit__(self, *_: object) -> None:
        turn = self._turn
        with turn._lock:  # noqa: SLF001
            self._over, waiter = True, self._waiter
            if (
                waiter is not None and not waiter.granted
            ):  # it was woken by something else, and takes its place in the queue itself
                turn._old.remove(waiter)  # noqa: SLF001
                waiter = None
        if self._was:
            if waiter is None:
                turn._take(turn._old)  # noqa: SLF001
            turn._mine.held = True  # noqa: SLF001


class _Waiter:
    """Somebody who waits for a turn, or for what is to become of `what`. `granted`: it has a turn; `after`: it was worked for,
    and is to wake these; `gone`: it waits no longer.
    """

    __slots__ = ("after", "gone", "granted", "wake", "what")

    def __init__(self, wake: Callable[[], None], what: Any = None) -> None:
        self.wake, self.what = wake, what
        self.granted, self.gone = False, False
        self.after: deque[_Waiter] | None = None


_HAS = _Waiter(lambda: None)  # who need not wait
_HAS.granted = True


class _Mine(threading.local):
    """Whether this thread has a turn."""

    held = False
