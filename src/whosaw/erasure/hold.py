# SPDX-License-Identifier: Apache-2.0
"""Holds: what keeps a person's records from being erased, for as long as somebody needs them as evidence.

    hold ──▶ a record in the person's own stream, with a random id ──▶ lift: another record, with the same id

The journal is the only place where a hold stands: nobody can put or lift one off the record, the person reads both, and
an erasure that is refused says that a hold refused it.

Whoever may not order the erasure may not lift what forbids it either. And a lift stands in `admin`, too, by its random id:
the person's own stream goes with the erasure that it makes way for.                        Design: docs/adr/0061
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.erasure.erase import CALLER, Kept, barred, run
from whosaw.erasure.ports import Desk
from whosaw.erasure.record import HOLDS, Hold, hold_body, holds, lift_body
from whosaw.errors import BadInput
from whosaw.inquiry.standing import known, standing
from whosaw.inquiry.step import moment
from whosaw.journal.segment import Frame
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream


@dataclass(frozen=True, slots=True)
class Held:
    """A hold was put, or lifted. `holds`: those that hold now."""

    id: str
    holds: tuple[Hold, ...]


def hold(person: str, basis: str, by: str, desk: Desk, *, key: str) -> Held | Kept:
    """Keep the records of `person` from being erased. `key`: random; the hold's id is made of it.

    Raises BadInput for somebody of whom nothing is known: a mistyped id must not become a person.
    """
    if basis not in HOLDS:
        raise BadInput(f"no such basis; known: {', '.join(HOLDS)}", where="basis")
    if desk.keys.find(Stream.of_person(person)) is None and not desk.state.knows(desk.pseudonyms.person(person)):
        raise BadInput("nothing is recorded or known of this account", where="PERSON")
    id_ = f"h-{key[:12]}"
    return _record(person, by, desk, key=key, id_=id_, body=lambda who, at: hold_body(id_, who, at, basis))


def lift(person: str, id_: str, by: str, desk: Desk, *, key: str) -> Held | Kept:
    """Lift one hold. Raises BadInput where there is none with this id."""
    secret = desk.keys.find(Stream.of_person(person))
    frames = [] if secret is None else run(secret, desk)
    if id_ not in {found.id for found in holds(frames)}:
        raise BadInput("there is no such hold on this account", where="--lift", hint="whosaw hold PERSON lists them")
    return _record(
        person, by, desk, key=key, id_=id_, body=lambda who, at: lift_body(id_, who, at), frames=frames,
        beside=(Stream.named("admin"),),
    )  # fmt: skip


def held(person: str, desk: Desk) -> tuple[Hold, ...]:
    """The holds on an account, oldest first."""
    secret = desk.keys.find(Stream.of_person(person))
    return () if secret is None else tuple(holds(run(secret, desk)))


def _record(
    person: str,
    by: str,
    desk: Desk,
    *,
    key: str,
    id_: str,
    body: Callable[[str, datetime], bytes],
    frames: Sequence[Frame] | None = None,
    beside: tuple[Stream, ...] = (),
) -> Held | Kept:
    """Put it on record, by somebody who works here at this moment; where `frames` are given, by one whom they do not bar."""
    who, at = desk.remember(by), moment(desk.clock)
    facts = known(desk.directory, who, at, desk.pseudonyms.person(person))
    reasons = standing(facts.principal, "requester") if frames is None else barred(facts, who, frames)
    if reasons:
        return Kept(reasons, None)
    made = body(who, at)
    streams = (Stream.of_person(person), *beside)
    desk.journal.submit(Submission(CALLER, key, tuple(Record(stream, made) for stream in streams)))
    return Held(id_, held(person, desk))
