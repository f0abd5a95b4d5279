# SPDX-License-Identifier: Apache-2.0
"""Persons with people around them, whose circles are worth watching, and others like them to compare with.

person · links (people linked to them, by whatever kind) · protected (lately) · region (at the instant; null: not known)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.extra import need
from whosaw.facts.prepared.circle import ties
from whosaw.facts.prepared.looks import holds
from whosaw.facts.prepared.spans import lately

LEAST = 3


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:  # noqa: ARG001  one shape for all of them
    """One row per person with at least LEAST people linked to them."""
    ibis = need("ibis", "watching")
    links = ties(tables, as_of)
    seeds = links.group_by(person=links.a).aggregate(links=links.b.nunique())
    seeds = seeds.filter(seeds.links >= LEAST)
    persons = tables.get("persons")
    if persons is None:
        return seeds.mutate(protected=ibis.literal(0, "int64"), region=ibis.null("string"))
    late = lately(persons, as_of)
    guarded = late.group_by(g_person=late.person).aggregate(g_protected=late.protected.max())
    held = persons.filter(holds(persons.valid_from, persons.valid_to, ibis.literal(as_of, "int64")))
    now = held.group_by(r_person=held.person).aggregate(region=held.region.max())
    joined = seeds.left_join(guarded, seeds.person == guarded.g_person)
    joined = joined.left_join(now, joined.person == now.r_person)
    return joined.mutate(protected=joined.g_protected.fill_null(0)).select("person", "links", "protected", "region")
