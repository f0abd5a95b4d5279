# SPDX-License-Identifier: Apache-2.0
"""Who works together, and from when to when: the same org unit, manager or function, one case, one queue.

    kind (unit, manager, function, case, queue) · team · who · valid_from · valid_to

The team of a case are those who have it, asked for it, let it pass, or looked under its number. One principal may be in
many teams, and in one team several times. A team of one is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.extra import need
from whosaw.facts.prepared.spans import lately

OF_STAFF = ("unit", "manager", "function")
OF_CASES = ("assignee", "requester", "approver")
_ALL = ("kind", "team", "who", "valid_from", "valid_to")


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:
    """One row per team, member and time."""
    ibis = need("ibis", "watching")
    found = []
    if "staff" in tables:
        staff = lately(tables["staff"], as_of)
        found += [_members(staff, kind, staff[kind]) for kind in OF_STAFF]
    if "assignments" in tables:
        given = lately(tables["assignments"], as_of)
        given = given.filter(given.scope_kind == "queue")
        found.append(_members(given, "queue", given.scope))
    found += _of_cases(tables, looks)
    made = found[0]
    for more in found[1:]:
        made = made.union(more)
    made = made.filter(made.team.notnull()).distinct()
    many = made.group_by(m_kind=made.kind, m_team=made.team).aggregate(members=made.who.nunique())
    many = many.filter(many.members > 1)
    joined = made.inner_join(many, [made.kind == many.m_kind, made.team == many.m_team])
    return joined.select(*(ibis._[name] for name in _ALL))


def _members(table: Any, kind: str, team: Any) -> Any:
    ibis = need("ibis", "watching")
    return table.select(
        kind=ibis.literal(kind), team=team, who=table.who, valid_from=table.valid_from, valid_to=table.valid_to
    )


def _of_cases(tables: Mapping[str, Any], looks: Any) -> list[Any]:
    ibis = need("ibis", "watching")
    ever = {"valid_from": ibis.null("int64"), "valid_to": ibis.null("int64")}
    under = looks.filter(looks["case"].notnull(), looks.claimed == 0)
    found = [under.select(kind=ibis.literal("case"), team=under["case"], who=under.who, **ever)]
    if "cases" not in tables or "staff" not in tables:
        return found
    # Whoever asked may be a person; only staff are members.
    staff = tables["staff"].select(s_who="who").distinct()
    for column in OF_CASES:
        cases = tables["cases"].select("case_id", of=column)
        cases = cases.inner_join(staff, cases.of == staff.s_who)
        found.append(cases.select(kind=ibis.literal("case"), team=cases.case_id, who=cases.of, **ever))
    return found
