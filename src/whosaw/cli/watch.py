# SPDX-License-Identifier: Apache-2.0
"""`whosaw watch`: the detectors over everything recorded up to now. Words and numbers, never a name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whosaw.cli.options import again, data_option, format_option, opened, say
from whosaw.cli.output import TO_REVIEW, Cell, Table
from whosaw.facts.columns import instant
from whosaw.review.state import NEW
from whosaw.reviewing import Watched, watched
from whosaw.verify.words import counted
from whosaw.watching import watch as run_watch

if TYPE_CHECKING:
    from whosaw.detect.finding import Finding
    from whosaw.detect.run import Run


@click.command()
@click.option("--rebuild", is_flag=True, help="Read the whole journal again, whatever earlier watches kept of it.")
@data_option
@format_option
def watch(rebuild: bool, data: Path, form: str) -> int:
    """Watch all looks up to now. Exit code 1: findings are open, or nothing could be watched."""
    with opened(data) as here:
        run = run_watch(here, rebuild=rebuild)
        now = watched(here, run)
    say(_told(run, data, now), form)
    # A finding that no longer shows is open all the same, until somebody has closed it.
    return TO_REVIEW if any(now.waits(finding.id) for finding in run.kept.findings) or run.blind else 0


def _told(run: Run, data: Path, now: Watched) -> Table:
    shown = [finding for finding in run.findings if finding.id not in now.hidden]
    rows = tuple(_row(finding, finding.id in run.new, now) for finding in shown)
    facts: dict[str, Cell] = {
        "looks": run.coverage.looks,
        "with_person": run.coverage.with_person,
        "explained": run.coverage.explained,
        "refused": run.coverage.refused,
        "off": run.coverage.off,
        "hidden": len(now.hidden),
    }
    ways_on = (f"Next: whosaw inquiry finding {shown[0].id} --as ID{again(data)}",) if shown else ()
    return Table(
        run.sentence,
        ("finding", "new", "score", "sentence"),
        rows,
        facts,
        (
            *_against(shown),
            *_unfound(run),
            *_ended(shown, now),
            *_hidden(now),
            *_changed(run),
            *_earlier(run, now),
            *coverage(run),
            *ways_on,
        ),
    )


def _unfound(run: Run) -> tuple[str, ...]:
    """Where nothing is found, what was not: that it can be usual does not mean that there is nothing."""
    without = run.coverage.with_person - run.coverage.explained
    if run.findings or not without:
        return ()
    has = "has" if without == 1 else "have"
    return (
        f"{counted(without, 'look')} at a person {has} no reason on file: so many can be usual, and no finding lists them.",
    )


def _earlier(run: Run, now: Watched) -> tuple[str, ...]:
    """Findings of earlier watches that this one no longer sees: their looks are older than it looks back."""
    seen = {finding.id for finding in run.findings}
    return tuple(
        f"{finding.id}, last seen {instant(finding.as_of):%Y-%m-%d}, stays open: {finding.sentence}"
        for finding in run.kept.findings
        if finding.id not in seen and now.waits(finding.id)
    )


def _ended(shown: Sequence[Finding], now: Watched) -> tuple[str, ...]:
    """How those that are found again ended before: it stands beside them, and hides nothing."""
    return tuple(
        f"{finding.id} was resolved as {ended[-1].resolution} on {ended[-1].at:%Y-%m-%d}"
        + (", and is opened again: there is more." if finding.id in now.reopened else ".")
        for finding in shown
        if (ended := now.standings.get(finding.id, NEW).ended)
    )


def _hidden(now: Watched) -> tuple[str, ...]:
    """Never in silence."""
    if not now.hidden:
        return ()
    rules = sorted(set(now.hidden.values()))
    are, many = ("is" if len(now.hidden) == 1 else "are"), counted(len(rules), "rule")
    said = f"{counted(len(now.hidden), 'finding')} {are} hidden by {many} ({', '.join(rules)})"
    return (f"{said}: whosaw suppression list says whose, and until when.",)


def _changed(run: Run) -> tuple[str, ...]:
    """That somebody wrote among the facts, for as long as it is news."""
    if run.changed is None:
        return ()
    at = instant(run.changed)
    found = f"On {at:%Y-%m-%d} at {at:%H:%M} UTC the facts were found other than this house had written them."
    return (f"{found} They were made anew from the journal; who can write that folder is for you to find out.",)


def _row(finding: Finding, new: bool, now: Watched) -> dict[str, Cell]:
    first, last = finding.window
    standing = now.standings.get(finding.id, NEW)
    return {
        "finding": finding.id,
        "new": new,
        "state": str(standing.state),
        "resolution": None if not standing.ended else str(standing.ended[-1].resolution),
        "score": f"{finding.score:.1f}",
        "first": f"{instant(first):%Y-%m-%d}",
        "last": f"{instant(last):%Y-%m-%d}",
        "principals": len(finding.principals),
        "persons": len(finding.persons),
        "looks": len(finding.looks),
        "sentence": finding.sentence,
        "signals": tuple(reason.sentence for reason in finding.signals),
        "against": finding.counter,
    }


def _against(shown: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f"{finding.id}, against it: {sentence}" for finding in shown for sentence in finding.counter)


def coverage(run: Run) -> tuple[str, ...]:
    """From where looks came, and what was off: a silence is worth as much as this."""
    sources = ", ".join(f"{name} ({count:,})" for name, count in run.coverage.sources)
    seen = (f"Looks came from: {sources}. What no source tells, nobody saw.",) if sources else ()
    return (*seen, *run.coverage.off)
