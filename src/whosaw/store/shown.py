# SPDX-License-Identifier: Apache-2.0
"""What looks were shown of addresses, where the next process finds it, for as long as they are answered: a file of this folder.

    private/shown     handle 16 ‖ look 32 ‖ length 4 ‖ sealed ‖ CRC-32 of these 4: once for each look, synced before it is shown
    memory            the same lines: those of now, and those of before

Looks write nothing to state.db, so what is remembered of it stays good from look to look (``directory.remembered``). Whoever may
write writes for all who wait, in one write and one sync.

A look is answered for a while and then never again (``vault.released``), so what is kept for longer than that is dropped: when
those of now are as old as that, or as many as anybody counts deliveries of, they become those of before, and the file begins anew.

Invariant: what is found is on the disk: a start syncs what it read before it is found. Half a line is the end of the file: whoever
was writing it showed nobody anything. One that does not check with others behind it is not the end: somebody may have been shown
what it said, so nobody is shown anything until no look of that file is answered any more. What cannot be read or written shows
nothing.                                                                                     Decided in: docs/adr/0158
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zlib import crc32

from whosaw.errors import Unavailable
from whosaw.model.delivered import LIMIT
from whosaw.store.files import data_durably, durably

SHOWN = "shown"
_KEY, _HEAD, _TAIL = 48, 52, 4
Old = Iterable[tuple[bytes, bytes, bytes]]


@dataclass(slots=True, eq=False)
class _Keeping:
    """What one look wants kept, and what became of it."""

    key: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    kept: bytes | None = field(default=None, repr=False)
    error: Exception | None = None
    leads: bool = False
    woken: threading.Lock | None = field(default=None, repr=False)  # of whoever waits for it, and what it came with


class ShownFile:
    """``sql_crowd.ShownRows`` in a file of whoever holds the folder's lock. Safe to share between threads."""

    def __init__(
        self,
        path: Path,
        open_for: timedelta,
        *,
        taken_over: Callable[[], Old] = tuple,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`taken_over`: what an older version kept elsewhere, (handle, look, sealed), the newest last: asked for where there is no file yet."""
        self._path, self._open_for, self._limit, self._clock = path, open_for.total_seconds(), limit, clock
        self._taken_over, self._wall = taken_over, wall
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._waiting: list[_Keeping] = []
        self._led = False  # somebody writes, or is about to
        self._now: dict[bytes, bytes] = {}
        self._before: dict[bytes, bytes] | None = None  # None: the file was not read yet
        self._since, self._fd = 0.0, -1
        self._stale = False  # lines stand on the disk that are to be gone

    def find(self, handle: bytes, look: bytes) -> bytes | None:
        """What was kept of this look. Raises Unavailable."""
        return self.find_all([(handle, look)])[0]

    def find_all(self, names: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        """The same of each, by (handle, look)."""
        if self._before is None:
            with self._writing:
                self._begin()
        return [self._of(handle + look) for handle, look in names]

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        """Keep `sealed` unless something is kept of this look; what is kept, durable. Raises Unavailable."""
        mine = _Keeping(handle + look, sealed)
        self._share([mine])
        if mine.kept is None:
            raise mine.error or _cannot("")
        return mine.kept

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes | Exception]:
        """What `keep` returns or raises for each (handle, look, sealed): in one write."""
        mine = [_Keeping(handle + look, sealed) for handle, look, sealed in kept]
        if mine:
            self._share(mine)
        return [each.kept or each.error or _cannot("") for each in mine]

    def _share(self, all_of_mine: Sequence[_Keeping]) -> None:
        """They are written together: by us, or by whoever writes next. The first of them waits for all."""
        mine = all_of_mine[0]
        with self._lock:
            self._waiting += all_of_mine
            mine.leads = not self._led
            self._led = True
            if not mine.leads:
                mine.woken = woken = threading.Lock()
                woken.acquire()
        if not mine.leads:
            self._wait(mine, woken, all_of_mine)
        if mine.leads:
            self._lead(mine)

    def _wait(self, mine: _Keeping, woken: threading.Lock, all_of_mine: Sequence[_Keeping]) -> None:
        """Until somebody has written it, or it is our turn to write for those who wait."""
        try:
            woken.acquire()
        except BaseException:
            with self._lock:
                if mine in self._waiting:
                    self._waiting = [each for each in self._waiting if each not in all_of_mine]
            if mine.leads:
                self._pass_on()
            raise

    def _lead(self, mine: _Keeping) -> None:
        """Write for all who wait, and let the next one lead."""
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            with self._writing:
                self._keep(group)
        finally:
            self._pass_on()
            for each in group:
                if each is not mine and each.woken is not None:
                    each.woken.release()

    def _pass_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._led = False
                return
            following = self._waiting[0]  # the first of those that came together: it waits for all of them
            following.leads = True
        if following.woken is not None:
            following.woken.release()

    def leave(self, handle: bytes) -> None:
        """Keep nothing of looks at this stream. Raises Unavailable; the same again is fine."""
        with self._writing:
            self._begin()
            of = [key for kept in (self._now, self._before or {}) for key in kept if key[: len(handle)] == handle]
            for key in of:
                self._now.pop(key, None)
                (self._before or {}).pop(key, None)
            # Whoever asks again after this failed finds nothing in memory; what stands on the disk must go all the same.
            self._stale = self._stale or bool(of)
            if self._stale:
                self._anew()
                self._stale = False

    def close(self) -> None:
        """Let go of the file."""
        with self._writing:
            self._end()

    def _of(self, key: bytes) -> bytes | None:
        return self._now.get(key) or (self._before or {}).get(key)

    def _keep(self, group: Sequence[_Keeping]) -> None:
        """All of them or none, durable. Raises nothing: each of those who wait is told."""
        error: Exception = _cannot("")
        try:
            self._begin()
            new: dict[bytes, bytes] = {}
            for each in group:
                if self._of(each.key) is None:
                    new.setdefault(each.key, each.sealed)
            if new:
                self._append(new)
        except Exception as failed:  # noqa: BLE001  whatever it was, those who wait are told, and show nothing
            error = failed
        for each in group:
            each.kept = self._of(each.key)
            each.error = error if each.kept is None else None

    def _append(self, new: dict[bytes, bytes]) -> None:
        if len(self._now) >= self._limit or self._clock() - self._since > self._open_for:
            self._before, self._now, self._since = self._now, {}, self._clock()
            self._end()
        if self._fd < 0:
            self._anew()
        try:
            view = memoryview(b"".join(map(_line, new.items())))
            while view:
                view = view[os.write(self._fd, view) :]
            data_durably(self._fd)
        except OSError as error:
            self._end()  # what stands there now may be half a line: the next one begins a new file
            raise _cannot(error.strerror or "") from None
        self._now.update(new)

    def _begin(self) -> None:
        """What was kept before this start. Under `_writing`."""
        if self._before is not None:
            return
        try:
            with self._path.open("rb") as file:
                raw, written = file.read(), os.fstat(file.fileno()).st_mtime
                found, altered = _lines(raw)
                if altered is not None and self._wall() - written <= self._open_for:
                    raise _cannot(f"{SHOWN} was altered at byte {altered}; until its looks are over nothing is shown")
                # A line may have been written and not synced when its process died; it is found again, so it must not be lost.
                durably(file.fileno())
        except FileNotFoundError:
            found = {handle + look: sealed for handle, look, sealed in self._taken_over()}
        except OSError as error:
            raise _cannot(error.strerror or "") from None
        self._since = self._clock()
        self._before = found

    def _anew(self) -> None:
        """The file anew, with all that is kept; it takes the old one's place when it is whole and on the disk."""
        self._end()
        kept = {**(self._before or {}), **self._now}
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._fd, self._closing = fd, weakref.finalize(self, os.close, fd)
            view = memoryview(b"".join(map(_line, kept.items())))
            while view:
                view = view[os.write(fd, view) :]
            durably(fd)
            beside.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                durably(folder)
            finally:
                os.close(folder)
        except OSError as error:
            self._end()
            raise _cannot(error.strerror or "") from None

    def _end(self) -> None:
        if self._fd >= 0:
            self._closing()
            self._fd = -1


def _line(kept: tuple[bytes, bytes]) -> bytes:
    key, sealed = kept
    said = key + len(sealed).to_bytes(4) + sealed
    return said + crc32(said).to_bytes(4)


def _lines(raw: bytes) -> tuple[dict[bytes, bytes], int | None]:
    """All lines that check, and the first byte of what does not and has lines behind it."""
    found: dict[bytes, bytes] = {}
    at, bad, altered = 0, None, None
    while at + _HEAD <= len(raw):
        end = _end_of(raw, at)
        if end is None:
            # A length is altered as easily as a byte, so the next line may begin anywhere.
            bad, at = (at if bad is None else bad), at + 1
            continue
        altered = bad if altered is None else altered
        found[raw[at : at + _KEY]] = raw[at + _HEAD : end - _TAIL]
        at = end
    return found, altered


def _end_of(raw: bytes, at: int) -> int | None:
    """Where the line that begins at `at` ends; None where none does that checks."""
    end = at + _HEAD + int.from_bytes(raw[at + _KEY : at + _HEAD])
    if end + _TAIL > len(raw) or crc32(raw[at:end]).to_bytes(_TAIL) != raw[end : end + _TAIL]:
        return None
    return end + _TAIL


def _cannot(why: str) -> Unavailable:
    return Unavailable(
        f"what a look showed was not kept{': ' * bool(why)}{why}",
        part="crowd",
        hint="look at the disk; nothing was shown",
    )
