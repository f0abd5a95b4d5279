# SPDX-License-Identifier: Apache-2.0
"""All figures of one set of findings against one truth, as a value that becomes JSON.

Invariant: nothing is left out because it looks bad: every family has its row, and each figure stands beside its ceiling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import fmean, median

from whosaw.errors import BadInput
from whosaw.evaluate.bootstrap import Interval, Intervals, intervals, of_mean, of_some
from whosaw.evaluate.calibration import Calibration
from whosaw.evaluate.groups import Ratio, ratios
from whosaw.evaluate.match import Matched, match, ranked
from whosaw.evaluate.measure import (
    BUDGETS,
    MONTH,
    AtBudget,
    Period,
    Times,
    Twins,
    at_budget,
    average_precision,
    average_precision_of_pairs,
    pairs_of,
    times,
    twins,
    within,
)
from whosaw.evaluate.read import Line, Planted

# The budget that a family's recall is told for.
_MIDDLE = 25


@dataclass(frozen=True, slots=True)
class Family:
    """`average_precision`: of a list without the finds of other families, and its interval."""

    family: str
    incidents: int
    found: int
    recall: float
    average_precision: float
    interval: Interval
    days: float | None


@dataclass(frozen=True, slots=True)
class Benign:
    """What is benign and looks like misuse: how much of it became a finding within the middle budget."""

    family: str
    planted: int
    found: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything. `prevalence`: incidents per 1,000 staff and month. `again`: findings of what another had found. `runs`: instants
    of which there are lines; of one alone no time until something was found can be told.

    `mean_family`, `worst_family`: average precision, each family alike; None without an incident.
    """

    findings: int
    floor: int
    runs: int
    incidents: int
    staff: int
    start: datetime
    end: datetime
    prevalence: float
    found: int
    again: int
    average_precision: float
    average_precision_of_pairs: float
    pairs: int
    budgets: tuple[AtBudget, ...]
    intervals: Intervals
    times: Times
    days_interval: Interval | None
    twins: Twins
    twins_interval: Interval | None
    mean_family: float | None
    worst_family: str | None
    families: tuple[Family, ...]
    benign: tuple[Benign, ...]
    calibration: tuple[Calibration, ...]
    groups: tuple[Ratio, ...]

    def json(self) -> dict[str, object]:
        """As plain values."""
        said = asdict(self)
        said |= {"start": self.start.isoformat(), "end": self.end.isoformat()}
        said["twins"] |= {"share": self.twins.share}
        return said


def report(
    lines: Sequence[Line],
    truth: Sequence[Planted],
    period: Period,
    looks: Mapping[str, tuple[datetime, str]] | None = None,
    calibration: tuple[Calibration, ...] = (),
    *,
    staff: Mapping[str, Mapping[str, str]] | None = None,
) -> Report:
    """The figures. `staff`: what groups each principal is in, where known. Raises BadInput where there is nothing to measure against."""
    if period.staff < 1 or period.end <= period.start:
        raise BadInput("nobody was watched, or at no time", where="period", hint="say how many with --staff")
    incidents = [each for each in truth if not each.benign]
    findings = ranked(lines)
    matched = match(findings, truth)
    shown = [frozenset(within(findings, budget, period)) for budget in BUDGETS]
    wanted = pairs_of(incidents)
    middle = shown[BUDGETS.index(_MIDDLE)]
    months = (period.end - period.start) / MONTH
    families = _families(matched, incidents, middle)
    order = twins(matched, truth)
    when = times(matched, incidents, looks)
    wrong = {who for i in middle if not matched.hits[i] for who in findings[i].newest.principals}
    return Report(
        findings=len(findings),
        floor=len({line.finding for line in lines if line.floor}),
        runs=len({line.as_of for line in lines}),
        incidents=len(incidents),
        staff=period.staff,
        start=period.start,
        end=period.end,
        prevalence=len(incidents) / (period.staff / 1000 * months),
        found=sum(id_ is not None for id_ in matched.incident),
        again=sum(id_ is None and bool(hit) for id_, hit in zip(matched.incident, matched.hits, strict=True)),
        average_precision=average_precision([id_ is not None for id_ in matched.incident], len(incidents)),
        average_precision_of_pairs=average_precision_of_pairs(findings, wanted),
        pairs=len(wanted),
        budgets=tuple(at_budget(matched, len(incidents), budget, period) for budget in BUDGETS),
        intervals=intervals(matched, incidents, shown),
        times=when,
        days_interval=of_mean(when.all_days, median),
        twins=order,
        twins_interval=of_mean([1.0] * order.above + [0.5] * order.neither + [0.0] * order.below),
        mean_family=fmean(f.average_precision for f in families) if families else None,
        worst_family=min(families, key=lambda f: (f.average_precision, f.family)).family if families else None,
        families=families,
        benign=_benign(matched, truth, middle),
        calibration=calibration,
        groups=() if staff is None else ratios(staff, wrong),
    )


def _families(matched: Matched, incidents: Sequence[Planted], shown: frozenset[int]) -> tuple[Family, ...]:
    made = []
    for family in sorted({each.family for each in incidents}):
        own = [each for each in incidents if each.family == family]
        ids = {each.id for each in own}
        at_all = {id_ for id_ in matched.incident if id_ in ids}
        found = {matched.incident[i] for i in shown if matched.incident[i] in ids}
        # What found another family is neither right nor wrong here.
        list_ = [id_ for id_ in matched.incident if id_ is None or id_ in ids]
        made.append(
            Family(
                family,
                len(own),
                len(at_all),
                len(found) / len(own),
                average_precision([id_ is not None for id_ in list_], len(own)),
                of_some(list_, sorted(ids)),
                times(matched, own, None).days,
            )
        )
    return tuple(made)


def _benign(matched: Matched, truth: Sequence[Planted], shown: frozenset[int]) -> tuple[Benign, ...]:
    found = {id_ for i in shown for id_ in matched.benign[i]}
    families = sorted({each.family for each in truth if each.benign})
    return tuple(
        Benign(family, len(own), len({each.id for each in own} & found))
        for family in families
        for own in [[each for each in truth if each.benign and each.family == family]]
    )
