# SPDX-License-Identifier: Apache-2.0
"""A change of the directory, from whichever source: the record first, the effect second, in one transaction.

    Said(table, about, rows)   "where `about` holds, my rows are exactly these"        about = {}: the whole table

    what is said ─▶ differs from what this source said before?
                       no   confirm: one row in `feed`, nothing else
                       yes  record (source, digest, counts, no names) ─▶ durable ─▶ rows and feed, at once

Invariant: no fact decides anything before the journal holds the record that it changed, and no source ends a row of
another. A crash between the two leaves a change that is recorded and not in force, which is wrong in the safe direction.

    bring([Said("staff", {"principal": e}, rows)], source="scim", office=office)      one of the staff moved
    bring([Said("cases", {"case_id": c}, rows), …], source="tickets", office=office)  one case was edited
                                                                                        Decided in: docs/adr/0085
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, bindparam, delete, func, insert, select, update

from whosaw.directory.content import Rows
from whosaw.directory.ports import Clock, Recorder, Remember
from whosaw.directory.tables import DIRECTORY, FEED, FOR_EVER, LOADED, MEMBERS, RESOURCES, SOURCES, micros
from whosaw.directory.transaction import reading, writing
from whosaw.errors import BadInput, Busy, IdempotencyConflict, Unavailable
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, time_text

CALLER = "directory"
CSV, SCIM, TICKETS, DRAWN = "csv", "scim", "tickets", "whosaw"
# Sources whose silence does not forbid every look: tickets are asked case by case, and we ourselves are always here.
NO_FEED = frozenset({TICKETS, DRAWN})
_SOURCE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_AT_ONCE = 1000
_T = TypeVar("_T")

# More to write in the same transaction, at the instant that the rows have. Raises, and then nothing is written at all.
Beside = Callable[[Connection, int], None]


@dataclass(frozen=True, slots=True)
class Office:
    """What every change needs, whoever brings it."""

    engine: Engine
    journal: Recorder
    remember: Remember
    clock: Clock


@dataclass(frozen=True, slots=True)
class Said:
    """Where `about` holds (column and value; empty: everywhere), the rows of this source are exactly `rows`."""

    table: str
    about: Mapping[str, str] = field(repr=False)
    rows: Rows = field(repr=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one table: said, new, and no longer said."""

    rows: int
    new: int
    ended: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What a change would do, on top of change number `number` of its source."""

    number: int
    counts: Mapping[str, Counts]
    steps: tuple[tuple[Said, frozenset[bytes], frozenset[bytes]], ...] = field(repr=False)
    retires: bool = False

    @property
    def same(self) -> bool:
        """Nothing differs. A first change is one in any case, though what it says be empty, and so is the last."""
        if self.retires:
            return False
        return (self.number > 0 or not self.steps) and not any(c.new or c.ended for c in self.counts.values())


def source_name(text: str) -> str:
    """The name of a source. Raises BadInput."""
    if not _SOURCE.fullmatch(text):
        raise BadInput("a source is named by 1 to 32 of a to z, 0 to 9 and -, a letter first", where="source")
    return text


def bring(
    said: Sequence[Said],
    *,
    source: str,
    office: Office,
    principals: Iterable[str] = (),
    beside: Beside | None = None,
    retires: bool = False,
) -> Draft:
    """Bring what `source` says into force. `principals`: raw ids of those whom it names, to be remembered sealed.

    `retires`: it says it for the last time, and that is a change. Raises Busy where another change of this source came first (compare anew), and what the journal raises.
    """
    with reading(office.engine) as db:
        draft = replace(compare(db, said, source), retires=retires)
    digest = digest_of(said)
    if not draft.same:
        _record(office.journal, source, draft, digest, office.clock())
        for principal in sorted(principals):
            office.remember(principal)
    _apply(office, source, draft, digest, beside)
    return draft


def confirm(source: str, office: Office, beside: Beside | None = None) -> None:
    """Say that all of it is still so. `beside`: what belongs to it and decides nothing.

    A source that never said anything is none yet: it confirms nothing, and nobody waits for it.
    """
    bring([], source=source, office=office, beside=beside)


def compare(db: Connection, said: Sequence[Said], source: str) -> Draft:
    """What would change. Reads only."""
    steps: list[tuple[Said, frozenset[bytes], frozenset[bytes]]] = []
    counts: dict[str, Counts] = {}
    for each in said:
        table = DIRECTORY.tables[each.table]
        known = set(db.scalars(select(table.c.digest).where(_ours(table, source, each.about))))
        new, ended = frozenset(each.rows.keys() - known), frozenset(known - each.rows.keys())
        steps.append((each, new, ended))
        before = counts.get(each.table, Counts(0, 0, 0))
        counts[each.table] = Counts(before.rows + len(each.rows), before.new + len(new), before.ended + len(ended))
    return Draft(number_of(db, source), counts, tuple(steps))


def number_of(db: Connection, source: str) -> int:
    """How many changes this source has brought so far."""
    newest = select(FEED.c.change).where(FEED.c.source == source).order_by(FEED.c.row.desc()).limit(1)
    return db.scalar(newest) or 0


def digest_of(said: Sequence[Said]) -> bytes:
    """SHA-256 over every row that was said, in one order: the same content has the same digest."""
    total = hashlib.sha256(b"whosaw/directory/v1")
    for each in sorted(said, key=lambda one: (one.table, sorted(one.about.items()))):
        about = [each.about] if each.about else []
        total.update(json.dumps([each.table, len(each.rows), *about], sort_keys=True).encode())
        for digest in sorted(each.rows):
            total.update(digest)
    return total.digest()


def _ours(table: Table, source: str, about: Mapping[str, str]) -> ColumnElement[bool]:
    """Rows of this source that are known now, and are about this."""
    which = [table.c[column] == value for column, value in about.items()]
    return and_(table.c.known_to == FOR_EVER, table.c.source == source, *which)


def _record(journal: Recorder, source: str, draft: Draft, digest: bytes, at: datetime) -> None:
    """Durable when it returns. The key is made of the state before and the content: a retry finds its own record."""
    key = f"{source[:20]}-{draft.number + 1}-{digest.hex()[:32]}"
    if journal.find(CALLER, key) is not None:
        return
    tables: dict[str, Json] = {
        name: {"rows": c.rows, "new": c.new, "ended": c.ended} for name, c in sorted(draft.counts.items())
    }
    body = canonical(
        {
            "v": 1,
            "kind": str(Kind.DIRECTORY),
            "at": time_text(at),
            "source": source,
            "change": draft.number + 1,
            "digest": b64encode(digest).decode(),
            "tables": tables,
            **({"retired": True} if draft.retires else {}),
        }
    )
    try:
        journal.submit(Submission(CALLER, key, (Record(Stream.named("directory"), body),)))
    except IdempotencyConflict:
        # Another process records the same content at this moment, with another time in the body. Its record is ours.
        if journal.find(CALLER, key) is None:
            raise


def _apply(office: Office, source: str, draft: Draft, digest: bytes, beside: Beside | None) -> None:
    with writing(office.engine) as db:
        if number_of(db, source) != draft.number:
            raise Busy(
                "another change of the directory came first",
                part="directory",
                hint="load it again; what changed meanwhile is compared anew",
            )
        # The time is taken here, inside: what a look saw before this moment must stay what was known before it.
        now = micros(office.clock())
        if now < newest(db, now):
            raise Unavailable(
                "the clock stands before the last load of the directory",
                part="clock",
                hint="set the clock; what was recorded is brought into force by saying it again",
            )
        stamp = {"source": source, "known_from": now, "known_to": FOR_EVER}
        for each, new, ended in draft.steps:
            table = DIRECTORY.tables[each.table]
            _end(db, table, _ours(table, source, each.about), ended, now)
            _add(db, table, [{**each.rows[digest], "digest": digest, **stamp} for digest in sorted(new)])
        change = draft.number + (0 if draft.same else 1)
        if change:
            _confirmed(db, source, now, change, digest)
        if beside is not None:
            beside(db, now)


def _confirmed(db: Connection, source: str, now: int, change: int, digest: bytes) -> None:
    db.execute(insert(FEED).values(source=source, confirmed=now, change=change, digest=digest))
    if db.scalar(select(SOURCES.c.since).where(_waited_for(source))) is None:
        db.execute(insert(SOURCES).values(source=source, since=now, until=FOR_EVER))


def retire(source: str, office: Office) -> Draft:
    """End everything that `source` says, on record, and wait for it no longer. Raises BadInput for one that says nothing."""
    with reading(office.engine) as db:
        if db.scalar(select(SOURCES.c.since).where(_waited_for(source))) is None:
            raise BadInput("no such source", where="source", hint="whosaw directory status names them")

    def close(db: Connection, now: int) -> None:
        db.execute(update(SOURCES).where(_waited_for(source)).values(until=now))
        if source == SCIM:
            for table in (RESOURCES, MEMBERS):
                db.execute(delete(table))

    said = [Said(table.name, {}, {}) for table in LOADED]
    return bring(said, source=source, office=office, beside=close, retires=True)


def _waited_for(source: str) -> ColumnElement[bool]:
    return and_(SOURCES.c.source == source, SOURCES.c.until == FOR_EVER)


def newest(db: Connection, now: int) -> int:
    """When any source last confirmed; `now` where none ever did."""
    of_each = [select(func.max(FEED.c.confirmed)).where(FEED.c.source == name) for name in _names(db)]
    return max((db.scalar(each) or now for each in of_each), default=now)


def _names(db: Connection) -> list[str]:
    return list(db.scalars(select(SOURCES.c.source).distinct()))


def _end(db: Connection, table: Table, ours: ColumnElement[bool], digests: frozenset[bytes], now: int) -> None:
    statement = update(table).where(ours, table.c.digest == bindparam("ended")).values(known_to=now)
    for part in _parts(sorted(digests)):
        db.execute(statement, [{"ended": digest} for digest in part])


def _add(db: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    for part in _parts(rows):
        db.execute(insert(table), part)


def _parts(things: Sequence[_T]) -> Iterator[list[_T]]:
    rest = iter(things)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
