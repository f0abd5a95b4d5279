# SPDX-License-Identifier: Apache-2.0
"""The people around a person: everybody linked to them, and for the closest kinds those linked to these.

    seed ── any kind ──▶ hop 1 ── household, family, device ──▶ hop 2        seed · member · hop · kind

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
SELF = "self"


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:  # noqa: ARG001  one shape for all of them
    """The circles of all persons with a link. No rows where nothing is known of links and households."""
    ibis = need("ibis", "watching")
    passed = _passed_on(ties(tables, as_of))
    one = passed.select(seed=passed.a, member=passed.b, hop=_number(1), kind=passed.kind)
    far = passed.filter(passed.kind.isin(CLOSE)).select(f_a="a", f_b="b", f_kind="kind")
    steps = one.select("seed", "member").distinct()  # by several kinds is not several ways
    two = steps.inner_join(far, steps.member == far.f_a)
    two = two.filter(two.seed != two.f_b).select(seed=two.seed, member=two.f_b, hop=_number(2), kind=two.f_kind)
    seeds = passed.select(seed=passed.a, member=passed.a, hop=_number(0), kind=ibis.literal(SELF)).distinct()
    # The shortest way, and of equally short ones the kind that is first by name: one number cannot hold a text.
    ways = seeds.union(one).union(two)
    by_hop = {f"kind{hop}": ways.kind.min(where=ways.hop == hop) for hop in (1, 2)}
    ways = ways.group_by(["seed", "member"]).aggregate(hop=ways.hop.min(), **by_hop)
    kind = ibis.ifelse(ways.hop == 0, SELF, ibis.ifelse(ways.hop == 1, ways.kind1, ways.kind2))
    return ways.select("seed", "member", "hop", kind=kind)


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
    ibis = need("ibis", "watching")
    many = links.b.count().over(ibis.window(group_by=[links.a, links.kind]))
    links = links.mutate(many=many)
    return links.filter(links.many <= HUB).select("a", "b", "kind")


def _number(value: int) -> Any:
    return need("ibis", "watching").literal(value, "int64")
