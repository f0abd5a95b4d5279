# SPDX-License-Identifier: Apache-2.0
"""Places of outsiders beside places of staff: where both were is what somebody wants to know who hunts a source.

    a   addresses and locations of protected persons, or, without a reason, of those around them     at least two persons
    b   addresses and locations of people who work here                                              at least two persons
    ab(1 − ln ab): both by the same principal or team within weeks, against what others have of all places they look at

Each of a and b is the larger surprise of two: all looks, since an inquiry is the usual cover (around the protected only
those without a reason), and those without a reason. Whose work such places are has a reason and no peers, so against
all looks the team's own habit counts as well; against those without a reason only others do. The sentence says how many had one. Where it is not
known who is protected, all outsiders count, without a reason.

*Innocent*: account takeovers, security work.
*Beaten by*: matching outside recorded tools; logs of badges and networks that were not taken in.     Design: docs/adr/0151
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.expected import TEAMS, WEEK, in_weeks, windows
from whosaw.detect.others import Counted, Others, Usual
from whosaw.detect.signal import Evidence, Family, Signal, UnitKind, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.wording import days_of, many, people
from whosaw.facts.columns import DAY, FIELDS, Cell
from whosaw.facts.extra import need
from whosaw.facts.prepared.pair_day import PLACE

NAME = "place_match"
FAMILY: Family = "graph"
NEEDS = frozenset({"look", "staff"})
_LEAST = 2
# Sets of persons: people who work here, those without a reason; the protected, those in circles without a reason.
_STAFF, _OUTSIDE = ("employee", "exposed"), ("guarded", "near")
_SETS = (*_STAFF, *_OUTSIDE)
_TEAM = ("unit", "function", "manager")
# A row of a week has no person, and the other one no number.
_FOUND = ("id", "week", "person", "n", "unit", "function", *_SETS)
SLICED = frozenset({"found"})
# Whose work it is has a reason, and no peers: for looks with a reason their own habit counts, without one it does not.
_ANY_REASON = ("employee", "guarded")
# So many persons' worth of what others have in that habit.
_PRIOR = 50


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: windows."""

    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Signal):
    """`column`, `id`: who. `weeks`: when. `outsiders`, `employees`: whose places.

    `without`: of employees, of outsiders, whether what surprises are looks without a reason.
    """

    column: str
    id: str = field(repr=False)
    weeks: tuple[int, int] = (0, 0)
    outsiders: frozenset[str] = field(default=frozenset(), repr=False)
    employees: frozenset[str] = field(default=frozenset(), repr=False)
    without: tuple[bool, bool] = (False, False)


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    places = _places(world)
    # A person is a row first, and then counted: several counts of distinct persons would keep several sets of them each.
    each = places.group_by("who", "person").aggregate(**{name: places[name].max() for name in (*_TEAM, *_SETS)})
    totals = each.group_by("who").aggregate(
        **{name: each[name].max() for name in _TEAM},
        n=each.count(),
        **{f"k_{name}": each[name].sum() for name in _SETS},
    )
    found, tried = zip(*(_of(world, places, column) for column in TEAMS), strict=True)
    return {
        "totals": totals,
        # As many rows as a tenth of the looks.
        "found": world.once(f"{NAME}_found", lambda: reduce(lambda a, b: a.union(b), found), large=True),
        "units": reduce(lambda a, b: a.union(b), tried),
    }


def _of(world: World, places: Any, column: str) -> tuple[Any, Any]:
    """Of teams at whose places of both sorts are: each week, with how many persons, and each of those sorts in it. And how many teams
    there are, how many of them are such, and from which week to which.
    """
    ibis = need("ibis", "watching")
    places = places.filter(places[column].notnull()).mutate(id=places[column])
    each = places.group_by("id", "person").aggregate(**{name: places[name].max() for name in _SETS})
    sums = each.group_by("id").aggregate(**{name: each[name].sum() for name in _SETS})
    sums = world.once(f"{NAME}_{column}", lambda: sums)
    both = sums.filter(sums.employee >= _LEAST, (sums.guarded >= _LEAST) | (sums.near >= _LEAST)).select("id")
    of_both = places.semi_join(both, "id")
    weeks = of_both.group_by("id", "week").aggregate(
        n=of_both.person.nunique(), unit=of_both.unit.max(), function=of_both.function.max()
    )
    found = of_both.filter((of_both.employee == 1) | (of_both.guarded == 1) | (of_both.near == 1))
    found = found.group_by("id", "week", "person").aggregate(**{name: found[name].max() for name in _SETS})
    zero, none = ibis.literal(0, "int64"), ibis.null("string")
    rows = weeks.mutate(person=none, **dict.fromkeys(_SETS, zero)).select(*_FOUND)
    rows = rows.union(found.mutate(n=zero, unit=none, function=none).select(*_FOUND))
    name = ibis.literal(column)
    tried = sums.aggregate(units=sums.count()).cross_join(both.aggregate(both=both.count()))
    tried = tried.cross_join(weeks.aggregate(first=weeks.week.min(), last=weeks.week.max()))
    return rows.select(*_FOUND, column=name, key=name + ":" + rows.id).relocate("key"), tried.mutate(column=name)


