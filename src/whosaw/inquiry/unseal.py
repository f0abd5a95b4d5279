# SPDX-License-Identifier: Apache-2.0
"""Opening names: a look of its own, by two who are independent by computation.

    finding ──▶ two? apart? known? ──▶ record ──▶ durable ──▶ refused? ─ yes ─▶ Refused, on record like any look
                                                                └ no ──▶ (persons: a record in the stream of each) ──▶ Unsealed

Invariant: no name is opened before the record that says so is durable, and no person's name is handed out before the
record of it stands in their own stream. A crash between the two leaves a name recorded as opened that nobody saw,
which is wrong in the safe direction. What is opened is what is *recorded*: the principals in the record.

Only this file opens names for an inquiry; nothing on the desk can.         Specification: docs/spec/inquiry.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from whosaw.errors import Damaged, IdempotencyConflict, NotCanonical
from whosaw.facts.columns import micros
from whosaw.inquiry.ports import Desk, Finding, Frame
from whosaw.inquiry.record import Unsealing, exactly, step_id
from whosaw.inquiry.standing import confirmed, known, standing, tied
from whosaw.inquiry.step import Asking, Refused, plain, record_once
from whosaw.journal.submission import Record, Recorded
from whosaw.model.record import Json, Kind, Stream, parse
from whosaw.policy.independence import RETURNED, Approved, Chart, Reason, apart, independent
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import NameRows
from whosaw.privacy.root import Root
from whosaw.privacy.unseal import unseal_person, unseal_principal


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens names. `wiring` hands it to `unseal`, and to nothing else."""

    keyring: Keyring = field(repr=False)
    rows: NameRows = field(repr=False)
    root: Root = field(repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A pseudonym and the id behind it; None where it was never kept, or is erased."""

    pseudonym: str = field(repr=False)
    id: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """The names, for these two. `step`: its id in the record, `index`: its leaf, `receipt` promises it."""

    step: str
    finding: str
    principals: tuple[Name, ...] = field(repr=False)
    persons: tuple[Name, ...] = field(repr=False)
    receipt: bytes = field(repr=False)
    index: int


def unseal(
    finding: str,
    requester: str,
    approver: str,
    desk: Desk,
    keys: Keys,
    *,
    persons: bool = False,
    key: str | None = None,
) -> Unsealed | Refused:
    """The names of the principals of `finding`, and with `persons` those of the persons looked at.

    `requester`, `approver`: staff ids. `key`: the requester's idempotency key, random; a retry with it is the same step.
    Raises what the desk raises, and has then handed out nothing; the step may be recorded all the same.
    """
    asked = _Asked(desk.findings.find(plain(finding)), desk.remember(approver), persons)
    said = {"what": "unseal", "finding": finding, "approver": asked.approver}
    asking = Asking.of(desk, requester, key, said)
    bound = exactly(desk.pseudonyms, asked.names(asking.asker))
    recorded = record_once(desk.journal, asking.caller, asking.key, lambda: _decided(asked, asking, bound, desk))
    body = _body(recorded)
    if body.outcome == "refused":
        return Refused(body.id, tuple(map(Reason, body.reasons)), recorded.receipt, recorded.leaves[-1].index)
    if body.bound != bound:
        raise IdempotencyConflict(
            "this key was used for other names, or the finding has changed since",
            hint="ask again with a new key: it is a step of its own",
        )
    # Persons first: where their records cannot be made, no name of this step is handed out.
    opened = _persons(asked.looked_at, body, asking, desk, keys)
    names = tuple(Name(each, unseal_principal(keys.rows, keys.root, each)) for each in body.principals)
    return Unsealed(body.id, finding, names, opened, recorded.receipt, recorded.leaves[-1].index)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which names two ask for, by pseudonym. `found` is None where no finding has the id that was given."""

    found: Finding | None
    approver: str = field(repr=False)
    persons: bool

    @property
    def named(self) -> tuple[str, ...]:
        return () if self.found is None else tuple(sorted(set(self.found.principals)))

    @property
    def looked_at(self) -> tuple[str, ...]:
        return () if self.found is None or not self.persons else tuple(sorted(set(self.found.persons)))

    def names(self, requester: str) -> dict[str, Json]:
        """Exactly what is asked for: these names, by these two, and no others."""
        return {
            "what": "names",
            "finding": None if self.found is None else self.found.id,
            "requester": requester,
            "approver": self.approver,
            "principals": list(self.named),
            "persons": list(self.looked_at),
        }


def _decided(asked: _Asked, asking: Asking, bound: bytes, desk: Desk) -> tuple[Record, ...]:
    reasons = _reasons(asked, asking, desk)
    body = Unsealing(
        id=step_id("u", asking.digest),
        at=asking.at,
        # An id that no finding has is free text, and free text can be a name: it is not written down.
        finding=None if asked.found is None else asked.found.id,
        requester=asking.asker,
        approver=asked.approver,
        outcome="refused" if reasons else "opened",
        reasons=tuple(reason.code for reason in reasons),
        principals=asked.named,
        persons=len(asked.looked_at),
        bound=bound,
    )
    return (Record(Stream.named("inquiry"), body.encode()),)


def _reasons(asked: _Asked, asking: Asking, desk: Desk) -> tuple[Reason, ...]:
    """Every reason against it, in the order in which people would say them."""
    if asked.found is None:
        return (Reason("no-finding"),)
    requester, approver, at = asking.asker, asked.approver, asking.at
    asks, approves = (known(desk.directory, each, at) for each in (requester, approver))
    first, t = min(asked.found.window[0], micros(at)), micros(at)
    lately, since = desk.directory.chart(at, RETURNED.days), Chart.between(tuple(desk.staff()), first, t)
    near = {one: tied(desk, one, first, at) for one in (requester, approver)}
    said = (
        *standing(asks.principal, "requester"),
        *standing(approves.principal, "approver"),
        *confirmed(asks, at),
        *independent(requester, approver, lately, tuple(_approvals(desk.streams.inquiry())), at),
        *((Reason("tied"),) if approver in near[requester] else ()),
        *apart(requester, "requester", asked.named, since, tied=near[requester]),
        *apart(approver, "approver", asked.named, since, tied=near[approver]),
    )
    return tuple(dict.fromkeys(said))


def _approvals(frames: Iterable[Frame]) -> Iterator[Approved]:
    """Who approved for whom before; only what was granted counts."""
    for frame in frames:
        if parse(frame.body)["kind"] == str(Kind.UNSEAL):
            said = Unsealing.decode(frame.body, f"leaf {frame.index}")
            if said.outcome == "opened":
                yield Approved(said.requester, said.approver, said.at)


def _persons(persons: Sequence[str], said: Unsealing, asking: Asking, desk: Desk, keys: Keys) -> tuple[Name, ...]:
    """The persons' names, once the record of it is durable in the stream of each."""
    names = tuple(Name(each, unseal_person(keys.keyring, each)) for each in sorted(persons))
    theirs = replace(said, principals=(), persons=1).encode()
    records = tuple(Record(Stream.of_person(name.id), theirs) for name in names if name.id is not None)
    if records:
        key = exactly(desk.pseudonyms, {"what": "opened", "step": said.id, "bound": said.bound.hex()}).hex()
        record_once(desk.journal, asking.caller, key, lambda: records)
    return names


def _body(recorded: Recorded) -> Unsealing:
    try:
        return Unsealing.decode(recorded.leaves[-1].body)
    except NotCanonical as error:
        raise Damaged("what is recorded under this key is not an unsealing", where="journal") from error
