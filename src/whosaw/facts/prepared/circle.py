# SPDX-License-Identifier: Apache-2.0
"""The people around a person: everybody linked to them, and for the closest kinds those linked to these.

    seed ── any kind ──▶ hop 1 ── household, family, device ──▶ hop 2        seed · member · hop

A link leads both ways. Who lives at one address is linked as `household`, with or without a link that says so; where no table says
who is linked, the accounts of staff are at the addresses of staff, too. A person
with over HUB links of a kind passes none of that kind on: everybody is around the famous.

Invariant: one row per seed and member, by the shortest way; the seed is a member of its own circle, at hop 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.extra import need
from whosaw.facts.prepared.spans import lately

HUB = 200
CLOSE = ("device", "family", "household")


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:  # noqa: ARG001  one shape for all of them
    """The circles of all persons with a link. No rows where nothing is known of links and households."""
    passed = _passed_on(ties(tables, as_of))
    steps = passed.select(seed="a", member="b").distinct()  # by several kinds is not several ways
    far = passed.filter(passed.kind.isin(CLOSE)).select(f_a="a", f_b="b").distinct()
    two = steps.inner_join(far, steps.member == far.f_a)
    two = two.filter(two.seed != two.f_b).select(seed="seed", member="f_b", hop=_number(2))
    seeds = steps.select(seed="seed", member="seed", hop=_number(0)).distinct()
    ways = seeds.union(steps.mutate(hop=_number(1))).union(two)
    return ways.group_by("seed", "member").aggregate(hop=ways.hop.min())  # the shortest way


def ties(tables: Mapping[str, Any], as_of: int) -> Any:
    """Who is linked to whom and how, lately: a · b · kind, both ways, each once."""
    ibis = need("ibis", "watching")
    found = []
    if "links" in tables:
        links = lately(tables["links"], as_of)
        links = links.filter(links.a != links.b)
        found += [links.select("a", "b", "kind"), links.select(a=links.b, b=links.a, kind=links.kind)]
    homes = _homes(tables, as_of)
    if homes is not None:
        many = homes.person.count().over(ibis.window(group_by=homes.household))
        homes = homes.mutate(many=many)
        homes = homes.filter(homes.many <= HUB).select("person", "household")  # a home of hundreds is a mistake
        there = homes.select(h_person="person", h_household="household")
        pairs = homes.inner_join(there, homes.household == there.h_household)
        pairs = pairs.filter(pairs.person != pairs.h_person)
        found.append(pairs.select(a=pairs.person, b=pairs.h_person, kind=ibis.literal("household")))
    if not found:
        looks = tables["look"].filter(ibis.literal(value=False))
        return looks.select(a=looks.who, b=looks.who, kind=looks.who)
    made = found[0]
    for more in found[1:]:
        made = made.union(more)
    return made.distinct()


def _homes(tables: Mapping[str, Any], as_of: int) -> Any:
    """Person · household, each once; None where nobody says who lives where."""
    found = []
    if "persons" in tables:
        persons = lately(tables["persons"], as_of)
        found.append(persons.filter(persons.household.notnull()).select("person", "household"))
    if "links" not in tables and "staff" in tables:
        staff = lately(tables["staff"], as_of)
        staff = staff.filter(staff.own_person.notnull(), staff.household.notnull())
        found.append(staff.select(person=staff.own_person, household=staff.household))
    if not found:
        return None
    made = found[0]
    for more in found[1:]:
        made = made.union(more)
    return made.distinct()


def _passed_on(links: Any) -> Any:
    many = links.group_by(m_a="a", m_kind="kind").aggregate(many=links.count())
    many = many.filter(many.many > HUB)  # few: what they pass on goes, and nothing is counted beside each link
    return links.anti_join(many, [links.a == many.m_a, links.kind == many.m_kind])


def _number(value: int) -> Any:
    return need("ibis", "watching").literal(value, "int64")
