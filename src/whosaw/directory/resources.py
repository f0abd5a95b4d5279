# SPDX-License-Identifier: Apache-2.0
"""Resources of an identity provider, as rows: users and groups by random ids, sealed, found by keyed digests.

    resources   id · kind · version · when · digests of name and external id · pseudonyms of principal and own account · sealed bytes
    members     which user is in which group, both by their ids

Nothing here decides anything: what decides stands in `staff` and `assignments`, by pseudonym, and changes in the same
transaction (``directory.change``, `beside`).

Invariant: no column holds a name. Whoever has this file alone learns how many there are, and who shares a group with whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from whosaw.directory.tables import MEMBERS, RESOURCES
from whosaw.errors import Busy

USER, GROUP = "User", "Group"


@dataclass(frozen=True, slots=True)
class Stored:
    """One resource. `version` begins at 1 and grows by one with each change; times are microseconds since 1970."""

    id: str
    kind: str
    version: int
    created: int
    modified: int
    name: bytes
    external: bytes | None
    principal: str | None = field(repr=False)
    sealed: bytes = field(repr=False)
    own_person: str | None = field(default=None, repr=False)
    own_sealed: bytes | None = field(default=None, repr=False)


def find(db: Connection, kind: str, id_: str) -> Stored | None:
    return _one(db, RESOURCES.c.kind == kind, RESOURCES.c.id == id_)


def named(db: Connection, kind: str, name: bytes) -> Stored | None:
    """The one with this name. There is at most one: ``unique``."""
    return _one(db, RESOURCES.c.kind == kind, RESOURCES.c.name == name)


def external(db: Connection, kind: str, digest: bytes) -> list[Stored]:
    """Those with this external id, which is the provider's and need not be unique."""
    return _all(db, RESOURCES.c.kind == kind, RESOURCES.c.external == digest)


def of_principal(db: Connection, principal: str) -> list[Stored]:
    return _all(db, RESOURCES.c.kind == USER, RESOURCES.c.principal == principal)


def part(db: Connection, kinds: Sequence[str], offset: int, limit: int | None) -> list[Stored]:
    """In the order in which they were made, the ids telling those of one moment apart."""
    query = select(RESOURCES).where(RESOURCES.c.kind.in_(kinds)).order_by(RESOURCES.c.created, RESOURCES.c.id)
    query = query.offset(offset) if limit is None else query.offset(offset).limit(limit)
    return [Stored(**row) for row in db.execute(query).mappings()]


def count(db: Connection, kinds: Sequence[str]) -> int:
    return db.scalar(select(func.count()).where(RESOURCES.c.kind.in_(kinds))) or 0


def write(db: Connection, new: Stored, version: int | None) -> None:
    """Put `new` in the place of the one with this version; None: of nothing. Raises Busy where another came first."""
    if version is None:
        db.execute(insert(RESOURCES).values(**asdict(new)))
        return
    same = (RESOURCES.c.id == new.id) & (RESOURCES.c.version == version)
    values = {name: value for name, value in asdict(new).items() if name not in ("id", "kind", "created")}
    if db.execute(update(RESOURCES).where(same).values(**values)).rowcount != 1:
        raise _overtaken()


def remove(db: Connection, old: Stored) -> None:
    """Raises Busy where another change came first."""
    same = (RESOURCES.c.id == old.id) & (RESOURCES.c.version == old.version)
    if db.execute(delete(RESOURCES).where(same)).rowcount != 1:
        raise _overtaken()
    for column in (MEMBERS.c.group_id, MEMBERS.c.user_id):
        db.execute(delete(MEMBERS).where(column == old.id))


def members(db: Connection, group: str) -> list[str]:
    return sorted(db.scalars(select(MEMBERS.c.user_id).where(MEMBERS.c.group_id == group)))


def groups(db: Connection, user: str) -> list[str]:
    return sorted(db.scalars(select(MEMBERS.c.group_id).where(MEMBERS.c.user_id == user)))


def gather(db: Connection, group: str, users: Iterable[str]) -> None:
    """The members of a group are exactly these."""
    now, wanted = set(members(db, group)), set(users)
    for gone in sorted(now - wanted):
        db.execute(delete(MEMBERS).where(MEMBERS.c.group_id == group, MEMBERS.c.user_id == gone))
    if new := sorted(wanted - now):
        db.execute(insert(MEMBERS), [{"group_id": group, "user_id": user} for user in new])


def _one(db: Connection, *which: Any) -> Stored | None:
    found = _all(db, *which)
    return found[0] if found else None


def _all(db: Connection, *which: Any) -> list[Stored]:
    rows = db.execute(select(RESOURCES).where(*which).order_by(RESOURCES.c.id)).mappings()
    return [Stored(**row) for row in rows]


def _overtaken() -> Busy:
    return Busy("another change of this resource came first", part="directory", hint="read it again, and change that")
