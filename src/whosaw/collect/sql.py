# SPDX-License-Identifier: Apache-2.0
"""What one statement reads: tables, their columns, and the values that columns were compared with.

    select s.ip from users u join signins s on s.user_id = u.id where u.id = $1
        Use(users,   columns {id},          bound {id: $1})
        Use(signins, columns {ip, user_id}, bound {user_id: $1})      carried over by the join's equality

Bound means that every row read has one of these values; loose, that such a row may be among others. What is found here
is a hint, because the text of a query is not a structured key: a view, a function or a search path can make it mean
something else. Nothing is invented: what is not plain equality with a value gives no person.

Invariant: no exception leaves this module but MissingExtra, whatever the text is.   Specification: docs/connectors/pgaudit.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from whosaw.collect.observed import No
from whosaw.collect.sql_bounds import TOO_MUCH, UNREADABLE, Exhausted
from whosaw.collect.sql_bounds import trees as parsed
from whosaw.collect.sql_params import spaced
from whosaw.collect.sql_text import LIMIT, OPENERS, inner, postgres

if TYPE_CHECKING:
    from whosaw.collect.sql_keys import Equalities, Key
    from whosaw.collect.sql_scopes import Level, Scopes, Used

SEVERAL = "SEVERAL"
_FEW = 100  # rows; a LIMIT below this is a search and no export
_COUNTING = ("Count", "Sum", "Avg", "Stddev", "StddevPop", "StddevSamp", "Variance", "VariancePop")


@dataclass(frozen=True, slots=True)
class Use:
    """One table as one SELECT of a statement reads it. `whole`: all its columns, by a star or as a row."""

    schema: str | None
    table: str
    columns: frozenset[str]
    whole: bool
    bound: Mapping[str, tuple[Key, ...]] = field(repr=False)
    loose: Mapping[str, tuple[Key, ...]] = field(repr=False)
    aggregate: bool
    filtered: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read. `begins`: SELECT, UPDATE, DECLARE, …, or SEVERAL; `copies`: its rows go elsewhere.

    `returns`: a RETURNING gives back rows that stood in a table.
    """

    begins: str
    uses: tuple[Use, ...]
    copies: bool
    returns: bool


def read(text: str, known: Mapping[str, frozenset[str]]) -> Statement | No:
    """`text` understood. `known`: the columns of watched tables by table name, to say whose a bare column is."""
    postgres()
    if len(text) > LIMIT:
        return No("a statement longer than 64 KiB")
    begun = inner(spaced(text))
    if isinstance(begun, No):
        return begun
    begins, query = begun
    try:
        return _read(begins, query, known)
    except Exhausted:
        return TOO_MUCH
    except Exception:  # noqa: BLE001  somebody else's parser on hostile text: whatever it raises, it could not read it
        return UNREADABLE


def _read(begins: str, query: str, known: Mapping[str, frozenset[str]]) -> Statement | No:
    from sqlglot import exp

    from whosaw.collect.sql_keys import Equalities
    from whosaw.collect.sql_scopes import Scopes

    trees = parsed(postgres(), query)
    if isinstance(trees, No):
        return trees
    if not trees or any(isinstance(tree, (exp.Command, exp.Merge)) for tree in trees):
        return UNREADABLE
    # Several in one text are logged once each, each with the whole text: which one a record means is told by nothing, so
    # it is all of them. But an EXPLAIN in front excuses only the first.
    if len(trees) > 1 and begins in OPENERS:
        return UNREADABLE
    scopes = Scopes(known)
    for root in (root for tree in trees for root in _roots(tree)):
        scopes.add(root)
    equal = Equalities(scopes)
    return Statement(
        begins=begins if len(trees) == 1 else SEVERAL,
        uses=tuple(use for level in scopes.levels for use in _uses(level, scopes, equal)),
        copies=any(map(_copies, trees)),
        returns=any(_returns(n) for tree in trees for n in tree.find_all(exp.Update, exp.Delete, exp.Insert)),
    )


def _copies(tree: Any) -> bool:
    """Whether rows go somewhere else than to whoever asked."""
    from sqlglot import exp

    return (
        isinstance(tree, (exp.Copy, exp.Create))
        or any(isinstance(node.expression, exp.Query) for node in tree.find_all(exp.Insert))
        or any(s.args.get("into") is not None for s in tree.find_all(exp.Select))
    )


def _returns(node: Any) -> bool:
    """Whether rows that stood in the table come back. A plain INSERT gives back what it was given."""
    from sqlglot import exp

    returning = node.args.get("returning") is not None
    return returning and (not isinstance(node, exp.Insert) or node.args.get("conflict") is not None)


def _roots(tree: Any) -> Iterator[Any]:
    """The queries of a statement: outermost ones, whole tables copied, and what a RETURNING gives back."""
    from sqlglot import exp

    if isinstance(tree, exp.Copy):
        copied = tree.this
        if isinstance(copied, exp.Schema):
            yield exp.select(*[exp.column(c.copy()) for c in copied.expressions]).from_(copied.this.copy())
            return
        if isinstance(copied, exp.Table):
            yield exp.select("*").from_(copied.copy())
            return
    for node in tree.find_all(exp.Update, exp.Delete, exp.Insert):
        if _returns(node) or not isinstance(node, exp.Insert):
            yield _as_select(node)
    for node in tree.find_all(exp.Select, exp.SetOperation):
        if _outermost(node):
            yield node.copy()


