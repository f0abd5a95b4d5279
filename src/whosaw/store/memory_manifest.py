# SPDX-License-Identifier: Apache-2.0
"""``journal.ports.Manifest`` in memory: the shipped fake. It fails on demand like the others of its world (``memory``).

Its calls are named ``seal``, ``rewrite``, and ``intend``, ``begin``, ``forget`` and ``done`` with ``erasing`` after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from whosaw.errors import Contradiction
from whosaw.journal.ports import Erasing, Sealed
from whosaw.store.memory import MemoryHead


class MemoryManifest:
    """``Manifest`` in dictionaries, beside the head whose positions it drops."""

    def __init__(self, head: MemoryHead) -> None:
        self.faults, self._head = head.faults, head
        self.segments_: dict[int, Sealed] = {}
        self.erasing_: dict[int, Erasing] = {}
        self._lock = threading.Lock()

    def sealed(self) -> dict[int, Sealed]:
        with self._lock:
            return dict(sorted(self.segments_.items()))

    def seal(self, rows: Sequence[Sealed]) -> None:
        if rows:
            self.faults.write("seal", lambda: self._seal(rows))

    def _seal(self, rows: Sequence[Sealed]) -> None:
        with self._lock:
            if any(row.first in self.segments_ and self.segments_[row.first].count != row.count for row in rows):
                raise Contradiction("a segment was sealed before, with other frames", where="head")
            self.segments_ = {row.first: row for row in rows} | self.segments_

    def rewrite(self, old: Sealed, new: Sealed) -> None:
        def next_() -> None:
            with self._lock:
                if self.segments_.get(old.first) != old or (old.first, old.count) != (new.first, new.count):
                    raise Contradiction("the manifest does not hold the segment that was rewritten", where="head")
                self.segments_[old.first] = new

        self.faults.write("rewrite", next_)

    def erasing(self) -> list[Erasing]:
        with self._lock:
            return [job for _, job in sorted(self.erasing_.items())]

    def intend(self, job: Erasing) -> None:
        def first() -> None:
            with self._lock:
                there = self.erasing_.get(job.first)
                if there is None or there.tombstone is None:
                    self.erasing_[job.first] = job
                elif there.indexes != job.indexes:
                    raise Contradiction("another erasure begins at this index", where="head")

        self.faults.write("intend erasing", first)

    def begin(self, job: Erasing) -> None:
        def now() -> None:
            with self._lock:
                there = self.erasing_.get(job.first)
                if there is None or there.tombstone not in (None, job.tombstone):
                    raise Contradiction("this erasure was not intended, or is another's", where="head")
                self.erasing_[job.first] = replace(there, tombstone=job.tombstone)
            self._head.drop(job.handle)

        self.faults.write("begin erasing", now)

    def forget(self, job: Erasing) -> None:
        def never() -> None:
            with self._lock:
                if job.first in self.erasing_ and self.erasing_[job.first].tombstone is None:
                    del self.erasing_[job.first]

        self.faults.write("forget erasing", never)

    def done(self, job: Erasing) -> None:
        def last() -> None:
            with self._lock:
                if job.first in self.erasing_:
                    self.erasing_[job.first] = replace(self.erasing_[job.first], handle=b"")

        self.faults.write("done erasing", last)
