# SPDX-License-Identifier: Apache-2.0
"""What the journal knows of the last day's looks: a process that counts in memory begins with it.

    newest leaf ──▶ … ──▶ the first look that is older than every window      asked at the gate, permitted or not

Invariant: the journal is the truth. What was taken is not written down anywhere else, so nothing can say less than it does;
and a look that was recorded counts, whether or not its process lived to show it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from whosaw.journal.reader import Reader
from whosaw.model.record import Kind, parse_time

WINDOW = timedelta(days=1, seconds=1440)  # the longest there is, and the sixtieth that it may be longer
_ASIDE = timedelta(hours=1)  # by which looks may stand in another order than that of their times
_PAGE = 1000


def looks_since(reader: Reader, at: datetime) -> Iterator[tuple[str, str, str | None, datetime, bool]]:
    """(principal, person, purpose, time, permitted) of every look that still counts at `at`, the newest first.

    A look of which nothing is left, because its person was erased, counts no more.
    """
    for end in range(reader.size, 0, -_PAGE):
        for frame in reversed(list(reader.frames(max(0, end - _PAGE), end))):
            # Our own bytes, which were checked when they were recorded: read once, and not spelled again to compare.
            if frame.body is None or b'"origin":"asked"' not in frame.body:
                continue
            said = json.loads(frame.body)
            if said["kind"] != str(Kind.LOOK) or said["origin"] != "asked" or said["person"] is None:
                continue
            when = parse_time(said["at"])
            if when < at - WINDOW - _ASIDE:
                return
            yield said["principal"], said["person"], said["purpose"], when, said["decision"] == "permit"
