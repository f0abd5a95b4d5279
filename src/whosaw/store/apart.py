# SPDX-License-Identifier: Apache-2.0
"""`private/` of a log with sequencers on many machines: what all of them must find in a bucket, the rest on each disk.

    segments/  staging/  map/staging/     a bucket of their own, closed to everybody else
    keys/  kept/  and all else            this machine's disk

A sequencer that is elected on another machine goes on with the segments and the staging of the one before. Keys are
brought to each machine by whoever runs it, and to no bucket.

Invariant: a name is in one of the two, by its beginning, and never in the other.   Specification: docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from whosaw.journal.ports import Folder, Held, SegmentFile

SHARED = ("segments", "staging", "map/staging")


class Apart:
    """``journal.ports.Folder`` of two: `shared` for the names above, `own` for all others and for the lock."""

    __slots__ = ("_own", "_shared")

    def __init__(self, shared: Folder, own: Folder) -> None:
        self._shared, self._own = shared, own

    @property
    def reads_durable(self) -> bool:
        return self._own.reads_durable  # of both: a disk is among them

    def fresh(self) -> Folder:
        return Apart(self._shared.fresh(), self._own.fresh())

    def _of(self, name: str) -> Folder:
        return self._shared if name.startswith(tuple(f"{each}/" for each in SHARED)) else self._own

    def read(self, name: str) -> bytes | None:
        return self._of(name).read(name)

    def read_part(self, name: str, start: int, count: int) -> bytes:
        return self._of(name).read_part(name, start, count)

    def length(self, name: str) -> int | None:
        return self._of(name).length(name)

    def modified(self, name: str) -> datetime | None:
        return self._of(name).modified(name)

    def names(self, under: str = "") -> Iterator[str]:
        if under in SHARED:
            yield from self._shared.names(under)
            return
        inside = [each for each in SHARED if not under or each.startswith(f"{under}/")]
        found = [*self._own.names(under), *(name for each in inside for name in self._shared.names(each))]
        yield from sorted(found) if inside else found

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        for folder, some in groupby(files, key=lambda file: self._of(file[0])):
            folder.create_or_compare(some)

    def replace(self, name: str, data: bytes) -> None:
        self._of(name).replace(name, data)

    def delete(self, *names: str) -> None:
        for folder, some in groupby(names, key=self._of):
            folder.delete(*some)

    def append_to(self, name: str) -> SegmentFile:
        return self._of(name).append_to(name)

    def hold(self, name: str) -> Held:
        return self._own.hold(name)
