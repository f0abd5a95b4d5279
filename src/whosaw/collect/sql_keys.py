# SPDX-License-Identifier: Apache-2.0
"""Which values a column is bound to: equalities of columns joined up, equalities with values collected.

    u.id = $1 AND s.user_id = u.id        both columns are bound to $1
    u.id = '1' OR u.id = '2'              bound to either
    u.id = '1' OR u.email = 'x'           loose: that row may be among others
    NOT u.id = '1',  u.id <> '1'          nothing

Invariant: what is bound holds for every row that the statement shows; in doubt it is loose, or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from whosaw.collect.sql_bounds import EQUALITIES, Exhausted
from whosaw.collect.sql_scopes import Level, Node, Scopes, folded

_KEEPING = frozenset({"TEXT", "VARCHAR", "SMALLINT", "INT", "BIGINT", "UUID"})


@dataclass(frozen=True, slots=True)
class Key:
    """A value: a literal `text`, or the n-th parameter. `array`: it is a list of values in PostgreSQL's spelling."""

    text: str | None = field(repr=False)
    parameter: int | None = None
    array: bool = False

    def values(self, parameters: Sequence[str | None]) -> tuple[str, ...] | None:
        """What it stands for; None where that was not logged."""
        text = self.text
        if self.parameter is not None:
            if not 1 <= self.parameter <= len(parameters):
                return None
            text = parameters[self.parameter - 1]
        if text is None:
            return None
        return array(text) if self.array else (text,)


Bound = dict[Node, tuple[Key, ...]]
_Facts = dict[Node, list[tuple[int, tuple[Key, ...]]]]


