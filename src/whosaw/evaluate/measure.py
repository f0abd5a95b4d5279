# SPDX-License-Identifier: Apache-2.0
"""What is measured, each a pure function of matched findings: precision, recall, time, twins.

budget k            so many findings per 1,000 staff and month; a finding counts once, when it first enters
average precision   over incidents: of the whole list; over pairs: of (principal, person), those of one finding at once
ceiling             what so many findings allow at best, where incidents are few or many
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from whosaw.evaluate.match import Finding, Matched, hits
from whosaw.evaluate.read import Planted

MONTH = timedelta(days=365.25 / 12)
WEEK = timedelta(weeks=1)
BUDGETS = (10, 25, 50)


@dataclass(frozen=True, slots=True)
class Period:
    """Who was watched, and for how long."""

    staff: int
    start: datetime
    end: datetime

    def places(self, budget: float, until: datetime) -> int:
        """How many findings may have been shown by then: at least one."""
        return max(1, round(budget * self.staff / 1000 * (until - self.start) / MONTH))


def average_precision(relevant: Sequence[bool], all_: int) -> float:
    """The mean, over `all_` that could be found, of the precision where each was found; 0 for those that were not."""
    found, total = 0, 0.0
    for rank, hit in enumerate(relevant, start=1):
        if hit:
            found += 1
            total += found / rank
    return total / all_ if all_ else 0.0


def pairs_of(planted: Collection[Planted]) -> set[tuple[str, str]]:
    """All pairs of a principal and a person of one incident."""
    return {(who, person) for each in planted for who in each.principals for person in each.persons}


def average_precision_of_pairs(findings: Sequence[Finding], wanted: Collection[tuple[str, str]]) -> float:
    """Those of one finding come at once, so the precision after all of them counts for each."""
    wanted = set(wanted)
    seen: set[tuple[str, str]] = set()
    found, total = 0, 0.0
    for finding in findings:
        new = {(who, person) for who in finding.newest.principals for person in finding.newest.persons} - seen
        seen |= new
        hit = len(new & wanted)
        found += hit
        total += hit * found / len(seen) if hit else 0.0
    return total / len(wanted) if wanted else 0.0


def within(findings: Sequence[Finding], budget: float, period: Period) -> list[int]:
    """Places in `findings` (best first) of those shown within the budget, instant after instant as they entered."""
    shown: list[int] = []
    for instant in sorted({finding.entered for finding in findings}):
        free = period.places(budget, min(instant, period.end)) - len(shown)
        entering = [i for i, finding in enumerate(findings) if finding.entered == instant]
        shown += entering[: max(0, free)]
    return sorted(shown)


@dataclass(frozen=True, slots=True)
class AtBudget:
    """`places`: how many could be shown; `shown`: how many were. The ceilings are what so many allow."""

    budget: float
    places: int
    shown: int
    precision: float
    recall: float
    precision_ceiling: float
    recall_ceiling: float
    false_per_1000_staff_weeks: float


def at_budget(matched: Matched, incidents: int, budget: float, period: Period) -> AtBudget:
    """Precision and recall of what is shown."""
    shown = within(matched.findings, budget, period)
    found = sum(matched.incident[i] is not None for i in shown)
    places = period.places(budget, period.end)
    weeks = (period.end - period.start) / WEEK
    # A second finding of one incident is no find, but nobody is wrongly suspected by it.
    wrong = sum(not matched.hits[i] for i in shown)
    return AtBudget(
        budget=budget,
        places=places,
        shown=len(shown),
        precision=found / len(shown) if shown else 0.0,
        recall=found / incidents if incidents else 0.0,
        precision_ceiling=min(1.0, incidents / (len(shown) or places)),
        recall_ceiling=min(1.0, places / incidents) if incidents else 0.0,
        false_per_1000_staff_weeks=wrong / (period.staff / 1000 * weeks) if weeks else 0.0,
    )


@dataclass(frozen=True, slots=True)
class Times:
    """Of the incidents found: days from their start until a line of a finding hit them, and persons looked at by then.

    `persons` and `before_third` are None where the looks are not at hand. `before_third`: share of all incidents with
    three persons or more. `all_days`: one by one.
    """

    found: int
    days: float | None
    persons: float | None
    before_third: float | None
    all_days: tuple[float, ...] = ()


def times(matched: Matched, incidents: Sequence[Planted], looks: Mapping[str, tuple[datetime, str]] | None) -> Times:
    """`looks`: per look of an incident its time and person, where known."""
    days, persons, early, large = [], [], 0, 0
    for incident in incidents:
        seen = None if looks is None else sorted(looks[id_] for id_ in incident.looks if id_ in looks)
        many = seen is not None and len({person for _, person in seen}) > 2
        large += many
        at = min(
            (line.as_of for finding in matched.findings for line in finding.lines if hits(line, incident)), default=None
        )
        if at is None or incident.start is None:
            continue
        days.append(max(0.0, (at - incident.start) / timedelta(days=1)))
        if seen is not None:
            by_then = len({person for t, person in seen if t <= at})
            persons.append(by_then)
            early += many and by_then < 3
    return Times(
        len(days),
        median(days) if days else None,
        median(persons) if persons else None,
        early / large if large else None,
        tuple(days),
    )


@dataclass(frozen=True, slots=True)
class Twins:
    """Of pairs of an incident and its benign twin: those where the incident stands above, below, or neither was found."""

    above: int
    below: int
    neither: int

    @property
    def share(self) -> float | None:
        """Pairs of which neither was found count half."""
        pairs = self.above + self.below + self.neither
        return (self.above + self.neither / 2) / pairs if pairs else None


def twins(matched: Matched, truth: Sequence[Planted]) -> Twins:
    """Where the best finding of each stands."""
    best: dict[str, int] = {}
    for rank, hit in enumerate(zip(matched.hits, matched.benign, strict=True)):
        for id_ in (*hit[0], *hit[1]):
            best.setdefault(id_, rank)
    pairs = [(best.get(each.twin_of), best.get(each.id)) for each in truth if each.twin_of is not None]
    last = len(matched.findings)
    above = sum((last if a is None else a) < (last if b is None else b) for a, b in pairs)
    neither = sum(a is None and b is None for a, b in pairs)
    return Twins(above, len(pairs) - above - neither, neither)
