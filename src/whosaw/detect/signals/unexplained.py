# SPDX-License-Identifier: Apache-2.0
"""More persons without a declared reason than this work brings.

    k of n persons looked at have no reason on file        k₁ of n₁, the same among first looks
    windows of 7, 30, 90 days × both counts ──smallest p, paid for──▶ one signal per principal and per team

A refused look is an attempt and counts; so does one that was never asked. Every count is of persons, not of looks.

*Innocent*: missing links, hand-overs by phone, shared queues: declare a template.
*Beaten by*: a cover story for each look; staying within the usual.              Design: docs/adr/0042
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

from whosaw.detect.defaults import Defaults
from whosaw.detect.evidence import evidence, most_telling
from whosaw.detect.others import Counted, Others
from whosaw.detect.signal import TEAMS, Evidence, Signal, UnitKind, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.wording import people_of, people_looked, usual_text
from whosaw.facts.columns import DAY

NAME = "unexplained"
FAMILY = "context"
NEEDS = frozenset({"look", "staff", "cases", "case_persons"})
_KINDS: tuple[UnitKind, ...] = ("principal", *TEAMS)
_ORDER = ("kind", "id", "days", "block")


def query(world: World) -> Any:
    """Per unit, window length and block of that length back from `as_of`: persons, and those without a reason."""
    looks = narrow(world)
    counted = [
        _counted(looks, kind, days, world)
        for kind in _KINDS
        for days in world.defaults.windows
    ]
    return reduce(lambda a, b: a.union(b), counted)


def narrow(world: World) -> Any:
    """Looks at few persons in the reference period, with `u`: no reason as of the look."""
    looks: Any = world.looks
    defaults = world.defaults
    looks = looks.filter(
        looks.person.notnull(),
        looks.size <= defaults.narrow,
        looks.t > world.as_of - defaults.reference_days * DAY,
    )
    return looks.mutate(u=looks.weight_then < world.templates.explained_from)


def _counted(looks: Any, kind: UnitKind, days: int, world: World) -> Any:
    blocks = world.defaults.reference_days // days
    looks = looks.mutate(block=(world.as_of - looks.t) // (days * DAY), id=looks.who if kind == "principal" else looks[kind])
    # Teams are only tested; what is usual is taken from principals.
    looks = looks.filter(looks.id.notnull(), looks.block < (blocks if kind == "principal" else 1))
    grouped = looks.group_by(looks.id, looks.block).aggregate(
        unit=looks.unit.max(),
        function=looks.function.max(),
        manager=looks.manager.max(),
        members=looks.who.nunique(),
        n=looks.person.nunique(),
        k=looks.person.nunique(where=looks.u),
        n1=looks.person.nunique(where=looks["first"] == 1),
        k1=looks.person.nunique(where=looks.u & (looks["first"] == 1)),
    )
    import ibis

    return grouped.mutate(kind=ibis.literal(kind), days=ibis.literal(days, "int64"))
