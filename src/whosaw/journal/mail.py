# SPDX-License-Identifier: Apache-2.0
"""Answers for tasks: an event loop is woken once for a group, however many of its tasks wait.

    sequencer ──answer, answer, answer──▶ Box of the loop        nothing wakes yet
         group done ──send──▶ one call_soon_threadsafe ──▶ all of them, on the loop's thread

A gate is one event loop with hundreds of looks under way. Waking it for each would cost more than recording each, and
would break up the next group: while the loop handles one answer, the sequencer takes what little has gathered.

Invariant: nothing is answered that the sequencer did not answer, and everything that it did is sent after its group.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

from whosaw.errors import WhosawError
from whosaw.journal.ports import StreamKey
from whosaw.journal.submission import Recorded, Waiting


class Box:
    """What waits to be sent to one event loop. Filled by the sequencer's thread only."""

    __slots__ = ("filled", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.filled: list[Posted] = []

    def send(self) -> None:
        """One wake-up for all of it."""
        filled, self.filled = self.filled, []
        if filled:
            with suppress(RuntimeError):  # the loop was closed, and with it whoever waited
                self.loop.call_soon_threadsafe(_deliver, filled)


class Posted(Waiting):
    """A submission of a task."""

    __slots__ = ("_box", "_error", "_made", "_task")

    def __init__(self, name: bytes, keys: Sequence[StreamKey], bodies: Sequence[bytes], box: Box) -> None:
        super().__init__(name, keys, bodies)
        self._box, self._task = box, box.loop.create_future()
        self._made: Recorded | None = None
        self._error: WhosawError | None = None

    @property
    def task(self) -> asyncio.Future[Recorded]:
        """What the task waits for."""
        return self._task

    @property
    def answered(self) -> bool:
        return self._made is not None or self._error is not None

    def answer(self, made: Recorded) -> None:
        self._made = made
        self._box.filled.append(self)

    def fail(self, error: WhosawError) -> None:
        self._error = error
        self._box.filled.append(self)

    def deliver(self) -> None:
        """On the loop's thread. A task that gave up waiting is told nothing; its record stands."""
        if self._task.done():
            return
        if self._error is not None:
            self._task.set_exception(self._error)
        elif self._made is not None:
            self._task.set_result(self._made)


class Mail:
    """The boxes of all event loops that ever waited, by loop; those that were closed are dropped."""

    __slots__ = ("_boxes", "_lock")

    def __init__(self) -> None:
        self._boxes: dict[int, Box] = {}
        self._lock = threading.Lock()

    def box(self) -> Box:
        """The box of the loop that runs here."""
        loop = asyncio.get_running_loop()
        box = self._boxes.get(id(loop))
        if box is None or box.loop is not loop:
            # Two loops that come at once must not each leave the other's box out: nobody would ever empty it.
            with self._lock:
                open_ = {at: box for at, box in self._boxes.items() if not box.loop.is_closed()}
                box = Box(loop)
                self._boxes = {**open_, id(loop): box}
        return box

    def send(self) -> None:
        """A group was answered."""
        for box in self._boxes.values():
            box.send()


def _deliver(filled: Sequence[Posted]) -> None:
    for posted in filled:
        posted.deliver()
