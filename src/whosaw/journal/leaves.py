# SPDX-License-Identifier: Apache-2.0
"""Durable leaves by label, published or not: for whoever must know at once that a record is there (the vault).

A reader knows what is published; between the write and the next head only the tail knows a leaf. It is asked first: a
leaf goes from it only after the label table has it, and those of the newest head stay at hand until an erasure.

Invariant: what is found is on stable storage. What is not found may be so a moment later.
"""

from __future__ import annotations

from whosaw.journal.ports import Stores
from whosaw.journal.segment import Frame
from whosaw.journal.segments import Segments
from whosaw.journal.state import State
from whosaw.journal.submission import Opened


class Leaves:
    """Leaves of a running journal. Safe to share between threads."""

    __slots__ = ("_labels", "_segments", "_state")

    def __init__(self, state: State, stores: Stores) -> None:
        self._state, self._labels = state, stores.labels
        self._segments = Segments(stores.private, stores.manifest)

    def find(self, label: bytes) -> Opened | None:
        """The durable leaf with this label; None where there is none, or nothing left that opens it. Raises Unavailable."""
        self._state.check()
        with self._state.lock:
            tail = self._state.tail
            index = tail.labels.get(label)
            if index is not None:
                return tail.frames[index - tail.first]
            if (found := tail.lately.get(label)) is not None:
                return found
        index = self._labels.find([label]).get(label)
        frame = None if index is None else self._segments.frame(index)
        return frame if isinstance(frame, Frame) else None
