# SPDX-License-Identifier: Apache-2.0
"""Durable leaves by label, for a gate that writes no log: published or not, its own or another gate's.

    seen here lately ──▶ label table ──▶ rows assigned since we last looked ──▶ label table
                                         once more, because a row goes from the one to the other in between

Invariant: what is found is on stable storage. What is not found may be so a moment later.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from whosaw.journal.cluster.pending import Pending
from whosaw.journal.ports import Stores
from whosaw.journal.segment import Frame
from whosaw.journal.segments import Segments
from whosaw.journal.submission import Opened

REMEMBERED = 20_000  # leaves; the rows of a few heads


class Recent:
    """``journal.leaves.Leaves`` for a gate. Safe to share between threads."""

    __slots__ = ("_end", "_labels", "_lock", "_pending", "_seen", "_segments")

    def __init__(self, pending: Pending, stores: Stores) -> None:
        self._pending, self._labels, self._segments = pending, stores.labels, Segments(stores.private, stores.manifest)
        self._seen: OrderedDict[bytes, Frame] = OrderedDict()
        self._end = 0  # all that was ever assigned below it has been seen
        self._lock = threading.Lock()

    def see(self, frames: Sequence[Frame]) -> None:
        """Remember frames that are durable."""
        with self._lock:
            self._see(frames)

    def find(self, label: bytes) -> Opened | None:
        """The durable leaf with this label; None where there is none, or nothing left that opens it. Raises Unavailable."""
        return self._seen.get(label) or self._published(label) or self._assigned(label) or self._published(label)

    def _published(self, label: bytes) -> Frame | None:
        index = self._labels.find([label]).get(label)
        frame = None if index is None else self._segments.frame(index)
        return frame if isinstance(frame, Frame) else None

    def _assigned(self, label: bytes) -> Frame | None:
        with self._lock:
            # Places are given out in order, and a place that is given out is committed: nothing appears below the end.
            for assigned in self._pending.assigned(self._end):
                self._see(assigned.frames)
                self._end = assigned.frames[-1].index + 1
            return self._seen.get(label)

    def _see(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self._seen[frame.label] = frame
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
