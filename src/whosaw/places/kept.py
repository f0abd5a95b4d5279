# SPDX-License-Identifier: Apache-2.0
"""One database file of the operator's, kept open; a changed file takes its place while looks go on.

    file ──changed?──▶ read ──▶ checked ──▶ the new one counts
                                  └ bad ──▶ the old one goes on, and `wrong` says so

Whether the file has changed is asked at most every few seconds, and by one thread; the others go on with what there is.

Invariant: a database that was not checked to its end is never asked. Nothing is swapped by halves: one assignment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from whosaw.errors import BadInput, Unavailable, WhosawError
from whosaw.places.checked import Memory
from whosaw.places.database import Database, Tick, load
from whosaw.places.file import read

EVERY_S = 5.0
Check = Callable[[Database], None]
"""Whether it serves its purpose. Raises BadInput where it does not."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a file looked like from outside."""

    inode: int
    size: int
    changed_ns: int


class Kept:
    """`wrong`: why the newest file does not count, or nothing. `patient`: a changed file is read in this thread, and waited for."""

    __slots__ = ("_asked", "_check", "_lock", "_memory", "_now", "_path", "_patient", "_seen", "_tick", "wrong")

    def __init__(
        self, path: Path, check: Check, tick: Tick, *, memory: Memory | None = None, patient: bool = False
    ) -> None:
        self._path, self._check, self._tick, self._memory, self._patient = path, check, tick, memory, patient
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._now: Database | None = None
        self._asked = float("-inf")
        self.wrong = ""

    @property
    def path(self) -> Path:
        return self._path

    def database(self) -> Database:
        """The database as it is. Raises Unavailable where there has never been a sound one, MissingExtra."""
        now = self._now
        if now is not None and self._tick() - self._asked < EVERY_S:
            return now
        if now is None:
            with self._lock:
                self._refresh()
        elif self._lock.acquire(blocking=False):
            self._asked = self._tick()
            if self._patient or self._look() == self._seen:
                try:
                    self._refresh()
                finally:
                    self._lock.release()
            else:
                # A large database takes seconds to check, and nobody's look waits for that.
                threading.Thread(target=self._behind, name="places", daemon=True).start()
                return now
        if self._now is None:
            raise Unavailable(f"no places: {self.wrong}", part="places", hint="run: whosaw places status")
        return self._now

    def _behind(self) -> None:
        try:
            self._refresh()
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        """With the lock. What is wrong stays in `wrong`, and the old one counts; where the extra is missing, it is raised."""
        self._asked, seen = self._tick(), self._look()
        if seen == self._seen and seen is not None:
            return
        try:
            found = load(read(self._path), self._path.name, self._tick, memory=self._memory)
            self._check(found)
        except WhosawError as error:
            self.wrong = str(error)
            if not isinstance(error, (BadInput, Unavailable)):
                raise
        else:
            self._now, self.wrong = found, ""
        self._seen = seen

    def _look(self) -> _Seen | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return _Seen(found.st_ino, found.st_size, found.st_mtime_ns)
