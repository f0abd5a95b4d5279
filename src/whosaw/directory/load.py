# SPDX-License-Identifier: Apache-2.0
"""Loading the directory: a record first, the effect second.

    read_folder ─▶ Content ─▶ differs from what is known?
                                 no   confirm: one row in `feed`, nothing else
                                 yes  record (digest and counts, no names) ─▶ durable ─▶ tables and feed, at once

Invariant: no fact decides anything before the journal holds the record that it changed. A crash between the two leaves
a change that is recorded and not in force, which is wrong in the safe direction; loading the same folder again finds
the record and brings it into force.

The same folder twice changes no table and writes no second record; it says only that all this is still so, and since
when. That is what `feed` is for: a directory that nobody confirms any more forbids every look.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, bindparam, func, insert, select, update

from whosaw.directory.content import Content, read_folder
from whosaw.directory.ports import Clock, Pseudonyms, Recorder, Remember
from whosaw.directory.tables import FEED, FOR_EVER, LOADED, micros
from whosaw.directory.transaction import reading, writing
from whosaw.errors import Busy, IdempotencyConflict, Unavailable
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Json, Kind, Stream, canonical, time_text

CALLER = "directory"
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one table: said by the folder, new, and no longer said."""

    rows: int
    new: int
    ended: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `changed`: tables and a record; else it only confirmed. `aside`: columns that nobody reads."""

    changed: bool
    tables: Mapping[str, Counts]
    aside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """What is new and what ended, by table, on top of change number `number`. `same`: nothing at all."""

    number: int
    new: Mapping[str, frozenset[bytes]]
    ended: Mapping[str, frozenset[bytes]]

    @property
    def same(self) -> bool:
        return self.number > 0 and not any(self.new.values()) and not any(self.ended.values())


def load(
    folder: Path, *, engine: Engine, journal: Recorder, names: Pseudonyms, remember: Remember, clock: Clock
) -> Loaded:
    """Bring the tables of `folder` into force. Raises BadInput and has then changed nothing."""
    content = read_folder(folder, names)
    with reading(engine) as db:
        change = _compare(db, content)
    counts = {
        table.name: Counts(len(content.tables[table.name]), len(change.new[table.name]), len(change.ended[table.name]))
        for table in LOADED
    }
    if not change.same:
        _record(journal, content, change.number, counts, clock())
        for principal in sorted(content.principals):
            remember(principal)
    _apply(engine, content, change, clock)
    return Loaded(not change.same, counts, content.aside)


def _compare(db: Connection, content: Content) -> _Change:
    new, ended = {}, {}
    for table in LOADED:
        known = set(db.scalars(select(table.c.digest).where(table.c.known_to == FOR_EVER)))
        said = content.tables[table.name].keys()
        new[table.name], ended[table.name] = frozenset(said - known), frozenset(known - said)
    return _Change(_number(db), new, ended)


def _number(db: Connection) -> int:
    """How many loads changed something, so far."""
    return db.scalar(select(FEED.c.change).order_by(FEED.c.row.desc()).limit(1)) or 0


def _record(journal: Recorder, content: Content, number: int, counts: Mapping[str, Counts], at: datetime) -> None:
    """Durable when it returns. The key is made of the state before and the content: a retry finds its own record."""
    key = f"{number + 1}-{content.digest.hex()[:32]}"
    if journal.find(CALLER, key) is not None:
        return
    tables: dict[str, Json] = {
        name: {"rows": c.rows, "new": c.new, "ended": c.ended} for name, c in sorted(counts.items())
    }
    body = canonical(
        {
            "v": 1,
            "kind": str(Kind.DIRECTORY),
            "at": time_text(at),
            "change": number + 1,
            "digest": b64encode(content.digest).decode(),
            "tables": tables,
        }
    )
    try:
        journal.submit(Submission(CALLER, key, (Record(Stream.named("directory"), body),)))
    except IdempotencyConflict:
        # Another process records the same folder at this moment, with another time in the body. Its record is ours.
        if journal.find(CALLER, key) is None:
            raise


def _apply(engine: Engine, content: Content, change: _Change, clock: Clock) -> None:
    with writing(engine) as db:
        if _number(db) != change.number:
            raise Busy(
                "another load of the directory came first",
                part="directory",
                hint="load the folder again; what changed meanwhile is compared anew",
            )
        # The time is taken here, inside: what a look saw before this moment must stay what was known before it.
        now = micros(clock())
        if now < (db.scalar(select(func.max(FEED.c.confirmed))) or now):
            raise Unavailable(
                "the clock stands before the last load of the directory",
                part="clock",
                hint="set the clock; what was recorded is brought into force by loading the folder again",
            )
        for table in LOADED:
            _end(db, table, change.ended[table.name], now)
            _add(db, table, content, change.new[table.name], now)
        number = change.number + (0 if change.same else 1)
        db.execute(insert(FEED).values(confirmed=now, change=number, digest=content.digest))


def _end(db: Connection, table: Table, digests: frozenset[bytes], now: int) -> None:
    known = table.c.known_to == FOR_EVER
    statement = update(table).where(known, table.c.digest == bindparam("ended")).values(known_to=now)
    for part in _parts(sorted(digests)):
        db.execute(statement, [{"ended": digest} for digest in part])


def _add(db: Connection, table: Table, content: Content, digests: frozenset[bytes], now: int) -> None:
    rows = content.tables[table.name]
    for part in _parts(sorted(digests)):
        said = [{**rows[digest], "digest": digest, "known_from": now, "known_to": FOR_EVER} for digest in part]
        db.execute(insert(table), said)


def _parts(digests: Sequence[bytes]) -> Iterator[list[bytes]]:
    rest = iter(digests)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