def _places(world: World) -> Any:
    """who, person, week, u, unit, function, manager, employee, guarded, near: looks at places; kept."""
    return world.once(NAME + "_places", lambda: _made(world), large=True)


def _made(world: World) -> Any:
    ibis = need("ibis", "watching")
    looks = _at_places(world).select("who", *_TEAM, "person", "day", "u", "protected")
    staff = world.tables["staff"]
    own = staff.filter(staff.own_person.notnull()).select(o_person="own_person")
    if "persons" in world.tables:
        persons = world.tables["persons"]
        own = own.union(persons.filter(persons.staff == 1).select(o_person="person"))
    own = own.distinct()
    looks = looks.left_join(own, looks.person == own.o_person)
    looks = looks.mutate(employee=looks.o_person.notnull().cast("int64"))
    looks = looks.mutate(exposed=looks.employee * looks.u)
    around = _around(world)
    if around is None:
        looks = looks.mutate(guarded=ibis.literal(0, "int64"), near=(1 - looks.employee) * looks.u)
    else:
        looks = looks.left_join(around, looks.person == around.n_person)
        near = looks.n_person.notnull().cast("int64")
        looks = looks.mutate(guarded=looks.protected * (1 - looks.employee), near=near * (1 - looks.employee) * looks.u)
    return looks.group_by("who", "person", week=looks.day // WEEK).aggregate(
        **{name: looks[name].max() for name in (*_TEAM, *_SETS)}
    )


def _around(world: World) -> Any:
    """The protected and everybody in their circles; None where nobody knows who is protected."""
    if "persons" not in world.tables:
        return None
    persons = world.tables["persons"]
    guarded = persons.filter(persons.protected == 1).select("person").distinct()
    circle = world.prepared("circle")
    linked = circle.join(guarded, circle.seed == guarded.person).select(n_person="member")
    return guarded.select(n_person="person").union(linked).distinct()


def _at_places(world: World) -> Any:
    looks = world.looks
    looks = looks.filter(looks.own_person.isnull() | (looks.own_person != looks.person))  # everybody tries their own
    place = need("ibis", "watching").greatest(*(looks[FIELDS[each]] for each in PLACE))
    return looks.filter(looks.judged == 1, looks.person.notnull(), place == 1)


# ── on the driver ──


