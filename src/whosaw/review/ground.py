# SPDX-License-Identifier: Apache-2.0
"""What is known around one finding, gathered once: who is near those named, who reviews, who approved, who is protected.

    finding, instant ──▶ chart since its first look · approvals since a month before · reviewers of now ──▶ Ground, One, route

Invariant: since the first look, not of this moment: whoever moves to another unit tomorrow is still who they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.detect.finding import Finding
from whosaw.facts.columns import instant, micros
from whosaw.facts.ports import StaffRow
from whosaw.inquiry.standing import known
from whosaw.policy.independence import RETURNED, Chart
from whosaw.review import who
from whosaw.review.ports import Desk
from whosaw.review.who import Ground, One

_DAY = timedelta(days=1) // timedelta(microseconds=1)


@dataclass(slots=True)
class Grounds:
    """One finding with everything around it. `reviewers`: everybody of now who is of a function that reviews."""

    desk: Desk
    finding: Finding
    at: datetime
    ground: Ground
    units: dict[str, list[str]] = field(repr=False)
    _ones: dict[str, One] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, desk: Desk, finding: Finding, at: datetime) -> Grounds:
        staff, t = tuple(desk.staff()), micros(at)
        first = min(finding.window[0], t)
        since = Chart.between(staff, first, t)
        lately = tuple(desk.approvals.since(instant(first) - RETURNED))
        ground = Ground(
            named=finding.principals,
            since=since,
            lately=lately,
            signed=desk.approvals.of_looks(finding.looks),
            watchers=_of(staff, first, t, desk.reviewers),
            control=_of(staff, first, t, (*desk.reviewers, *desk.numbers.control)),
        )
        units: dict[str, list[str]] = {}
        for row in staff:
            if holds(row, t, t) and row.unit is not None and row.function in desk.reviewers:
                units.setdefault(row.unit, []).append(row.who)
        return cls(desk, finding, at, ground, units)

    @property
    def reviewers(self) -> frozenset[str]:
        return frozenset(one for ones in self.units.values() for one in ones)

    @property
    def overseer_too(self) -> bool:
        return who.also_overseer(self.ground)

    def one(self, of: str) -> One:
        """Somebody, as of now and since the first look. `of`: a pseudonym."""
        if of not in self._ones:
            first = min(self.finding.window[0], micros(self.at))
            days = max((micros(self.at) - first) // _DAY + 1, RETURNED.days)
            facts = known(self.desk.directory, of, self.at).principal
            self._ones[of] = One(who=of, facts=facts, tied=self.desk.directory.tied(of, self.at, days))
        return self._ones[of]

    def route(self) -> str:
        """The unit that reviews it, or ``who.OVERSEER``."""
        return who.route({unit: [self.one(each) for each in ones] for unit, ones in self.units.items()}, self.ground)

    def favoured(self, one: str, other: str) -> bool:
        """Whether one of the two approved for the other since a month before the first look, or they share a home."""
        pairs = {(before.requester, before.approver) for before in self.ground.lately}
        return (one, other) in pairs or (other, one) in pairs or other in self.one(one).tied

    def protected(self) -> bool:
        """Whether a person of it is protected, or was ever; whom the directory does not know may be."""
        said: dict[str, bool] = {}
        for row in self.desk.persons():
            said[row.person] = said.get(row.person, False) or row.protected
        return any(said.get(person, True) for person in self.finding.persons)


def _of(staff: tuple[StaffRow, ...], start: int, end: int, functions: tuple[str, ...]) -> frozenset[str]:
    return frozenset(row.who for row in staff if holds(row, start, end) and row.function in functions)


def holds(row: StaffRow, start: int, end: int) -> bool:
    """Whether a row of the staff was so at some moment between the two."""
    return (row.valid_from is None or row.valid_from <= end) and (row.valid_to is None or row.valid_to > start)