class Equalities:
    """What is known of the columns of all levels.

    Two columns that every row shown has equal are `joined`. Where equality holds only one way it is `follows`: in a LEFT
    JOIN the right side's rows follow the left's, and a subquery's rows follow those of the query around it. Joining
    these too would say of `NOT EXISTS (… u.id = s.user_id AND u.id = '9')` that only 9 was shown, when all others were.
    """

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._joined: dict[Node, Node] = {}
        self._follows: dict[Node, list[Node]] = {}
        self._bound: Bound = {}
        self._loose: Bound = {}
        self._named: dict[tuple[int, str], list[Node]] = {}
        self._edges: dict[Node, dict[Node, None]] = {}
        self._all_bound: _Facts = {}
        self._all_loose: _Facts = {}
        self._equalities = 0
        self._used = Counter(
            id(inner) for level in scopes.levels for shown in level.derived.values() for inner in shown
        )
        self._levels = {id(level.select): level for level in scopes.levels}
        for level in scopes.levels:
            self._add(level)
        self._settle()

    def bound(self, level: Level, alias: str) -> dict[str, tuple[Key, ...]]:
        """Columns of one source with the values that they are bound to."""
        return {c: min(sets, key=len) for c, sets in self._of(level, alias, self._all_bound)}

    def loose(self, level: Level, alias: str) -> dict[str, tuple[Key, ...]]:
        """Columns of one source with values that are named, but not for every row."""
        return {c: tuple(k for keys in sets for k in keys) for c, sets in self._of(level, alias, self._all_loose)}

    def _of(self, level: Level, alias: str, facts: _Facts) -> Iterator[tuple[str, list[tuple[Key, ...]]]]:
        for node in self._named.get((level.number, alias), ()):
            found = [one for root in self._reachable(node) for one in facts.get(root, ())]
            if found:
                yield node.column, [keys for _, keys in sorted(found, key=lambda one: one[0])]

    def _settle(self) -> None:
        """Once all is known: facts by what is joined, so that no source is asked about every other one's columns."""
        for node in sorted({*self._joined, *self._follows, *self._bound, *self._loose}):
            self._named.setdefault((node.level, node.alias), []).append(node)
        for node, others in self._follows.items():
            self._edges.setdefault(self._root(node), {}).update((self._root(other), None) for other in others)
        for facts, by_root in ((self._bound, self._all_bound), (self._loose, self._all_loose)):
            for n, (node, keys) in enumerate(facts.items()):
                by_root.setdefault(self._root(node), []).append((n, keys))

    def _reachable(self, node: Node) -> set[Node]:
        roots: set[Node] = set()
        todo = [self._root(node)]
        while todo:
            root = todo.pop()
            if root not in roots:
                roots.add(root)
                todo += self._edges.get(root, ())
        return roots

    def _add(self, level: Level) -> None:
        where = level.select.args.get("where")
        self._conditions(level, where.this if where is not None else None, None)
        left = [a for a in (_alias(s) for s in _left(level.select)) if a is not None]
        for join in level.select.args.get("joins") or ():
            right, side = _alias(join.this), str(join.args.get("side") or "").upper()
            for name in (folded(c) for c in join.args.get("using") or ()):
                for other in left if name and right else ():
                    self._pair(level.node(other, name or ""), level.node(right or "", name or ""), side)
            self._conditions(level, join.args.get("on"), (side, right))
            if right is not None:
                left.append(right)
        self._shown(level)

    def _conditions(self, level: Level, given: Any, join: tuple[str, str | None] | None) -> None:
        """What a WHERE or an ON says of every row. `join`: the side and right alias of an outer join's ON."""
        side, right = join or ("", None)
        for each in _conjuncts([given] if given is not None else []):
            self._columns(level, each, side, right)
            for node, keys in self._binds(level, each).items():
                if not _holds(level, node, side, right):
                    self._loose[node] = self._loose.get(node, ()) + keys
                elif node not in self._bound or len(keys) < len(self._bound[node]):
                    self._bound[node] = keys

    def _shown(self, level: Level) -> None:
        """A subquery's column is the column that it shows."""
        for alias, inner in ((a, shown[0]) for a, shown in level.derived.items() if len(shown) == 1):
            # What is asked of a subquery's rows is not asked of the rows behind a window, nor where it is used twice.
            same = self._used[id(inner)] == 1 and inner.select.find(exp.Window) is None
            for select in inner.select.expressions:
                column = select.unalias()
                name = select.alias_or_name
                owner = self._scopes.owner(inner, column) if isinstance(column, exp.Column) else None
                if owner is not None and name:
                    self._shows(level.node(alias, name), owner, same)
            self._starred(level, alias, inner, same)

    def _shows(self, outer: Node, inner: Node, same: bool) -> None:
        if same:
            self._join(outer, inner)
        else:
            self._follow(outer, inner)

    def _starred(self, level: Level, alias: str, inner: Level, same: bool) -> None:
        """`select * from one_table`: each column is that table's."""
        starred = any(isinstance(s, exp.Star) for s in inner.select.expressions) and len(inner.aliases) == 1
        for column in level.columns if starred else ():
            owner = self._scopes.owner(level, column)
            if owner is not None and owner.level == level.number and owner.alias == alias:
                self._shows(owner, inner.node(next(iter(inner.aliases)), owner.column), same)

    def _columns(self, level: Level, each: Any, side: str, right: str | None) -> None:
        """Two columns that are equal, or a column that is in a subquery."""
        if isinstance(each, exp.EQ):
            a, b = _bare(each.this), _bare(each.expression)
            if isinstance(a, exp.Column) and isinstance(b, exp.Column):
                one, other = self._scopes.owner(level, a), self._scopes.owner(level, b)
                if one is not None and other is not None:
                    self._equal(level, one, other, side, right)
        elif isinstance(each, exp.In) and not side:
            query = each.args.get("query")
            column = _bare(each.this)
            inner = self._levels.get(id(query.unnest())) if query is not None else None
            if inner is not None and isinstance(column, exp.Column) and len(inner.select.expressions) == 1:
                shown = inner.select.expressions[0].unalias()
                one = self._scopes.owner(level, column)
                other = self._scopes.owner(inner, shown) if isinstance(shown, exp.Column) else None
                if one is not None and other is not None:
                    self._join(one, other)

    def _equal(self, level: Level, one: Node, other: Node, side: str, right: str | None) -> None:
        if one.level != other.level:
            mine, outer = (one, other) if one.level == level.number else (other, one)
            if _asserted(level, outer.level) and not side:
                self._join(mine, outer)
            else:
                self._follow(mine, outer)
        elif side:
            if (one.alias == right) != (other.alias == right):
                self._pair(*((other, one) if one.alias == right else (one, other)), side)
        else:
            self._join(one, other)

    def _pair(self, left: Node, right: Node, side: str) -> None:
        if side == "LEFT":
            self._follow(right, left)
        elif side == "RIGHT":
            self._follow(left, right)
        elif not side:
            self._join(left, right)

    def _binds(self, level: Level, condition: Any) -> Bound:
        condition = _bare(condition)
        if isinstance(condition, exp.And):
            made: Bound = {}
            for each in condition.flatten():
                for node, keys in self._binds(level, each).items():
                    if node not in made or len(keys) < len(made[node]):
                        made[node] = keys
            return made
        if isinstance(condition, exp.Or):
            return self._either([self._binds(level, each) for each in condition.flatten()])
        found = ((self._scopes.owner(level, column), keys) for column, keys in _compared(condition))
        return {node: keys for node, keys in found if node is not None}

    def _either(self, branches: list[Bound]) -> Bound:
        common = set(branches[0]).intersection(*branches[1:])
        for branch in branches:
            for node, keys in branch.items():
                if node not in common:
                    self._loose[node] = self._loose.get(node, ()) + keys
        return {node: tuple(k for branch in branches for k in branch[node]) for node in common}

    def _root(self, node: Node) -> Node:
        while (up := self._joined.get(node, node)) != node:
            self._joined[node] = self._joined.get(up, up)  # half the way, for the next one
            node = up
        return node

    def _join(self, a: Node, b: Node) -> None:
        self._count()
        one, other = self._root(a), self._root(b)
        for node in (a, b):
            self._joined.setdefault(node, node)
        if one != other:
            self._joined[one] = other

    def _follow(self, node: Node, other: Node) -> None:
        self._count()
        self._follows.setdefault(node, []).append(other)

    def _count(self) -> None:
        self._equalities += 1
        if self._equalities > EQUALITIES:
            raise Exhausted


