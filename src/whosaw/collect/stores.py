# SPDX-License-Identifier: Apache-2.0
"""The buckets and tables of AWS that are watched, and where in their keys a person stands.

    [[bucket]]
    name = "example-exports"
    [[bucket.object]]
    key    = "people/{person}/sign-ins.json"
    fields = "ip:exact"

    [[table]]
    name   = "people"
    key    = "person_id"
    fields = ["profile", "contacts"]

An object of a watched bucket that no pattern names counts as all the bucket's fields, and is listed: a new kind of file
must not be a way around.                                        Specification: docs/connectors/cloudtrail.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whosaw.collect.maps import Table as MapTable
from whosaw.collect.maps import most, opened
from whosaw.collect.observed import Asked
from whosaw.collect.patterns import Pattern
from whosaw.collect.persons import TYPES, spelled
from whosaw.model.access import Mode

MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of one kind, by the pattern of their key."""

    pattern: Pattern
    fields: Asked
    mode: Mode
    person_type: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """One watched bucket; the nearest pattern comes first."""

    name: str
    objects: tuple[Objects, ...]

    @property
    def all(self) -> Asked:
        """Every field that the bucket holds."""
        return most(one for each in self.objects for one in each.fields)

    def named(self, parts: Sequence[str]) -> tuple[Objects, str | None] | None:
        """What lies at a key, and whose it is; None where no pattern fits."""
        for each in self.objects:
            found = each.pattern.match(parts)
            if found is None:
                continue
            if not each.pattern.names_person:
                return each, None
            person = spelled(found["person"], each.person_type)
            if person is not None:
                return each, person
        return None


@dataclass(frozen=True, slots=True)
class Items:
    """One watched table of DynamoDB. `account`: only in this one."""

    name: str
    account: str | None
    key: str | None
    key_type: str
    fields: Asked


@dataclass(frozen=True, slots=True)
class Stores:
    """The whole map. `session_names`: whether the name of a role's session is taken as a claim of who acts."""

    buckets: Mapping[str, Bucket]
    tables: tuple[Items, ...]
    session_names: bool = True
    principals: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: bytes = b""

    @classmethod
    def parse(cls, raw: bytes, where: str = "cloudtrail map") -> Stores:
        """Raises Misconfigured, naming the key."""
        top, digest = opened(raw, where)
        buckets = [_bucket(t) for t in top.tables("bucket")]
        tables = tuple(_items(t) for t in top.tables("table"))
        names = [b.name for b in buckets], [(t.account, t.name) for t in tables]
        if not (buckets or tables) or any(len(set(n)) != len(n) for n in names):
            raise top.wrong("bucket", "or `table` is needed at least once, and once for each name")
        silent = top.flag("ignore_session_names")
        made = cls({b.name: b for b in buckets}, tables, not silent, top.names("principals"), digest)
        top.done()
        return made

    def table(self, name: str, account: str | None) -> Items | None:
        """The watched table of this name; the one of this account before one of any."""
        found = [t for t in self.tables if t.name == name and t.account in (None, account)]
        return max(found, key=lambda t: t.account is not None, default=None)


def _bucket(given: MapTable) -> Bucket:
    name = given.text("name")
    objects = [_objects(t) for t in given.tables("object")]
    given.done()
    made = Bucket(name, tuple(sorted(objects, key=lambda o: o.pattern.narrowness, reverse=True)))
    if not made.all:
        raise given.wrong("object", "is needed, and names at least one field")
    return made


def _objects(given: MapTable) -> Objects:
    pattern = Pattern.parse(given.text("key"), f"{given.where}: `key`")
    default = Mode.READ if pattern.names_person else Mode.EXPORT
    made = Objects(
        pattern,
        given.fields(),
        Mode(given.choice("mode", MODES, default)),
        given.choice("person_type", TYPES, "text"),
    )
    given.done()
    return made


def _items(given: MapTable) -> Items:
    made = Items(
        given.text("name"),
        given.optional("account"),
        given.optional("key"),
        given.choice("key_type", TYPES, "text"),
        given.fields(),
    )
    given.done()
    if not made.fields:
        raise given.wrong("fields", "names at least one field")
    return made
