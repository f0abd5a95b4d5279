# SPDX-License-Identifier: Apache-2.0
"""Joiner, mover, leaver: what an identity provider changes comes into force, the record first.

    create · replace · patch · delete ─▶ Held before, Held after ─▶ Said(staff), Said(assignments) ─▶ bring (``directory.change``)
                                                                        └ the sealed resource, in the same transaction
                                         left, or suspended? ─▶ departed(principal): sessions and approvals of theirs end

Who has left is refused by the very next look, which reads the row. `departed` comes after that; where it fails, the provider is
told that we failed, and says it again.

Invariant: a resource and what the directory knows of it change together or not at all, and nothing that decides changes before
its record is durable.                                              Specification: RFC 7644, docs/spec/scim.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError
from scim2_models import (
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    SCIMException,
    UniquenessException,
)
from sqlalchemy import Connection

from whosaw.api.scim import staff
from whosaw.api.scim.shapes import GroupMember
from whosaw.api.scim.staff import Held
from whosaw.directory import resources
from whosaw.directory.change import SCIM, Beside, Office, Said, bring, confirm
from whosaw.directory.ports import Departed, Pseudonyms
from whosaw.directory.resources import GROUP, USER, Stored
from whosaw.directory.tables import instant, micros
from whosaw.directory.transaction import reading
from whosaw.errors import Busy

HEARD = timedelta(seconds=60)  # how often a request that changes nothing is written down as a sign of life
_ATTEMPTS = 4
_OWN = "own/"
_T = TypeVar("_T")
Random = Callable[[int], bytes]


class Seal(Protocol):
    """Seals what must be given back (``privacy.resources``). Pure but for randomness; `open` raises Damaged."""

    def seal(self, id_: str, raw: bytes) -> bytes: ...
    def open(self, id_: str, sealed: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource with its row. `groups`: of a user, the groups it is in; `members`: of a group, its users."""

    stored: Stored
    held: Held
    groups: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


