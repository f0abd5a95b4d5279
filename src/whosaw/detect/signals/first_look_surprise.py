# SPDX-License-Identifier: Apache-2.0
"""A person unlike those with whom the one who looks, and their colleagues, have to do.

    person ◀── looked at by others in half a year      none of them of the same unit, none at anybody else at whom this one was:
                                                       the more others, the stranger
    P(a first look of this function is as strange, with or without a reason)

Weak: it supports a finding and never opens one.

*Innocent*: newcomers, rotation.
*Beaten by*: persons near one's own work.                                                     Design: docs/adr/0151
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.wording import many, people
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "first_look_surprise"
FAMILY: Family = "graph"
NEEDS = frozenset({"look", "staff"})
_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: how far back. `lookers`: at persons with more, all meet. `others`: with fewer nothing is said."""

    days: int
    lookers: int
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger(Signal):
    """`who` at `person`."""

    who: str = field(repr=False)
    person: str = field(repr=False)


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    # Kept, since each of the three tables would compute both anew.
    pairs = world.once(f"{NAME}_pairs", lambda: _pairs(world, numbers), large=True)
    strange = _all_strange(world, pairs)
    first, odd = pairs.filter(pairs.fresh == 1), strange.filter(strange.others > 0)
    found = strange.filter(strange.u1 == 1, strange.others >= numbers.others)
    return {
        "all": first.group_by("function").aggregate(first=first.count(), u1=first.u1.sum()),
        "usual": odd.group_by("function", "others").aggregate(n=odd.count()),
        "found": found.select("who", "person", "function", "others"),
    }


def _pairs(world: World, numbers: NUMBERS) -> Any:
    """Who looked at whom, where few did."""
    looks = world.looks
    looks = looks.filter(looks.judged == 1, looks.person.notnull(), looks.t > world.as_of - numbers.days * DAY)
    pairs = looks.group_by("who", "person").aggregate(
        unit=looks.unit.max(), function=looks.function.max(), fresh=looks["first"].max(), u1=looks.u1.max()
    )
    degrees = pairs.group_by(of=pairs.person).aggregate(d=pairs.count())
    degrees = degrees.filter(degrees.d <= numbers.lookers)
    return pairs.join(degrees, pairs.person == degrees.of).drop("of", "d")


def _all_strange(world: World, pairs: Any) -> Any:
    """Of so many at a time: each pair meets up to as many as may have looked at a person, and all of them would fill a disk."""
    parts = enumerate(world.facts.parts(pairs, "who", _AT_ONCE, NAME))
    made = [world.once(f"{NAME}_strange_{n}", partial(_strange, part, pairs), large=True) for n, part in parts]
    return reduce(lambda a, b: a.union(b), made)


def _strange(mine: Any, pairs: Any) -> Any:
    """The first looks of `mine`, all pairs of some principals, with `others`: how many looked at the same person, where none of them is near."""
    ibis = need("ibis", "watching")
    other = pairs.select(b="who", person="person", b_unit="unit")
    meets = mine.join(other, "person")
    meets = meets.filter(meets.who != meets.b)
    meets = meets.mutate(near=ibis.ifelse(meets.unit == meets.b_unit, 1, 0))
    company = meets.group_by(a=meets.who, c=meets.b).aggregate(shared=meets.count())
    met = meets.join(company, [meets.who == company.a, meets.b == company.c])
    # One person in common is this very one.
    met = met.mutate(near=ibis.ifelse(met.shared > 1, 1, met.near))
    met = met.filter(met.fresh == 1)
    # Each b is there once: who and person are one row of pairs, and so are b and person.
    strange = met.group_by("who", "person", "function", "u1").aggregate(others=met.count(), near=met.near.max())
    return strange.mutate(others=ibis.ifelse(strange.near == 0, strange.others, 0))


# ── on the driver ──


def score(rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for every first look without a reason that is strange at all; the others are their `rest`."""
    del world  # its numbers were used by the engine
    all_ = {row["function"]: row for row in cast("list[Any]", rows["all"])}
    usual: dict[str, list[Any]] = {}
    for row in cast("list[Any]", rows["usual"]):
        usual.setdefault(row["function"], []).append(row)
    tried = cast("list[Any]", rows["found"])
    of_function = {function: sum(row["function"] == function for row in tried) for function in all_}
    made: list[Signal] = []
    for row in sorted(tried, key=lambda r: (r["who"], r["person"])):
        function = row["function"]
        first = all_[function]["first"]
        as_strange = sum(each["n"] for each in usual.get(function, ()) if each["others"] >= row["others"])
        made.append(
            Stranger(
                signal=NAME,
                family=FAMILY,
                kind="pair",
                unit=f"{row['who']}:{row['person']}",
                stratum=function or "unlisted",
                p=min(1.0, (1 + as_strange) / (1 + first)),
                tries=1,
                days=0,
                k=row["others"],
                n=row["others"],
                expected=0.0,
                rest=all_[function]["u1"] - of_function[function],
                opens=False,
                others=first,
                who=row["who"],
                person=row["person"],
            )
        )
    return made


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    strangers = [cast("Stranger", s) for s in signals]
    if not strangers:
        return []
    looks = world.looks
    looks = among(looks.filter(looks.u1 == 1), "person", {s.person for s in strangers})
    seen: dict[tuple[str, str | None], list[Evidence]] = {}
    for look in evidence_of(world, looks):
        seen.setdefault((look.who, look.person), []).append(look)
    return [_told(s, seen.get((s.who, s.person), [])) for s in strangers]


def _told(stranger: Stranger, looks: Sequence[Evidence]) -> Signal:
    at = "a protected person" if any(e.protected for e in looks) else "a person"
    return replace(
        stranger,
        principals=(stranger.who,),
        persons=(stranger.person,),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=(
            f"{people(1, looks)} looked at {at} for the first time, without a reason on file; of the "
            f"{many(stranger.k, 'other')} who looked at this person none is of the same unit, and none looked at anybody else "
            "whom this one looked at."
        ),
    )
