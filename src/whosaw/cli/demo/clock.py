# SPDX-License-Identifier: Apache-2.0
"""A clock that is turned through a summer, and otherwise goes on as clocks do.

Invariant: it never goes back, whoever reads it and from whichever thread. The journal would refuse to sign.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta


class TurnedClock:
    """`clock()` is now; `turn(at)` puts it forward to `at`. `seconds` counts real ones."""

    def __init__(self, at: datetime, seconds: Callable[[], float]) -> None:
        self._at, self._seconds = at, seconds
        self._since = seconds()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now()

    def turn(self, at: datetime) -> None:
        """It is `at` now, unless it is later already."""
        with self._lock:
            if at > self._now():
                self._at, self._since = at, self._seconds()

    def _now(self) -> datetime:
        return self._at + timedelta(seconds=self._seconds() - self._since)