class ScimDesk:
    """Everything that `/scim/v2` does to resources. Safe to share between threads."""

    def __init__(
        self,
        office: Office,
        names: Pseudonyms,
        seal: Seal,
        departed: Sequence[Departed],
        *,
        attribute: str,
        random: Random,
    ) -> None:
        """`departed`: told of who left. `attribute`: which one is the staff id (``directory.scim_principal``)."""
        self._office, self._names, self._seal, self._departed = office, names, seal, tuple(departed)
        self._attribute, self._random = attribute, random
        self._lock, self._behind = threading.Lock(), False
        self._heard: datetime | None = None

    # ── reading ──

    def get(self, kind: str, id_: str) -> Kept:
        """Raises NotFoundException."""
        with reading(self._office.engine) as db:
            return self._kept(db, self._found(db, kind, id_))

    def named(self, kind: str, name: str) -> list[Kept]:
        with reading(self._office.engine) as db:
            found = resources.named(db, kind, self._name(kind, name))
            return [] if found is None else [self._kept(db, found)]

    def external(self, kind: str, text: str) -> list[Kept]:
        with reading(self._office.engine) as db:
            return [self._kept(db, each) for each in resources.external(db, kind, self._external(kind, text))]

    def part(self, kinds: Sequence[str], offset: int = 0, limit: int | None = None) -> list[Kept]:
        with reading(self._office.engine) as db:
            return [self._kept(db, each) for each in resources.part(db, kinds, offset, limit)]

    def count(self, kinds: Sequence[str]) -> int:
        with reading(self._office.engine) as db:
            return resources.count(db, kinds)

    def heard(self) -> None:
        """The provider is there: what it said is still so. Not while something that it said could not be brought into force."""
        now = self._office.clock()
        if self._behind or (self._heard is not None and now - self._heard < HEARD):
            return
        if self._lock.acquire(
            blocking=False
        ):  # whoever holds it is changing something, and that is a sign of life, too
            try:
                confirm(SCIM, self._office)
                self._heard = now
            finally:
                self._lock.release()

    # ── changing ──

    def create(self, kind: str, resource: Any) -> Kept:
        """Raises UniquenessException, InvalidValueException, and what ``bring`` raises; nothing changed then."""
        if kind == USER and resource.active is None:
            resource.active = True
        return self._again(lambda: self._write(kind, None, resource.model_copy(deep=True)))

    def change(self, kind: str, id_: str, version: int | None, edit: Callable[[Any], Any]) -> Kept:
        """`edit` makes the new resource of the old one, or changes it in place. `version`: the one it must still have.

        Raises NotFoundException, PreconditionFailedException, and the same as `create`.
        """

        def once() -> Kept:
            before = self.get(kind, id_)
            _as_expected(before, version)
            resource = before.held.resource.model_copy(deep=True)
            if kind == GROUP:
                resource.members = [GroupMember(value=each, ref=None, type=None) for each in before.members]
            edited = edit(resource)
            return self._write(kind, before, resource if edited is None else edited)

        return self._again(once)

    def delete(self, kind: str, id_: str, version: int | None) -> None:
        """A user has left, and what is sealed of them is gone; a group assigns nobody any more."""

        def once() -> None:
            before = self.get(kind, id_)
            _as_expected(before, version)
            if kind == GROUP:
                self._delete_group(before)
            else:
                self._delete_user(before)

        self._again(once)

    def _again(self, once: Callable[[], _T]) -> _T:
        """One change at a time here; where another gate's came first, on top of that."""
        with self._lock:
            try:
                for attempt in range(_ATTEMPTS):
                    try:
                        done = once()
                    except Busy:
                        if attempt == _ATTEMPTS - 1:
                            raise
                    else:
                        break
            except (SCIMException, ValidationError):
                raise
            except Exception:
                self._behind = True
                raise
            self._behind, self._heard = False, self._office.clock()
            return done

    def _write(self, kind: str, before: Kept | None, resource: Any) -> Kept:
        staff.checked(resource, kind)
        return self._write_user(before, resource) if kind == USER else self._write_group(before, resource)

    # ── users ──

    def _write_user(self, before: Kept | None, resource: Any) -> Kept:
        raw = staff.principal_of(resource, self._attribute)
        principal, now = self._names.principal(raw), micros(self._office.clock())
        earlier = None if before is None else before.stored.principal
        with reading(self._office.engine) as db:
            self._alone(db, before, resource, principal)
            manager = self._manager(db, before, resource)
            held = staff.settled(resource, None if before is None else before.held, manager, now)
            said = [staff.staff(principal, staff.staff_row(held, principal, self._names))]
            if before is not None and earlier is not None and earlier != principal:
                # Another staff id: who looks by the old one has left.
                said += [self._gone(before, earlier, now), *self._assigned(db, before, principal)]
        stored = self._stored(USER, before, held, held.resource.user_name, principal)

        def beside(db: Connection, _: int) -> None:
            self._alone(db, before, held.resource, principal)  # once more, where nobody comes between
            resources.write(db, stored, _version(before))

        self._bring(said, [raw], beside)
        if held.left is not None or staff.suspended(held):
            self._left(principal)
        if earlier is not None and earlier != principal:
            self._left(earlier)
        return Kept(stored, held, groups=() if before is None else before.groups)

    def _delete_user(self, before: Kept) -> None:
        principal, now = before.stored.principal, micros(self._office.clock())
        with reading(self._office.engine) as db:
            said = self._assigned(db, before, None)
        if principal is not None:
            said.append(self._gone(before, principal, now))
        # Gone from the directory first, and from here last: where telling the others fails, it is said again.
        self._bring(said, [])
        if principal is not None:
            self._left(principal)
        confirm(SCIM, self._office, beside=lambda db, _: resources.remove(db, before.stored))

    def _gone(self, before: Kept, principal: str, now: int) -> Said:
        """The row of somebody who has left: what it said of them still forbids, and their unit stays known."""
        held = before.held if before.held.left is not None else replace(before.held, left=now)
        return staff.staff(principal, staff.staff_row(held, principal, self._names))

    def _manager(self, db: Connection, before: Kept | None, resource: Any) -> str | None:
        """The manager's pseudonym: of a user here, or, where nothing of it changed, as it was said."""
        id_ = staff.manager_of(resource)
        if id_ is None:
            return None
        if id_ == _id(before):
            raise InvalidValueException(detail="nobody is their own manager")
        found = resources.find(db, USER, id_)
        if found is not None and found.principal is not None:
            return found.principal
        if before is not None and staff.manager_of(before.held.resource) == id_:
            return before.held.manager  # their resource is gone; whose line it was stays known
        raise InvalidValueException(detail="manager.value is no id of a user here")

    def _alone(self, db: Connection, before: Kept | None, resource: Any, principal: str) -> None:
        self._unique(db, USER, before, resource.user_name)
        if any(other.id != _id(before) for other in resources.of_principal(db, principal)):
            raise UniquenessException(detail=f"another has this {self._attribute}, which is the staff id here")

    # ── groups ──

    def _write_group(self, before: Kept | None, resource: Any) -> Kept:
        users = sorted({each.value for each in resource.members or () if each.value is not None})
        resource.members = None
        scope = staff.scope_of(resource.display_name)
        earlier = None if before is None else staff.scope_of(before.held.resource.display_name)
        with reading(self._office.engine) as db:
            self._unique(db, GROUP, before, resource.display_name)
            principals = list(self._principals(db, users))
        said = [staff.assignments(scope, principals)] if scope is not None else []
        if earlier is not None and earlier != scope:
            said.append(staff.assignments(earlier, ()))
        held = Held(resource)
        stored = self._stored(GROUP, before, held, resource.display_name, None)

        def beside(db: Connection, _: int) -> None:
            self._unique(db, GROUP, before, held.resource.display_name)
            resources.write(db, stored, _version(before))
            resources.gather(db, stored.id, users)

        self._bring(said, [], beside)
        return Kept(stored, held, members=tuple(users))

    def _delete_group(self, before: Kept) -> None:
        scope = staff.scope_of(before.held.resource.display_name)
        said = [] if scope is None else [staff.assignments(scope, ())]
        self._bring(said, [], lambda db, _: resources.remove(db, before.stored))

    def _assigned(self, db: Connection, user: Kept, principal: str | None) -> list[Said]:
        """What the groups of a user assign, where the user has another staff id, or none any more."""
        said = []
        for group in user.groups:
            kept = self._kept(db, self._found(db, GROUP, group))
            scope = staff.scope_of(kept.held.resource.display_name)
            if scope is not None:
                others = self._principals(db, [each for each in kept.members if each != user.stored.id])
                said.append(staff.assignments(scope, [*others, *([] if principal is None else [principal])]))
        return said

    def _principals(self, db: Connection, users: Iterable[str]) -> Iterator[str]:
        for each in users:
            found = resources.find(db, USER, each)
            if found is None or found.principal is None:
                raise InvalidValueException(detail="members.value is no id of a user here")
            yield found.principal

    # ── rows ──

    def _bring(self, said: list[Said], principals: Iterable[str], beside: Beside | None = None) -> None:
        if said:
            bring(said, source=SCIM, office=self._office, principals=principals, beside=beside)
        else:
            confirm(SCIM, self._office, beside=beside)

    def _left(self, principal: str) -> None:
        for each in self._departed:
            each(principal, self._office.clock())

    def _stored(self, kind: str, before: Kept | None, held: Held, name: str, principal: str | None) -> Stored:
        id_ = self._random(16).hex() if before is None else before.stored.id
        now = micros(self._office.clock())
        external, (raw, own) = held.resource.external_id, held.encode()
        return Stored(
            id=id_,
            kind=kind,
            version=1 if before is None else before.stored.version + 1,
            created=now if before is None else before.stored.created,
            modified=now,
            name=self._name(kind, name),
            external=None if external is None else self._external(kind, external),
            principal=principal,
            sealed=self._seal.seal(id_, raw),
            own_person=None if own is None else staff.account_of(held.resource, self._names),
            own_sealed=None if own is None else self._seal.seal(_OWN + id_, own),
        )

    def _kept(self, db: Connection, stored: Stored) -> Kept:
        own = None if stored.own_sealed is None else self._seal.open(_OWN + stored.id, stored.own_sealed)
        held = Held.decode(stored.kind, self._seal.open(stored.id, stored.sealed), own)
        if stored.kind == GROUP:
            return Kept(stored, held, members=tuple(resources.members(db, stored.id)))
        return Kept(stored, held, groups=tuple(resources.groups(db, stored.id)))

    def _found(self, db: Connection, kind: str, id_: str) -> Stored:
        found = resources.find(db, kind, id_)
        if found is None:
            raise NotFoundException(detail="there is no such resource")
        return found

    def _unique(self, db: Connection, kind: str, before: Kept | None, name: str) -> None:
        found = resources.named(db, kind, self._name(kind, name))
        if found is not None and found.id != _id(before):
            raise UniquenessException(detail="another has this name")

    def _name(self, kind: str, name: str) -> bytes:
        """A keyed digest of a name, without its case: the specification compares it so."""
        return self._names.digest(f"scim-name\0{kind}\0{name.casefold()}".encode())

    def _external(self, kind: str, text: str) -> bytes:
        return self._names.digest(f"scim-external\0{kind}\0{text}".encode())


def tag(stored: Stored) -> str:
    """The ETag of a version."""
    return f'W/"{stored.version}"'


def seen(stored: Stored) -> tuple[Any, Any]:
    """When it was made and changed."""
    return instant(stored.created), instant(stored.modified)


def _as_expected(before: Kept, version: int | None) -> None:
    if version is not None and before.stored.version != version:
        raise PreconditionFailedException(detail="it has changed since")


def _id(before: Kept | None) -> str | None:
    return None if before is None else before.stored.id


def _version(before: Kept | None) -> int | None:
    return None if before is None else before.stored.version
