# SPDX-License-Identifier: Apache-2.0
"""Partial tiles are collected, or a head every 100 ms leaves up to 255 of them beside each full tile.

    tile/0/043.p/1 … tile/0/043.p/255     deleted when   tile/0/043 *and* tile/entries/043 are durable,
                                                          under a published head, and an hour old

The hour is for those who fetched an older checkpoint a moment ago and ask for its tiles now.

Invariant: what the published head needs is never deleted: its right edge is partial, and has no full tile beside it.
A deletion that is lost leaves a file too many, and the next start finds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from whosaw.errors import NotCanonical
from whosaw.journal.ports import Folder
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, parse_path

AGE = timedelta(hours=1)
_AT_ONCE = 16  # folders of partials in one round: never a long pause between two heads


class Partials:
    """Which full tiles may still have partials beside them, oldest first."""

    __slots__ = ("_clock", "_public", "_queue", "_walked")

    def __init__(self, public: Folder, clock: Callable[[], datetime]) -> None:
        self._public, self._clock = public, clock
        self._queue: deque[Tile | Bundle] = deque()
        self._walked = False

    def completed(self, paths: Iterable[str]) -> None:
        """These files were just written; the full ones among them will have their partials collected."""
        for path in paths:
            try:
                found = parse_path(path)
            except NotCanonical:
                continue
            if found.width == FULL:
                self._queue.append(found)

    def collect(self, size: int) -> int:
        """Delete what may be deleted now, under a published head of `size`. How many files went."""
        if not self._walked:
            self._walk()
        gone = 0
        for _ in range(_AT_ONCE):
            if not self._queue or not self._ripe(self._queue[0], size):
                break
            gone += self._delete(self._queue.popleft())
        return gone

    def _walk(self) -> None:
        """Find what an earlier process did not come to."""
        folders = {name.partition(".p/")[0]: None for name in self._public.names("tile") if ".p/" in name}
        waiting = {found.path for found in self._queue}
        self.completed(path for path in folders if path not in waiting and self._public.length(path) is not None)
        self._walked = True

    def _ripe(self, full: Tile | Bundle, size: int) -> bool:
        if isinstance(full, Tile) and full.level > 0:
            needed: list[Tile | Bundle] = [full]
        else:
            needed = [Tile(0, full.index), Bundle(full.index)]
        level = full.level if isinstance(full, Tile) else 0
        if (full.index + 1) << HEIGHT * (level + 1) > size:
            return False
        written = [self._public.modified(one.path) for one in needed]
        return all(at is not None and at <= self._clock() - AGE for at in written)

    def _delete(self, full: Tile | Bundle) -> int:
        folder = f"{full.path}.p"
        names = list(self._public.names(folder))
        for name in names:
            self._public.delete(name)
        if names:
            self._public.delete(folder)
        return len(names)
