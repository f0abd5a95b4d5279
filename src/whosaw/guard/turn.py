# SPDX-License-Identifier: Apache-2.0
"""Turns: one thread works at a time, and does it for all who wait.

    share(look, work)     somebody works ─▶ sleep ──────────────────────────────────▶ woken once, with the answer
                          nobody does ─▶ work([look, and all that wait, up to `MOST`])
                                           decide all …
                                           with turn.aside() as aside:   the next group's turn, while this one waits for the disk
                                               submit …, aside.admit       whoever wakes it gives it its next turn with that
                                           open all …, and aside once more for what the vault keeps of them
                                         wake the first of them, who wakes the second …, and the last gives the turn on
    await share_async(…)  the same for a task: a thread of ours, a *hand*, works; one wake-up of its loop for all of a group

One interpreter does one thing at a time, and gives way whenever a thread asks a database. Two hundred looks that are all halfway
through then take each other's place between any two questions, which costs more than the questions themselves. Here a thread that finds
nobody working takes all that wait through the same steps. Whoever comes meanwhile is in the next group; there is no timer. One
caller alone is a group of one, in their own thread.

Each of the other threads is woken once, one after the other, and before the next group begins: all of them at once would stand in line
for the interpreter, each looking every few milliseconds whether it is their turn. A thread that waits for records is woken
when they are durable *and* nobody works. Tasks need none of that: they have one thread, which is their loop's.

Invariant: a turn is given on however the work ends, whoever waits for a disk keeps none, and nobody waits who is in no
group and in no queue. Where a task waits there is a hand.      Measured in: docs/benchmarks.md; decided in: docs/adr/0176, 0270, 0271
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.guard.posted import Posted, Work, deliver

MOST = 128  # in one group: nobody waits for more than so many others
HANDS, ALONE = 8, 32  # threads for tasks: groups on their way to the disk; where each look is worked on for itself
WAITING = 4096  # tasks: whoever comes then is told so, and does not wait for minutes behind one tool's questions
IDLE_S = 5.0  # after which a hand goes
_T = TypeVar("_T")
_Hand = SimpleQueue[bool]  # it is told to go on: with a turn, or without


def _nothing(_: Sequence[Any]) -> None:
    """For who comes back for a turn, and is worked on by nobody else."""


class Turn:
    """`at_once` turns; None: as many as there are threads, and each works for itself. Safe to share; a thread takes one at a time."""

    __slots__ = ("_closed", "_free", "_idle", "_lock", "_mine", "_most", "_new", "_old", "_threads", "_unbounded")

    def __init__(self, at_once: int | None) -> None:
        self._unbounded, self._free = at_once is None, ALONE if at_once is None else at_once
        self._most = 1 if at_once is None else MOST
        self._lock = threading.Lock()
        self._new: deque[_Waiter | Posted] = deque()
        self._old: deque[_Waiter] = deque()  # those that have had one before
        self._mine = _Mine()
        self._idle: list[_Hand] = []
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def share(self, mine: _T, work: Callable[[Sequence[_T]], None]) -> None:
        """Have `mine` worked on, by this thread or by another: when this returns, some `work` has returned that was given it.

        `work` says what became of each to each of them. Where it raises, that goes to the thread that did it.
        """
        if self._unbounded:
            work([mine])
            return
        seat = self._take(self._new, mine, work)
        if seat.granted:
            self._lead([mine], work)
        else:
            self._go_on(seat.after)

    async def share_async(self, mine: _T, work: Callable[[Sequence[_T]], None]) -> None:
        """The same for a task: a hand works on it, with all who wait. Raises Busy or Unavailable where it was not begun,
        and OutcomeUnknown where `work` raised.

        A task that is cancelled waits no longer; what was begun is done to its end all the same.
        """
        posted = Posted(asyncio.get_running_loop(), mine, work)
        self._post(posted)
        try:
            fault = await posted.future
        finally:
            posted.gone = True
        if fault is not None:
            raise OutcomeUnknown(
                f"whoever worked on this failed ({type(fault).__name__}); nothing was shown",
                part="guard",
                hint="ask again with the same key",
            ) from fault

    def close(self) -> None:
        """Take no more from tasks. Returns when what was taken is done."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            for hand in self._idle:
                hand.put(False)
        for thread in threads:
            thread.join()

    def aside(self) -> Aside:
        """Let somebody else go on meanwhile. Whoever has no turn keeps none."""
        return Aside(self)

    def _lead(self, mine: Sequence[Any], work: Work) -> None:
        """Work, with a turn, on `mine` and on what others wait for; then they are told, and the turn is given on."""
        self._mine.held = True
        group: list[_Waiter | Posted] = []
        try:
            with self._lock:
                self._gather(group, self._most - len(mine))
            work([*mine, *[each.what for each in group]])
        finally:
            self._end(group)

    def _gather(self, group: list[_Waiter | Posted], most: int) -> None:
        """Those who have waited longest. The lock is held."""
        while self._new and len(group) < most:
            each = self._new.popleft()
            if not each.gone:
                group.append(each)

    def _end(self, group: Iterable[_Waiter | Posted], fault: BaseException | None = None) -> None:
        tasks = [each for each in group if type(each) is Posted]
        threads = deque([each for each in group if type(each) is _Waiter])
        deliver(tasks, fault)
        if self._mine.held:
            self._mine.held = False
            self._go_on(threads)
        else:  # interrupted where it had none
            for each in threads:
                each.wake()

    def _take(self, queue: deque[Any], what: Any = None, work: Work = _nothing) -> _Waiter:
        """A turn; or, of those who share, somebody else's, who has worked for us when this returns."""
        with self._lock:
            if self._free:
                self._free -= 1
                return _HAS
            mine = threading.Lock()
            mine.acquire()
            waiter = _Waiter(mine.release, what, work)
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
            wake = self._next()
            if wake is None:
                self._free += 1
                return
        wake()

    def _next(self) -> Callable[[], None] | None:
        """What wakes whoever is to have the turn; None: nobody can. The lock is held."""
        if self._old:
            return self._old.popleft().grant()
        while self._new and self._new[0].gone:
            self._new.popleft()
        if self._new and type(self._new[0]) is Posted and self._idle:
            return partial(self._idle.pop().put, True)
        # Where all hands wait for a disk, a thread that waits goes first: the tasks in front of it are in its group.
        asleep = next((each for each in self._new if type(each) is _Waiter), None)
        if asleep is None:
            return None
        self._new.remove(asleep)
        return asleep.grant()

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

    # ── hands: threads for those who have none ──

    def _post(self, posted: Posted) -> None:
        with self._lock:
            if self._closed:
                raise Unavailable("the gate is closed; nothing was recorded", part="guard")
            if len(self._new) >= WAITING:
                raise Busy("too many looks wait; nothing was recorded", part="guard", hint="ask again")
            if not self._idle:
                self._hire()
            self._new.append(posted)
            if not self._free:
                return
            self._free -= 1
        self._give()

    def _hire(self) -> None:
        """One hand more, so that there is one when the turn comes. The lock is held. Raises Busy where there is none at all."""
        if len(self._threads) >= (ALONE if self._unbounded else HANDS):
            return
        hand = _Hand()
        thread = threading.Thread(target=self._serve, args=(hand,), name="whosaw-looks", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise Busy("no thread can be started; nothing was recorded", part="guard", hint="ask again") from None
            return
        self._threads.add(thread)
        self._idle.append(hand)

    def _serve(self, hand: _Hand) -> None:
        """Work for tasks, whenever there is a turn for it, until nobody needs it any more."""
        while self._granted(hand):
            self._mine.held = True
            group: list[_Waiter | Posted] = []
            fault: BaseException | None = None
            try:
                with self._lock:
                    self._gather(group, self._most)
                if group:
                    group[0].work([each.what for each in group])
            except BaseException as error:  # noqa: BLE001 - each task hears of it, and the hand lives on
                fault = error
            finally:
                with self._lock:
                    self._idle.append(hand)  # before the turn is given on: we may be the next to have it
                self._end(group, fault)

    def _granted(self, hand: _Hand) -> bool:
        """Wait for a turn; False: nobody needs this hand any more."""
        while True:
            try:
                granted = hand.get(timeout=0.01 if self._closed else IDLE_S)
            except Empty:
                granted = False
            if granted:
                return True
            with self._lock:
                # What is not idle has a turn, and is told so at this moment.
                if hand in self._idle and not any(type(each) is Posted for each in self._new):
                    self._idle.remove(hand)
                    self._threads.discard(threading.current_thread())
                    return False


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
    """A thread that waits for a turn, or for what is to become of `what`. `granted`: it has a turn; `after`: it was worked for,
    and is to wake these; `gone`: it waits no longer.
    """

    __slots__ = ("after", "gone", "granted", "wake", "what", "work")

    def __init__(self, wake: Callable[[], None], what: Any = None, work: Work = _nothing) -> None:
        self.wake, self.what, self.work = wake, what, work
        self.granted, self.gone = False, False
        self.after: deque[_Waiter] | None = None

    def grant(self) -> Callable[[], None]:
        self.granted = True
        return self.wake


_HAS = _Waiter(lambda: None)  # who need not wait
_HAS.granted = True


class _Mine(threading.local):
    """Whether this thread has a turn."""

    held = False