def _left(select: exp.Select) -> Iterator[Any]:
    first = select.args.get("from_")
    if first is not None:
        yield first.this


def _alias(source: Any) -> str | None:
    given = source.args.get("alias")
    named = folded(given.this) if isinstance(given, exp.TableAlias) else None
    return named or folded(getattr(source, "this", None))


def _holds(level: Level, node: Node, side: str, right: str | None) -> bool:
    """Whether what a condition of `level` says of `node` is so for every row shown.

    The ON of a LEFT JOIN leaves every row of the left where it is; a subquery says nothing of the rows around it, unless
    it is an EXISTS that they all need.
    """
    if node.level != level.number:
        return not side and _asserted(level, node.level)
    return side == "" or (side == "LEFT" and node.alias == right) or (side == "RIGHT" and node.alias != right)


def _asserted(level: Level, outer: int) -> bool:
    """Whether a subquery is an EXISTS that must hold for every row of the level `outer`, through all between."""
    at: Level | None = level
    while at is not None and at.number != outer:
        if not _needed(at):
            return False
        at = at.parent
    return at is not None


def _needed(level: Level) -> bool:
    """Whether a subquery is an EXISTS that must hold for every row of the query right around it."""
    around = level.select.parent
    while around is not None and level.parent is not None and around is not level.parent.select:
        if not isinstance(around, (exp.Exists, exp.And, exp.Paren, exp.Where)):
            return False
        around = around.parent
    return around is not None and level.parent is not None


def _conjuncts(conditions: Iterable[Any]) -> Iterator[Any]:
    for condition in conditions:
        bare = _bare(condition)
        if isinstance(bare, exp.And):
            yield from _conjuncts(bare.flatten())
        else:
            yield bare


