# SPDX-License-Identifier: Apache-2.0
"""From a look as its source tells it to the bodies that are recorded of it. Pure.

    one person         LOOK     in that person's stream
    nobody named       BULK     in the stream `bulk`, or `aggregate`
    several persons    BULK     there, and one MENTION in the stream of each

Invariant: pseudonyms only, and no free text. A purpose outside the list and a case that nobody knows can be a name.

Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from whosaw.collect.observed import No, Observed, identifier
from whosaw.collect.times import plausible
from whosaw.journal.submission import Record
from whosaw.model.access import Mode
from whosaw.model.look_body import LookBody
from whosaw.model.record import BIGGEST, Kind, Stream, time_text

# Mentions in one submission: with their enrolments they are under the journal's limit, and so are their bytes.
PART = 4_000


@dataclass(frozen=True, slots=True)
class Names:
    """The pseudonyms of one look; `persons` pairs each id with its own, each once."""

    principal: str
    on_behalf_of: str | None
    persons: tuple[tuple[str, str], ...] = field(repr=False)


def fault(look: Observed, now: datetime) -> No | None:
    """Why a look cannot be recorded, or None."""
    ids = (look.principal, *look.persons, *(() if look.on_behalf_of is None else (look.on_behalf_of,)))
    if any(identifier(each) is None for each in ids) or identifier(look.look_id) is None:
        return No("an identifier that is not 1 to 200 printable bytes")
    return plausible(look.at, now)


def body(
    look: Observed, names: Names, *, purpose: str | None, case: str | None, query: bytes | None, taken: datetime
) -> LookBody:
    """The first body of a look. `purpose`, `case`: those that may be written down."""
    one = names.persons[0][1] if len(names.persons) == 1 else None
    return LookBody(
        kind=Kind.LOOK if one else Kind.BULK,
        look=look.look_id,
        origin="observed",
        at=look.at,
        principal=names.principal,
        person=one,
        asked=look.asked,
        mode=look.mode,
        source=look.source,
        on_behalf_of=names.on_behalf_of,
        claimed=look.claimed,
        hint=look.hint,
        purpose=purpose,
        case=case,
        app=look.app,
        rows=look.rows if look.rows is not None and 0 <= look.rows <= BIGGEST else None,
        mentions=None if one else len(names.persons),
        decision=look.decision,
        query=query,
        shape=look.shape,
        taken=taken,
    )


def parts(first: LookBody, persons: Sequence[tuple[str, str]]) -> Iterator[tuple[Record, ...]]:
    """Records to be submitted together, part by part; nearly always one. Raises NotCanonical for what has no spelling."""
    if first.kind is Kind.LOOK:
        yield (Record(Stream.of_person(persons[0][0]), first.encode()),)
        return
    head = [Record(Stream.named("aggregate" if first.mode is Mode.AGGREGATE else "bulk"), first.encode())]
    for start in range(0, max(1, len(persons)), PART):
        mentions = (
            Record(Stream.of_person(person), _mention(first, pseudonym, number).encode())
            for number, (person, pseudonym) in enumerate(persons[start : start + PART], start + 1)
        )
        yield (*head, *mentions)
        head = []


def _mention(bulk: LookBody, pseudonym: str, number: int) -> LookBody:
    # The shape stands once, in the bulk look: a thousand mentions of a long statement are not a thousand statements.
    return replace(
        bulk,
        kind=Kind.MENTION,
        look=f"{bulk.look}:{number}",
        person=pseudonym,
        bulk=bulk.look,
        mentions=None,
        shape=None,
    )


def same_event(ours: Sequence[LookBody], theirs: Sequence[LookBody]) -> bool:
    """Whether both tell of one event: the same moment, principal and persons. All else comes from the map too."""
    return _event(ours) == _event(theirs)


def told_alike(ours: Sequence[LookBody], theirs: Sequence[LookBody]) -> bool:
    """Whether both are the same but for the time at which they were taken in."""
    return [replace(b, taken=None).encode() for b in ours] == [replace(b, taken=None).encode() for b in theirs]


def same_look(ours: Sequence[LookBody], theirs: Sequence[LookBody]) -> bool:
    """Whether one map would tell both of one event: the same fields in the same way, for the same reason and answer."""
    return _what(ours) == _what(theirs)


def beside(first: LookBody, persons: Sequence[tuple[str, str]], *, exactly: bool = False) -> str:
    """An id for a look whose own id another look has: the same event gives the same one. `exactly`: and the same look."""
    told = [time_text(first.at), first.principal, *sorted(pseudonym for _, pseudonym in persons)]
    told += map(str, _what([first])) if exactly else ()
    return f"{first.look}:{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}"


def _event(bodies: Sequence[LookBody]) -> tuple[str, str, list[str]]:
    first = bodies[0]
    return time_text(first.at), first.principal, sorted(b.person for b in bodies if b.person is not None)


def _what(bodies: Sequence[LookBody]) -> tuple[str, ...]:
    first = bodies[0]
    fields = ",".join(f"{field}:{detail}" for field, detail in first.asked)
    return fields, str(first.mode), str(first.decision), str(first.on_behalf_of), str(first.case)
