# SPDX-License-Identifier: Apache-2.0
"""`whosaw evaluate`: anybody's findings against what was planted."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import cast

import click

from whosaw.cli.options import Place, file_there, format_option, say
from whosaw.cli.output import Cell, Table
from whosaw.cli.written import written
from whosaw.errors import BadInput
from whosaw.evaluate.around import attributes_of, looks_of, period_of, staff_of
from whosaw.evaluate.bootstrap import Interval
from whosaw.evaluate.calibration import calibration_of
from whosaw.evaluate.measure import Period
from whosaw.evaluate.read import Line, Planted, read_findings, read_truth
from whosaw.evaluate.report import Report, report
from whosaw.verify.words import counted

_ENOUGH = 30  # incidents, from which on an interval is worth its name


@click.command()
@click.argument("findings", type=Place())
@click.option(
    "--truth", required=True, type=Place(), metavar="FILE", help="What was planted: truth.jsonl of a dataset."
)
@click.option(
    "--staff",
    type=click.IntRange(1),
    metavar="N",
    help="How many work there. Without it: as many as staff beside the truth.",
)
@click.option(
    "--units", type=Place(), metavar="DIR", help="Every unit's p, from whosaw detect --units: is p what it says?"
)
@click.option("--out", type=Place(), metavar="FILE", help="Write all figures to this file, as JSON.")
@format_option
def evaluate(findings: Path, truth: Path, staff: int | None, units: Path | None, out: Path | None, form: str) -> int:
    """Measure findings against what was planted."""
    file_there(findings, "give what whosaw detect --out wrote")
    file_there(truth, "give truth.jsonl of the folder that was looked through")
    lines, planted = read_findings(findings), read_truth(truth)
    beside = truth.parent
    people = staff or staff_of(beside)
    if people is None:
        raise BadInput("nobody says how many work there", where="--staff", hint="give --staff N")
    start, end = period_of(beside) or _span(lines, planted)
    incidents = [each for each in planted if not each.benign]
    wanted = frozenset(look for each in incidents for look in each.looks)
    theirs = frozenset(id_ for each in incidents for id_ in (*each.principals, *each.persons))
    made = report(
        lines,
        planted,
        Period(people, start, end),
        looks_of(beside, wanted),
        () if units is None else calibration_of(units, theirs),
        staff=attributes_of(beside, start),
    )
    if out is not None:
        written(out, [json.dumps(made.json(), indent=2) + "\n"])
    say(_told(made), form)
    return 0


def _span(lines: tuple[Line, ...], planted: tuple[Planted, ...]) -> tuple[datetime, datetime]:
    ends = [line.as_of for line in lines] + [each.end for each in planted if each.end is not None]
    starts = [each.start for each in planted if each.start is not None]
    if not starts or not ends:
        raise BadInput("nobody says which period it is", where="dataset.json", hint="keep it beside the truth")
    return min(starts), max(ends)


def _told(made: Report) -> Table:
    return Table(
        f"{made.found:,} of {counted(made.incidents, 'incident')} {'is' if made.found == 1 else 'are'} among "
        f"{counted(made.findings, 'finding')}. Average precision over "
        f"incidents {made.average_precision:.3f} {_interval(made.intervals.average_precision)}, over pairs of principal and "
        f"person {made.average_precision_of_pairs:.3f} {_interval(made.intervals.average_precision_of_pairs)}.",
        ("figure", "value", "95 %", "at best"),
        tuple(_rows(made)),
        cast("dict[str, Cell]", made.json()),  # tables in tables, which only JSON shows
        (*_after(made), *_units(made), *_groups(made)),
    )


def _rows(made: Report) -> list[dict[str, Cell]]:
    rows: list[dict[str, Cell]] = []
    for i, at in enumerate(made.budgets):
        rows += [
            _row(f"precision at {at.budget:g}", at.precision, made.intervals.precision[i], at.precision_ceiling),
            _row(f"recall at {at.budget:g}", at.recall, made.intervals.recall[i], at.recall_ceiling),
            _row(f"false findings at {at.budget:g}, per 1,000 staff and week", at.false_per_1000_staff_weeks),
        ]
    share = made.twins.share
    if made.runs > 1:
        rows += [
            _row("days until found, median", made.times.days, made.days_interval),
            _row("persons looked at until then, median", made.times.persons),
            _row("found before the third person", made.times.before_third),
        ]
    rows += [
        _row("incident above its benign twin", share, made.twins_interval),
        _row("average precision: mean of the families", made.mean_family),
    ]
    for family in made.families:
        rows.append(_row(f"recall at 25: {family.family} ({family.incidents})", family.recall))
        worst = ", the worst" if family.family == made.worst_family and len(made.families) > 1 else ""
        figure = f"average precision: {family.family}{worst}"
        rows.append(_row(figure, family.average_precision, family.interval))
    rows += [_row(f"findings at 25 that are benign: {b.family} ({b.planted})", b.found) for b in made.benign]
    return rows


def _row(
    figure: str, value: float | None, interval: Interval | None = None, best: float | None = None
) -> dict[str, Cell]:
    return {
        "figure": figure,
        "value": "-" if value is None else f"{value:.3f}" if isinstance(value, float) else f"{value:,}",
        "95 %": "" if interval is None else _interval(interval),
        "at best": "" if best is None else f"{best:.3f}",
    }


def _interval(interval: Interval) -> str:
    return f"({interval.low:.3f} to {interval.high:.3f})"


def _after(made: Report) -> list[str]:
    period = f"{made.staff:,} staff, {made.start:%Y-%m-%d} to {made.end:%Y-%m-%d}"
    said = [
        f"Incidents per 1,000 staff and month: {made.prevalence:.2f}; {period}.",
        "Precision and recall are those of 10, 25 and 50 findings per 1,000 staff and month.",
    ]
    if 0 < made.incidents < _ENOUGH:
        few = f"{made.incidents:,} incidents are" if made.incidents > 1 else "One incident is"
        said.append(f"{few} few: the intervals are of these, and say little of others. {_ENOUGH} of a family would do.")
    if made.floor:
        are = "was" if made.floor == 1 else "were"
        said.append(f"{counted(made.floor, 'finding')} {are} drawn at random, and left out of every figure.")
    if made.again:
        said.append(
            f"About an incident that another one had found: {counted(made.again, 'finding')}, neither a find nor false."
        )
    if made.runs < 2:
        # From the start of an incident to the only run there is: that measures when somebody typed the command.
        said.append(
            "How soon incidents were found is not told: that takes findings of several instants (whosaw detect --replay)."
        )
    elif made.times.persons is None:
        said.append(
            "How many persons had been looked at cannot be said: the looks are not beside the truth, or nothing was found."
        )
    return said


def _units(made: Report) -> list[str]:
    return [
        f"{c.signal}: of {counted(c.units, 'unit')} with no part in an incident {c.ratios[0]:.2f} times as many as should have p up "
        f"to .01, and {c.ratios[1]:.2f} times up to .001; chance brings such an excess with p = {c.excess_p:.3f}, and such a "
        f"distance from uniform with p = {c.distance_p:.3f} (Kolmogorov and Smirnov)."
        for c in made.calibration
    ]


def _groups(made: Report) -> list[str]:
    return [
        f"By {r.attribute}: people of one group are named by false findings up to {r.ratio:.2f} times as often as those of "
        f"another ({', '.join(f'{g.name} {g.named:,} of {g.people:,}' for g in r.groups)}); chance alone brings "
        f"{r.by_chance[0]:.2f}, and in one of twenty cases {r.by_chance[1]:.2f}."
        for r in made.groups
    ]
