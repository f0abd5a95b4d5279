# SPDX-License-Identifier: Apache-2.0
"""`whosaw ticket check`: what the gate would see of a case now, for somebody who works here, on record first.

    asker, case ──▶ works here? ──▶ record ──▶ durable ──▶ the system is asked ──▶ Checked, by pseudonym

Who is named in a case is worth knowing, so asking for it is a record like a look: who asked, when, about which case. The
answer is read back from the directory, because that is what a look is decided from, and not what the system said.

Invariant: no id comes out, of nobody; and nothing comes out before the record is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.directory.change import TICKETS
from whosaw.directory.directory import Directory
from whosaw.directory.kept import Outcome, Sighting, rows_of
from whosaw.directory.tables import FOR_EVER, instant, micros
from whosaw.directory.transaction import reading
from whosaw.errors import BadInput, IdempotencyConflict
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.tickets.asked import Tickets
from whosaw.tickets.keep import Keeper

CALLER = "tickets"
UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Hand:
    """One thing that the history shows: `role` (opened, requested, assigned, queued, named), of whom, by whom."""

    role: str
    of: str | None = field(repr=False)
    by: str = field(repr=False)
    since: datetime | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the gate would see. `type`, `opened`, `closed`: None where there is no case to see."""

    system: str
    sighting: Sighting
    type: str | None
    opened: datetime | None
    closed: datetime | None
    hands: tuple[Hand, ...]
    index: int


@dataclass(frozen=True, slots=True)
class NotAsked:
    """Whoever asked does not work here at this moment. The attempt is leaf `index`."""

    index: int


@dataclass(frozen=True, slots=True)
class CheckDesk:
    """What a check works with."""

    tickets: Tickets
    keeper: Keeper
    directory: Directory

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.keeper.office.clock


def check(case: str, asker: str, desk: CheckDesk, key: str) -> Checked | NotAsked:
    """Ask for a case, for the staff member `asker`. `key`: random; a retry with it is recorded once.

    Raises BadInput where no system keeps such a case: then nothing is recorded.
    """
    found = desk.tickets.system_of(case)
    if found is None:
        raise BadInput(
            "no ticket system keeps such a case", where="CASE", hint="whosaw ticket status lists the systems"
        )
    system, who, at = found[0].name, desk.keeper.office.remember(asker), desk.clock()
    allowed = desk.directory.present(who, at)
    said = {"asker": who, "case": case, "system": system, "outcome": "asked" if allowed else "refused"}
    index = _record(desk, said, at, key)
    if not allowed:
        return NotAsked(index)
    desk.tickets.see(case)
    now = desk.clock()
    sighting = desk.tickets.last(case, now)
    if sighting is None:
        raise BadInput("nothing is known of this case", where="CASE")
    if sighting.outcome is not Outcome.SEEN:
        return Checked(system, sighting, None, None, None, (), index)
    return _read(desk, case, sighting, now, index)


def _record(desk: CheckDesk, said: Mapping[str, str], at: datetime, key: str) -> int:
    journal = desk.keeper.office.journal
    body = canonical({"v": 1, "kind": str(Kind.TICKET), "at": time_text(at), **said})
    caller = f"{CALLER}/{said['asker']}"
    recorded = journal.find(caller, key)
    if recorded is None:
        try:
            recorded = journal.submit(Submission(caller, key, (Record(Stream.named("inquiry"), body),)))
        except IdempotencyConflict:
            recorded = journal.find(caller, key)
            if recorded is None:
                raise
    return recorded.leaves[-1].index


def _read(desk: CheckDesk, case: str, sighting: Sighting, at: datetime, index: int) -> Checked:
    with reading(desk.keeper.office.engine) as db:
        (row,), named, hands = rows_of(db, TICKETS, case, micros(at))
    about = {each["person"]: each for each in named}
    shown = []
    for hand in hands:
        naming = about.get(hand["of"]) if hand["role"] == "named" else None
        added = None if naming is None or naming["added"] is None else instant(naming["added"])
        listed = (
            None if naming is None or naming["fields"] is None else tuple(filter(None, naming["fields"].split("|")))
        )
        shown.append(Hand(hand["role"], hand["of"], hand["hand"] or UNKNOWN, added, listed))
    closed = None if row["closed"] == FOR_EVER else instant(row["closed"])
    return Checked(sighting.system, sighting, row["type"], instant(row["opened"]), closed, tuple(shown), index)
