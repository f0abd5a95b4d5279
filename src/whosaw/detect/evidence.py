# SPDX-License-Identifier: Apache-2.0
"""The looks that a signal rests on, and which of all looks are judged at all.

Invariant: the same looks in the same order on every engine: the driver sorts by keys that belong to one look alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.explain import FOUND
from whosaw.detect.signal import UNLISTED, Evidence, Signal, World
from whosaw.facts.columns import DAY, FIELDS, Cell
from whosaw.facts.extra import need
from whosaw.model.access import Field, Mode

# Fields that say where somebody was, or what they wrote.
PLACE = (Field.IP, Field.LOCATION, Field.MESSAGES)
_TEXTS = ("look_id", "who", "person", "case", "unit", "function", "manager", "country")
_NUMBERS = (
    "row",
    "t",
    "protected",
    "refused",
    "named",
    "claimed",
    "first",
    "weight_then",
    "weight_now",
    "near",
    "tenure",
    "arrived",
)
_PLACES = tuple(FIELDS[field] for field in PLACE)


def flags(looks: Any, narrow: int, explained_from: int, *, claims: bool = False) -> Any:
    """Of explained `looks`, by `g_row`: FOUND; `judged`, 1 for those that are held against what is usual (docs/adr/0047), `u`, `u1`.

    Each once, for the account that made it: a name that is only claimed is nobody's look. A request for more than
    `narrow` persons is a look at the first `narrow` of them, or snooping by the list would be none; unless they were not
    named but searched for, and one of them has a reason: one search would be as many looks.

    `claims`: the name behind an account is no claim that somebody typed but known, as in a dataset: it counts for both.
    """
    ibis = need("ibis", "watching")
    # Of a look no more is carried through the windows than they need.
    looks = looks.select("row", "request", "who", "person", "claimed", "mode", "size", *FOUND)
    own = looks.person.notnull() if claims else (looks.claimed == 0) & looks.person.notnull()
    reason = ibis.ifelse(own & (looks.weight_then >= explained_from), 1, 0)
    request = [looks.request, looks.who, own]
    looks = looks.mutate(
        own=own,
        reasons=reason.max().over(ibis.window(group_by=request)),
        place=ibis.dense_rank().over(ibis.window(group_by=request, order_by=[looks.person])),
    )
    wide = ((looks.reasons == 0) | (looks["mode"] == str(Mode.READ))) & (looks.place < narrow)
    counts = looks.own & ((looks["size"] <= narrow) | wide)
    looks = looks.mutate(judged=ibis.ifelse(counts, 1, 0).cast("int64"))
    u = (looks.judged == 1) & (looks.weight_then < explained_from)
    looks = looks.mutate(
        u=ibis.ifelse(u, 1, 0).cast("int64"), u1=ibis.ifelse(u & (looks["first"] == 1), 1, 0).cast("int64")
    )
    return looks.select(*FOUND, "judged", "u", "u1", g_row="row")


def narrow(world: World, days: int) -> Any:
    """The looks of the last `days` days that are judged."""
    looks = world.looks
    return looks.filter(looks.judged == 1, looks.t > world.as_of - days * DAY)


def unit_column(looks: Any, kind: str) -> Any:
    """The unit of each look that is of `kind`; null where it is of none."""
    ibis = need("ibis", "watching")
    match kind:
        case "principal":
            return looks.who
        case "unlisted":
            # Whoever has a row among staff has a function.
            return ibis.ifelse(looks.function.isnull(), UNLISTED, ibis.null("string"))
        case _:
            return looks[kind]


def evidence(world: World, signals: Iterable[Signal]) -> list[Evidence]:
    """Every look without a reason of the units of `signals` in the longest window, by time."""
    ibis = need("ibis", "watching")
    looks = narrow(world, world.defaults.windows[-1])
    units: dict[str, set[str]] = {}
    for signal in signals:
        units.setdefault(signal.kind, set()).add(signal.unit)
    if not units:
        return []
    of_them = [
        looks.function.isnull() if kind == "unlisted" else unit_column(looks, kind).isin(sorted(ids))
        for kind, ids in sorted(units.items())
    ]
    return evidence_of(world, looks.filter(looks.u == 1, ibis.or_(*of_them)))


def evidence_of(world: World, looks: Any) -> list[Evidence]:
    """The looks of `looks`, some rows of ``world.looks``, by time. Filter first: each becomes a value here."""
    rows = world.facts.rows(looks.select(*_TEXTS, *_NUMBERS, *_PLACES), ("t", "look_id", "row"), "evidence")
    return [_evidence(row, world.templates.explained_from) for row in rows]


def _evidence(row: dict[str, Cell], explained_from: int) -> Evidence:
    value: dict[str, Any] = row
    return Evidence(
        look=value["look_id"],
        t=value["t"],
        who=value["who"],
        person=value["person"],
        case=value["case"],
        unit=value["unit"],
        function=value["function"],
        manager=value["manager"],
        country=value["country"],
        protected=value["protected"] == 1,
        place=any(value[name] for name in _PLACES),
        refused=value["refused"] == 1,
        named=value["named"] == 1,
        first=value["first"] == 1,
        later=value["weight_now"] >= explained_from,
        near=value["near"],
        explained=value["weight_then"] >= explained_from,
        tenure=value["tenure"],
        arrived=value["arrived"],
        lent=value["claimed"] == 1,
    )


def most_telling(looks: Sequence[Evidence], most: int) -> tuple[Evidence, ...]:
    """At most `most` of `looks`: of every pair of principal and person one before any comes twice; by time again."""
    seen: dict[tuple[str, str | None], int] = {}
    ranked = []
    for place, look in enumerate(looks):
        turn = seen[look.who, look.person] = seen.get((look.who, look.person), -1) + 1
        ranked.append((turn, not look.protected, not look.place, place, look))
    ranked.sort(key=lambda r: r[:4])
    return tuple(look for *_, look in sorted(ranked[:most], key=lambda r: r[3]))


def lookers(world: World, persons: Iterable[str]) -> dict[str, int]:
    """How many principals looked at each of `persons` in the reference period, with or without a reason."""
    wanted = sorted(set(persons))
    if not wanted:
        return {}
    looks = narrow(world, world.defaults.reference_days)
    looks = among(looks, "person", wanted)
    counted = looks.group_by("person").aggregate(whos=looks.who.nunique())
    rows = world.facts.rows(counted, ("person",), "lookers")
    return {cast("str", row["person"]): cast("int", row["whos"]) for row in rows}
