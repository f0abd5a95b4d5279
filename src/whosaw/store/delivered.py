# SPDX-License-Identifier: Apache-2.0
"""Deliveries of looks, where the next process finds them: a file of this folder, or the table of gates that count together.

    private/delivered     16 bytes of a digest of the look's id ‖ its time, 8 bytes: once for each delivery

A line is given to the system before a value leaves, and not waited for until the disk has it: that would cost as much as the look's
own record. So a process that ends, in whatever way, forgets nothing. A machine that loses its power may forget the deliveries of its
last seconds; the quarter of an hour ends them all the same.

Invariant: what cannot be read was full: looks from before it are over. No person, principal or value is in here.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from whosaw.directory.query import at_once
from whosaw.errors import Unavailable
from whosaw.model.delivered import LIMIT, Counted
from whosaw.store.state_tables import answering

DELIVERED = "delivered"
_LOOK, _LINE = 16, 24
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_ONE = text(
    "INSERT INTO quota (lane, which, until, taken) VALUES (:lane, '', :until, 1) "
    "ON CONFLICT (lane, which, until) DO UPDATE SET taken = quota.taken + 1 RETURNING taken"
)
_ALL = """INSERT INTO quota (lane, which, until, taken) SELECT lane, '', until, times
    FROM unnest(%b::text[], %b::bigint[], %b::int[]) AS counted (lane, until, times)
    ON CONFLICT (lane, which, until) DO UPDATE SET taken = quota.taken + excluded.taken RETURNING lane, until, taken"""


class DeliveredFile:
    """``model.delivered.Deliveries`` in a file of whoever holds the folder's lock. Safe to share between threads."""

    def __init__(self, path: Path, before: datetime | None = None, limit: int = LIMIT) -> None:
        """`before`: the newest look before this start."""
        self._path, self._before, self._limit, self._lock = path, before, limit, threading.Lock()
        self._counted: Counted | None = None
        self._fd, self._lines = -1, 0

    def add(self, look: bytes, at: datetime, now: datetime, open_for: timedelta) -> int | None:
        return self.add_all([(look, at)], now, open_for)[0]

    def add_all(
        self, looks: Sequence[tuple[bytes, datetime]], now: datetime, open_for: timedelta
    ) -> Sequence[int | None]:
        counts: list[int | None] = []
        lines: list[bytes] = []
        with self._lock:
            if self._counted is None:
                self._counted = self._read(now, open_for)
            for look, at in looks:
                millis = (at - _EPOCH) // _MILLISECOND
                count = self._counted.add(look, _EPOCH + millis * _MILLISECOND, now, open_for)
                counts.append(count)
                if count is not None:
                    lines.append(look + millis.to_bytes(8, "big"))
            if lines:
                # Counted in memory first: where lines are lost, the worst is one answer less of each.
                self._append(b"".join(lines))
        return counts

    def _read(self, now: datetime, open_for: timedelta) -> Counted:
        """What was delivered before this start, as far as it is not over."""
        found = Counted(self._limit)
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return found
        except OSError:
            found.horizon = self._before
            return found
        for start in range(0, len(raw) - _LINE + 1, _LINE):
            when = int.from_bytes(raw[start + _LOOK : start + _LINE], "big")
            if (now - open_for - _EPOCH) // _MILLISECOND <= when <= (now - _EPOCH) // _MILLISECOND:
                found.add(raw[start : start + _LOOK], _EPOCH + when * _MILLISECOND, now, open_for)
        return found

    def _append(self, lines: bytes) -> None:
        if self._fd < 0 or self._lines >= 4 * self._limit:
            self._begin()  # with these
            return
        try:
            written = os.write(self._fd, lines)
        except OSError:
            written = 0
        if written != len(lines):
            self._end()  # what stands there now is half a line: the next one begins a new file
            raise Unavailable(
                "a delivery cannot be counted", part="deliveries", hint="look at the disk; nothing was shown"
            )
        self._lines += len(lines) // _LINE

    def _begin(self) -> None:
        """The file anew, with what is counted; it takes the old one's place when it is whole."""
        self._end()
        looks = {} if self._counted is None else self._counted.looks
        lines = b"".join((look + _millis(at)) * count for look, (at, count) in looks.items())
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._fd, self._closing = fd, weakref.finalize(self, os.close, fd)
            view = memoryview(lines)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
            beside.replace(self._path)
        except OSError as error:
            self._end()
            raise Unavailable(
                f"deliveries cannot be counted: {error.strerror}",
                part="deliveries",
                hint="look at the disk; nothing was shown",
            ) from None
        self._lines = len(lines) // _LINE

    def _end(self) -> None:
        if self._fd >= 0:
            self._closing()
            self._fd = -1


class SqlDeliveries:
    """``model.delivered.Deliveries`` in the table of quotas, for gates that count together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, look: bytes, at: datetime, now: datetime, open_for: timedelta) -> int | None:
        return self.add_all([(look, at)], now, open_for)[0]

    def add_all(
        self,
        looks: Sequence[tuple[bytes, datetime]],
        now: datetime,  # noqa: ARG002
        open_for: timedelta,
    ) -> Sequence[int | None]:
        if not looks:
            return []
        # The end of its time is rounded up.
        names = [
            (f"{DELIVERED}/{look.hex()}", -((_EPOCH - at - open_for) // timedelta(seconds=1))) for look, at in looks
        ]
        with answering("deliveries"), self._engine.begin() as db:
            if db.dialect.name == "postgresql":
                return _counted_at_once(db, names)
            return [int(db.execute(_ONE, {"lane": lane, "until": until}).scalar_one()) for lane, until in names]


def _counted_at_once(db: Connection, names: Sequence[tuple[str, int]]) -> list[int]:
    """All of them in one statement, which is answered once it is committed. Nobody waits for the disk."""
    times = Counter(names)
    # In one order: two gates that count the same ones do not wait for each other crosswise.
    rows = sorted((lane, until, count) for (lane, until), count in times.items())
    columns = [list(column) for column in zip(*rows, strict=True)]
    _, found = at_once(db, ("SET LOCAL synchronous_commit TO off", ()), (_ALL, columns))
    taken = {(lane, until): taken for lane, until, taken in found}
    counts = []
    for name in names:  # one that comes more than once was counted as often
        times[name] -= 1
        counts.append(taken[name] - times[name])
    return counts


def _millis(at: datetime) -> bytes:
    return ((at - _EPOCH) // _MILLISECOND).to_bytes(8, "big")
