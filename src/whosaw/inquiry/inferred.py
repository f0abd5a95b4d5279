# SPDX-License-Identifier: Apache-2.0
"""What could have been inferred about the affected, from addresses that they were looked at for: so that they can be told.

    finding whose persons' names two have opened, pairs of looks at an address
        ──▶ step recorded in the ledger ──▶ durable ──its receipt──▶ Closed ──▶ Nearness, a class with reasons
        ──▶ recorded for each person of a pair, in their stream ──▶ durable ──▶ the answer is read from there

In the case for which Whosaw is made, audit compared the addresses of journalists with those of staff. Whoever was a victim of that may ask:
what could they have known? This answers, mostly with: nothing that the addresses say.

Invariant: only addresses of looks behind the finding that showed one, or a place, are compared, by the one whom two have let read the persons' names;
the step is durable before anything is compared. Nobody who has not been looked at already is in it. Who asks is told
what stands in the persons' streams by then, and nothing else.
                                           Specification: docs/spec/inquiry.md. Decided in: docs/adr/0124, docs/adr/0138
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from whosaw.errors import BadInput, Unavailable
from whosaw.facts.columns import micros
from whosaw.inquiry.ports import Desk, ExplainedLook, Finding
from whosaw.inquiry.record import Step, Told, Unsealing, exactly, step_id
from whosaw.inquiry.standing import known, standing, tied
from whosaw.inquiry.step import Asking, Refused, plain, record_once, stepped
from whosaw.journal.submission import Record
from whosaw.model.access import Field
from whosaw.model.record import Json, Kind, Stream, parse, time_text
from whosaw.places.closed import WHAT, Closed
from whosaw.places.nearness import Near, Nearness, nearness
from whosaw.places.network import Seen
from whosaw.policy.independence import Chart, Reason, apart
from whosaw.tlog.note import VerifierKey

MOST = 1000  # pairs of one step
_WHERE = frozenset(map(str, (Field.IP, Field.LOCATION)))
Looks = Sequence[Sequence[tuple[str, str]]]  # of each pair, the two looks: its id, and the person's pseudonym


class Networks(Protocol):
    """What databases say of networks (``places.network``)."""

    def seen(self, address: str, at: datetime) -> Seen:
        """Raises BadInput, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a sighting says anything of another, and a database of a sighting; the key of this log's receipts."""

    networks: Networks = field(repr=False)
    valid: timedelta
    old: timedelta
    receipts: VerifierKey


@dataclass(frozen=True, slots=True)
class Sighting:
    """An address that a look showed, by the evidence of this inquiry: the look's id, whose it was (an account id, which two
    have opened), the address, and when it was used.
    """

    look: str
    person: str = field(repr=False)
    address: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Inferred:
    """The answer, pair by pair, as its persons read it. `step`: its id in the record, `index` its leaf, `receipt` promises it."""

    step: str
    finding: str
    found: tuple[Nearness, ...]
    persons: int
    receipt: bytes = field(repr=False)
    index: int


def inferred(
    finding: str,
    asker: str,
    pairs: Sequence[tuple[Sighting, Sighting]],
    desk: Desk,
    terms: Terms,
    *,
    key: str | None = None,
) -> Inferred | Refused:
    """What could have been believed of each of `pairs`, for the staff member `asker`. `key` and errors: see ``person.person``.

    Raises BadInput for addresses that are none, and Unavailable without databases; nothing is recorded then.
    """
    if not 1 <= len(pairs) <= MOST:
        raise BadInput(f"1 to {MOST} pairs at once", where="pairs")
    found = desk.findings.find(plain(finding))
    # Before the step: what cannot be answered at all is no step, and no address is in what is said of it.
    seen = [(terms.networks.seen(a.address, a.at), terms.networks.seen(b.address, b.at)) for a, b in pairs]
    persons = {each.person: desk.pseudonyms.person(each.person) for pair in pairs for each in pair}
    looks = [[(each.look, persons[each.person]) for each in pair] for pair in pairs]
    said = {"what": WHAT, "finding": finding, "pairs": _exactly(pairs, looks)}
    asking = Asking.of(desk, asker, key, said)
    recorded = record_once(desk.journal, asking.caller, asking.key, lambda: _decided(found, looks, asking, desk))
    step, last = stepped(recorded), recorded.leaves[-1]
    if step.outcome == "refused":
        return Refused(step.id, tuple(map(Reason, step.reasons)), recorded.receipt, last.index)
    closed = [Closed.of_step(recorded, terms.receipts, one, other) for one, other in seen]
    near = [nearness(each, valid=terms.valid, old=terms.old) for each in closed]
    told = _told(step, pairs, near, asking, desk)
    return Inferred(step.id, finding, told, step.persons, recorded.receipt, last.index)


