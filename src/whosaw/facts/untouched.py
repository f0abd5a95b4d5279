# SPDX-License-Identifier: Apache-2.0
"""Files that somebody works on, and whether they were left alone meanwhile.

A file is checked once, or written by ourselves, and read much later, whenever a query needs it; in between somebody could put
another there. What was made of it must not be kept then, so whoever closes what they worked on asks here first.

Invariant: nothing of a file is looked at but what changes with any change of it: no second reading, however large it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from whosaw.errors import Damaged

_Mark = tuple[int, ...] | None


@dataclass(slots=True)
class Untouched:
    """`hint`: what to do where one was not."""

    hint: str
    _marks: dict[Path, _Mark] = field(default_factory=dict, repr=False)

    def add(self, paths: Iterable[Path]) -> None:
        """These are as they should be now."""
        self._marks |= {path: _mark(path) for path in paths}

    def drop(self, path: Path) -> None:
        """It is not needed any more."""
        self._marks.pop(path, None)

    def check(self) -> None:
        """Raises Damaged where one is not what it was, or is gone."""
        for path, mark in self._marks.items():
            if mark is None or _mark(path) != mark:
                raise Damaged(
                    f"facts: {path.name} was not left alone while it was read", where=path.name, hint=self.hint
                )


def _mark(path: Path) -> _Mark:
    """What changes with any change of a file. Nobody can set the last of them, not even by putting back what was there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
