# SPDX-License-Identifier: Apache-2.0
"""Partial tiles are collected, or a head every 100 ms leaves up to 255 of them beside each full tile.

    tile/0/043.p/1 … tile/0/043.p/255     deleted when   tile/0/043 *and* tile/entries/043 are durable,
                                                          under a published head, and an hour old

The hour is for those who fetched an older checkpoint a moment ago and ask for its tiles now.

It happens between two heads, so a round asks little: what an earlier process left is looked for piece by piece, and when
a tile was written is asked once it can be old enough. In an object store each question is a request.

Invariant: what the published head needs is never deleted: its right edge is partial, and has no full tile beside it.
A deletion that is lost leaves a file too many, and the next start finds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from whosaw.errors import NotCanonical, Unavailable
from whosaw.journal.ports import Folder
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, parse_path

AGE = timedelta(hours=1)
_AT_ONCE = 16  # folders of partials in one round: never a long pause between two heads
_LOOKED_AT = 1_000  # files of an earlier process in one round: a page of an object store's list


class Partials:
    """Which full tiles may still have partials beside them, each with the moment before which nobody need ask."""

    __slots__ = ("_clock", "_done", "_left", "_public", "_queue", "_seen")

    def __init__(self, public: Folder, clock: Callable[[], datetime]) -> None:
        self._public, self._clock = public, clock
        self._queue: deque[tuple[datetime, Tile | Bundle]] = deque()
        self._left: Iterator[str] | None = None
        self._done, self._seen = False, ""

    def completed(self, paths: Iterable[str]) -> None:
        """These files were just written; the full ones among them will have their partials collected."""
        for path in paths:
            if (found := _full(path)) is not None:
                self._queue.append((self._clock() + AGE, found))

    def collect(self, size: int) -> int:
        """Delete what may be deleted now, under a published head of `size`. How many files went."""
        if not self._done:
            self._look()
        gone, now = 0, self._clock()
        for _ in range(min(_AT_ONCE, len(self._queue))):
            asked, full = self._queue[0]
            if asked > now:
                break
            self._queue.popleft()
            written = self._written(full, size)
            if written is None or written > now - AGE:
                self._queue.append((now + AGE if written is None else written + AGE, full))
            else:
                gone += self._delete(full)
        return gone

    def _look(self) -> None:
        """Look on for what an earlier process did not come to: some files at a time, in the order of their names."""
        if self._left is None:
            self._left = self._public.names("tile")
        try:
            some = list(islice(self._left, _LOOKED_AT))
        except Unavailable:
            self._left = None  # from the beginning, the next time
            raise
        for name in some:
            full, partial, _ = name.partition(".p/")
            if partial and full != self._seen:
                self._seen = full
                # Whether the full tile is there is asked when its turn comes: not all of them between two heads.
                if (found := _full(full)) is not None:
                    self._queue.appendleft((self._clock(), found))
        self._done = len(some) < _LOOKED_AT

    def _written(self, full: Tile | Bundle, size: int) -> datetime | None:
        """When the newest of the files was written that make the partials unneeded; None where they are still needed."""
        if isinstance(full, Tile) and full.level > 0:
            needed: list[Tile | Bundle] = [full]
        else:
            needed = [Tile(0, full.index), Bundle(full.index)]
        level = full.level if isinstance(full, Tile) else 0
        if (full.index + 1) << HEIGHT * (level + 1) > size:
            return None
        written = [self._public.modified(one.path) for one in needed]
        return None if None in written else max(when for when in written if when is not None)

    def _delete(self, full: Tile | Bundle) -> int:
        folder = f"{full.path}.p"
        names = list(self._public.names(folder))
        if names:
            self._public.delete(*names, folder)
        return len(names)


def _full(path: str) -> Tile | Bundle | None:
    """The full tile or bundle at `path`; None for anything else."""
    try:
        found = parse_path(path)
    except NotCanonical:
        return None
    return found if found.width == FULL else None