def _told(
    step: Step, pairs: Sequence[tuple[Sighting, Sighting]], near: Sequence[Nearness], asking: Asking, desk: Desk
) -> tuple[Nearness, ...]:
    """What its persons can read of each pair from now on: of an earlier answer to this very step, where there was one."""

    def records() -> Iterator[Record]:
        for (one, other), found in zip(pairs, near, strict=True):
            own = one.person == other.person
            body = Told(
                step=step.id, at=step.at, finding=str(step.finding), asker=step.asker, own=own, near=str(found.near), said=found.reasons
            ).encode()  # fmt: skip
            yield Record(Stream.of_person(one.person), body)
            if not own:
                yield Record(Stream.of_person(other.person), body)

    key = exactly(desk.pseudonyms, {"what": "told", "step": step.id, "digest": asking.key}).hex()
    # Don't answer with `near`: the databases of a second attempt may be others, and the persons have read the first.
    recorded = record_once(desk.journal, asking.caller, key, lambda: tuple(records()))
    if recorded.erased:
        raise Unavailable(
            "what was told in this step is erased for one of its persons",
            part="journal",
            hint="ask again with a new key: it is a step of its own",
        )
    bodies = (leaf.body for leaf in recorded.leaves if parse(leaf.body)["kind"] == str(Kind.INFERRED))
    found = []
    for one, other in pairs:
        said = Told.decode(next(bodies))
        found.append(Nearness(Near(said.near), said.said))
        if one.person != other.person:
            next(bodies)
    return tuple(found)


def _exactly(pairs: Sequence[tuple[Sighting, Sighting]], looks: Looks) -> list[Json]:
    """Goes into a keyed digest and nowhere else: the same pairs are the same step."""
    return [
        [[*named, each.address, time_text(each.at)] for each, named in zip(pair, of, strict=True)]
        for pair, of in zip(pairs, looks, strict=True)
    ]


def _decided(found: Finding | None, asked: Looks, asking: Asking, desk: Desk) -> tuple[Record, ...]:
    looks = [] if found is None else [look for look in desk.looks.by(found.principals, *found.window) if look.person]
    reasons = _reasons(found, asked, looks, asking, desk)
    named = {each for pair in asked for each in pair}
    body = Step(
        id=step_id("i", asking.digest),
        at=asking.at,
        what=WHAT,
        asker=asking.asker,
        outcome="refused" if reasons else "shown",
        reasons=tuple(reason.code for reason in reasons),
        # An id that no finding has is free text, and free text can be a name: it is not written down.
        finding=None if found is None else found.id,
        persons=len({look.person for look in looks if (look.look, look.person) in named}),
    )
    return (Record(Stream.named("inquiry"), body.encode()),)


def _reasons(
    found: Finding | None, asked: Looks, looks: Sequence[ExplainedLook], asking: Asking, desk: Desk
) -> tuple[Reason, ...]:
    said = standing(known(desk.directory, asking.asker, asking.at).principal, "requester")
    if found is None:
        return (*said, Reason("no-finding"))
    t = micros(asking.at)
    first = min(found.window[0], t)
    since, near = Chart.between(desk.staff(), first, t), tied(desk, asking.asker, first, asking.at)
    said = (*said, *apart(asking.asker, "requester", found.principals, since, tied=near))
    if not _opened(found.id, asking.asker, desk):
        said = (*said, Reason("persons-not-opened"))
    given = {each for pair in asked for each in pair}
    theirs = [look for look in looks if look.person in found.persons]
    if given - {(look.look, look.person) for look in theirs}:
        said = (*said, Reason("not-of-finding"))
    elif given - {(look.look, look.person) for look in theirs if _shown(look)}:
        said = (*said, Reason("no-address-shown"))
    return said


def _shown(look: ExplainedLook) -> bool:
    """Whether it showed an address, or a place. Of a look that showed something else there is nothing to infer, and a pair with it compares people."""
    return look.decision != "refuse" and any(each.partition(":")[0] in _WHERE for each in look.asked)


def _opened(finding: str, asker: str, desk: Desk) -> bool:
    """Two have opened the persons' names of this finding, and the one who asks is the one who asked for them."""
    for frame in desk.streams.inquiry():
        if parse(frame.body)["kind"] == str(Kind.UNSEAL):
            said = Unsealing.decode(frame.body, f"leaf {frame.index}")
            if (said.finding, said.requester, said.outcome) == (finding, asker, "opened") and said.persons:
                return True
    return False
