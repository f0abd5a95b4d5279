# SPDX-License-Identifier: Apache-2.0
"""The columns that are watched: which fields they hold, and which column says whose row it is.

    [[table]]
    name    = "public.users"          # with its schema; quoted where PostgreSQL must quote: 'public."Case Notes"'
    key     = "id"                    # the column that names the person
    columns = { email = "profile", ip = "ip:exact", created_at = "-" }

A column of a watched table that is not named counts as all the table's fields, and is listed: a column added next year
must not be a way around. ``"-"`` says that a column holds nothing personal.     Specification: docs/connectors/pgaudit.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timezone

from whosaw.collect import relation
from whosaw.collect.maps import Table as MapTable
from whosaw.collect.maps import fields, most, opened
from whosaw.collect.observed import Asked, app_name
from whosaw.collect.persons import TYPES, spelled
from whosaw.collect.times import offset
from whosaw.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Columns:
    """One watched table or view."""

    schema: str
    table: str
    database: str | None
    key: str | None
    key_type: str
    columns: Mapping[str, Asked]

    @property
    def name(self) -> str:
        """The table in the one spelling: part of look ids, so it never changes."""
        return relation.spelled(self.schema, self.table)

    @property
    def all(self) -> Asked:
        """Every field that the table holds."""
        return most(one for asked in self.columns.values() for one in asked)

    def asked(self, used: Iterable[str]) -> tuple[Asked, tuple[str, ...]]:
        """The fields of the columns in `used`, and those columns that the map does not name."""
        used = sorted(used)
        unmapped = tuple(c for c in used if c not in self.columns and c != self.key)
        if unmapped:
            return self.all, unmapped
        return most(one for c in used for one in self.columns.get(c, ())), ()

    def person(self, value: str) -> str | None:
        """The person that a key's value names, in the one spelling; None for a value that the key's type has not."""
        return spelled(value, self.key_type)


@dataclass(frozen=True, slots=True)
class Watched:
    """The whole map. `apps`: names of tools that may stand in a look. `digest` is recorded with every file read by it."""

    tables: tuple[Columns, ...]
    many_rows: int = 100
    apps: frozenset[str] = frozenset()
    zones: Mapping[str, timezone] = field(default_factory=dict)
    principals: Mapping[str, str] = field(default_factory=dict, repr=False)
    digest: bytes = b""

    @classmethod
    def parse(cls, raw: bytes, where: str = "columns map") -> Watched:
        """Raises Misconfigured, naming the key."""
        top, digest = opened(raw, where)
        tables = tuple(_table(t) for t in top.tables("table"))
        names = [(t.database, t.schema, t.table) for t in tables]
        if not tables or len(set(names)) != len(names):
            raise top.wrong("table", "is needed at least once, and once for each table")
        apps = top.texts("apps")
        if any(app_name(app) is None for app in apps):
            raise top.wrong("apps", "are names of 1 to 64 letters, digits, spaces and . _ / + -")
        made = cls(tables, top.number("many_rows", 100), frozenset(apps), _zones(top), top.names("principals"), digest)
        top.done()
        return made

    def named(self, database: str | None, object_name: str) -> Columns | None:
        """The watched table that pgAudit calls `object_name`, in `database`."""
        meant = relation.parse(object_name)
        for each in self.tables:
            if meant == (each.schema, each.table) and each.database in (None, database):
                return each
        return None

    def all(self, database: str | None) -> Asked:
        """Every field that the watched tables of `database` hold; none where it has no such table."""
        return most(one for t in self.tables if t.database in (None, database) for one in t.all)

    def meant(self, database: str | None, schema: str | None, table: str) -> tuple[Columns, ...]:
        """The watched tables that a statement may mean by `schema`.`table`; without a schema, those of that name."""
        return tuple(
            t for t in self.tables if t.table == table and schema in (None, t.schema) and t.database in (None, database)
        )


def _table(given: MapTable) -> Columns:
    name = given.text("name")
    meant = relation.parse(name)
    if meant is None:
        raise given.wrong("name", "is written schema.table, a part with capitals or blanks in double quotes")
    schema, table = meant
    columns = given.names_or_lists("columns")
    made = Columns(
        schema=schema,
        table=table,
        database=given.optional("database"),
        key=given.optional("key"),
        key_type=given.choice("key_type", TYPES, "text"),
        columns={c: fields(v, f"{given.where}: column {c!r}") for c, v in columns.items()},
    )
    given.done()
    if not made.all:
        raise given.wrong("columns", "names at least one field")
    return made


def _zones(top: MapTable) -> Mapping[str, timezone]:
    made = {name: offset(text) for name, text in top.names("timezones").items()}
    for name, zone in made.items():
        if zone is None:
            raise Misconfigured(f"{top.where}: time zone {name!r} is an offset such as +02:00", setting="timezones")
    return {name: zone for name, zone in made.items() if zone is not None}
