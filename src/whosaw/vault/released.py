# SPDX-License-Identifier: Apache-2.0
"""How long a receipt opens, and how often: one delivery, and retries of it by whoever lost the answer.

    record ──────────── open_for ────────────▶ over        at most DELIVERIES of them, each counted

A receipt is for one look. That an answer can be lost is no reason for it to open for ever: whoever gets hold of an old
receipt and its key would be shown the same values a year later, under a record that nobody reads any more.

Counted in this process and not on a disk: a count must be durable before the value leaves, or it is none, and a commit for
each look would cost as much as its record. So a restart, or another gate, counts anew; the time limit holds everywhere.

Invariant: what is over opens nothing, whatever clock says so: time here never goes back behind the newest look.
                                                                                     Design: docs/adr/0116
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from whosaw.model.access import Look
from whosaw.vault.match import wrong

OPEN_FOR = timedelta(minutes=15)
DELIVERIES = 20
LIMIT = 65_536  # looks; a longer list begins anew


class Released:
    """Deliveries of this process, by look. Safe to share between threads."""

    __slots__ = ("_counts", "_lock", "_newest", "_open_for")

    def __init__(self, open_for: timedelta = OPEN_FOR, newest: datetime | None = None) -> None:
        """`newest`: the newest look before this start."""
        self._open_for, self._newest = open_for, newest
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def once_more(self, look: Look, at: datetime, now: datetime) -> int:
        """Count a delivery of a look recorded at `at`; which one it is. Raises WrongReceipt: too late, or too often."""
        with self._lock:
            self._newest = at if self._newest is None else max(self._newest, at)
            if max(now, self._newest) > at + self._open_for:
                raise wrong(look, "its time is over")
            count = self._counts.get(look.look_id, 0) + 1
            if count > DELIVERIES:
                raise wrong(look, f"it was answered {DELIVERIES} times")
            if len(self._counts) >= LIMIT:
                self._counts.clear()
            self._counts[look.look_id] = count
            return count
