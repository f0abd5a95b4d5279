# SPDX-License-Identifier: Apache-2.0
"""Units, reporting lines and homes over a stretch of time: who is independent of whom is computed over all of it.

    at − 30 days ─────────────────────── at
       support-1  |  moved the day before  |  task-force         both units are theirs here

A unit that was changed the day before a request launders nothing: every unit and every manager that somebody had in the
stretch counts, and so does every one that a source *said* they had, though another source, or a later load, says otherwise.

Invariant: what was not yet known at `at` is not in it, so the same question has the same answer years later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Table, bindparam, or_, select

from whosaw.directory.tables import PERSONS, STAFF
from whosaw.policy.independence import Chart

DAYS = 30
_START: BindParameter[int] = bindparam("start")
_END: BindParameter[int] = bindparam("end")


def _held(table: Table) -> tuple[ColumnElement[bool], ...]:
    """Whether somebody said at some time of these days that a row holds in them."""
    of = table.c
    return of.known_from <= _END, of.known_to > _START, of.valid_from <= _END, of.valid_to > _START


_ROWS = select(STAFF.c.principal, STAFF.c.unit, STAFF.c.manager).where(*_held(STAFF))
_OWN = select(STAFF.c.own_person, STAFF.c.household).where(STAFF.c.principal == bindparam("who"), *_held(STAFF))


def chart(db: Connection, start: int, end: int) -> Chart:
    """All that was known, and held, at some time from `start` to `end`, both included; microseconds since 1970."""
    units: dict[str, set[str]] = defaultdict(set)
    managers: dict[str, set[str]] = defaultdict(set)
    for principal, unit, manager in db.execute(_ROWS, {"start": start, "end": end}):
        units[principal].add(unit)
        managers[principal] |= set() if manager is None else {manager}
    return Chart(
        {who: frozenset(said) for who, said in units.items()}, {who: frozenset(said) for who, said in managers.items()}
    )


def tied(db: Connection, who: str, start: int, end: int) -> frozenset[str]:
    """Whoever of the staff shared an account or a home with `who` at some time from `start` to `end`: a second staff id of
    the same hand, somebody who lives there, also by way of an account.
    """
    span = {"start": start, "end": end}
    own = db.execute(_OWN, {"who": who, **span}).all()
    accounts, homes = ({row[n] for row in own} - {None} for n in (0, 1))
    homes |= _lives(db, accounts, span)
    near = set(db.scalars(select(PERSONS.c.person).where(PERSONS.c.household.in_(homes), *_held(PERSONS)), span))
    also = or_(STAFF.c.own_person.in_(accounts | near), STAFF.c.household.in_(homes))
    return frozenset(db.scalars(select(STAFF.c.principal).where(also, *_held(STAFF)), span)) - {who}


def _lives(db: Connection, accounts: Iterable[str], span: dict[str, Any]) -> set[str]:
    homes = select(PERSONS.c.household).where(PERSONS.c.person.in_(set(accounts)), *_held(PERSONS))
    return set(db.scalars(homes, span)) - {None}
