# SPDX-License-Identifier: Apache-2.0
"""Which finding found which incident.

    hit     at least half of the finding's looks belong to the incident; or at least half of the incident's looks are in
            the finding, and are at least a tenth of its own
    match   best rank first, each finding one incident and each incident one finding

Of several lines of a finding the newest counts; it enters with its first. Those drawn at random are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.evaluate.read import Line, Planted


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its newest line, and all of them, oldest first."""

    newest: Line
    lines: tuple[Line, ...]

    @property
    def entered(self) -> datetime:
        return self.lines[0].as_of


@dataclass(frozen=True, slots=True)
class Matched:
    """`findings`: best first. `incident`: per finding the id of the incident that is its, or None.

    `hits`, `benign`: per finding the ids of all incidents, and of all that is benign, that it hits.
    """

    findings: tuple[Finding, ...]
    incident: tuple[str | None, ...]
    hits: tuple[tuple[str, ...], ...]
    benign: tuple[tuple[str, ...], ...]


def ranked(lines: Sequence[Line]) -> tuple[Finding, ...]:
    """The findings, best first: by score, and among equals in the order of the file."""
    by_id: dict[str, list[Line]] = {}
    for line in lines:
        if not line.floor:
            by_id.setdefault(line.finding, []).append(line)
    found = [tuple(sorted(each, key=lambda line: line.as_of)) for each in by_id.values()]
    return tuple(sorted((Finding(each[-1], each) for each in found), key=lambda f: -f.newest.score))


def hits(line: Line, planted: Planted) -> bool:
    """`line` is about `planted`."""
    common = len(line.looks & planted.looks)
    if not common:
        return False
    return 2 * common >= len(line.looks) or (2 * common >= len(planted.looks) and 10 * common >= len(line.looks))


def match(findings: Sequence[Finding], truth: Sequence[Planted]) -> Matched:
    """Findings in their order, each with the incident that is its."""
    by_look: dict[str, list[Planted]] = {}
    for planted in truth:
        for look in planted.looks:
            by_look.setdefault(look, []).append(planted)
    taken: set[str] = set()
    incidents: list[str | None] = []
    all_hits, benign = [], []
    for finding in findings:
        near = {p.id: p for look in finding.newest.looks for p in by_look.get(look, ())}
        hit = [near[id_] for id_ in sorted(near) if hits(finding.newest, near[id_])]
        all_hits.append(tuple(p.id for p in hit if not p.benign))
        benign.append(tuple(p.id for p in hit if p.benign))
        free = [p for p in hit if not p.benign and p.id not in taken]
        best = max(free, key=lambda p: len(p.looks & finding.newest.looks), default=None)
        incidents.append(None if best is None else best.id)
        if best is not None:
            taken.add(best.id)
    return Matched(tuple(findings), tuple(incidents), tuple(all_hits), tuple(benign))
