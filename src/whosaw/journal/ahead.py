# SPDX-License-Identifier: Apache-2.0
"""Step 2 of a commit: where frames are durable before a head covers them.

    sequencer ──write──▶ durable ──read back──▶ integrator ──swap──▶ covered ──publish──▶ released
                            └──────── start, after a crash: the tail ────────▲

Two places can be it. On one machine it is the newest segment file, and nothing is left to do once a head covers it. For
many gates it is the rows of one table (``store.pg_pending``), from which the segment is written once a head covers it.

Invariant: what `write` returned for is found by every later `start`, whole and in order, whoever makes it.
                                                                          Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol

from whosaw.journal import tail
from whosaw.journal.ports import Folder, Manifest, Sealed, SegmentFile, Stores
from whosaw.journal.segment import SEGMENT_BYTES, AnyFrame, Frame, Mark, Order, encode_all, parse_entries
from whosaw.journal.segments import Segments
from whosaw.journal.state import Written

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Durable:
    """Frames that a start found, whole submissions, and where they are. `at`: of their receipts; None where nobody knows."""

    frames: Sequence[Frame] = field(repr=False)
    written: Written
    at: int | None


class WriteAhead(Protocol):
    """Frames that are durable and under no head yet. One process writes; others may look beside it."""

    @property
    def appends(self) -> bool:
        """Whether segments are appended to, so that a crash may leave bytes after their last frame."""
        ...

    def find(self, size: int) -> tail.Found:
        """The frames beyond a head of `size`, and the bytes of a torn write. Changes nothing. Raises Damaged, Unavailable."""
        ...

    def unsettled(self, first: int, size: int) -> Iterator[Frame]:
        """The frames from `first` up to `size`, under a head already, that no segment may have yet; as many as are here."""
        ...

    def start(self, size: int) -> list[Durable]:
        """Everything beyond a head of `size`, durable from here on; all below it is in segments. Raises Damaged, Unavailable."""
        ...

    def write(self, frames: Sequence[Frame], at: int) -> Written:
        """Make one group durable, all or nothing. Raises Unavailable, Contradiction: nothing of it is; OutcomeUnknown: stop."""
        ...

    def entries(self, first: int, writes: Sequence[Written]) -> Iterator[bytes]:
        """The leaves that these writes made durable, from `first` on, read from where it is and not from memory. Raises Damaged."""
        ...

    def covered(self, first: int, frames: Sequence[Frame]) -> None:
        """A head covers these frames: make sure that a segment holds them. Any part may have been done before."""
        ...

    def released(self, size: int) -> None:
        """A head of `size` is published: what is kept here of leaves below it may go."""
        ...

    def wipe(self, handle: bytes, size: int) -> None:
        """Keep nothing of leaves below the published `size` here, nor of what waits for the ended stream `handle`.

        The same again is fine. Raises Unavailable: a part may be gone.
        """
        ...

    def roll(self) -> None:
        """Write nothing more to a segment that has been begun: the next frames are for another one. Not beside `write`."""
        ...

    def closed_below(self, size: int) -> int:
        """No segment that begins below this index gets more frames. At most `size`, that of a head."""
        ...

    def close(self) -> None:
        """Let go. Nothing is written."""
        ...


class SegmentLog:
    """The newest segment is the write-ahead log: ADR 0010."""

    __slots__ = ("_active", "_folder", "_manifest", "_rolled", "_segment_bytes")
    appends = True

    def __init__(self, folder: Folder, manifest: Manifest, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder, self._manifest, self._segment_bytes = folder, manifest, segment_bytes
        self._active: _Active | None = None
        self._rolled: deque[Sealed] = deque()  # left behind, and under no head yet

    def find(self, size: int) -> tail.Found:
        return tail.find(self._folder, self._manifest, size)

    def unsettled(self, first: int, size: int) -> Iterator[Frame]:  # noqa: ARG002 - all of them are in segments
        return iter(())

    def start(self, size: int) -> list[Durable]:
        found = self.find(size)
        if found.torn:
            _log.warning("tail: %d torn bytes kept aside", len(found.torn))
        # Their receipts' own times died with the process that gave them.
        return [Durable(found.frames, written, None) for written in tail.settle(self._folder, size, found)]

    def write(self, frames: Sequence[Frame], at: int) -> Written:  # noqa: ARG002 - a segment keeps no time
        active = self._active_segment(frames[0].index)
        data = encode_all(frames, active.mark)
        active.file.append(data)
        written = Written(active.mark, active.length, len(data), len(frames))
        active.length, active.count = active.length + len(data), active.count + len(frames)
        return written

    def entries(self, first: int, writes: Sequence[Written]) -> Iterator[bytes]:
        order = Order(first)
        for write in writes:
            raw = self._folder.read_part(write.mark.name, write.offset, write.length)
            yield from parse_entries(raw, write.mark, order)

    def covered(self, first: int, frames: Sequence[Frame]) -> None:
        """They were in a segment from the start."""

    def released(self, size: int) -> None:
        """Segments stay. Those that were left behind are under a head now."""
        rolled = list(takewhile(lambda row: row.end <= size, tuple(self._rolled)))
        self._manifest.seal(rolled)
        for _ in rolled:
            self._rolled.popleft()

    def wipe(self, handle: bytes, size: int) -> None:
        """Nothing is here that is not in segments."""

    def roll(self) -> None:
        if self._active is not None:
            self._active.file.close()
            self._rolled.append(Sealed(self._active.mark.first, self._active.count, self._active.length, 0))
            self._active = None

    def closed_below(self, size: int) -> int:
        active = self._active
        return size if active is None else min(size, active.mark.first)

    def close(self) -> None:
        if self._active is not None:
            self._active.file.close()
            self._active = None

    def _active_segment(self, first: int) -> _Active:
        """The segment to write to. A start always begins a new one: no segment is reopened for appending."""
        if self._active is not None and self._active.length >= self._segment_bytes:
            self.roll()
        if self._active is None:
            mark = Mark(first)
            self._active = _Active(mark, self._folder.append_to(mark.name))
        return self._active


@dataclass(slots=True)
class _Active:
    """The segment that is being written."""

    mark: Mark
    file: SegmentFile
    length: int = 0
    count: int = 0


def ahead_of(stores: Stores, segment_bytes: int = SEGMENT_BYTES) -> WriteAhead:
    """The one that `stores` name, or else the newest segment."""
    return stores.ahead or SegmentLog(stores.private, stores.manifest, segment_bytes)


def frames_of(stores: Stores, first: int, size: int) -> Iterator[AnyFrame]:
    """The frames from `first` up to a head's `size`: from segments, and from here those that no segment has yet."""
    ours = list(ahead_of(stores).unsettled(first, size))
    yield from Segments(stores.private, stores.manifest).frames(first, ours[0].index if ours else size)
    yield from ours
