# SPDX-License-Identifier: Apache-2.0
"""A person and those around them, looked at by anyone together.

    seed ── links ──▶ circle          k = persons in it at whom looks began without a reason, in some weeks
       1  whoever looks               k against what these persons, with the work there was at them, would have had;
                                      and once more together with how few people it was
       2  one principal, one team     k of the n persons they looked at without a reason
       3  one principal, any reason   k of all n persons they looked at: a list covered by cases, one by one
       1 and 2 once more for looks at intimate fields alone, and for those that have nothing: no case named, no weak reason

The first finds a list that was split so that nobody shares a person. A circle is measured beside other circles: families,
shared devices and reports of abuse are looked at together by nature. Whether the seed is protected is said, not needed: those
around the protected are mostly in no class themselves, and where no classes are known every circle is tried.

*Innocent*: fraud rings, family accounts, reports of abuse (mostly with a reason).
*Beaten by*: links nobody recorded.                                              Design: docs/adr/0149, 0193, 0282, 0288
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
from whosaw.detect.calibrate import calibrated
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.expected import (
    TEAMS,
    WEEK,
    Expected,
    Spread,
    background,
    bare_of,
    by_team,
    in_weeks,
    intimate_of,
    numbers_of,
    spread,
    starts,
    together,
)
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.sweeps import LEAST, WAYS, Sweeps, Way, same_hand
from whosaw.detect.tails import poissons, times
from whosaw.detect.wording import days_of, many, people, share, usual
from whosaw.facts.columns import DAY
from whosaw.facts.extra import need

NAME = "circle_sweep"
FAMILY: Family = "graph"
NEEDS = frozenset({"look", "links"})
SLICED = frozenset({"inside"})
_Rows = Mapping[str, Any]
_INSIDE = ("seed", "person", "who", "day", "intimate", "bare", "unit", "function", "manager", "protected", "n")


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: windows. `links`: a seed has at least so many. `ordinary`: circles of so many unprotected seeds are tried, `unknown` where
    it is not known who is protected.

    `crowd`, `crowd_days`: one principal at so many of a circle, for any reason, in so many days. The rest: expected.spread.
    """

    days: tuple[int, ...]
    links: int
    ordinary: int
    unknown: int
    crowd: int
    crowd_days: int
    apart: float
    dispersion: float
    prior: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle(Signal):
    """`column`, `id`: the team that did it, "" for whoever did. `hands`: by how few people, where that counts too.

    `weeks`: when. `size`: persons in the circle.
    """

    column: str = ""
    id: str = field(default="", repr=False)
    hands: int = 0
    weeks: tuple[int, int] = (0, 0)
    size: int = 0
    guarded: bool = False
    any_reason: bool = False
    intimate: bool = False
    bare: bool = False


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    ibis = need("ibis", "watching")
    numbers = world.defaults.of(NAME, NUMBERS)
    begun, circle = starts(world), _members(world, numbers)
    # Kept: everything below is asked of it.
    inside = world.once(NAME + "_inside", lambda: _inside(begun, circle))
    counted = inside.group_by("seed").aggregate(
        k=inside.u.sum(),
        persons=inside.person.nunique(where=inside.u == 1),
        e0=(1 - inside.u).sum(where=inside.protected == 0).fill_null(0),
        e1=(1 - inside.u).sum(where=inside.protected == 1).fill_null(0),
    )
    sizes = circle.group_by("seed").aggregate(
        members=circle.count(), shielded=circle.shielded.sum(), guarded=circle.guarded.max()
    )
    circles = sizes.left_join(counted, "seed").drop("seed_right")
    circles = circles.mutate(**{name: circles[name].fill_null(0) for name in ("k", "persons", "e0", "e1")})
    least = ibis.ifelse(circles.guarded == 1, LEAST, LEAST + 1)
    several = circles.filter(circles.persons >= least).select("seed")
    gated = inside.semi_join(several, "seed")
    found = gated.filter(gated.u == 1)
    pairs = found.select("seed", "who", "person").distinct()
    functions = found.group_by("who").aggregate(function=found.function.max())
    habits = pairs.group_by("who").aggregate(persons=pairs.count(), circles=pairs.seed.nunique())
    pairs = pairs.group_by("seed").aggregate(pairs=pairs.count(), whos=pairs.who.nunique())
    without = begun.filter(begun.u == 1)
    return {
        **background(world),
        "circles": circles,
        "habits": habits.join(functions, "who").select("who", "function", "persons", "circles"),
        "pairs": pairs.group_by("pairs", "whos").aggregate(circles=pairs.count()),
        "inside": world.once(f"{NAME}_gated", lambda: _rows(gated, found), large=True),
        "teams": by_team(begun, _several(found)),
        "numbers": numbers_of(begun),
        "together": together(begun),
        "bare": without.group_by("function").aggregate(n=without.count(), bare=without.bare.sum()),
        **_crowds(inside, begun, world.as_of // DAY - numbers.crowd_days, numbers.crowd),
    }


def _rows(gated: Any, found: Any) -> Any:
    """By circle its looks without a reason; and without a person, n: how much was begun for a reason in the week of that day."""
    ibis = need("ibis", "watching")
    worked = gated.filter(gated.u == 0)
    worked = worked.group_by("seed", "protected", day=worked.day // WEEK * WEEK).aggregate(n=worked.count())
    zero, none = ibis.literal(0, "int64"), ibis.null("string")
    worked = worked.mutate(intimate=zero, bare=zero, **dict.fromkeys(("person", *TEAMS), none))
    return found.mutate(n=zero).select(*_INSIDE).union(worked.select(*_INSIDE))


def _inside(begun: Any, circle: Any) -> Any:
    return begun.join(circle, begun.person == circle.member).select(
        "seed", "who", "person", "day", "u", "intimate", "bare", "unit", "function", "manager", "protected"
    )


def _several(found: Any) -> Any:
    """Team, id: those who looked at LEAST persons of one circle without a reason. Of all others no window says anything."""
    made = []
    for column in TEAMS:
        of = found.filter(found[column].notnull()).group_by("seed", id=found[column])
        of = of.aggregate(persons=found.person.nunique())
        of = of.filter(of.persons >= LEAST).select("id").distinct()
        made.append(of.select("id", team=need("ibis", "watching").literal(column)))
    return reduce(lambda a, b: a.union(b), made)


def _members(world: World, numbers: NUMBERS) -> Any:
    """seed, member, shielded (the member is protected), guarded (the seed is); of the seeds that are tried."""
    return world.once(NAME + "_members", lambda: _chosen(world, numbers))


def _chosen(world: World, numbers: NUMBERS) -> Any:
    ibis = need("ibis", "watching")
    seeds = world.prepared("seeds")
    seeds = seeds.filter(seeds.links >= numbers.links).select("person", "protected")
    # Among the unprotected the first by their ids, which say nothing about who looked.
    place = ibis.row_number().over(ibis.window(group_by=[seeds.protected], order_by=[seeds.person]))
    seeds = seeds.mutate(place=place)
    known = world.facts.rows(seeds.aggregate(known=seeds.protected.max()), ("known",), NAME)[0]["known"]
    most = numbers.ordinary if known else numbers.unknown
    seeds = seeds.filter((seeds.protected == 1) | (seeds.place < most))
    circle = world.prepared("circle")
    chosen = circle.join(seeds, circle.seed == seeds.person).select("seed", "member", guarded="protected")
    chosen = chosen.group_by("seed", "member").aggregate(guarded=chosen.guarded.max())
    if "persons" not in world.tables:
        return chosen.mutate(shielded=ibis.literal(0, "int64"))
    persons = world.tables["persons"]
    persons = persons.group_by(known=persons.person).aggregate(shielded=persons.protected.max())
    chosen = chosen.left_join(persons, chosen.member == persons.known).drop("known")
    return chosen.mutate(shielded=chosen.shielded.fill_null(0))


def _crowds(inside: Any, begun: Any, after: int, least: int) -> dict[str, Any]:
    """`crowds`: per circle and principal the persons looked at for any reason, where there are `least`; and all pairs."""
    inside, begun = inside.filter(inside.day > after), begun.filter(begun.day > after)
    pairs = begun.select("who", "person").distinct()
    each = inside.group_by("seed", "who").aggregate(k=inside.person.nunique())
    around = each.group_by("seed").aggregate(pairs=each.k.sum())
    alone = pairs.group_by("who").aggregate(n=pairs.count())
    crowds = (
        each.filter(each.k >= least).join(around, "seed").join(alone, "who").select("seed", "who", "k", "n", "pairs")
    )
    return {"crowds": crowds, "everybody": pairs.aggregate(pairs=pairs.count(), whos=pairs.who.nunique())}


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Signal]:
    """A signal for each circle."""
    circles: list[Any] = list(rows["circles"])
    numbers = world.defaults.of(NAME, NUMBERS)
    expected = Expected.of(rows)
    means = {
        c["seed"]: expected.mean(1.0, (c["members"] - c["shielded"], c["shielded"]), (c["e0"], c["e1"]))
        for c in circles
    }
    usually = spread(
        ((c["k"], means[c["seed"]]) for c in circles),
        apart=numbers.apart,
        declared=numbers.dispersion,
        prior=numbers.prior,
    )
    swept = Sweeps(rows, expected, usually, _hands(rows, expected, numbers), [in_weeks(d) for d in numbers.days])
    blanks = [_blank(c, swept.tries, len(circles)) for c in sorted(circles, key=lambda c: c["seed"])]
    crowds = _crowded(rows, blanks, world)
    by_seed = {c["seed"]: c for c in circles}
    ways = {
        seed: swept.best(by_seed[seed], looks)
        for seed, looks in groupby(cast("Iterable[Any]", rows["inside"]), key=itemgetter("seed"))
    }
    return [_best(blank, ways.get(blank.unit), crowds) for blank in blanks]


def _blank(circle: Any, tries: int, others: int) -> Circle:
    """Nothing unusual."""
    guarded, members = circle["guarded"] == 1, circle["members"]
    return Circle(
        signal=NAME, family=FAMILY, kind="circle", unit=circle["seed"], p=1.0, tries=tries * WAYS, days=0, k=circle["k"],
        n=members, expected=0.0, size=members, guarded=guarded, others=others,
        stratum=f"{'protected' if guarded else 'ordinary'}/{members.bit_length()}",
    )  # fmt: skip


def _hands(rows: _Rows, expected: Expected, numbers: NUMBERS) -> Spread:
    """How often the same people are at several persons of a circle, beside what chance would bring."""
    same = same_hand(cast("Sequence[Any]", rows["together"]), expected.span())
    pairs = cast("Sequence[Any]", rows["pairs"])
    return spread(
        (
            (row["pairs"] - row["whos"], math.comb(row["pairs"], 2) * same)
            for row in pairs
            for _ in range(row["circles"])
        ),
        apart=numbers.apart,
        declared=numbers.dispersion,
        prior=numbers.prior,
    )


def _best(blank: Circle, way: Way | None, crowds: Mapping[str, tuple[float, Any]]) -> Circle:
    p, crowd = crowds.get(blank.unit, (1.0, None))
    if crowd is not None and times(p, WAYS) < (1.0 if way is None else way.p):
        return replace(
            blank, p=times(p, WAYS), column="who", id=crowd["who"], k=crowd["k"], n=crowd["n"], expected=crowd["mean"],
            any_reason=True,
        )  # fmt: skip
    if way is None:
        return blank
    first, last = way.weeks
    return replace(
        blank, p=way.p, weeks=way.weeks, days=(last - first + 1) * WEEK, intimate=way.intimate, bare=way.bare,
        column=way.column, id=way.id, hands=way.hands, k=way.k, n=blank.n if way.n is None else way.n, expected=way.expected,
    )  # fmt: skip


def _crowded(rows: Mapping[str, Any], blanks: Iterable[Circle], world: World) -> dict[str, tuple[float, Any]]:
    """Per circle the principal who was at more of it than chance brings, beside how it is at the other circles."""
    everybody = rows["everybody"][0]
    best: dict[str, tuple[float, Any]] = {}
    crowds = rows["crowds"]
    means = [row["n"] * max(row["pairs"] - row["k"], 0.5) / max(1, everybody["pairs"]) for row in crowds]
    for row, mean, alone in zip(crowds, means, poissons([row["k"] for row in crowds], means), strict=True):
        p = times(alone, everybody["whos"])
        if p < best.get(row["seed"], (1.0,))[0]:
            best[row["seed"]] = (p, {**row, "mean": mean})
    # Persons of one circle are looked at together by nature: only beside other circles is such a p a p.
    tried = [replace(blank, p=best.get(blank.unit, (1.0,))[0]) for blank in blanks]
    return {s.unit: (s.p, best[s.unit][1]) for s in calibrated(tried, world.defaults.calibration) if s.unit in best}


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    circles = [cast("Circle", s) for s in signals]
    if not circles:
        return []
    numbers = world.defaults.of(NAME, NUMBERS)
    inside = _members(world, numbers)
    inside = among(inside, "seed", [c.unit for c in circles])
    around: dict[str, set[str]] = {}
    for row in world.facts.rows(inside.select("seed", "member"), ("seed", "member"), NAME):
        around.setdefault(cast("str", row["seed"]), set()).add(cast("str", row["member"]))
    looks = world.looks
    looks = looks.filter(looks.judged == 1).semi_join(inside, looks.person == inside.member)
    covering = sorted({c.id for c in circles if c.any_reason})
    seen = evidence_of(world, looks.filter((looks.u == 1) | looks.who.isin(covering)))
    intimate = {e.key for e in evidence_of(world, looks.filter(looks.u == 1, intimate_of(looks) == 1))}
    bare = {e.key for e in evidence_of(world, looks.filter(looks.u == 1, bare_of(looks) == 1))}
    made = []
    for circle in circles:
        mine = [e for e in seen if e.person in around[circle.unit]]
        if circle.intimate:
            mine = [e for e in mine if e.key in intimate]
        if circle.bare:
            mine = [e for e in mine if e.key in bare]
        made.append(_told(circle, mine, world, numbers))
    return made


def _told(circle: Circle, seen: Sequence[Evidence], world: World, numbers: NUMBERS) -> Signal:
    if circle.any_reason:
        first = world.as_of // DAY - numbers.crowd_days
        looks = [e for e in seen if e.who == circle.id and e.t // DAY > first]
    else:
        first, last = circle.weeks
        looks = [e for e in seen if not e.explained and first <= e.t // DAY // WEEK <= last]
        if circle.column:
            looks = [e for e in looks if getattr(e, circle.column) == circle.id]
    return replace(
        circle,
        principals=tuple(sorted({e.who for e in looks})),
        persons=tuple(sorted({cast("str", e.person) for e in looks})),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=_sentence(circle, looks),
    )


def _sentence(circle: Circle, looks: Sequence[Evidence]) -> str:
    persons, whos = {e.person for e in looks}, {e.who for e in looks}
    centre = "one protected person" if circle.guarded else "one person"
    around = f"{len(persons):,} of the {many(circle.size, 'person')} around {centre}, that one included,"
    days = many(days_of(looks), "day")
    if circle.any_reason:
        covered = len({e.person for e in looks if e.explained})
        reasons = f" with a reason on file for {share(covered, len(persons))}" if covered else ""
        # One or none around each person is what work brings: that none would be usual is not what is meant.
        few = (
            usual(circle.expected)
            if circle.expected >= 0.5
            else "hardly anybody with as much work looks at so many around one"
        )
        return f"{people(len(whos), looks)} looked at {around} in {days}{reasons}; {few}."
    what = "at intimate data of" if circle.intimate else "at"
    each = (
        " no two at the same person,"
        if len(whos) > 1 and len({(e.who, e.person) for e in looks}) == len(persons)
        else ""
    )
    few = ", and as many looks would come from more people" if circle.hands else ""
    why = "with no case named and no reason, however weak, on file" if circle.bare else "without a reason on file"
    return f"{people(len(whos), looks)} looked {what} {around}{each} in {days} {why}; {usual(circle.expected)}{few}."
