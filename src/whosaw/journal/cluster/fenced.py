# SPDX-License-Identifier: Apache-2.0
"""A folder as the sequencer of one term has it: it asks whether the term still lasts before it replaces or deletes a file.

What never changes may be written by whoever comes late: it is the same bytes. The checkpoint is what changes. An object
store refuses a late one (``store.objects``); a file system cannot, so there a moment stays between question and rename,
and the sequencer in office looks every second whether an older checkpoint is shown than its own. What a late one would
delete it has listed while it was in office: nothing that came after is among it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from whosaw.journal.cluster.pending import InOffice
from whosaw.journal.ports import Folder, Held, SegmentFile


class Fenced:
    """``ports.Folder`` for one term. The lock of the folder is the office itself."""

    __slots__ = ("_folder", "_hold", "_lasts")

    def __init__(self, folder: Folder, lasts: Callable[[], None], hold: Callable[[], Held] = InOffice) -> None:
        """`lasts`: raises Contradiction once the term is over. `hold`: the office; held already where none is given."""
        self._folder, self._lasts, self._hold = folder, lasts, hold

    @property
    def reads_durable(self) -> bool:
        return self._folder.reads_durable

    def fresh(self) -> Folder:
        return Fenced(self._folder.fresh(), self._lasts, self._hold)

    def read(self, name: str) -> bytes | None:
        return self._folder.read(name)

    def read_part(self, name: str, start: int, count: int) -> bytes:
        return self._folder.read_part(name, start, count)

    def length(self, name: str) -> int | None:
        return self._folder.length(name)

    def modified(self, name: str) -> datetime | None:
        return self._folder.modified(name)

    def names(self, under: str = "") -> Iterator[str]:
        return self._folder.names(under)

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        self._folder.create_or_compare(files)

    def replace(self, name: str, data: bytes) -> None:
        self._lasts()
        self._folder.replace(name, data)

    def delete(self, *names: str) -> None:
        self._lasts()
        self._folder.delete(*names)

    def append_to(self, name: str) -> SegmentFile:
        return self._folder.append_to(name)

    def hold(self, name: str) -> Held:  # noqa: ARG002 - one office, one lock
        return self._hold()
