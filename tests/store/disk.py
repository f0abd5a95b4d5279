# SPDX-License-Identifier: Apache-2.0
"""A journal on a real disk, driven by hand like ``tests.journal.world``, whose disk can be full."""

import copy
import errno
import os
from pathlib import Path

from tests.journal.world import World, signers

from whosaw.store.files import data_folders
from whosaw.store.sql_head import SqliteHead
from whosaw.store.sql_labels import SqliteLabels


class DiskWorld(World):
    """The same world over files and SQLite. `crash` closes what a dead process would not have open either."""

    def __init__(self, data: Path) -> None:
        self.data = data
        super().__init__(made=False)
        self._attach()
        self.make()

    def _attach(self) -> None:
        self.public, self.private = data_folders(self.data)
        self.head = SqliteHead(self.data / "private" / "head.db")
        self.manifest = self.head.manifest
        self.labels = SqliteLabels(self.data / "private" / "labels.db")
        self.map_head = SqliteHead(self.data / "private" / "map.db")

    def elsewhere(self, data: Path) -> "DiskWorld":
        """The same world over a copy of its folder."""
        made = copy.copy(self)
        made.data, made.receipts, made.signers = data, dict(self.receipts), signers()
        made._attach()
        return made

    def crash(self) -> None:
        if self.core is not None:
            self.core.close()
            self.core = None
        self.close()
        self._attach()

    def close(self) -> None:
        self.head.close()
        self.labels.close()
        self.map_head.close()


class Room:
    """A disk with so many bytes left: what goes beyond them is written up to there, and then it is full."""

    def __init__(self, left: int) -> None:
        self.left, self.full = left, False

    def write_all(self, fd: int, data: bytes) -> None:
        os.write(fd, data[: self.left])
        self.left -= len(data)
        if self.left < 0:
            self.left, self.full = 0, True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