def score(rows: Mapping[str, Iterable[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for each principal and team at places of both sorts; the others are their `rest`."""
    numbers = world.defaults.of(NAME, NUMBERS)
    totals, units = cast("list[Any]", rows["totals"]), cast("list[Any]", rows["units"])
    others = {name: _others(totals, name, world) for name in _SETS}
    rest = {row["column"]: row["units"] - row["both"] for row in units}
    span = (
        min((row["first"] for row in units if row["both"]), default=0),
        max((row["last"] for row in units if row["both"]), default=0),
    )
    tried = [
        window for days in numbers.days for window in windows(span, in_weeks(days) + 1)
    ]  # any such days lie in one
    made: list[Signal] = []
    for _, each in groupby(cast("Iterable[Any]", rows["found"]), key=itemgetter("key")):
        of_one = list(each)
        weeks = [row for row in of_one if row["person"] is None]
        column, id_, team = weeks[0]["column"], weeks[0]["id"], weeks[0]
        kind = _kind(column)
        usual = {name: others[name].usual(kind, id_, team["unit"], team["function"]) for name in _SETS}
        blank = Match(
            signal=NAME, family=FAMILY, kind=kind, unit=id_, stratum=kind, p=1.0, tries=len(tried), days=0, k=0, n=0,
            expected=0.0, rest=rest[column], others=usual["employee"].others, column=column, id=id_,
        )  # fmt: skip
        made.append(_best(blank, [row for row in of_one if row["person"] is not None], weeks, usual, tried))
    return made


def _kind(column: str) -> UnitKind:
    return "principal" if column == "who" else cast("UnitKind", column)


def _others(totals: Sequence[Any], name: str, world: World) -> Others:
    """What others have of persons of this set among all whose places they look at."""
    k, n = sum(row[f"k_{name}"] for row in totals), sum(row["n"] for row in totals)
    declared = replace(world.defaults.counts, rate=max(1e-4, min(0.5, (k + 0.5) / (n + 1))))
    counted = (Counted(r["who"], r["unit"], r["function"], r["manager"], r[f"k_{name}"], r["n"]) for r in totals)
    return Others(counted, declared)


def _best(
    blank: Match,
    found: Sequence[Any],
    counts: Sequence[Any],
    usual: Mapping[str, Usual],
    tried: Sequence[tuple[int, int]],
) -> Match:
    best = blank
    for first, last in tried:
        inside = [row for row in found if first <= row["week"] <= last]
        sets = {name: frozenset(row["person"] for row in inside if row[name] == 1) for name in _SETS}
        if len(sets["employee"]) < _LEAST or max(len(sets["guarded"]), len(sets["near"])) < _LEAST:
            continue
        n = sum(row["n"] for row in counts if first <= row["week"] <= last)
        elsewhere = sum(row["n"] for row in counts) - n
        tails = {}
        for name, persons in sets.items():
            rate = usual[name].rate
            if name in _ANY_REASON:
                other = len({row["person"] for row in found if row[name] == 1 and not first <= row["week"] <= last})
                rate = max(rate, _habit(other, len(persons), n, elsewhere, rate))
            tails[name] = at_least(len(persons), n, rate, usual[name].inverse_s) if len(persons) >= _LEAST else 1.0
        both = math.prod(times(min(tails[name] for name in each), 2) for each in (_STAFF, _OUTSIDE))
        p = times(both * (1 - math.log(max(both, 1e-300))), len(tried))
        if p < best.p:
            best = replace(
                best, p=p, weeks=(first, last), days=(last - first + 1) * WEEK, k=len(sets["employee"]), n=n,
                expected=n * usual["employee"].rate, outsiders=sets["guarded"] | sets["near"], employees=sets["employee"],
                without=(tails["exposed"] <= tails["employee"], tails["near"] <= tails["guarded"]),
            )  # fmt: skip
    return best


def _habit(other: int, here: int, n: int, elsewhere: int, rate: float) -> float:
    """The team's own rate at other times; all of its time, where there is little other."""
    if elsewhere < n:
        other, elsewhere = other + here, elsewhere + n
    return (other + _PRIOR * rate) / (elsewhere + _PRIOR)


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    matches = [cast("Match", s) for s in signals]
    if not matches:
        return []
    persons = sorted(set().union(*(m.outsiders | m.employees for m in matches)))
    looks = _at_places(world)
    seen = evidence_of(world, among(looks, "person", persons))
    return [_told(match, seen) for match in matches]


def _told(match: Match, seen: Sequence[Evidence]) -> Signal:
    first, last = match.weeks
    looks = [
        e
        for e in seen
        if getattr(e, match.column) == match.id
        and first <= e.t // DAY // WEEK <= last
        and (
            (e.person in match.employees and not (match.without[0] and e.explained))
            or (e.person in match.outsiders and not (e.explained and (match.without[1] or not e.protected)))
        )
    ]
    part = _part(looks)
    looks = [e for e in looks if e.who in part]
    return replace(
        match,
        principals=tuple(sorted({e.who for e in looks})),
        persons=tuple(sorted({cast("str", e.person) for e in looks})),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=_sentence(match, looks),
    )


def _part(looks: Sequence[Evidence]) -> set[str]:
    """Those who took part: at several of the persons. Everybody, where these few were not at most of them."""
    persons: dict[str, set[str | None]] = {}
    for e in looks:
        persons.setdefault(e.who, set()).add(e.person)
    several = {who for who, of in persons.items() if len(of) > 1}
    seen = {e.person for e in looks if e.who in several}
    return several if 2 * len(seen) > len({e.person for e in looks}) else set(persons)


def _sentence(match: Match, looks: Sequence[Evidence]) -> str:
    outsiders, employees = (
        {e.person for e in looks if e.person in each} for each in (match.outsiders, match.employees)
    )
    guarded = len({e.person for e in looks if e.protected and e.person in outsiders})
    if guarded == len(outsiders):
        whose = many(guarded, "protected outsider")
    else:
        whose = many(len(outsiders), "outsider") + (f", {guarded} of them protected," if guarded else "")
    explained = sum(e.explained for e in looks)
    every = "both looks" if len(looks) == 2 else f"all {len(looks):,} looks"
    some = every if explained == len(looks) else f"{explained:,} of the {len(looks):,} looks" if explained else "none"
    return (
        f"{people(len({e.who for e in looks}), looks)} looked at addresses or locations of "
        f"{whose} and of {many(len(employees), 'employee')} within "
        f"{many(days_of(looks), 'day')}; few people of such work look at so many of both, and {some} had a "
        "reason on file."
    )
