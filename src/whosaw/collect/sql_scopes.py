# SPDX-License-Identifier: Apache-2.0
"""The SELECTs of a statement, each with what stands in its FROM: whose a column is follows from that.

    select … from users u, (select … from signins) s where u.id in (select …)
        Level  tables {u: users}   derived {s: Level}      inner [Level, whose parent is this one]

Our own, although sqlglot has scopes: those serve rewriting and leave out what we must see (rows as values, stars inside
functions). This is the part of them that reading needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlglot import exp

from whosaw.collect.sql_bounds import SOURCES, Exhausted


class Node(NamedTuple):
    """A column of one source of one level."""

    level: int
    alias: str
    column: str


@dataclass(slots=True, eq=False)
class Level:
    """One SELECT. `derived`: subqueries and WITH queries by alias; `opaque`: functions, VALUES, renamed columns."""

    select: exp.Select
    parent: Level | None
    number: int
    tables: dict[str, exp.Table] = field(default_factory=dict)
    derived: dict[str, list[Level]] = field(default_factory=dict)
    opaque: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    columns: list[exp.Column] = field(default_factory=list)
    owners: dict[str, list[str]] | None = None
    _outputs: frozenset[str] | None = None

    @property
    def outputs(self) -> frozenset[str]:
        """Names of the columns of the result, in lower case."""
        if self._outputs is None:
            self._outputs = frozenset(s.alias.lower() for s in self.select.expressions)
        return self._outputs

    def node(self, alias: str, column: str) -> Node:
        return Node(self.number, alias, column)


class Used(NamedTuple):
    """A column as a statement writes it, and where."""

    name: str
    qualified: bool
    column: exp.Column
    at: Level


class Scopes:
    """Every level of a statement's queries. `known`: columns of watched tables, by table name."""

    def __init__(self, known: Mapping[str, frozenset[str]]) -> None:
        self.known = known
        self.levels: list[Level] = []
        self._places: _Places | None = None
        self._sources = 0

    def add(
        self, query: Any, parent: Level | None = None, ctes: Mapping[str, list[Level]] | None = None
    ) -> list[Level]:
        """The levels whose rows `query` gives back, one for each side of a UNION."""
        ctes = self._with(query, parent, ctes or {})
        if isinstance(query, exp.Subquery):
            return self.add(query.this, parent, ctes)
        if isinstance(query, exp.SetOperation):
            return [*self.add(query.left, parent, ctes), *self.add(query.right, parent, ctes)]
        if not isinstance(query, exp.Select):
            return []
        level = Level(query, parent, len(self.levels))
        self.levels.append(level)
        sources = list(_sources(query))
        for source in sources:
            self._source(level, source, ctes)
        parts = [part for part in query.iter_expressions() if not isinstance(part, exp.With)]
        self._walk(level, parts, set(map(id, sources)), ctes)
        return [level]

    def owner(self, level: Level, column: exp.Column) -> Node | None:
        """Which source's column this is; None where the statement alone does not say."""
        name, table = folded(column.this), folded(column.args.get("table"))
        if name is None:
            return None
        at: Level | None = level
        nearest: Node | None = None
        while at is not None:
            if table is not None:
                if table in at.aliases:
                    return at.node(table, name)
            elif name not in at.aliases or self._has(at, name, name):
                owners = self._owners(at).get(name, ())
                if len(owners) == 1:
                    return at.node(owners[0], name)
                if owners:
                    return None
                # The only source here, unless the query around it has a table that is known to have this column.
                if nearest is None and len(at.aliases) == 1:
                    nearest = at.node(next(iter(at.aliases)), name)
            at = at.parent
        return nearest

    def owned(self, level: Level, alias: str) -> Sequence[Used]:
        """The columns of one source, wherever in the statement they stand."""
        return self._placed().owned.get((level.number, alias), ())

    def stars(self, alias: str) -> Iterable[Level]:
        """The levels with an `alias.*`."""
        return self._placed().stars.get(alias, {}).values()

    def bare(self, name: str) -> Iterable[Level]:
        """The levels where `name` stands alone and is no source's column that is known."""
        return self._placed().bare.get(name, {}).values()

    def unowned(self, level: Level) -> Iterable[str]:
        """Names that stand alone in `level` itself and are no source's column that is known."""
        return self._placed().names.get(level.number, ())

    def _placed(self) -> _Places:
        if self._places is None:
            self._places = _Places(self)
        return self._places

    def _owners(self, level: Level) -> dict[str, list[str]]:
        """Sources of `level` by the columns that they are known to have."""
        if level.owners is None:
            level.owners = {}
            for alias, table in level.tables.items():
                for column in self.known.get(folded(table.this) or "", ()):
                    level.owners.setdefault(column, []).append(alias)
        return level.owners

    def _has(self, level: Level, alias: str, column: str) -> bool:
        table = level.tables.get(alias)
        return table is not None and column in self.known.get(folded(table.this) or "", ())

    def _with(self, query: Any, parent: Level | None, ctes: Mapping[str, list[Level]]) -> Mapping[str, list[Level]]:
        made = dict(ctes)
        clause = query.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            name = folded(cte.args["alias"].this) or ""
            made[name] = []  # a recursive query names itself
            made[name] = self.add(cte.this, parent, made)
        return made

    def _source(self, level: Level, source: Any, ctes: Mapping[str, list[Level]]) -> None:
        alias = source.args.get("alias")
        name = folded(alias.this) if isinstance(alias, exp.TableAlias) else None
        renamed = isinstance(alias, exp.TableAlias) and bool(alias.args.get("columns"))
        table = folded(source.this) if isinstance(source, exp.Table) else None
        name = name or table or f"?{len(level.aliases)}"
        if name in level.aliases:
            raise ValueError("an alias twice")
        level.aliases.add(name)
        self._sources += 1
        if self._sources > SOURCES:
            raise Exhausted
        if isinstance(source, exp.Subquery):
            shown = self.add(source.this, level, ctes)
        elif table is not None and not source.args.get("db") and table in ctes:
            shown = ctes[table]
        elif table is not None:
            level.tables[name] = source
            return
        else:
            shown = []
            self._walk(level, source.iter_expressions(), set(), ctes)
        if renamed or not shown:
            level.opaque.add(name)
        else:
            level.derived[name] = shown

    def _walk(self, level: Level, nodes: Any, apart: set[int], ctes: Mapping[str, list[Level]]) -> None:
        """Columns of this level; the queries inside its expressions become levels of their own."""
        todo = list(nodes)
        while todo:
            node = todo.pop()
            if id(node) in apart:
                continue
            if isinstance(node, exp.Query) and not isinstance(node, exp.Table):
                self.add(node, level, ctes)
                continue
            if isinstance(node, exp.Column):
                level.columns.append(node)
            todo.extend(node.iter_expressions())


