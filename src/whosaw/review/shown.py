# SPDX-License-Identifier: Apache-2.0
"""What somebody sees of findings: those that they may read, each with its state; and one with all that is known of it.

    asker ──standing──▶ findings they may read, strongest first, the closed ones last
    finding, asker ──opened: on record──▶ InFull: state, route, history, how it ended before, how its like ended

Invariant: a finding that somebody may not read is not listed and not counted for them; that they opened one is on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from whosaw.detect.finding import Finding
from whosaw.inquiry.step import moment
from whosaw.review.ground import Grounds
from whosaw.review.notes import Note
from whosaw.review.ports import Desk
from whosaw.review.precision import Measured, measured
from whosaw.review.record import Step
from whosaw.review.state import NEW, Ended, Standing, standings
from whosaw.review.suppress import hidden
from whosaw.review.who import against_reading
from whosaw.review.words import State, What
from whosaw.review.work import Refused, no_reader, opened, steps


@dataclass(frozen=True, slots=True)
class Listed:
    """One finding in a list. `route`: the unit that it goes to, or the overseer. `hidden_by`: the rule that hides it."""

    finding: Finding
    standing: Standing
    route: str
    hidden_by: str | None


@dataclass(frozen=True, slots=True)
class Related:
    """An earlier finding about one of the same principals at one of the same persons, and how it ended."""

    finding: str
    ended: Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class InFull:
    """One finding. `history`: what was done with it, oldest first; `alike`: how findings by the same signals ended."""

    finding: Finding
    standing: Standing
    route: str
    overseer_too: bool
    two_at_least: bool
    history: tuple[Step, ...] = field(repr=False)
    notes: tuple[Note, ...] = field(repr=False)
    related: tuple[Related, ...]
    alike: tuple[Measured, ...]
    index: int


def listed(asker: str, desk: Desk) -> tuple[Listed, ...] | Refused:
    """Every finding that `asker`, a staff id, may read. Refused, on record, to who does not work here."""
    if no := no_reader(asker, desk):
        return no
    at, who = moment(desk.clock), desk.remember(asker)
    found, now, hides = desk.findings(), standings(steps(desk)), hidden(desk, at)
    rows = []
    for one in () if found is None else found.findings:
        grounds = Grounds.of(desk, one, at)
        if not against_reading(grounds.one(who), grounds.ground):
            rows.append(Listed(one, now.get(one.id, NEW), grounds.route(), hides.get(one.id)))
    return tuple(sorted(rows, key=lambda r: (r.standing.state is State.CLOSED, -r.finding.score, r.finding.id)))


def shown(finding: str, asker: str, desk: Desk) -> InFull | Refused:
    """One finding for `asker`, on record first."""
    seen = opened(finding, asker, desk)
    if isinstance(seen, Refused):
        return seen
    found, now, index = seen
    said = steps(desk)
    all_ = standings(said)
    grounds = Grounds.of(desk, found, moment(desk.clock))
    signals = {reason.signal for reason in found.signals}
    return InFull(
        finding=found,
        standing=now,
        route=grounds.route(),
        overseer_too=grounds.overseer_too,
        two_at_least=grounds.overseer_too or grounds.protected() or found.score >= desk.numbers.two_from,
        history=tuple(s for s in said if s.finding == found.id and s.outcome == "done" and s.what is not What.OPENED),
        notes=_notes(desk, found.id, said),
        related=tuple(_related(desk, found, all_)),
        alike=tuple(m for m in measured(s for id_, s in all_.items() if id_ != found.id) if m.signal in signals),
        index=index,
    )


def _notes(desk: Desk, finding: str, said: Iterable[Step]) -> tuple[Note, ...]:
    """Those whose digest a record holds, and that are what the digest says."""
    on_record = {step.note for step in said if step.finding == finding}
    return tuple(
        note
        for note in desk.notes.all()
        if note.finding == finding and note.digest in on_record and desk.digest(note.text.encode()) == note.digest
    )


def _related(desk: Desk, found: Finding, all_: dict[str, Standing]) -> Iterable[Related]:
    known_ = desk.findings()
    for other in () if known_ is None else known_.findings:
        ended = all_.get(other.id, NEW).ended
        both = set(other.principals) & set(found.principals) and set(other.persons) & set(found.persons)
        if other.id != found.id and ended and both:
            yield Related(other.id, ended[-1])