def _compared(condition: Any) -> Iterator[tuple[exp.Column, tuple[Key, ...]]]:
    """Columns with the values they equal, for `=`, `IN`, `= ANY` and rows of these."""
    if isinstance(condition, exp.In):
        column = _bare(condition.this)
        keys = _each(condition.args.get("expressions") or ())
        if isinstance(column, exp.Column) and keys:
            yield column, keys
    elif isinstance(condition, (exp.EQ, exp.NullSafeEQ)):
        sides = _bare(condition.this), _bare(condition.expression)
        if all(isinstance(s, exp.Tuple) for s in sides):
            for a, b in zip(sides[0].expressions, sides[1].expressions, strict=False):
                yield from _compared(exp.EQ(this=a.copy(), expression=b.copy()))
            return
        for column, value in (sides, sides[::-1]):
            keys = _any(value) if isinstance(value, exp.Any) else _each([value])
            if isinstance(column, exp.Column) and keys:
                yield column, keys


def _any(value: exp.Any) -> tuple[Key, ...]:
    inside = _bare(value.this)
    if isinstance(inside, exp.Array):
        return _each(inside.expressions)
    key = _key(inside)
    return (Key(key.text, key.parameter, array=True),) if key is not None else ()


def _each(values: Iterable[Any]) -> tuple[Key, ...]:
    """The keys of `values`; none where one of them is not plainly a value."""
    made: list[Key] = []
    for value in values:
        inside = _bare(value)
        if isinstance(inside, exp.Values):
            rows = [_bare(row) for row in inside.expressions]
            inner = _each(row.expressions[0] if isinstance(row, exp.Tuple) else row for row in rows)
            if not inner:
                return ()
            made += inner
            continue
        key = _key(inside)
        if key is None:
            return ()
        made.append(key)
    return tuple(made)


def _key(value: Any) -> Key | None:
    if isinstance(value, exp.Parameter) and isinstance(value.this, exp.Literal) and not value.this.is_string:
        number = str(value.this.this)
        return Key(None, int(number)) if number.isascii() and number.isdigit() and len(number) <= 5 else None
    if isinstance(value, exp.Literal):
        return Key(str(value.this))
    # E'\x41' is decoded already; where a backslash is left, better nobody than somebody else.
    if isinstance(value, (exp.RawString, exp.National)) or (
        isinstance(value, exp.ByteString) and "\\" not in str(value.this)
    ):
        return Key(str(value.this))
    return None


def _bare(node: Any) -> Any:
    """Without parentheses and casts that keep the value: `('42'::uuid)` is `'42'`.

    `id::varchar(1) = '4'` is true of 4, 40 and 41: a cast that can shorten stays, and what it is of is no column.
    """
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and _keeps(node.to)):
        node = node.this
    return node


def _keeps(to: Any) -> bool:
    if not isinstance(to, exp.DataType):
        return False
    if to.this == exp.DataType.Type.ARRAY:
        return len(to.expressions) == 1 and _keeps(to.expressions[0])
    return to.this.name in _KEEPING and not to.expressions


def array(text: str) -> tuple[str, ...] | None:
    """PostgreSQL's spelling of a list of one dimension, `{a,"b c"}`; None for anything else. NULLs are left out."""
    if len(text) < 2 or text[0] != "{" or text[-1] != "}":
        return None
    made: list[str] = []
    at, end = 1, len(text) - 1
    while at < end:
        quoted, item = text[at] == '"', []
        at += quoted
        while at < end and text[at] != ('"' if quoted else ","):
            if text[at] in '{}"' and not quoted:
                return None
            at += text[at] == "\\"
            if at >= end:
                return None
            item.append(text[at])
            at += 1
        if quoted:
            if at >= end:
                return None
            at += 1
        if at < end and (text[at] != "," or at + 1 == end):
            return None
        at += 1
        word = "".join(item)
        if not word and not quoted:
            return None
        if quoted or word.upper() != "NULL":
            made.append(word)
    return tuple(made)
