# SPDX-License-Identifier: Apache-2.0
"""Something is done with a finding: by somebody who may, in a state that allows it, on record first.

    asker, finding ──▶ may they? does the state allow it? ──▶ step `finding/number` recorded ──durable──▶ Done
                                       └ no ─▶ the refusal recorded ──▶ Refused

The key of a step is the finding and the number of the step, and the journal gives each key to one submission: of two who do
something with one finding at once, one is first for all, and the other is told to look again. No lock is needed.

Invariant: nothing is done with a finding that is not durable on record, and nothing by whom ``who`` has a reason against.
                                                                                         Design: docs/adr/0163
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.detect.finding import Finding
from whosaw.errors import BadInput, Busy, IdempotencyConflict
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import moment, plain
from whosaw.journal.submission import Record, Submission
from whosaw.model.approval import Overseen
from whosaw.model.record import Stream
from whosaw.policy.independence import Reason, independent
from whosaw.review.ground import Grounds
from whosaw.review.notes import Note, checked
from whosaw.review.ports import Desk
from whosaw.review.record import STREAM, Seen, Step
from whosaw.review.state import NEW, Standing, after, allowed, standings
from whosaw.review.who import OVERSEER, against_reading, against_reviewing
from whosaw.review.words import Resolution, What, reasons_for
from whosaw.tlog.note import VerifierKey
from whosaw.verify.ruling import Brief, Ruling

CALLER = "reviews"
_NO_FINDING = Reason("no-finding")


@dataclass(frozen=True, slots=True)
class Done:
    """On record at leaf `index`; `standing` is where the finding is now."""

    finding: Finding
    standing: Standing
    index: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done; the attempt is on record at leaf `index`."""

    reasons: tuple[Reason, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do. `by`, `to`: staff ids."""

    what: What
    finding: str
    by: str = field(repr=False)
    to: str | None = field(default=None, repr=False)
    resolution: Resolution | None = None
    why: tuple[str, ...] = ()
    note: str | None = field(default=None, repr=False)


def steps(desk: Desk) -> tuple[Step, ...]:
    """Every step with any finding, oldest first. Raises NotCanonical for a record that is none of ours."""
    return tuple(step for step in desk.steps() if isinstance(step, Step))


def find(desk: Desk, finding: str) -> Finding | None:
    there = desk.findings()
    return None if there is None else next((one for one in there.findings if one.id == plain(finding)), None)


def do(wish: Wish, desk: Desk) -> Done | Refused:
    """Do it, or refuse it, on record first. Raises BadInput for codes that do not go with it, Busy where another was first."""
    _check(wish)
    at, by = moment(desk.clock), desk.remember(wish.by)
    to = None if wish.to is None else desk.remember(wish.to)
    found = find(desk, wish.finding)
    if found is None:
        return refuse(desk, Step(at=at, finding="", number=0, what=wish.what, by=by), (_NO_FINDING,))
    grounds = Grounds.of(desk, found, at)
    before = standings(steps(desk)).get(found.id, NEW)
    note = None if wish.note is None else desk.digest(checked(wish.note).encode())
    resolves = wish.what is What.RESOLVE
    step = Step(
        at=at, finding=found.id, number=before.number + 1, what=wish.what, by=by, to=to, resolution=wish.resolution,
        why=wish.why, note=note, seen=seen(desk, found) if resolves else None,
        signals=tuple(sorted({reason.signal for reason in found.signals})) if resolves else (),
        two=resolves and two(wish.resolution, found, grounds, desk),
    )  # fmt: skip
    if reasons := _against(step, before, grounds):
        return refuse(desk, step, reasons)
    if note is not None and wish.note is not None:
        # Before the record: a note without its record belongs to nobody, a record without its note would have lost it.
        desk.notes.keep(Note(found.id, note, checked(wish.note)))
    return Done(found, after(before, step), submit(desk, step))


def briefed(found: Finding, standing: Standing, desk: Desk, origin: str) -> Brief:
    """What an overseer is given to rule from, sealed: whoever carries it can tell them nothing else."""
    proposed = None if standing.proposed is None else standing.proposed.resolution
    return Brief(
        origin=origin, finding=found.id, number=standing.number + 1, seen=seen(desk, found).digest, sentence=found.sentence,
        against=found.counter, proposed=None if proposed is None else str(proposed),
    ).sealed(desk.digest)  # fmt: skip


def rule(ruling: Ruling, by: str, desk: Desk, origin: str, overseers: Sequence[VerifierKey]) -> Done | Refused:
    """An overseer's ruling is brought back by `by`, a staff id. Raises BadInput for another log's, ProofFailed."""
    brief = ruling.brief
    if brief.origin != origin:
        raise BadInput("this ruling is about a finding of another log", where="FILE")
    resolution = _resolution(ruling)
    at, who = moment(desk.clock), desk.remember(by)
    found = find(desk, brief.finding)
    key = ruling.check(desk.digest)
    blank = Step(at=at, finding="" if found is None else found.id, number=0, what=What.RULE, by=who)
    if found is None:
        return refuse(desk, blank, (_NO_FINDING,))
    grounds, before = Grounds.of(desk, found, at), standings(steps(desk)).get(found.id, NEW)
    said = {
        "no-overseer": key not in overseers,
        "not-for-overseer": grounds.route() != OVERSEER and not grounds.overseer_too,
        # What came to it since was read by nobody, so nothing is said about it.
        "not-now": brief.number != before.number + 1
        or not allowed(before, What.RULE)
        or brief.seen != seen(desk, found).digest,
    }
    if reasons := tuple(Reason(code) for code, holds in said.items() if holds):
        return refuse(desk, blank, reasons)
    step = Step(
        at=at, finding=found.id, number=brief.number, what=What.RULE, by=ruling.by, to=who, resolution=resolution, why=ruling.why,
        seen=seen(desk, found), signals=tuple(sorted({reason.signal for reason in found.signals})),
        overseen=Overseen(vkey=ruling.vkey, signature=ruling.signature), brief=brief.digest,
    )  # fmt: skip
    return Done(found, after(before, step), submit(desk, step))


def _resolution(ruling: Ruling) -> Resolution:
    """The one that was signed. Raises BadInput where it, or a reason of it, is none of ours."""
    if ruling.resolution not in {str(each) for each in Resolution}:
        raise BadInput("no such resolution", where="FILE")
    resolution = Resolution(ruling.resolution)
    _check(Wish(What.RESOLVE, ruling.brief.finding, "", resolution=resolution, why=ruling.why))
    return resolution


def no_reader(asker: str, desk: Desk) -> Refused | None:
    """That `asker`, a staff id, does not work here, and so reads nothing of reviews: on record. None for whoever does."""
    at, who = moment(desk.clock), desk.remember(asker)
    said = standing(known(desk.directory, who, at).principal, "reviewer")
    return refuse(desk, nobody(at, who, What.OPENED), said) if said else None


def opened(finding: str, by: str, desk: Desk) -> tuple[Finding, Standing, int] | Refused:
    """Read a finding: that somebody did is on record before anything is shown."""
    at, who = moment(desk.clock), desk.remember(by)
    found = find(desk, finding)
    if found is None:
        return refuse(desk, Step(at=at, finding="", number=0, what=What.OPENED, by=who), (_NO_FINDING,))
    grounds = Grounds.of(desk, found, at)
    step = Step(at=at, finding=found.id, number=0, what=What.OPENED, by=who)
    if reasons := against_reading(grounds.one(who), grounds.ground):
        return refuse(desk, step, reasons)
    index = _record(desk, f"{CALLER}/opened", desk.fresh(), step)
    return found, standings(steps(desk)).get(found.id, NEW), index


def submit(desk: Desk, step: Step) -> int:
    """Record a step that moves a finding; its leaf. Raises Busy where another was first."""
    try:
        return _record(desk, CALLER, f"{step.finding}/{step.number}", step)
    except IdempotencyConflict:
        raise Busy(
            "somebody did something with this finding meanwhile",
            part="finding",
            hint="look at it again: nothing was done for you",
        ) from None


def refuse(desk: Desk, step: Step, reasons: Sequence[Reason]) -> Refused:
    """Record that a step was refused. Nothing of what it would have said is kept."""
    codes = tuple(dict.fromkeys(reason.code for reason in reasons))
    no = Step(
        at=step.at, finding=step.finding, number=0, what=step.what, by=step.by, to=step.to, outcome="refused",
        reasons=codes,
    )  # fmt: skip
    index = _record(desk, f"{CALLER}/refused", desk.fresh(), no)
    return Refused(tuple(map(Reason, codes)), index)


def seen(desk: Desk, found: Finding) -> Seen:
    """What there is to see in a finding now."""
    return Seen(len(found.looks), found.window[1], desk.digest("\n".join(sorted(found.looks)).encode()))


def two(resolution: Resolution | None, found: Finding, grounds: Grounds, desk: Desk) -> bool:
    """Whether it takes a second: misuse; a protected person, or one of whom nobody knows; a high score; those who control."""
    return (
        resolution is Resolution.MISUSE
        or found.score >= desk.numbers.two_from
        or grounds.overseer_too
        or grounds.protected()
    )


def _against(step: Step, before: Standing, grounds: Grounds) -> tuple[Reason, ...]:
    """Every reason why this step cannot be taken."""
    said = list(against_reviewing(grounds.one(step.by), grounds.ground))
    if step.to is not None:
        said += against_reviewing(grounds.one(step.to), grounds.ground)
    if grounds.route() == OVERSEER:
        said.append(Reason("for-overseer"))
    if not allowed(before, step.what):
        return (*said, Reason("not-now"))
    if step.what in (What.CONFIRM, What.RETURN):
        return (*said, *_second(step, before, grounds))
    theirs = before.holder == step.by
    if before.holder is not None and not theirs and step.what in (What.TAKE, What.RESOLVE):
        said.append(Reason("another-has-it"))
    if not theirs and step.by not in grounds.reviewers:
        said.append(Reason("not-a-reviewer"))
    return tuple(said)


def _second(step: Step, before: Standing, grounds: Grounds) -> tuple[Reason, ...]:
    first = "" if before.proposed is None else before.proposed.by
    if step.by == first:
        return (Reason("same-person"),)
    if grounds.overseer_too and step.what is What.CONFIRM:
        return (Reason("overseer-confirms"),)
    near = independent(first, step.by, grounds.ground.since)
    return (Reason("not-independent"), *near) if near or grounds.favoured(first, step.by) else ()


def _check(wish: Wish) -> None:
    if (wish.what is What.RESOLVE) != (wish.resolution is not None):
        raise BadInput("a finding is resolved with a resolution, and nothing else is", where="--resolution")
    codes = reasons_for(wish.what, wish.resolution)
    if codes and not wish.why:
        raise BadInput("a reason is missing", where="--because", hint=f"one or more of: {', '.join(codes)}")
    for code in wish.why:
        if code not in codes:
            fits = f"one or more of: {', '.join(codes)}" if codes else "it takes none"
            raise BadInput("this reason does not go with it", where="--because", hint=fits)


def _record(desk: Desk, caller: str, key: str, step: Step) -> int:
    recorded = desk.journal.submit(Submission(caller, key, (Record(Stream.named(STREAM), step.encode()),)))
    return recorded.leaves[-1].index


def nobody(at: datetime, by: str, what: What) -> Step:
    """A step with no finding: who may not even list them."""
    return Step(at=at, finding="", number=0, what=what, by=by)
