# SPDX-License-Identifier: Apache-2.0
"""A watch in sentences, for one who may read some of its findings, or for whoever ran it. Words and numbers, never a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.cli.options import again
from whosaw.cli.output import Cell, Table
from whosaw.facts.columns import instant
from whosaw.review.state import NEW
from whosaw.reviewing import Watched
from whosaw.verify.words import counted

if TYPE_CHECKING:
    from whosaw.detect.finding import Finding
    from whosaw.detect.run import Run


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who reads. `asker`: a staff id, or None for whoever ran it, who reads no sentence. `routes`: of the findings that they may
    know of, where each goes. `functions`: all that the asker ever had, none where nobody knows any.
    """

    asker: str | None
    routes: Mapping[str, str]
    functions: frozenset[str] = frozenset()


def told(run: Run, data: Path, now: Watched, eyes: Eyes) -> Table:
    """What is printed. Nothing depends on a finding that the one who reads may not know of."""
    known = [finding for finding in run.findings if finding.id in eyes.routes]
    shown = [finding for finding in known if finding.id not in now.hidden]
    hidden = {finding: rule for finding, rule in now.hidden.items() if finding in eyes.routes}
    facts: dict[str, Cell] = {
        "looks": run.coverage.looks,
        "with_person": run.coverage.with_person,
        "explained": run.coverage.explained,
        "refused": run.coverage.refused,
        "off": run.coverage.off,
        "hidden": len(hidden),
    }
    news = (*_hidden(hidden), *_changed(run))
    if eyes.asker is None:
        after = (*_unfound(run, known), *news, *_earlier(run, now, eyes), *coverage(run), *_ways_on(bool(shown), data))
        return Table(run.sentence, ("finding", "new", "state", "goes to"), _counts(shown, run, now, eyes), facts, after)
    rows = tuple(_row(finding, finding.id in run.new, now) for finding in shown)
    ways_on = (f"Next: whosaw inquiry finding {shown[0].id} --as ID{again(data)}",) if shown else ()
    after = (
        *_against(shown), *_unfound(run, known), *_ended(shown, now), *news,
        *_earlier(run, now, eyes), *_practices(run, eyes), *coverage(run), *ways_on,
    )  # fmt: skip
    return Table(_sentence(run, known), ("finding", "new", "score", "sentence"), rows, facts, after)


def _sentence(run: Run, known: Sequence[Finding]) -> str:
    from whosaw.detect.run import said

    if run.blind:
        return run.sentence
    return said(run.as_of, len(known), sum(finding.id in run.new for finding in known), run.coverage)


def _counts(shown: Sequence[Finding], run: Run, now: Watched, eyes: Eyes) -> tuple[dict[str, Cell], ...]:
    return tuple(
        {
            "finding": finding.id,
            "new": finding.id in run.new,
            "state": str(now.standings.get(finding.id, NEW).state),
            "goes to": eyes.routes[finding.id],
        }
        for finding in shown
    )


def _ways_on(some: bool, data: Path) -> tuple[str, ...]:
    if not some:
        return ()
    return (
        "What they say is told to those who may read it, and to nobody for having run this.",
        f"Next: whosaw finding list --as ID{again(data)}",
    )


def _practices(run: Run, eyes: Eyes) -> tuple[str, ...]:
    """What is said of whole teams, to whoever is known to be of another function, and never was of theirs: it is of their looks, too.

    Where of some of the looks nobody knows by which function they were, everybody may be of theirs, and nobody is told it.
    """
    if not eyes.functions:
        return ()
    return tuple(
        one.sentence for one in run.practices if None not in one.functions and not eyes.functions & one.functions
    )


def _unfound(run: Run, known: Sequence[Finding]) -> tuple[str, ...]:
    """Where the one who reads is told of no finding, what is without a reason all the same. Whether another finding lists it is
    not said: nor by silence, or whoever it is about would read there that it is there.
    """
    without = run.coverage.with_person - run.coverage.explained
    if known or not without:
        return ()
    has = "has" if without == 1 else "have"
    return (f"{counted(without, 'look')} at a person {has} no reason on file: so many can be usual.",)


def _earlier(run: Run, now: Watched, eyes: Eyes) -> tuple[str, ...]:
    """Findings of earlier watches that this one no longer sees: their looks are older than it looks back."""
    seen = {finding.id for finding in run.findings}
    return tuple(
        f"{finding.id}, last seen {instant(finding.as_of):%Y-%m-%d}, stays open"
        + (f" and goes to {eyes.routes[finding.id]}." if eyes.asker is None else f": {finding.sentence}")
        for finding in run.kept.findings
        if finding.id not in seen and now.waits(finding.id) and finding.id in eyes.routes
    )


def _ended(shown: Sequence[Finding], now: Watched) -> tuple[str, ...]:
    """How those that are found again ended before: it stands beside them, and hides nothing."""
    return tuple(
        f"{finding.id} was resolved as {ended[-1].resolution} on {ended[-1].at:%Y-%m-%d}"
        + (", and is opened again: there is more." if finding.id in now.reopened else ".")
        for finding in shown
        if (ended := now.standings.get(finding.id, NEW).ended)
    )


def _hidden(hidden: Mapping[str, str]) -> tuple[str, ...]:
    """Never in silence."""
    if not hidden:
        return ()
    rules = sorted(set(hidden.values()))
    are, many = ("is" if len(hidden) == 1 else "are"), counted(len(rules), "rule")
    said = f"{counted(len(hidden), 'finding')} {are} hidden by {many} ({', '.join(rules)})"
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
        "signals": tuple(dict.fromkeys(reason.sentence for reason in finding.signals)),
        "against": finding.counter,
    }


def _against(shown: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(f"{finding.id}, against it: {sentence}" for finding in shown for sentence in finding.counter)


def coverage(run: Run) -> tuple[str, ...]:
    """From where looks came, and what was off: a silence is worth as much as this."""
    sources = ", ".join(f"{name} ({count:,})" for name, count in run.coverage.sources)
    seen = (f"Looks came from: {sources}. What no source tells, nobody saw.",) if sources else ()
    return (*seen, *run.coverage.off)
