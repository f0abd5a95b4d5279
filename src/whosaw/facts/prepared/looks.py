# SPDX-License-Identifier: Apache-2.0
"""Looks as detectors read them: with the day, the size of their request, and who the principal was at that time.

    look + request size + staff as of t + person as of t ──▶ one row per look and principal, no more and no fewer

Invariant: every join here finds at most one row, or a look would count twice.     Design: docs/adr/0046
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.columns import DAY
from whosaw.facts.extra import need


def prepare(tables: Mapping[str, Any], as_of: int) -> Any:
    """The prepared looks up to the instant `as_of` (included): columns of `look` and the ones named below.

    day · size (persons in the request) · named (1: made in the name of another, which is only claimed) · unit, function,
    manager, country, own_person, household, tenure (days) of `who` as of t, null where unknown · protected (0 where the table of persons is not
    known) · region of the person · own_tool (1: as at least half of the looks of
    `who`: with this tool, or source where none is known, and like them with or without somebody who acted through it).
    """
    look = tables["look"]
    look = look.filter(look.t <= as_of)
    ibis = need("ibis", "watching")
    # The claimed name has a row of its own, of the same leaf. They are few: a join, and no window over all looks.
    names = look.filter(look.claimed == 1).select(n_leaf="leaf").distinct()
    look = look.left_join(names, look.leaf == names.n_leaf)
    named = ibis.ifelse((look.claimed == 0) & look.n_leaf.notnull(), 1, 0).cast("int64")
    look = look.mutate(day=look.t // DAY, named=named).drop("n_leaf")
    look = _with_tool(_sized(look))
    look = _with_staff(look, tables.get("staff"))
    return _with_person(look, tables.get("persons"))


def _sized(look: Any) -> Any:
    ibis = need("ibis", "watching")
    # Most requests are one look at one person: only the others are told apart by whom they are about.
    rows = look.group_by(several_of=look.request).aggregate(rows=look.count(), said=look.mentions.max())
    several = rows.filter((rows.rows > 1) | (rows.said > 1)).select("several_of")
    wide = look.inner_join(several, look.request == several.several_of)
    counted = wide.group_by(request_of=wide.request).aggregate(seen=wide.person.nunique(), said=wide.mentions.max())
    joined = look.left_join(counted, look.request == counted.request_of)
    alone = ibis.ifelse(joined.person.notnull() | (joined.mentions == 1).fill_null(False), 1, 0)
    several_ = ibis.greatest(joined.seen.fill_null(0), joined.said.fill_null(0))
    size = ibis.ifelse(joined.request_of.isnull(), alone, several_).cast("int64")
    return joined.mutate(size=size).drop("request_of", "seen", "said")


def _with_tool(look: Any) -> Any:
    ibis = need("ibis", "watching")
    look = look.mutate(tool=look.app.fill_null(look.source))
    # An account through which somebody always acts, and now nobody is named, does not what it always does.
    by = look.group_by(b_who=look.who, b_tool=look.tool, b_named=look.named).aggregate(here=look.count())
    whole = by.group_by(w_who=by.b_who).aggregate(everywhere=by.here.sum())
    own = by.inner_join(whole, by.b_who == whole.w_who)
    own = own.filter(own.here * 2 >= own.everywhere).select("b_who", "b_tool", "b_named")
    joined = look.left_join(own, [look.who == own.b_who, look.tool == own.b_tool, look.named == own.b_named])
    return joined.mutate(own_tool=ibis.ifelse(joined.b_who.notnull(), 1, 0).cast("int64")).drop(
        "b_who", "b_tool", "b_named", "tool"
    )


_OF_STAFF = ("unit", "function", "manager", "country", "own_person", "household")


def _with_staff(look: Any, staff: Any | None) -> Any:
    if staff is None:
        ibis = need("ibis", "watching")
        text, number = ibis.null("string"), ibis.null("int64")
        return look.mutate(**dict.fromkeys(_OF_STAFF, text), tenure=number)
    s = staff.select(
        s_who=staff.who, s_from=staff.valid_from, s_to=staff.valid_to, **{name: staff[name] for name in _OF_STAFF}
    )
    joined = look.left_join(s, [look.who == s.s_who, holds(s.s_from, s.s_to, look.t)])
    first = staff.group_by(f_who=staff.who).aggregate(f_from=staff.valid_from.min())
    joined = joined.left_join(first, joined.who == first.f_who)
    tenure = (joined.t - joined.f_from) // DAY
    return joined.mutate(tenure=tenure).drop("s_who", "s_from", "s_to", "f_who", "f_from")


def _with_person(look: Any, persons: Any | None) -> Any:
    if persons is None:
        ibis = need("ibis", "watching")
        return look.mutate(protected=ibis.literal(0, "int64"), region=ibis.null("string"))
    p = persons.select(
        p_person=persons.person,
        p_from=persons.valid_from,
        p_to=persons.valid_to,
        p_protected=persons.protected,
        region=persons.region,
    )
    joined = look.left_join(p, [look.person == p.p_person, holds(p.p_from, p.p_to, look.t)])
    return joined.mutate(protected=joined.p_protected.fill_null(0)).drop("p_person", "p_from", "p_to", "p_protected")


def holds(start: Any, end: Any, t: Any) -> Any:
    """The instant `t` lies in [start, end); a missing end is open."""
    return (start.isnull() | (start <= t)) & (end.isnull() | (t < end))


def unsaid(known_from: Any, first: Any, t: Any, lag: int) -> Any:
    """What a version says, known since `known_from`, nobody had said yet at the instant `t`; null where nobody knows since when.

    The first word about a thing is forgiven the `lag` of the feed (microseconds); a change of what was said is not.
    """
    return t < known_from - need("ibis", "watching").ifelse(first == 1, lag, 0)


def seen_by(tables: Mapping[str, Any], as_of: int) -> dict[str, Any]:
    """`tables` without what was said, opened or named after `as_of`: a replay sees nothing later."""
    seen = {name: _said_by(table, as_of) for name, table in tables.items()}
    if "cases" in seen:
        seen["cases"] = seen["cases"].filter(seen["cases"].opened <= as_of)
    if "case_persons" in seen:
        added = seen["case_persons"].added
        seen["case_persons"] = seen["case_persons"].filter(added.isnull() | (added <= as_of))
    return seen


def _said_by(table: Any, as_of: int) -> Any:
    if "known_from" not in table.columns:
        return table
    return table.filter(table.known_from.isnull() | (table.known_from <= as_of))
