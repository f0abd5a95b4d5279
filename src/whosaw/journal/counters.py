# SPDX-License-Identifier: Apache-2.0
"""Counters: the next place of each stream. The only place that knows it, and the sequencer is the only one who asks.

    not known yet ──head.positions──▶ place ──labels──▶ its label unknown and the one before known, or nobody may go on
                                      0: not enrolled; the enrolment is the next leaf

A second leaf with a known label is fraud to an auditor, and a gap is void to everybody. So a counter is believed only
where the public leaves agree with it, and a disagreement stops the journal before anything is written.

Invariant: `taken` is called for what is durable. A group that was never written leaves no trace here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from whosaw.errors import Contradiction
from whosaw.journal.place import OF_ONE_KEY, following, label_of
from whosaw.journal.ports import Head, Labels, StreamKey
from whosaw.journal.state import Tail

REMEMBERED = 200_000


class Counters:
    """Next positions by handle."""

    __slots__ = ("_head", "_labels", "_next", "_tail")

    def __init__(self, head: Head, labels: Labels, tail: Tail) -> None:
        self._head, self._labels, self._tail = head, labels, tail
        # All streams of the tail are here, always: the head does not know yet how far they are.
        self._next: dict[bytes, int] = {frame.handle: following(frame.i, frame.body) for frame in tail.frames}

    def load(self, keys: Iterable[StreamKey]) -> None:
        """Make sure that the counters of these streams are known: two statements, however many there are."""
        missing = {key.handle: key for key in keys if key.handle not in self._next}
        if not missing:
            return
        found = self._head.positions(list(missing))
        last, after = [], []
        for handle, key in missing.items():
            place = found.get(handle, 0)
            if (
                place % OF_ONE_KEY > 1 or place == 1
            ):  # before the first place of a later key stands a rekey, nobody knows where
                last.append(label_of(key, place - 1))
            after.append(label_of(key, place))
        found_labels, tail = self._labels.find(last + after), self._tail.labels
        known = {label for label in last + after if label in found_labels or label in tail}
        if not known.issuperset(last) or not known.isdisjoint(after):
            raise Contradiction(
                "a stream's position in the head does not fit the labels in the log",
                where="head.db, positions",
                hint="run `whosaw journal fsck`: the head database may be an old copy",
            )
        self._next |= {handle: found.get(handle, 0) for handle in missing}

    def next(self, handle: bytes) -> int:
        """The next place; 0 where the stream is not enrolled."""
        return self._next[handle]

    def taken(self, nexts: Mapping[bytes, int]) -> None:
        """These positions are durable now."""
        self._next.update(nexts)
        if len(self._next) > REMEMBERED + len(self._tail.frames):
            keep = {frame.handle for frame in self._tail.frames}
            self._next = {handle: i for handle, i in self._next.items() if handle in keep}
