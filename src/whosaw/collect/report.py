# SPDX-License-Identifier: Apache-2.0
"""What became of one file: every record is in exactly one of three counts, and every look is new or known.

    records = taken + skipped + malformed          looks = new + known

Invariant: nothing here is from inside a record but times, sizes, places, and shapes that hold no value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.collect.tally import Counts

PLACES = 20
GAPS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a malformed record is: its number and its byte in the (unpacked) file, and what is wrong with it."""

    number: int
    byte: int
    reason: str

    def __str__(self) -> str:
        return f"record {self.number}, byte {self.byte}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of one file. Where values are sealed and no looks recorded (connections), `looks` counts values.

    `known`: looks that stood in the journal before; `otherwise`: those of them that this map tells otherwise; `beside`:
    looks recorded beside another one that has their id. `reasons`, `wrong`, `flags`: why records were skipped, why they
    were malformed, what could not be told of looks. `unknown`: routes and objects that the map does not name;
    `unmapped`: columns. All most used first. `places`: the first 20 malformed ones. `gaps`: the first 100 holes of
    `holes`. `lag`: how old the newest look was when it was taken in. `broken`: why the file could not be read to its
    end, or None. `recorded`: whether the outcome is a new record, or stands in the journal already.
    """

    source: str
    sha256: bytes = field(repr=False)
    size: int
    map_digest: bytes = field(repr=False)
    taken: int
    skipped: int
    malformed: int
    looks: int
    new: int
    known: int
    otherwise: int
    beside: int
    mentions: int
    reasons: Counts
    wrong: Counts
    flags: Counts
    places: tuple[Place, ...]
    unknown: Counts
    unmapped: Counts
    gaps: tuple[str, ...]
    holes: int
    first: datetime | None
    last: datetime | None
    lag: timedelta | None
    broken: str | None
    recorded: bool

    @property
    def records(self) -> int:
        return self.taken + self.skipped + self.malformed

    @property
    def exit(self) -> int:
        """0, or 1 for done in part: something in the file could not be read."""
        return 1 if self.malformed or self.broken is not None else 0
