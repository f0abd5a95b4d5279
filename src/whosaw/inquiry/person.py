# SPDX-License-Identifier: Apache-2.0
"""Who looked at this person: every look, mention, refusal and earlier step, and whether a declared reason explains it.

    id, asker ──▶ step recorded, in the person's own stream and in the ledger ──▶ durable ──▶ their stream, read
                                                                                 │            up to that very leaf
                                                  detect's word on each look ────┴──▶ PersonInquiry

Invariant: the person sees who asked about them before the one who asks sees anything. The answer is what stood in the
log before the step's own leaves, so a retry with the same key gets the same looks and never newer ones.

What is listed comes from the person's own stream, which is complete by construction; the detectors' facts only add the
reason. A look that they have not judged is listed as not judged, never left out.             Design: docs/adr/0050, 0052
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from whosaw.errors import Damaged, MissingExtra, NotCanonical
from whosaw.inquiry.ports import Desk, ExplainedLook, Frame
from whosaw.inquiry.record import Step, Told, Unsealing, step_id
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import Asking, Refused, record_once, stepped
from whosaw.journal.submission import Record
from whosaw.model.look_body import LOOKS, LookBody
from whosaw.model.record import Kind, Stream, parse, time_text
from whosaw.policy.facts import Known
from whosaw.policy.independence import Reason

NOT_JUDGED = "Not judged: the detectors have not seen this look."


@dataclass(frozen=True, slots=True)
class Seen:
    """One look or mention. `index`: its leaf; `look`: all that is recorded of it; `who`: the principal behind it.

    `explained`: has it a declared reason? None where nobody judged it. `why`: the reason, or what came nearest.
    """

    index: int
    look: LookBody = field(repr=False)
    explained: bool | None
    why: str

    @property
    def who(self) -> str:
        return self.look.who

    @property
    def at(self) -> datetime:
        return self.look.at

    @property
    def refused(self) -> bool:
        return self.look.decision == "refuse"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A step about this person before this one, an opening of their name, or what they were told. `by`: pseudonyms, the asker first."""

    index: int
    at: datetime
    what: Literal["inquiry", "unseal", "inferred"]
    step: str
    by: tuple[str, ...] = field(repr=False)
    outcome: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was read: `leaves` of the log, up to the instant `at`. `sentence` says so, and what it cannot tell."""

    leaves: int
    at: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class PersonInquiry:
    """The answer, in the order of the log. `known`: False where nobody knows the person; then nothing else is said.

    `earlier`: empty for an asker who looked at the person themselves. `step`: the id of this step in its record, `index` its leaf in the person's stream, `receipt` promises it.
    """

    step: str
    known: bool
    looks: tuple[Seen, ...] = field(repr=False)
    earlier: tuple[Earlier, ...] = field(repr=False)
    coverage: Coverage
    receipt: bytes = field(repr=False)
    index: int


def person(id: str, asker: str, desk: Desk, *, key: str | None = None) -> PersonInquiry | Refused:  # noqa: A002  the word on the command line
    """Who looked at the account `id`, for the staff member `asker`.

    `key`: the asker's idempotency key, random; a retry with it is the same step. Raises what the desk raises, and has
    then shown nothing; the step may be recorded all the same.
    """
    subject = desk.pseudonyms.person(id)
    asking = Asking.of(desk, asker, key, {"what": "person", "subject": subject})
    recorded = record_once(desk.journal, asking.caller, asking.key, lambda: _decided(id, subject, asking, desk))
    step = stepped(recorded)
    index, receipt = recorded.leaves[-1].index, recorded.receipt
    if step.outcome == "refused":
        return Refused(step.id, tuple(map(Reason, step.reasons)), receipt, index)
    before = recorded.first
    if not step.persons:
        # Not "as of today": somebody who has become known since is for another step, on record with them.
        return PersonInquiry(step.id, False, (), (), _nobody(before, step.at), receipt, index)
    frames = [frame for frame in desk.streams.person(id) or () if frame.index < before]
    looks = _looks(frames, _judged(desk, subject, frames))
    # Who looked at the person themselves is not told who inquires: they would know that somebody is on to them.
    earlier = () if any(asking.asker in (seen.who, seen.look.principal) for seen in looks) else _earlier(frames)
    return PersonInquiry(step.id, True, looks, earlier, _coverage(looks, before, step.at), receipt, index)


def refusal(id: str, asker: str, desk: Desk, *, key: str) -> Refused | None:  # noqa: A002  the word on the command line
    """Why `asker` may not have all that is recorded about an account, on record then; None where nothing speaks against it.

    For whoever hands such things out: a statement says what this inquiry says. Nothing is recorded where it is None.
    """
    subject = desk.pseudonyms.person(id)
    asking = Asking.of(desk, asker, key, {"what": "person", "subject": subject})
    if not _reasons(known(desk.directory, asking.asker, asking.at, subject)):
        return None
    recorded = record_once(desk.journal, asking.caller, asking.key, lambda: _decided(id, subject, asking, desk))
    step = stepped(recorded)
    return Refused(step.id, tuple(map(Reason, step.reasons)), recorded.receipt, recorded.leaves[-1].index)


def _reasons(facts: Known) -> tuple[Reason, ...]:
    reasons = standing(facts.principal, "requester")
    # Without a relation nobody knows the person as staff's own, or their household: there is nothing to be kin to.
    if facts.relation is not None and any(
        (facts.relation.own, facts.relation.household, facts.relation.colleague, facts.relation.line)
    ):
        reasons = (*reasons, Reason("own-person"))
    return reasons


def _decided(person: str, subject: str, asking: Asking, desk: Desk) -> tuple[Record, ...]:
    facts = known(desk.directory, asking.asker, asking.at, subject)
    # Only who is known already gets a record in a stream of their own: a mistyped id must not become a person.
    exists = facts.person is not None or desk.streams.person(person) is not None
    reasons = _reasons(facts)
    body = Step(
        id=step_id("i", asking.digest),
        at=asking.at,
        what="person",
        asker=asking.asker,
        outcome="refused" if reasons else "shown",
        reasons=tuple(reason.code for reason in reasons),
        persons=int(exists),
    ).encode()
    ledger = Record(Stream.named("inquiry"), body)
    return (ledger, Record(Stream.of_person(person), body)) if exists else (ledger,)


def _judged(desk: Desk, subject: str, frames: Sequence[Frame]) -> Mapping[tuple[str, str], ExplainedLook]:
    """What the detectors say of each look, by look and principal; nothing where nobody can judge here."""
    if not frames:
        return {}
    try:
        return {(each.look, each.who): each for each in desk.looks.at(subject)}
    except MissingExtra:
        return {}


def _looks(frames: Iterable[Frame], judged: Mapping[tuple[str, str], ExplainedLook]) -> tuple[Seen, ...]:
    found = []
    for frame in frames:
        if parse(frame.body)["kind"] in LOOKS:
            look = _opened(frame)
            said = judged.get((look.look, look.who))
            found.append(
                Seen(frame.index, look, said.explained if said else None, said.sentence if said else NOT_JUDGED)
            )
    return tuple(found)


def _opened(frame: Frame) -> LookBody:
    try:
        return LookBody.decode(frame.body)
    except NotCanonical:
        where = f"leaf {frame.index}"
        raise Damaged(f"{where}: not a look that whosaw wrote", where=where, hint="run: whosaw journal fsck") from None


def _earlier(frames: Iterable[Frame]) -> tuple[Earlier, ...]:
    found = []
    for frame in frames:
        kind = parse(frame.body)["kind"]
        if kind == str(Kind.INQUIRY):
            step = Step.decode(frame.body, f"leaf {frame.index}")
            found.append(Earlier(frame.index, step.at, "inquiry", step.id, (step.asker,), step.outcome))
        elif kind == str(Kind.UNSEAL):
            two = Unsealing.decode(frame.body, f"leaf {frame.index}")
            by = (two.requester, two.approver)
            found.append(Earlier(frame.index, two.at, "unseal", two.id, by, two.outcome))
        elif kind == str(Kind.INFERRED):
            told = Told.decode(frame.body, f"leaf {frame.index}")
            found.append(Earlier(frame.index, told.at, "inferred", told.step, (told.asker,), told.near))
    return tuple(found)


def _coverage(looks: Sequence[Seen], leaves: int, at: datetime) -> Coverage:
    unjudged = sum(1 for seen in looks if seen.explained is None)
    judged = "" if not unjudged else f" {unjudged:,} of them could not be judged by the declared reasons."
    sources = sorted({seen.look.source for seen in looks})
    return Coverage(
        leaves,
        at,
        f"Read were all records about this person among the first {leaves:,} leaves of the log, up to "
        f"{time_text(at)}: {len(looks):,} {'look' if len(looks) == 1 else 'looks'}"
        f"{' from ' + ', '.join(sources) if sources else ''}.{judged} "
        "This cannot tell of looks that no tool and no log handed in, of bulk looks whose persons were not named, of what "
        "was done with copies, or of whoever looked over a shoulder.",
    )


def _nobody(leaves: int, at: datetime) -> Coverage:
    return Coverage(
        leaves,
        at,
        f"Nobody with this id is known to the directory or to the first {leaves:,} leaves of the log, up to "
        f"{time_text(at)}. The step is on record, without the id. An id in another spelling is another id.",
    )
