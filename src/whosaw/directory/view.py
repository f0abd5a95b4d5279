# SPDX-License-Identifier: Apache-2.0
"""One instant of the directory, of one state of the database: the reads behind ``directory.known``.

    staff ─▶ Member ─▶ PrincipalFacts          persons ─▶ PersonFacts           cases, case_persons ─▶ CaseFacts
       └── own accounts, household, unit, managers, links ──▶ RelationFacts ◀──┘

Rows are asked for with all their versions, by what they are about, and chosen by the instant here: so what was read for one
instant is good for another (``remembered``), and ``span`` says how long all of an answer stays as it is.

Invariant: a View answers with what was known at its instant and nothing later. What contradicts itself is Damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, or_, select

from whosaw.directory.by_instant import KINDS, LINKED
from whosaw.directory.change import DRAWN, TICKETS
from whosaw.directory.kept import Hands
from whosaw.directory.member import Member, contradicts, member, members
from whosaw.directory.query import Row, ask
from whosaw.directory.remembered import Held, ask_once
from whosaw.directory.span import Span
from whosaw.directory.tables import (
    ASSIGNMENTS,
    CASE_PERSONS,
    CASES,
    FOR_EVER,
    LINKS,
    PERSONS,
    REGIONS,
    STAFF,
    SUSPENSIONS,
    instant,
)
from whosaw.errors import Damaged
from whosaw.model.access import Asked
from whosaw.policy.facts import CaseFacts, NamedFacts, PersonFacts, PrincipalFacts, RelationFacts, Whose

# A reporting line longer than this is a loop, or a table that nobody should decide from.
LONGEST_LINE = 32
# For so long a person stays protected after the protection ended, and related after the tie did: taking somebody off a list,
# renaming a unit or moving out the day before opens nothing.
PROTECTED_ON = timedelta(days=30)
# Of these kinds of link, who stands at the other end is family; and of these, a colleague.
FAMILY = frozenset({"household", "family", "partner", "friend"})
COLLEAGUES = frozenset({"colleague", "coworker"})
# A case without a time of closing, whose status says all the same that it is over.
OVER = frozenset({"closed", "cancelled", "canceled", "done", "rejected", "resolved", "solved"})

_MICROSECOND = timedelta(microseconds=1)
_LATELY = PROTECTED_ON // _MICROSECOND
_ID: BindParameter[str] = bindparam("id")
_PERSON: BindParameter[str] = bindparam("person")
_FEW = 32  # namings of a case, all versions, that are read one by one; of more the database counts


def _of(table: Table, column: str) -> Select[Any]:
    """Every version of the rows of `table` about one thing."""
    return select(table).where(table.c[column] == _ID)


# Built once: putting a query together costs more than asking it.
_STAFF, _OWNERS, _PERSON_ROWS, _REGIONS, _SUSPENDED = (
    _of(STAFF, "principal"), _of(STAFF, "own_person"), _of(PERSONS, "person"), _of(REGIONS, "country"), _of(SUSPENSIONS, "principal"),
)  # fmt: skip
_CASE = _of(CASES, "case_id")
_NAMINGS = _of(CASE_PERSONS, "case_id").limit(_FEW + 1)
_NAMED = _of(CASE_PERSONS, "case_id").where(CASE_PERSONS.c.person == _PERSON)
_WORK = _of(ASSIGNMENTS, "principal").where(
    or_(ASSIGNMENTS.c.scope_kind == "queue", ASSIGNMENTS.c.scope_kind == "on_call")
)
_LINKS = select(LINKS).where(or_(LINKS.c.a == _ID, LINKS.c.b == _ID))


class View:
    """One instant, for one look. `work`: the assignments of the one who looks are read once."""

    def __init__(self, db: Connection | Held, at: int) -> None:
        self._db, self._at = db, at
        self.kept = False  # the case is kept by a system, so that its word counts and no table's
        self._since = at - _LATELY
        self._lately: dict[str, Member] = {}
        self._read: dict[tuple[Any, ...], Sequence[Row]] = {}
        self.span = Span(at, _LATELY)

    # ── who looks ──

    def staff(self, principal: str) -> Member | None:
        """The principal, by every source; None for one who was never known."""
        return member(self._known(_STAFF, principal), self._at)

    def principal_facts(self, who: Member, work: Sequence[Row]) -> PrincipalFacts:
        return PrincipalFacts(
            function=who.function,
            active=who.active,
            suspended=self.suspended(who),
            regions=who.regions(self.regions),
            employed=who.employed(self.regions),
            on_call=any(each["scope_kind"] == "on_call" for each in work),
        )

    def suspended(self, who: Member) -> bool:
        """By a source, or by a suspension that is not lifted."""
        return who.suspended or bool(self._known(_SUSPENDED, who.principal))

    def work(self, principal: str) -> Sequence[Row]:
        """Queues and on-call duties of a principal, valid now."""
        return self._valid(_WORK, principal)

    def regions(self, country: str) -> frozenset[str]:
        """A country and every group of countries that it belongs to."""
        return frozenset([country, *(row["region"] for row in self._known(_REGIONS, country))])

    # ── who is looked at ──

    def person(self, person: str) -> tuple[PersonFacts | None, frozenset[str], frozenset[str]]:
        """What is known of the person, their households, and those of these thirty days."""
        rows = self._of_lately(_PERSON_ROWS, person)
        homes = frozenset(row["household"] for row in rows) - {None}
        now = [row for row in rows if row["known_to"] > self._at and row["valid_to"] > self._at]
        if not now:
            return None, frozenset(), homes
        if len({row["source"] for row in now}) != len(now):
            raise contradicts("persons")
        regions = {row["region"] for row in now} - {None}
        if len(regions) > 1:
            raise contradicts("persons")
        facts = PersonFacts(
            region=next(iter(regions), None),
            # Not only those of now: a row that ended lately protects on. See PROTECTED_ON.
            protected=any(row["protected"] for row in rows),
            staff=any(row["staff"] for row in now),
            before=frozenset(row["region"] for row in rows) - regions - {None},
        )
        return facts, frozenset(row["household"] for row in now) - {None}, homes

    def owners(self, person: str) -> tuple[frozenset[str], frozenset[str]]:
        """Whose own account the person is, and whose it was in these thirty days: nobody's, for most; more than one's where
        accounts are shared.
        """
        rows = self._of_lately(_OWNERS, person)
        now = [row for row in rows if row["known_to"] > self._at and row["valid_to"] > self._at]
        return frozenset(row["principal"] for row in now), frozenset(row["principal"] for row in rows)

    # ── what they are to each other ──

    def relation(self, who: Member, person: str, homes: frozenset[str], owners: frozenset[str]) -> RelationFacts:
        """What the person is to the principal, or was in these thirty days, as far as the tables say: an empty household is
        nobody's. `homes` and `owners`: the person's, of these days.

        A person of whom only the staff table knows, as somebody's own account, has their owners' relations.
        """
        me = self._as_lately(who.principal, who)
        others = [self._as_lately(each) for each in sorted(owners - {who.principal})]
        homes = homes.union(*(other.households for other in others))
        if who.principal in owners:
            homes |= me.households
        links = self._links(me, person)
        above = self._above(me) if others else frozenset()
        return RelationFacts(
            own=who.principal in owners,
            household=bool(me.households & homes),
            colleague=any(other.units & me.units for other in others) or bool(links & COLLEAGUES),
            line=any(other.principal in above or who.principal in self._above(other) for other in others),
            family=bool(links & FAMILY),
        )

    def _as_lately(self, principal: str, now: Member | None = None) -> Member:
        """One of the staff with every unit, manager, home and account that they had in these thirty days."""
        if principal not in self._lately:
            rows = self._of_lately(_STAFF, principal)
            self._lately[principal] = Member(principal, [*rows, *(now.rows if now is not None else ())], active=True)
        return self._lately[principal]

    def _links(self, who: Member, person: str) -> frozenset[str]:
        """The kinds of link between the principal's own accounts and the person."""
        if not who.accounts:
            return frozenset()
        rows = self._of_lately(_LINKS, person)
        return frozenset(row["kind"] for row in rows if {row["a"], row["b"]} & who.accounts - {person})

    def _above(self, who: Member) -> frozenset[str]:
        """Everybody above `who`, in every reporting line that a source says."""
        above: set[str] = set()
        rung = set(who.managers)
        for _ in range(LONGEST_LINE):
            above |= rung
            if not rung:
                return frozenset(above)
            bosses = members((row for each in rung for row in self._valid(_STAFF, each)), self._at)
            rung = {manager for boss in bosses for manager in boss.managers} - above
        raise Damaged("a reporting line is longer than any can be", where="staff")

    # ── why they look ──

    def case(
        self,
        case: str,
        *,
        who: Member | None,
        principal: str,
        person: str,
        homes: frozenset[str],
        work: Sequence[Row],
    ) -> CaseFacts | None:
        rows = [row for row in self._known(_CASE, case) if self._says(row)]
        if not rows:
            return None
        row = _only(rows, "cases")

        def whose(hand: str | None) -> Whose:
            return self._whose(hand, who, principal)

        # Of a case that a system keeps all hands are known, where the table has room for one.
        if self.kept:
            self.span.end()
        hands = Hands.of(self._db, case, self._at, whose) if self.kept else None

        def namer(naming: Row) -> Whose:
            return whose(naming["added_by"]) if hands is None else hands.named_by(naming["person"])

        named = self._named(case, person, namer)
        queues = _queues(who, work)
        return CaseFacts(
            type=row["type"],
            opened=instant(row["opened"]),
            closed=_closed(row),
            opened_by=whose(row["opened_by"]) if hands is None else hands.opened_by(),
            requested_by_principal=whose(row["requester"]) == "principal" if hands is None else hands.requested(),
            assigned=_assigned(row, principal, queues) if hands is None else hands.assigned(principal, queues),
            named=named,
            mixed=self._mixed(case),
            # Asked only where it counts: a case that names the person needs no link.
            names_link=named is None and self._names_link(case, person, homes, namer),
            drawn=row["source"] == DRAWN,
            requested_by_person=row["requester"] == person,
        )

    def _mixed(self, case: str) -> bool:
        """Whether a case names both staff and outsiders."""
        if (rows := self._namings(case)) is None:
            found = self._all(KINDS, id=case)[0]
            return 0 < int(found["staff"] or 0) < int(found["named"])
        return len({self._is_staff(row["person"]) for row in rows}) == 2

    def _namings(self, case: str) -> Sequence[Row] | None:
        """Everybody whom a case names; None where there are too many to read them one by one."""
        rows = self._rows(_NAMINGS, id=case)
        return None if len(rows) > _FEW else [row for row in rows if self._is_known(row) and self._says(row)]

    def _is_staff(self, person: str) -> bool:
        """Whether an account is one of our own staff's, by whoever says so."""
        return any(row["staff"] for row in self._valid(_PERSON_ROWS, person)) or bool(self._known(_OWNERS, person))

    def _names_link(self, case: str, person: str, homes: Iterable[str], namer: Callable[[Row], Whose]) -> bool:
        """Whether somebody else named, before this moment, somebody who is linked to the person."""
        rows = [row for home in sorted(homes) or [""] for row in self._all(LINKED, id=case, person=person, home=home)]
        return any(
            _added(row) <= self._at and namer(row) == "other" and not self._protected(row["person"]) for row in rows
        )

    def _protected(self, person: str) -> bool:
        """Of a protected person the circle is no shortcut: whoever is looked at for their sake is named in the case."""
        facts, _, _ = self.person(person)
        return facts is None or facts.protected

    def _named(self, case: str, person: str, namer: Callable[[Row], Whose]) -> NamedFacts | None:
        if (all_of_them := self._namings(case)) is None:
            rows = [
                row for row in self._rows(_NAMED, id=case, person=person) if self._is_known(row) and self._says(row)
            ]
        else:
            rows = [row for row in all_of_them if row["person"] == person]
        if not rows:
            return None
        row = _only(rows, "case_persons")
        return NamedFacts(added=instant(_added(row)), by=namer(row), fields=_fields(row))

    def _whose(self, pseudonym: str | None, who: Member | None, principal: str) -> Whose:
        """Whose hand it was. One's own private account is one's own hand, and so is one's household; those of these thirty
        days, or an account that was taken out of the table the day before would be somebody else's.
        """
        if pseudonym is None:
            return "unknown"
        me = None if who is None else self._as_lately(principal, who)
        if pseudonym == principal or (me is not None and pseudonym in me.accounts):
            return "principal"
        if me is None or not me.households:
            return "other"
        # A case asked for from the sofa of the one who looks was made up like one asked for from their desk.
        there = [row for query in (_PERSON_ROWS, _STAFF) for row in self._of_lately(query, pseudonym)]
        return "principal" if me.households & {row["household"] for row in there} else "other"

    # ── rows ──

    def _known(self, query: Select[Any], id_: str) -> Sequence[Row]:
        """Rows about `id_` that were known at the instant."""
        return [row for row in self._rows(query, id=id_) if self._is_known(row)]

    def _valid(self, query: Select[Any], id_: str) -> Sequence[Row]:
        """Of these, those that say something about the instant."""
        return [row for row in self._known(query, id_) if row["valid_from"] <= self._at < row["valid_to"]]

    def _of_lately(self, query: Select[Any], id_: str) -> Sequence[Row]:
        """Every row about `id_` that was known, and held, at some time of these thirty days."""
        at, since = self._at, self._since
        return [
            row
            for row in self._rows(query, id=id_)
            if row["known_from"] <= at
            and row["known_to"] > since
            and row["valid_from"] <= at
            and row["valid_to"] > since
        ]

    def _is_known(self, row: Row) -> bool:
        return bool(row["known_from"] <= self._at < row["known_to"])

    def _says(self, row: Row) -> bool:
        """Of a case that a system keeps, that system's word counts, and no table's."""
        return not self.kept or row["source"] == TICKETS

    def _rows(self, query: Select[Any], **values: Any) -> Sequence[Row]:
        """Every version, whenever it was known."""
        key = (query, *values.values())
        rows = self._read.get(key)
        if rows is None:
            rows = self._read[key] = ask_once(self._db, query, values)
            self.span.hold(rows)
        return rows

    def _all(self, query: Select[Any], **values: Any) -> Sequence[Row]:
        """What the database chooses by the instant: nobody can say how long it stays so."""
        self.span.end()
        return ask(self._db, query, {"at": self._at, "kept": self.kept, **values})


