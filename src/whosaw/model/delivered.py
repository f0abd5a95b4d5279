# SPDX-License-Identifier: Apache-2.0
"""How often each look was answered: what counts it, and how much it remembers.

    look, time of its record ──▶ Deliveries ──▶ 1, 2, 3 …        None: nobody knows any more, so it is over

Invariant: nobody's count begins anew. Where there is no room, the older looks are over earlier.          Use: ``vault.released``
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

LIMIT = 262_144  # looks that are counted at a time


class Deliveries(Protocol):
    """How often each look was answered. Raises Unavailable: then it may have been counted, and nothing is answered."""

    def add(self, look: bytes, at: datetime, now: datetime, open_for: timedelta) -> int | None:
        """Count an answer to `look`, 16 bytes, recorded at `at`; which one it is. None: too long ago for anybody to know.

        What is counted outlives this process, and is forgotten once it is over.
        """
        ...

    def add_all(
        self, looks: Sequence[tuple[bytes, datetime]], now: datetime, open_for: timedelta
    ) -> Sequence[int | None]:
        """`add` for each (look, at), in their order, at once. Where it raises, each may have been counted, and none is answered."""
        ...


class Counted:
    """Looks and how often each was answered, no more of them than `limit`. Not safe to share between threads.

    Where there is no more room, the older half is over: its time ends earlier, and nobody's count begins anew.
    """

    __slots__ = ("_limit", "horizon", "looks")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self.looks: dict[bytes, tuple[datetime, int]] = {}
        self.horizon: datetime | None = None  # of looks up to here nothing is known any more

    def add(self, look: bytes, at: datetime, now: datetime, open_for: timedelta) -> int | None:
        if self.horizon is not None and at <= self.horizon:
            return None
        count = self.looks.get(look, (at, 0))[1] + 1
        if count == 1 and len(self.looks) >= self._limit:
            self._forget(now - open_for)
            if self.horizon is not None and at <= self.horizon:
                return None
        self.looks[look] = at, count
        return count

    def _forget(self, over: datetime) -> None:
        times = sorted(at for at, _ in self.looks.values())
        until = times[len(times) // 2]
        if until >= over:
            self.horizon = until
        self.looks = {look: found for look, found in self.looks.items() if found[0] > max(until, over)}


class InProcess:
    """``Deliveries`` of this process alone, gone with it."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._counted, self._lock = Counted(limit), threading.Lock()

    def add(self, look: bytes, at: datetime, now: datetime, open_for: timedelta) -> int | None:
        return self.add_all([(look, at)], now, open_for)[0]

    def add_all(
        self, looks: Sequence[tuple[bytes, datetime]], now: datetime, open_for: timedelta
    ) -> Sequence[int | None]:
        with self._lock:
            return [self._counted.add(look, at, now, open_for) for look, at in looks]
