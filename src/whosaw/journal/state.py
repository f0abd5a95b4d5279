# SPDX-License-Identifier: Apache-2.0
"""What the two threads of a journal share, and the one lock in front of it.

    sequencer ──add──▶ Tail ──batch──▶ integrator ──drop──▶ gone: it is under a head, and in its tiles
                        │
                        └─▶ durable, answered for, under no head yet

Invariant: only what an fdatasync has returned for is in the tail. `stopped` is set once and never taken back: after a
failed write nobody knows what the disk has, and this process does not look. A start does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, OutcomeUnknown, ProofFailed, Unavailable, WhosawError
from whosaw.journal.edge import Edge
from whosaw.journal.meter import Meter
from whosaw.journal.place import following
from whosaw.journal.ports import HeadState, Placed
from whosaw.journal.segment import Frame, Mark

_LATELY = 4096  # leaves
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """One durable write: where in which segment it is, and how many frames it holds."""

    mark: Mark
    offset: int
    length: int
    count: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What the tail held at one moment: the next head will cover exactly this."""

    first: int
    frames: Sequence[Frame] = field(repr=False)
    hashes: Sequence[bytes] = field(repr=False)
    writes: Sequence[Written] = field(repr=False)
    placed: dict[bytes, Placed] = field(repr=False)

    def positions(self) -> dict[bytes, int]:
        """The next place of every stream that has a leaf in the batch."""
        last = {frame.handle: frame for frame in self.frames}
        return {handle: following(frame.i, frame.body) for handle, frame in last.items()}


class Tail:
    """Durable frames from `first` on, in order, with all that is asked of them before a head covers them."""

    __slots__ = ("first", "frames", "hashes", "labels", "lately", "placed", "writes")

    def __init__(self, first: int) -> None:
        self.first = first
        self.frames: list[Frame] = []
        self.hashes: list[bytes] = []
        self.writes: list[Written] = []
        self.placed: dict[bytes, Placed] = {}
        self.labels: dict[bytes, int] = {}
        self.lately: dict[
            bytes, Frame
        ] = {}  # what came under the newest head, by label: whoever waited asks for it now

    @property
    def end(self) -> int:
        """The index that the next frame gets. Ask with the lock held."""
        return self.first + len(self.frames)

    def add(self, frames: Sequence[Frame], hashes: Sequence[bytes], at: int, written: Written) -> None:
        """Take in what one write made durable at `at` (milliseconds)."""
        if frames[0].index != self.end:
            raise Damaged(f"index {frames[0].index} was given out where {self.end} follows", where="tail")
        self.frames += frames
        self.hashes += hashes
        self.writes.append(written)
        first = self.end - len(frames)
        for frame in frames:
            self.labels[frame.label] = frame.index
            if frame.left == 0:
                self.placed[frame.idem] = Placed(first, frame.index + 1 - first, at)
                first = frame.index + 1

    def slice(self, placed: Placed) -> tuple[Frame, ...]:
        """The leaves of a submission that is in the tail."""
        at = placed.first - self.first
        return tuple(self.frames[at : at + placed.count])

    def batch(self) -> Batch:
        return Batch(self.first, tuple(self.frames), tuple(self.hashes), tuple(self.writes), dict(self.placed))

    def drop(self, batch: Batch) -> None:
        """Forget what `batch` holds: it is under a head now."""
        count = len(batch.frames)
        del self.frames[:count], self.hashes[:count], self.writes[: len(batch.writes)]
        for frame in batch.frames:
            del self.labels[frame.label]
        self.lately = {frame.label: frame for frame in batch.frames[-_LATELY:]}
        for idem in batch.placed:
            del self.placed[idem]
        self.first += count


@dataclass(frozen=True, slots=True)
class Published:
    """The checkpoint that outsiders can fetch, with everything below it."""

    size: int
    note: bytes = field(repr=False)


class State:
    """Shared by the threads of one journal. Hold `lock` for the tail; `changed` says that something below moved."""

    __slots__ = ("changed", "edge", "head", "lock", "meter", "published", "root", "stopped", "tail")

    def __init__(self, head: HeadState, root: bytes, edge: Edge, tail: Tail) -> None:
        """`root` is what the head signs; `edge` must have it. A start has published the head."""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.head, self.root, self.edge, self.tail = head, root, edge, tail
        self.published = Published(head.size, head.note)
        self.stopped: WhosawError | None = None
        self.meter = Meter()

    def stop(self, error: BaseException) -> WhosawError:
        """Refuse everything from here on. Returns what to tell those who were waiting."""
        with self.changed:
            if self.stopped is None:
                known = (
                    error if isinstance(error, WhosawError) else OutcomeUnknown("the journal failed", part="journal")
                )
                self.stopped = known
                _log.error("stopped: %s", known)
            self.changed.notify_all()
            return self.stopped

    def check(self) -> None:
        """Raise Unavailable where the journal has stopped."""
        if isinstance(self.stopped, ProofFailed):
            raise Unavailable(
                f"the journal stopped and takes nothing more: {self.stopped}", part="journal", hint=self.stopped.hint
            ) from self.stopped
        if self.stopped is not None:
            raise Unavailable(
                "the journal stopped after a failed write and takes nothing more",
                part="journal",
                hint="start it again: a start finds out what the disk has",
            ) from self.stopped
