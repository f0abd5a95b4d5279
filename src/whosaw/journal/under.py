# SPDX-License-Identifier: Apache-2.0
"""A folder inside a folder: the second log lives under ``map/`` of the first one's two folders, and does not know it.

Invariant: it reaches nothing outside; whatever it is asked for stands below its prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from whosaw.journal.ports import Folder, Held, SegmentFile


class Under:
    """``journal.ports.Folder`` over `folder`, below `prefix`."""

    __slots__ = ("_folder", "_prefix")

    def __init__(self, folder: Folder, prefix: str) -> None:
        self._folder, self._prefix = folder, f"{prefix}/"

    def _at(self, name: str) -> str:
        return self._prefix + name

    @property
    def reads_durable(self) -> bool:
        return self._folder.reads_durable

    def fresh(self) -> Folder:
        return Under(self._folder.fresh(), self._prefix.removesuffix("/"))

    def read(self, name: str) -> bytes | None:
        return self._folder.read(self._at(name))

    def read_part(self, name: str, start: int, count: int) -> bytes:
        return self._folder.read_part(self._at(name), start, count)

    def length(self, name: str) -> int | None:
        return self._folder.length(self._at(name))

    def modified(self, name: str) -> datetime | None:
        return self._folder.modified(self._at(name))

    def names(self, under: str = "") -> Iterator[str]:
        for name in self._folder.names(self._at(under).removesuffix("/")):
            yield name.removeprefix(self._prefix)

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        self._folder.create_or_compare((self._at(name), data) for name, data in files)

    def replace(self, name: str, data: bytes) -> None:
        self._folder.replace(self._at(name), data)

    def delete(self, *names: str) -> None:
        self._folder.delete(*map(self._at, names))

    def append_to(self, name: str) -> SegmentFile:
        return self._folder.append_to(self._at(name))

    def hold(self, name: str) -> Held:
        return self._folder.hold(self._at(name))
