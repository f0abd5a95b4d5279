# SPDX-License-Identifier: Apache-2.0
"""How long a receipt opens, and how often: one delivery, and retries of it by whoever lost the answer.

    record ──────────── open_for ────────────▶ over        at most DELIVERIES of them, each counted

A receipt is for one look. That an answer can be lost is no reason for it to open for ever: whoever gets hold of an old
receipt and its key would be shown the same values a year later, under a record that nobody reads any more.

Each delivery is counted where a process that ends and begins anew finds it (``Deliveries``), before a row is read. So nobody
gets another twenty by having a gate restarted, or by going to the next one of many.

Invariant: what is over opens nothing, whatever clock says so: time here never goes back behind the newest look. What is no
longer counted is over.                                                              Design: docs/adr/0116, 0137
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from whosaw.errors import WrongReceipt
from whosaw.model.access import Look
from whosaw.model.delivered import Deliveries, InProcess
from whosaw.vault.match import wrong

OPEN_FOR = timedelta(minutes=15)
DELIVERIES = 20


@dataclass(slots=True)
class Tally:
    """What came of deliveries since this start: the first of a look, others of it, and those that were refused here."""

    first: int = 0
    again: int = 0
    over: int = 0


class Released:
    """Whether a look is answered once more. Safe to share between threads."""

    __slots__ = ("_deliveries", "_lock", "_newest", "_open_for", "tally")

    def __init__(
        self, open_for: timedelta = OPEN_FOR, newest: datetime | None = None, deliveries: Deliveries | None = None
    ) -> None:
        """`newest`: the newest look before this start."""
        self._open_for, self._newest = open_for, newest
        self._deliveries = InProcess() if deliveries is None else deliveries
        self._lock = threading.Lock()
        self.tally = Tally()

    def once_more(self, looks: Sequence[tuple[Look, datetime]], now: datetime) -> list[Exception | None]:
        """Count a delivery of each look, recorded at its time. WrongReceipt of each that is too late, or was answered too often.

        Raises Unavailable: of none is known how often.
        """
        with self._lock:
            self._newest = max(
                [at for _, at in looks] if self._newest is None else [self._newest, *(at for _, at in looks)]
            )
            now = max(now, self._newest)
        open_ = [each for each in looks if now <= each[1] + self._open_for]
        ids = [(sha256(look.look_id.encode()).digest()[:16], at) for look, at in open_]
        counted = iter(self._deliveries.add_all(ids, now, self._open_for) if ids else ())
        counts = [next(counted) if now <= at + self._open_for else None for _, at in looks]
        with self._lock:
            for count in counts:
                if count is None or count > DELIVERIES:
                    self.tally.over += 1
                elif count == 1:
                    self.tally.first += 1
                else:
                    self.tally.again += 1
        return [_said(look, count) for (look, _), count in zip(looks, counts, strict=True)]


def _said(look: Look, count: int | None) -> WrongReceipt | None:
    if count is None:
        return wrong(look, "its time is over")
    return wrong(look, f"it was answered {DELIVERIES} times") if count > DELIVERIES else None
