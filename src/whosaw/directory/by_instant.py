# SPDX-License-Identifier: Apache-2.0
"""What the database itself chooses by the instant: questions about cases that name many, and about who is linked to whom.

Everything else a look asks for with all its versions, and chooses itself (``directory.view``).

Invariant: these say the same as ``View`` does where it reads the rows one by one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from whosaw.directory.change import TICKETS
from whosaw.directory.tables import CASE_PERSONS, LINKS, PERSONS, STAFF

_AT: BindParameter[int] = bindparam("at")
_ID: BindParameter[str] = bindparam("id")
_PERSON: BindParameter[str] = bindparam("person")
_NEAR = 100  # namings of linked persons that one question reads


def known_at(table: Any, at: Any) -> ColumnElement[bool]:
    return and_(table.c.known_from <= at, table.c.known_to > at)


def valid_at(table: Any, at: Any) -> ColumnElement[bool]:
    return and_(table.c.valid_from <= at, table.c.valid_to > at)


def said_by(table: Table) -> ColumnElement[bool]:
    """Of a case that a system keeps, what that system said, and nothing else; of any other, what anybody said."""
    return or_(~bindparam("kept", type_=Boolean), table.c.source == TICKETS)


def _mixed() -> Any:
    """How many persons a case names, and how many of them are staff's own accounts."""
    whom, owner, named = PERSONS.alias(), STAFF.alias(), CASE_PERSONS.c.person
    staff = or_(
        exists().where(whom.c.person == named, whom.c.staff, known_at(whom, _AT), valid_at(whom, _AT)),
        exists().where(owner.c.own_person == named, known_at(owner, _AT)),
    )
    counted = (func.count().label("named"), func.sum(case((staff, 1), else_=0)).label("staff"))
    return select(*counted).where(CASE_PERSONS.c.case_id == _ID, known_at(CASE_PERSONS, _AT), said_by(CASE_PERSONS))


def _near() -> Select[Any]:
    """The namings in a case of persons who are linked to a person, or live with them."""
    near, home, named = LINKS.alias(), PERSONS.alias(), CASE_PERSONS.c.person
    ends = or_(and_(near.c.a == _PERSON, near.c.b == named), and_(near.c.b == _PERSON, near.c.a == named))
    lives = home.c.household == bindparam("home")
    return select(CASE_PERSONS).where(
        CASE_PERSONS.c.case_id == _ID, named != _PERSON, known_at(CASE_PERSONS, _AT), said_by(CASE_PERSONS),
        or_(
            exists().where(ends, known_at(near, _AT), valid_at(near, _AT)),
            exists().where(home.c.person == named, lives, known_at(home, _AT), valid_at(home, _AT)),
        ),
    ).limit(_NEAR)  # fmt: skip


KINDS, LINKED = _mixed(), _near()
