# SPDX-License-Identifier: Apache-2.0
"""Counting while a file is read: which of its records became what.

Invariant: every record is counted once, and exactly one of three counts grows by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from whosaw.collect.lines import Source
from whosaw.collect.observed import Malformed, Observed, Outcome, Skipped, Taken, Where
from whosaw.collect.report import GAPS, PLACES, Place, Report
from whosaw.collect.tally import Tally


@dataclass(slots=True)
class Count:
    """What became of the records so far, and of the looks (or values) that they told of."""

    taken: int = 0
    skipped: int = 0
    malformed: int = 0
    new: int = 0
    known: int = 0
    otherwise: int = 0
    beside: int = 0
    mentions: int = 0
    reasons: Tally = field(default_factory=Tally)
    wrong: Tally = field(default_factory=Tally)
    flags: Tally = field(default_factory=Tally)
    unknown: Tally = field(default_factory=Tally)
    unmapped: Tally = field(default_factory=Tally)
    places: list[Place] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def records(self) -> int:
        return self.taken + self.skipped + self.malformed

    def record(self, where: Where, outcome: Outcome) -> None:
        """One record is done."""
        if isinstance(outcome, Taken):
            self.taken += 1
        elif isinstance(outcome, Skipped):
            self.skipped += 1
            self.reasons.add(outcome.reason)
            if outcome.detail is not None:
                self.unknown.add(outcome.detail)
        else:
            self._malformed(where, outcome)

    def at(self, moment: datetime) -> None:
        """Something happened then."""
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)

    def look(self, look: Observed) -> None:
        """A look that will be recorded."""
        self.at(look.at)
        self.mentions += len(set(look.persons)) if len(set(look.persons)) > 1 else 0
        for flag in look.flags:
            self.flags.add(flag)
        for column in look.unmapped:
            self.unmapped.add(column)

    def _malformed(self, where: Where, outcome: Malformed) -> None:
        self.malformed += 1
        self.wrong.add(outcome.reason)
        if len(self.places) < PLACES:
            self.places.append(Place(where.number, where.offset + (outcome.byte or 0), outcome.reason))

    def report(
        self, name: str, source: Source, map_digest: bytes, now: datetime, gaps: tuple[object, ...] = ()
    ) -> Report:
        """The outcome of the file; reads what is left of it for its digest."""
        sha256 = source.digest()
        return Report(
            source=name,
            sha256=sha256,
            size=source.size,
            map_digest=map_digest,
            taken=self.taken,
            skipped=self.skipped,
            malformed=self.malformed,
            looks=self.new + self.known,
            new=self.new,
            known=self.known,
            otherwise=self.otherwise,
            beside=self.beside,
            mentions=self.mentions,
            reasons=self.reasons.most(),
            wrong=self.wrong.most(),
            flags=self.flags.most(),
            places=tuple(self.places),
            unknown=self.unknown.most(),
            unmapped=self.unmapped.most(),
            gaps=tuple(str(gap) for gap in gaps[:GAPS]),
            holes=len(gaps),
            first=self.first,
            last=self.last,
            lag=None if self.last is None else now - self.last,
            broken=source.broken,
            recorded=False,
        )
