# SPDX-License-Identifier: Apache-2.0
"""Turns: how many looks are worked on at once. The others wait for a turn, and not for the interpreter.

    with turn:                       so many threads, and no more
        decide …
        with turn.aside() as aside:    somebody else's, while this one waits for the disk
            submit …, aside.admit        whoever wakes it gives it its next turn with that
        turn.leave()                   for good: what is left of this look is next to nothing

One interpreter does one thing at a time, and gives way whenever a thread asks a database. Two hundred looks that are all halfway
through then take each other's place between any two questions, which costs more than the questions themselves. So does waking a
thread that has then to wait for something else. A turn is therefore handed from one thread to the next, first to those that have
been worked on before; and a thread that waits for its record is woken when it is durable *and* there is a turn for it.

Invariant: a turn is given back however the work ends, and whoever waits for a disk keeps none.   Measured in: docs/benchmarks.md
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Self


class Turn:
    """`at_once` turns; None: as many as there are threads. Safe to share; a thread takes one at a time."""

    __slots__ = ("_free", "_lock", "_mine", "_new", "_old", "_unbounded")

    def __init__(self, at_once: int | None) -> None:
        self._unbounded, self._free = at_once is None, at_once or 0
        self._lock = threading.Lock()
        self._new: deque[_Waiter] = deque()
        self._old: deque[_Waiter] = deque()  # those that have had one before
        self._mine = _Mine()

    def __enter__(self) -> None:
        if not self._unbounded:
            self._take(self._new)
            self._mine.held = True

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give this thread's turn back, if it has one. Inside of `with turn` it takes no other."""
        if self._mine.held:
            self._mine.held = False
            self._give()

    def aside(self) -> Aside:
        """Let somebody else go on meanwhile. Inside of `with turn` only."""
        return Aside(self)

    def _take(self, queue: deque[_Waiter]) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            waiter = _Waiter(mine.release)
            queue.append(waiter)
        try:
            mine.acquire()
        except BaseException:
            self._abandon(waiter)
            raise

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
        if waiter.granted:
            self._give()


class Aside:
    """One thread that waits elsewhere."""

    __slots__ = ("_over", "_turn", "_waiter", "_was")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._was, self._over = False, False  # it had a turn; it has stopped waiting
        self._waiter: _Waiter | None = None

    def __enter__(self) -> Self:
        self._was = self._turn._mine.held  # noqa: SLF001 - one class in two parts
        self._turn.leave()
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
    """Somebody who waits for a turn. `granted`: it has one."""

    __slots__ = ("granted", "wake")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake, self.granted = wake, False


class _Mine(threading.local):
    """Whether this thread has a turn."""

    held = False
