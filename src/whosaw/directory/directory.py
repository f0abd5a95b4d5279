# SPDX-License-Identifier: Apache-2.0
"""The directory: what is known of a principal, a person and a case at one instant, as it was known then.

    known(principal, person, case, at) ──▶ policy.facts.Known         pseudonyms in, no identifier out

Invariant: the answer depends on `at` and on nothing later, so it can be asked again years later. All its reads see one
state of the database. What is not there is None, never a guess; what contradicts itself is Damaged, never the first row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    bindparam,
    select,
)

from whosaw.directory.query import Row, ask, ask_one
from whosaw.directory.tables import (
    ASSIGNMENTS,
    CASE_PERSONS,
    CASES,
    FEED,
    FOR_EVER,
    LOADED,
    PERSONS,
    REGIONS,
    STAFF,
    SUSPENSIONS,
    instant,
    micros,
)
from whosaw.directory.transaction import reading
from whosaw.errors import Damaged
from whosaw.policy.facts import (
    CaseFacts,
    FeedFacts,
    Known,
    NamedFacts,
    PersonFacts,
    PrincipalFacts,
    RelationFacts,
    Whose,
)

# A reporting line longer than this is a loop, or a table that nobody should decide from.
LONGEST_LINE = 32

_AT: BindParameter[int] = bindparam("at")
_ID: BindParameter[str] = bindparam("id")


def _known_at(table: Table, at: Any) -> ColumnElement[bool]:
    return and_(table.c.known_from <= at, table.c.known_to > at)


def _of(table: Table, column: str, *, valid: bool) -> Select[Any]:
    """Rows of `table` about one thing, as known at a moment and, where asked, valid at it."""
    query = select(table).where(table.c[column] == _ID, _known_at(table, _AT))
    return query.where(table.c.valid_from <= _AT, table.c.valid_to > _AT) if valid else query


# Built once: putting a query together costs more than asking it.
_STAFF_EVER = _of(STAFF, "principal", valid=False)
_STAFF_NOW = _of(STAFF, "principal", valid=True)
_OWNERS = _of(STAFF, "own_person", valid=True)
_PERSON = _of(PERSONS, "person", valid=True)
_REGIONS = _of(REGIONS, "country", valid=False)
_CASE = _of(CASES, "case_id", valid=False)
_NAMED = _of(CASE_PERSONS, "case_id", valid=False).where(CASE_PERSONS.c.person == bindparam("person"))
_QUEUE = _of(ASSIGNMENTS, "principal", valid=True).where(
    ASSIGNMENTS.c.scope_kind == "queue", ASSIGNMENTS.c.scope == bindparam("queue")
)
_SUSPENDED = _of(SUSPENSIONS, "principal", valid=False)
_FEED = select(FEED.c.confirmed).where(FEED.c.confirmed <= _AT).order_by(FEED.c.confirmed.desc()).limit(1)

# A case without a time of closing, whose status says all the same that it is over.
OVER = frozenset({"closed", "cancelled", "canceled", "done", "rejected", "resolved", "solved"})


class Directory:
    """Facts as of an instant. `stale_after`: how long a confirmation of the tables counts. Safe to share."""

    def __init__(self, engine: Engine, stale_after: timedelta) -> None:
        self._engine, self._stale_after = engine, stale_after

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known:
        """What was known at `at`. Raises Unavailable where the database cannot be read, Damaged where it contradicts."""
        with reading(self._engine) as db:
            view = _View(db, micros(at))
            staff, whom, owners = view.staff(principal), view.person(person), view.owners(person)
            return Known(
                principal=None if staff is None else view.principal_facts(staff),
                person=None if whom is None else _person_facts(whom, owners),
                relation=None if staff is None or (whom is None and not owners) else view.relation(staff, whom, owners),
                case=None if case is None else view.case(case, staff, principal, person),
                feed=view.feed(self._stale_after),
            )

    def unit(self, principal: str, at: datetime) -> str | None:
        """The unit of a principal, as known at `at`; None for one who was never known."""
        with reading(self._engine) as db:
            staff = _View(db, micros(at)).staff(principal)
            return None if staff is None else staff["unit"]

    def rows(self, table: str, at: datetime | None = None) -> Iterator[Mapping[str, Any]]:
        """Every row of `table` as known at `at`, or every version ever known. For projections: pseudonyms only."""
        found = {each.name: each for each in LOADED}[table]
        query = select(found).order_by(found.c.row)
        if at is not None:
            query = query.where(_known_at(found, micros(at)))
        with reading(self._engine) as db:
            for row in db.execute(query).mappings():
                yield {name: value for name, value in row.items() if name not in ("row", "digest")}


class _View:
    """One instant of the directory, inside one transaction."""

    def __init__(self, db: Connection, at: int) -> None:
        self._db, self._at = db, at

    def staff(self, principal: str) -> Row | None:
        """The principal's row: the valid one, else the newest that was; None for one who was never known."""
        rows = self._all(_STAFF_EVER, id=principal)
        valid = [row for row in rows if row["valid_from"] <= self._at < row["valid_to"]]
        if valid:
            return _only(valid, "staff")
        return max(rows, key=lambda row: int(row["valid_from"]), default=None)

    def principal_facts(self, staff: Row) -> PrincipalFacts:
        return PrincipalFacts(
            function=staff["function"],
            active=staff["valid_from"] <= self._at < staff["valid_to"],
            suspended=staff["suspended"] or bool(self._all(_SUSPENDED, id=staff["principal"])),
            regions=self._regions(staff["country"]),
        )

    def _regions(self, country: str | None) -> frozenset[str]:
        if country is None:
            return frozenset()
        groups = self._all(_REGIONS, id=country)
        return frozenset([country, *(row["region"] for row in groups)])

    def person(self, person: str) -> Row | None:
        rows = self._all(_PERSON, id=person)
        return _only(rows, "persons") if rows else None

    def owners(self, person: str) -> Sequence[Row]:
        """The staff whose own account the person is: nobody, for most; more than one where accounts are shared."""
        return self._all(_OWNERS, id=person)

    def relation(self, staff: Row, whom: Row | None, owners: Sequence[Row]) -> RelationFacts:
        """What the person is to the principal, as far as the tables say: an empty household is nobody's.

        A person of whom only the staff table knows, as somebody's own account, has their owners' relations.
        """
        households = {owner["household"] for owner in owners} | {whom["household"] if whom is not None else None}
        households -= {None}
        principal = staff["principal"]
        others = [owner for owner in owners if owner["principal"] != principal]
        return RelationFacts(
            own=any(owner["principal"] == principal for owner in owners),
            household=staff["household"] in households,
            colleague=any(owner["unit"] == staff["unit"] for owner in others),
            line=any(owner["principal"] in self._above(staff) or principal in self._above(owner) for owner in others),
        )

    def _above(self, staff: Row) -> set[str]:
        """Everybody above `staff` in the reporting line."""
        above: set[str] = set()
        manager = staff["manager"]
        while manager is not None and manager not in above:
            if len(above) == LONGEST_LINE:
                raise Damaged("a reporting line is longer than any can be", where="staff")
            above.add(manager)
            rows = self._all(_STAFF_NOW, id=manager)
            manager = _only(rows, "staff")["manager"] if rows else None
        return above

    def case(self, case: str, staff: Row | None, principal: str, person: str) -> CaseFacts | None:
        rows = self._all(_CASE, id=case)
        if not rows:
            return None
        row = _only(rows, "cases")
        return CaseFacts(
            type=row["type"],
            opened=instant(row["opened"]),
            closed=_closed(row),
            opened_by=self._whose(row["opened_by"], staff, principal),
            requested_by_principal=self._whose(row["requester"], staff, principal) == "principal",
            assigned=self._assigned(row, staff, principal),
            named=self._named(case, staff, principal, person),
        )

    def _assigned(self, case: Row, staff: Row | None, principal: str) -> bool:
        """To the principal by name, else to a queue of theirs, else to their unit."""
        if case["assignee"] == principal:
            return True
        if case["queue"] is None:
            return False
        queues = self._all(_QUEUE, id=principal, queue=case["queue"])
        return bool(queues) or (staff is not None and staff["unit"] == case["queue"])

    def _named(self, case: str, staff: Row | None, principal: str, person: str) -> NamedFacts | None:
        rows = self._all(_NAMED, id=case, person=person)
        if not rows:
            return None
        row = _only(rows, "case_persons")
        # Without a time of its own the naming is as old as our knowledge of it, and no older.
        added = row["known_from"] if row["added"] is None else row["added"]
        return NamedFacts(added=instant(added), by=self._whose(row["added_by"], staff, principal))

    def _whose(self, pseudonym: str | None, staff: Row | None, principal: str) -> Whose:
        """Whose hand it was. One's own private account is one's own hand, and so is one's household."""
        if pseudonym is None:
            return "unknown"
        if pseudonym == principal or (staff is not None and pseudonym == staff["own_person"]):
            return "principal"
        if staff is None or staff["household"] is None:
            return "other"
        # A case asked for from the sofa of the one who looks was made up like one asked for from their desk.
        homes = {row["household"] for row in (*self._all(_PERSON, id=pseudonym), *self._all(_STAFF_NOW, id=pseudonym))}
        return "principal" if staff["household"] in homes else "other"

    def feed(self, limit: timedelta) -> FeedFacts | None:
        row = ask_one(self._db, _FEED, {"at": self._at})
        return None if row is None else FeedFacts(confirmed=instant(row["confirmed"]), limit=limit)

    def _all(self, query: Select[Any], **values: str) -> Sequence[Row]:
        return ask(self._db, query, {"at": self._at, **values})


def _only(rows: Sequence[Row], table: str) -> Row:
    if len(rows) != 1:
        raise Damaged(
            f"{table} says two things about the same moment",
            where=table,
            hint="load the directory's folder again: it refuses tables that contradict themselves",
        )
    return rows[0]


def _person_facts(whom: Row, owners: Sequence[Row]) -> PersonFacts:
    return PersonFacts(region=whom["region"], protected=whom["protected"], staff=whom["staff"] or bool(owners))


def _closed(case: Row) -> datetime | None:
    if case["closed"] != FOR_EVER:
        return instant(case["closed"])
    if case["status"] is not None and case["status"].lower() in OVER:
        return instant(case["known_from"])
    return None
