# SPDX-License-Identifier: Apache-2.0
"""Erasing a person: asked, decided, on record, then done; and taken up by a start where a crash cut it short.

    1 decide    who orders it may; nothing holds it                     else: refused, on record
    2 record    tombstone and order, durable                            journal.erase: from here on it will be done
    3 keys      findings, then shares in counts, values, directory, key row      in that order: the pseudonym goes with the row
    4 segments  written anew; facts thrown away, to be made again
    5 done

Whoever looked at a person may not order the erasure: the records of it are what would be erased. What remains is said
(`REMAINS`), and when the last backup with the records is gone.

Invariant: after 2 every step is done, again if need be, in this order, before anything else is recorded.
                                                              Specification: docs/spec/erasure.md  Design: docs/adr/0060
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.detect import findings_file
from whosaw.erasure.findings import without
from whosaw.erasure.ports import Desk
from whosaw.erasure.record import BASES, holds, kept_body, order_body
from whosaw.errors import BadInput, NotCanonical, Unavailable
from whosaw.facts.clear import clear
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import moment
from whosaw.journal.ports import Erasing, StreamKey
from whosaw.journal.segment import Frame
from whosaw.journal.submission import Record, Submission
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import Kind, Stream, parse
from whosaw.policy.facts import Known
from whosaw.policy.independence import Reason
from whosaw.review import notes

CALLER = "erasure"
BACKUPS = timedelta(days=35)
_LEAVES = (
    "What remains: the leaves themselves, 65 bytes each, under labels and commitments that no key opens any more, their "
    "places in the log, and a record that so many were erased, on what basis and by whose order; it does not say whose."
)
REMAINS = (
    _LEAVES,
    "Who holds the key for first labels and the account id can still show that an account was once enrolled there.",
    "Proofs that were handed out hold as before, and a statement that somebody kept can still be read by them.",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erased:
    """It is done. `records`: how many leaves were erased; `tombstone`: the record that says so, None where there was none.

    `expires`: when the last backup that holds the records is gone.
    """

    records: int
    tombstone: int | None
    expires: datetime


@dataclass(frozen=True, slots=True)
class Before:
    """There is nothing to erase any more: so many generations of the account were erased before."""

    generations: int


@dataclass(frozen=True, slots=True)
class Kept:
    """No. `reasons` in sentences that name nobody; `index`: the record that says so, None for a hold."""

    reasons: tuple[Reason, ...]
    index: int | None = field(compare=False)

    @property
    def sentence(self) -> str:
        return " ".join(reason.sentence for reason in self.reasons)


def erase(person: str, basis: str, by: str, desk: Desk, *, key: str) -> Erased | Before | Kept:
    """Erase the account `person`, on a basis of `BASES`, by order of the staff member `by`.

    `key`: random, of this order. Raises BadInput for somebody of whom nothing is known. Once it is on record, whatever
    is raised, the next start finishes it.
    """
    if basis not in BASES:
        raise BadInput(f"no such basis; known: {', '.join(BASES)}", where="basis")
    stream, subject = Stream.of_person(person), desk.pseudonyms.person(person)
    secret = desk.keys.find(stream)
    if secret is None and not desk.state.knows(subject):
        if generations := desk.keys.generations(stream):
            return Before(generations)
        raise BadInput(
            "nothing is recorded or known of this account",
            where="PERSON",
            hint="an id in another spelling is another id",
        )
    who, at = desk.remember(by), moment(desk.clock)
    frames = [] if secret is None else run(secret, desk)
    if reasons := _reasons(known(desk.directory, who, at, subject), who, frames):
        # Where nobody is enrolled a refusal must not enrol them.
        where = Stream.named("admin") if secret is None else stream
        body = kept_body(who, at, basis, [reason.code for reason in reasons])
        recorded = desk.journal.submit(Submission(CALLER, key, (Record(where, body),)))
        return Kept(reasons, recorded.leaves[-1].index)

    def order(job: Erasing) -> tuple[Record, ...]:
        # Nothing comes into the stream any more: what is erased is what was decided about, or it is decided anew.
        if job.indexes != tuple(frame.index for frame in frames):
            raise Unavailable(
                "something was recorded of this account meanwhile; nothing was erased", part="erasure", hint="ask again"
            )
        return _order(who, at, basis, job.digest)

    job = None if secret is None else desk.eraser.begin(secret, basis, order)
    if job is None:
        desk.journal.submit(Submission(CALLER, key, _order(who, at, basis, None)))
    _finish(job, None if secret is None else secret.handle, subject, frames, desk)
    desk.journal.forget(stream)
    return Erased(len(job.indexes) if job else 0, job.tombstone if job else None, at + BACKUPS)


def resume(desk: Desk) -> int:
    """Finish what a crash cut short, before anything else is recorded. How many erasures that were."""
    jobs = desk.eraser.unfinished()
    for job in jobs:
        subject = desk.keys.pseudonym_with(job.handle)
        reader = desk.journal.reader()
        left = [] if subject is None else [reader.frame(index) for index in job.indexes]
        _finish(job, job.handle, subject, [frame for frame in left if isinstance(frame, Frame)], desk)
        _log.info("erasure: finished one of %d records", len(job.indexes))
    return len(jobs)


def run(secret: StreamKey, desk: Desk) -> list[Frame]:
    """Everything recorded of a person up to now."""
    desk.journal.publish_now()
    return desk.journal.reader().run(secret)


# ── deciding ──


def _reasons(facts: Known, who: str, frames: Sequence[Frame]) -> tuple[Reason, ...]:
    return (*barred(facts, who, frames), *((Reason("held"),) if holds(frames) else ()))


def barred(facts: Known, who: str, frames: Sequence[Frame]) -> tuple[Reason, ...]:
    """Why `who` may decide nothing about what is kept of this person: they would decide in their own cause."""
    reasons = [*standing(facts.principal, "requester")]
    if facts.relation is not None and any(
        (facts.relation.own, facts.relation.household, facts.relation.colleague, facts.relation.line)
    ):
        reasons.append(Reason("own-person"))
    if any(who in (look.principal, look.on_behalf_of) for look in _looks(frames)):
        reasons.append(Reason("requester-looked"))
    return tuple(reasons)


def _looks(frames: Iterable[Frame]) -> list[LookBody]:
    return [LookBody.decode(frame.body) for frame in frames if parse(frame.body)["kind"] in LOOKS]


def _order(who: str, at: datetime, basis: str, digest: bytes | None) -> tuple[Record, ...]:
    return (Record(Stream.named("admin"), order_body(who, at, basis, digest)),)


# ── doing ──


def _finish(
    job: Erasing | None, handle: bytes | None, subject: str | None, frames: Sequence[Frame], desk: Desk
) -> None:
    """Steps 3 to 5. Any part of them may have been done before."""
    if subject is not None:
        # The id of a bulk look is that of all who are mentioned in it.
        own = frozenset(look.look for look in _looks(frames) if look.kind is Kind.LOOK)
        _forget_findings(subject, own, desk)
    if handle is not None:
        desk.crowd.leave(handle)  # while their key is there: what they shared is found by what it opens
    desk.state.erase(handle, subject)
    if handle is not None:
        desk.keys.forget(handle)
    if job is not None:
        desk.eraser.rewrite(job)
    clear(desk.facts)
    if job is not None:
        desk.eraser.done(job)


def _forget_findings(subject: str, looks: frozenset[str], desk: Desk) -> None:
    raw = desk.private.read(findings_file.NAME)
    if raw is None:
        return
    try:
        before = findings_file.parse(raw)
    except NotCanonical:
        # Nobody can say what stands in it, so nobody can say that the person does not.
        _log.warning("erasure: a file of findings that is none of ours is removed")
        _forget_notes(None, desk)
        desk.private.delete(findings_file.NAME)
        return
    about = frozenset(f.id for f in before.findings if subject in f.persons or not looks.isdisjoint(f.looks))
    # Before the findings: cut short in between, the next try still sees which they were about.
    _forget_notes(about, desk)
    after = without(before, subject, looks)
    if after != before:
        desk.private.replace(findings_file.NAME, findings_file.encode(after))


def _forget_notes(findings: frozenset[str] | None, desk: Desk) -> None:
    """What reviewers wrote about these findings, or about any: it may name somebody. Their digests stay in the log."""
    raw = desk.private.read(notes.NAME)
    if raw is None:
        return
    try:
        before = notes.parse(raw)
    except NotCanonical:
        _log.warning("erasure: a file of notes that is none of ours is removed")
        findings, before = None, ()
    after = () if findings is None else notes.without(before, findings)
    if findings is None or not after:
        desk.private.delete(notes.NAME)
    elif after != before:
        desk.private.replace(notes.NAME, notes.encode(after))