class _Places:
    """Where each column stands, found once: a table is asked for its columns, and not every column for its table."""

    def __init__(self, scopes: Scopes) -> None:
        self.owned: dict[tuple[int, str], list[Used]] = {}
        self.stars: dict[str, dict[int, Level]] = {}
        self.bare: dict[str, dict[int, Level]] = {}
        self.names: dict[int, dict[str, None]] = {}
        for level in scopes.levels:
            for column in level.columns:
                self._place(scopes, level, column)

    def _place(self, scopes: Scopes, level: Level, column: exp.Column) -> None:
        name, qualifier = folded(column.this), folded(column.args.get("table"))
        if isinstance(column.this, exp.Star):
            self.stars.setdefault(qualifier or "", {})[level.number] = level
            return
        owner = scopes.owner(level, column)
        if owner is not None:
            used = Used(owner.column, qualifier is not None, column, level)
            self.owned.setdefault((owner.level, owner.alias), []).append(used)
        elif qualifier is None and name is not None:
            self.bare.setdefault(name, {})[level.number] = level
            self.names.setdefault(level.number, {})[name] = None


def _sources(select: exp.Select) -> Iterator[Any]:
    first = select.args.get("from_")
    if first is not None:
        yield first.this
    for join in select.args.get("joins") or ():
        yield join.this
    yield from select.args.get("laterals") or ()
    for node in [first.this] if first is not None else []:
        for join in node.args.get("joins") or ():
            yield join.this


def folded(identifier: Any) -> str | None:
    """An identifier as PostgreSQL folds it: lower case unless quoted."""
    if not isinstance(identifier, exp.Identifier):
        return None
    return str(identifier.this) if identifier.args.get("quoted") else str(identifier.this).lower()