def _outermost(node: Any) -> bool:
    """Whether a query is part of no query that is read anyway, and of no UPDATE or DELETE that is read as one."""
    from sqlglot import exp

    around = node.find_ancestor(exp.Select, exp.SetOperation, exp.Update, exp.Delete, exp.Insert, exp.With)
    if isinstance(around, exp.With):
        return not isinstance(around.parent, (exp.Select, exp.SetOperation))
    return not isinstance(around, (exp.Select, exp.SetOperation, exp.Update, exp.Delete))


def _as_select(node: Any) -> Any:
    """An UPDATE or DELETE as the query that finds its rows, reads what it sets, and gives back what RETURNING says."""
    from sqlglot import exp

    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    returning = node.args.get("returning")
    given = [e.copy() for e in returning.expressions] if returning is not None else []
    if isinstance(node, exp.Update):
        given += [e.expression.copy() for e in node.expressions if isinstance(e, exp.EQ)]
    made = exp.select(*(given or [exp.Literal.number(1)])).from_(target.copy())
    for part in ("from_", "using"):
        others = node.args.get(part)
        for other in others if isinstance(others, list) else [others] if others else []:
            made = made.join((other.this if isinstance(other, exp.From) else other).copy(), join_type="cross")
    where = node.args.get("where")
    return made.where(where.this.copy()) if where is not None else made


def _uses(level: Level, scopes: Scopes, equal: Equalities) -> Iterator[Use]:
    from whosaw.collect.sql_scopes import folded

    aggregate, filtered = _aggregates(level), _filtered(level.select)
    starred = any(isinstance(s.unalias(), _exp().Star) for s in level.select.expressions)
    anybodys = scopes.unowned(level) if _anybodys(level, scopes) else []
    for alias, table in level.tables.items():
        columns, whole = _columns(level, alias, table, scopes, anybodys)
        bound = equal.bound(level, alias)
        yield Use(
            schema=folded(table.args.get("db")),
            table=folded(table.this) or "",
            columns=columns,
            whole=whole or starred,
            bound=bound,
            loose={c: keys for c, keys in equal.loose(level, alias).items() if c not in bound},
            aggregate=aggregate,
            filtered=filtered,
        )


def _exp() -> Any:
    from sqlglot import exp

    return exp


def _filtered(select: Any) -> bool:
    """Whether a SELECT has what leaves rows out: a condition, an inner join on something, a small LIMIT."""
    joins = (j for j in select.args.get("joins") or () if not j.args.get("side"))
    limit = select.args.get("limit")
    few = str(getattr(limit.expression, "this", "")) if limit is not None else ""
    return (
        any(select.args.get(a) for a in ("where", "having"))
        or any(j.args.get("on") is not None or j.args.get("using") for j in joins)
        or (few.isascii() and few.isdigit() and len(few) <= 4 and int(few) < _FEW)
    )


def _columns(
    level: Level, alias: str, table: Any, scopes: Scopes, anybodys: Iterable[str]
) -> tuple[frozenset[str], bool]:
    """The columns of one table that a statement uses from this level or from inside it, and whether that is all.

    `anybodys`: columns of this level whose owner cannot be told among watched tables: they are everybody's.
    """
    from whosaw.collect.sql_scopes import folded

    known = scopes.known.get(folded(table.this) or "", frozenset[str]())
    given = table.args.get("alias")
    # `users AS u (a, b)` renames the columns: which is which is not in the statement.
    whole = given is not None and bool(given.args.get("columns"))
    whole = whole or any(at is level or _inside(at, level) for at in scopes.stars(alias))
    # A row as a value: SELECT u FROM users u, row_to_json(u).
    row = alias not in known and any(at is level or _inside(at, level) for at in scopes.bare(alias))
    used = {
        column.name
        for column in scopes.owned(level, alias)
        if column.name in known or column.qualified or not _is_output(level, column)
    }
    used.update(name for name in anybodys if name != alias or name in known)
    return frozenset(used), whole or row


def _is_output(level: Level, column: Used) -> bool:
    """Whether ORDER BY or GROUP BY means a column of the result: `select ip as x … order by x`."""
    exp = _exp()
    return column.name.lower() in level.outputs and (
        column.column.find_ancestor(exp.Order, exp.Group, exp.Select) is not level.select
    )


def _inside(level: Level, outer: Level) -> bool:
    at = level.parent
    while at is not None and at is not outer:
        at = at.parent
    return at is outer


def _anybodys(level: Level, scopes: Scopes) -> bool:
    """Whether nothing but watched tables stands in the FROM."""
    from whosaw.collect.sql_scopes import folded

    return not level.opaque and not level.derived and all(folded(t.this) in scopes.known for t in level.tables.values())


def _aggregates(level: Level) -> bool:
    """Whether a SELECT hands on counts and sums alone. The least, the greatest and a list of values are values."""
    from sqlglot import exp

    counting = tuple(getattr(exp, name) for name in _COUNTING)
    selects = level.select.expressions
    return any(s.find(*counting) for s in selects) and all(
        leaf.find_ancestor(*counting, exp.Filter) is not None
        for s in selects
        for leaf in s.find_all(exp.Column, exp.Star, exp.Subquery)
    )