def _fields(row: Row) -> frozenset[Asked] | None:
    """What the case lists for this person; None where it lists nothing in particular."""
    said = row["fields"]
    # An empty list is a list: of nothing that we could read, and so of nothing.
    return None if said is None else frozenset(Asked.parse(each) for each in said.split("|") if each)


def _added(row: Row) -> int:
    """Without a time of its own a naming is as old as our knowledge of it, and no older."""
    return int(row["known_from"] if row["added"] is None else row["added"])


def _assigned(row: Row, principal: str, queues: frozenset[str]) -> bool:
    """To the principal by name, else to a queue of theirs, else to their unit."""
    return row["assignee"] == principal or (row["queue"] is not None and row["queue"] in queues)


def _queues(who: Member | None, work: Sequence[Row]) -> frozenset[str]:
    """The queues of the one who looks, and their unit."""
    queues = frozenset(each["scope"] for each in work if each["scope_kind"] == "queue")
    return queues if who is None or who.unit is None else queues | {who.unit}


def _only(rows: Sequence[Row], table: str) -> Row:
    if len(rows) != 1:
        raise contradicts(table)
    return rows[0]


def _closed(row: Row) -> Any:
    if row["closed"] != FOR_EVER:
        return instant(row["closed"])
    if row["status"] is not None and row["status"].lower() in OVER:
        return instant(row["known_from"])
    return None
