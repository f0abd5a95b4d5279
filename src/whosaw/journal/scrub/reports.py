# SPDX-License-Identifier: Apache-2.0
"""What was found out beside the sequencer, on its way into the log: kept as a file first, recorded by whoever may write.

    scrub beside a running house ──keep──▶ private/reports/<digest>.json ──record──▶ stream `admin`, file gone
                                                       the house, at its start and after each of its own looks

Only one process may write the log, so a command beside it cannot. It leaves its words; they are recorded under a key that
follows from them, once, however many starts it takes.

Invariant: a report is a canonical body without a personal value, and it is removed only when its record is durable.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.ports import Folder
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, Stream, canonical, parse

FOLDER = "reports"
CALLER = "reports"


class Recorder(Protocol):
    """An open journal."""

    def submit(self, submission: Submission) -> Recorded: ...


def keep(private: Folder, body: Mapping[str, Json]) -> str:
    """Keep a report until somebody can record it; the file's name."""
    raw = canonical(body)
    name = f"{FOLDER}/{sha256(raw).hexdigest()[:32]}.json"
    private.create_or_compare([(name, raw)])
    return name


def record(private: Folder, journal: Recorder) -> int:
    """Record every report that waits, durably, and let its file go. How many. Raises Damaged for a file that is none."""
    count = 0
    for name in list(private.names(FOLDER)):
        raw = private.read(name) or b""
        key = sha256(raw).hexdigest()[:32]
        if name != f"{FOLDER}/{key}.json":
            raise Damaged("a file that is no report stands there, or not as it was written", where=f"private/{name}")
        try:
            parse(raw, name)
        except NotCanonical as error:
            raise Damaged(str(error), where=f"private/{name}") from None
        journal.submit(Submission(CALLER, key, (Record(Stream.named("admin"), raw),)))
        private.delete(name)
        count += 1
    return count
