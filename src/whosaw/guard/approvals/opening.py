# SPDX-License-Identifier: Apache-2.0
"""Before a gate opens: the overseers' keys that count from here on are on record, like the policy.

Invariant: no look is approved with an overseer's key that the log does not name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from whosaw.guard.opening import Known
from whosaw.journal.open_log import OpenLog
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Kind, Stream, canonical, parse, time_text
from whosaw.tlog.note import VerifierKey


def record_overseers(journal: OpenLog, overseers: Sequence[VerifierKey], keys: Known, at: datetime) -> None:
    """Put the keys on record where they are not those of before; none at all, where there never was one, is no record."""
    stream = Stream.named("approvals")
    known = keys.find(stream)
    if known is not None:
        journal.publish_now()  # a record that a crash left unpublished counts as well
    bodies = [] if known is None else [parse(frame.body) for frame in journal.reader().run(known)]
    earlier = [b["vkeys"] for b in bodies if b["kind"] == Kind.CREDENTIAL and b.get("of") == "overseers"]
    now = sorted(key.encode() for key in overseers)
    if now == (earlier[-1] if earlier else []):
        return
    body = canonical(
        {
            "v": 1,
            "kind": str(Kind.CREDENTIAL),
            "at": time_text(at),
            "what": "registered",
            "of": "overseers",
            "vkeys": now,
        }
    )
    key = f"overseers-{len(earlier) + 1}"
    if journal.find("wiring", key) is None:
        journal.submit(Submission("wiring", key, (Record(stream, body),)))
