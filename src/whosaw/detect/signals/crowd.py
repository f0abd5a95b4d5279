# SPDX-License-Identifier: Apache-2.0
"""Many at one and the same person, from places that have nothing to do with one another.

    first looks without a reason at a person ──▶ of how many units, within 7 or 30 days
    how many units had a reason to look at that person, + 1 ──▶ so many times the company's rate: negative binomial

Units and not people: a link that is missing shows as a look of each of eight nurses of one ward.

*Innocent*: a person in the news whom many units serve, a fault that many look into without a case.
*Beaten by*: one unit that looks together; weeks between the looks.                          Design: docs/adr/0191
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.wording import days_of, many, people, spelled
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "crowd"
FAMILY: Family = "graph"
NEEDS = frozenset({"look"})


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: windows. `least`: of fewer units nothing is said. `dispersion`: how unequal persons are."""

    days: tuple[int, ...]
    least: int
    dispersion: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd(Signal):
    """At whom, and between which days."""

    person: str = field(repr=False)
    since: int
    until: int


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    looks = _looks(world)
    reason = looks.weight_then >= world.templates.explained_from
    persons = looks.group_by(at=looks.person).aggregate(
        known=looks.team.nunique(where=reason), odd=looks.team.nunique(where=looks.u1 == 1)
    )
    many_ = persons.filter(persons.odd >= numbers.least)
    found = looks.filter(looks.u1 == 1).inner_join(many_, looks.person == many_.at)
    return {
        "all": persons.aggregate(persons=persons.count(), known=persons.known.sum(), odd=persons.odd.sum()),
        "time": looks.aggregate(first=looks.day.min()),
        "found": found.group_by("person", "team", "day").aggregate(known=found.known.max(), odd=found.odd.max()),
    }


def _looks(world: World) -> Any:
    """Judged looks of people, `team`: their unit, or they themselves where it is not known."""
    ibis = need("ibis", "watching")
    looks = world.looks
    looks = looks.filter(
        looks.judged == 1,
        looks.person.notnull(),
        looks.function.fill_null("") != "service",
        looks.t > world.as_of - world.defaults.reference_days * DAY,
    )
    return looks.mutate(team=ibis.coalesce(looks.unit, looks.who))


# ── on the driver ──


def score(rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for every person at whom people of several units looked without a reason; the others are their `rest`."""
    numbers = world.defaults.of(NAME, NUMBERS)
    (all_,), (time,) = cast("Any", rows["all"]), cast("Any", rows["time"])
    by: dict[str, list[Any]] = {}
    for row in cast("list[Any]", rows["found"]):
        by.setdefault(row["person"], []).append(row)
    if not by:
        return []
    period = max(1, world.as_of // DAY - time["first"] + 1)
    made: list[Signal] = []
    for person, mine in sorted(by.items()):
        known, odd = mine[0]["known"], mine[0]["odd"]
        # What is found at this person says nothing of what is usual at it.
        rate = (all_["odd"] - odd + 1) / max(1, all_["known"] - known + all_["persons"] - 1)
        best = None
        for days in numbers.days:
            k, since = _most(mine, days)
            share = min(1.0, days / period)
            expected = rate * (known + 1) * share
            p = times(at_least(k, 1, expected, numbers.dispersion), len(numbers.days) * max(1, round(1 / share)))
            if best is None or p < best[0]:
                best = p, days, k, since, expected
        if best is None:
            continue
        p, days, k, since, expected = best
        made.append(
            Crowd(
                signal=NAME, family=FAMILY, kind="group", unit=person, stratum="all", p=p,
                tries=len(numbers.days), days=days, k=k, n=odd, expected=expected, rest=all_["persons"] - len(by),
                person=person, since=since, until=since + days - 1,
            )
        )  # fmt: skip
    return made


def _most(rows: Sequence[Any], days: int) -> tuple[int, int]:
    """The most units in so many days, and the first of these days; the first such days of several."""
    best, since = 0, 0
    for start in sorted({row["day"] for row in rows}):
        units = len({row["team"] for row in rows if start <= row["day"] < start + days})
        if units > best:
            best, since = units, start
    return best, since


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    crowds = [cast("Crowd", s) for s in signals]
    if not crowds:
        return []
    looks = _looks(world)
    looks = among(looks.filter(looks.u1 == 1), "person", {s.person for s in crowds})
    seen: dict[str | None, list[Evidence]] = {}
    for look in evidence_of(world, looks):
        seen.setdefault(look.person, []).append(look)
    return [_told(crowd, seen.get(crowd.person, [])) for crowd in crowds]


def _told(crowd: Crowd, seen: Sequence[Evidence]) -> Signal:
    looks = [look for look in seen if crowd.since <= look.t // DAY <= crowd.until]
    whos = {look.who for look in looks}
    return replace(
        crowd,
        principals=tuple(sorted(whos)),
        persons=(crowd.person,),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=_sentence(crowd, looks),
    )


def _sentence(crowd: Crowd, looks: Sequence[Evidence]) -> str:
    whos, number = len({look.who for look in looks}), round(crowd.expected)
    at = "protected person" if any(look.protected for look in looks) else "person"
    # One may be left of those of a while: with one unit nobody met anybody.
    met = f", from {_parts(crowd.k)}, looked at one and the same {at}" if whos > 1 else f" looked at a {at}"
    usually = f"people of {_parts(number)} do" if number else "nobody does"
    return (
        f"{people(whos, looks)}{met} for the first time, in {many(days_of(looks), 'day')}, without a reason on file; "
        f"usually {usually} so at this person."
    )


def _parts(number: int) -> str:
    return f"{spelled(number)} {'part' if number == 1 else 'parts'} of the organisation"
