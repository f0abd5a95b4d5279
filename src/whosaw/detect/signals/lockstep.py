# SPDX-License-Identifier: Apache-2.0
"""Several principals at the same rarely seen persons.

    first looks for little reason, at persons with 2 to 30 such lookers
    ──▶ pairs of principals with C persons in common, within 7, 30 or 120 days of each other
    ──▶ C against: how many each looks at, how much a unit shares anyway, what the two share with a reason
    ──▶ pairs that stand out, grown together: a group

Innocent pairs have habits: what two share with a reason, they share without one where a link is missing. And what a machine did
in somebody's name that is known is that one's look and nobody's company: else all whom it serves were in step with it. What a
human did in another's name is a look of both, and neither company nor a habit of the two.

*Innocent*: shift hand-over, viral accounts, incident bridges.
*Beaten by*: a list split so that nobody shares a person (`circle_sweep`).                    Design: docs/adr/0151, 0231, 0283, 0286
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import MACHINES, Evidence, Family, Signal, World
from whosaw.detect.tails import all_of, at_least, in_common, times
from whosaw.detect.wording import many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "lockstep"
FAMILY: Family = "graph"
NEEDS = frozenset({"look"})
# Of fewer people of a unit, what most of them share is no way of working.
_SEVERAL = 4


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: how far apart. `weight`: below it a reason is little. `lookers`: more, and a person is not rarely seen.

    `edges`: pairs stand at this share of false ones. `members`: of a group, at most. `dispersion`, `prior`: see expected.spread.
    """

    days: tuple[int, ...]
    weight: int
    lookers: int
    edges: float
    members: int
    dispersion: float
    prior: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Together(Signal):
    """`whos`: the principals, or the one and their nearest. `apart`: days."""

    whos: frozenset[str] = field(repr=False)
    apart: int = 0


@dataclass(frozen=True, slots=True)
class Edge:
    """Two principals with `c` persons in common within `days`; `p` pays for the windows."""

    a: str = field(repr=False)
    b: str = field(repr=False)
    c: int
    days: int
    mean: float
    p: float


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    looks = _own(world)
    little = looks.filter(looks["first"] == 1, looks.weight_then < numbers.weight)
    begun = little.group_by("who", "person").aggregate(day=little.day.min(), unit=little.unit.max(), **_leaves(little))
    lookers = begun.group_by(of=begun.person).aggregate(d=begun.count())
    lookers = lookers.filter(lookers.d <= numbers.lookers)
    begun = begun.join(lookers, begun.person == lookers.of).select("who", "person", "day", "unit", "d", "least", "most")
    pairs = _pairs(begun.filter(begun.d > 1), numbers.days)
    sums = pairs.group_by("same").aggregate(**{f"c{days}": pairs[f"c{days}"].sum() for days in numbers.days})
    several = pairs.filter(pairs[f"c{numbers.days[-1]}"] > 1)
    worked = looks.filter(looks.weight_then >= numbers.weight)
    worked = worked.group_by("who", "person").aggregate(**_leaves(worked))
    all_ = looks.filter(looks["first"] == 1)
    return {
        "whos": begun.group_by("who").aggregate(unit=begun.unit.max(), n=begun.count()),
        "degrees": _degrees(lookers),
        "sums": sums,
        "pairs": _with_habit(several, worked),
        "habits": _degrees(worked.group_by(of=worked.person).aggregate(d=worked.count())),
        "work": worked.group_by("who").aggregate(n=worked.count()),
        "missing": all_.aggregate(first=all_.count(), little=(all_.weight_then < numbers.weight).cast("int64").sum()),
        "active": looks.aggregate(whos=looks.who.nunique()),
    }


def _own(world: World) -> Any:
    """The judged looks without those that a machine made in a name that is known."""
    looks = world.looks.filter(world.looks.judged == 1, world.looks.person.notnull())
    if world.facts.dataset is None:
        return looks
    machine = looks.function.fill_null("") == MACHINES
    return looks.filter(~(machine & (looks.named == 1)))


def _pairs(begun: Any, days: Sequence[int]) -> Any:
    """a, b (a first by id), same (1: of one unit), c…: persons in common at most so many days apart."""
    ibis = need("ibis", "watching")
    other = begun.select(b="who", person="person", o_day="day", o_unit="unit", o_least="least", o_most="most")
    both = begun.join(other, "person")
    both = both.filter(both.who < both.b, _two(both))
    both = both.mutate(gap=(both.day - both.o_day).abs(), same=ibis.ifelse(both.unit == both.o_unit, 1, 0))
    both = both.filter(both.gap <= days[-1])
    return both.group_by(a=both.who, b=both.b).aggregate(
        same=both.same.max(), **{f"c{each}": ibis.ifelse(both.gap <= each, 1, 0).sum() for each in days}
    )


def _leaves(looks: Any) -> dict[str, Any]:
    """By which looks of one principal at one person are told from another's: the first and the last of the log."""
    return {"least": looks.leaf.min(), "most": looks.leaf.max()}


def _two(both: Any) -> Any:
    """Not the very same looks: what one did in another's name are two principals' looks, and no two."""
    return (both.least != both.o_least) | (both.most != both.o_most)


def _degrees(lookers: Any) -> Any:
    return lookers.aggregate(pairs=lookers.d.sum(), lookers=(lookers.d * (lookers.d - 1)).sum())


def _with_habit(pairs: Any, worked: Any) -> Any:
    """`habit`: persons at whom both had a good reason to look, and did."""
    other = worked.select(w_who="who", w_person="person", o_least="least", o_most="most")
    of_a = pairs.select("a", "b").join(worked, pairs.a == worked.who).select("a", "b", "person", "least", "most")
    both = of_a.join(other, [of_a.b == other.w_who, of_a.person == other.w_person])
    both = both.filter(_two(both))
    habit = both.group_by(h_a=both.a, h_b=both.b).aggregate(habit=both.count())
    joined = pairs.left_join(habit, [pairs.a == habit.h_a, pairs.b == habit.h_b]).drop("h_a", "h_b")
    return joined.mutate(habit=joined.habit.fill_null(0))


# ── on the driver ──


def score(rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for each group, and for everybody else with whom they have most in common."""
    numbers = world.defaults.of(NAME, NUMBERS)
    edges = _edges(cast("Mapping[str, Any]", rows), numbers)
    active = cast("int", rows["active"][0]["whos"])
    groups = _groups(_standing(edges, active * (active - 1) // 2, numbers.edges), numbers.members)
    nearest: dict[str, Edge] = {}
    for edge in edges:
        for who in (edge.a, edge.b):
            if who not in nearest or _order(edge) < _order(nearest[who]):
                nearest[who] = edge
    grouped = {who for whos, _ in groups for who in whos}
    alone = {cast("str", row["who"]) for row in rows["whos"]} - grouped
    by_one = [({who}, [nearest[who]] if who in nearest else []) for who in sorted(alone)]
    made = [_signal(frozenset(whos), by, active, len(numbers.days)) for whos, by in [*groups, *by_one]]
    return sorted(made, key=lambda s: s.unit)


def _edges(rows: Mapping[str, Any], numbers: NUMBERS) -> list[Edge]:
    n, work = ({row["who"]: row["n"] for row in rows[name]} for name in ("whos", "work"))
    degrees, missing, habits = (rows[name][0] for name in ("degrees", "missing", "habits"))
    share = (missing["little"] or 0) / max(1, missing["first"])
    ratios, teams = _ratios(rows, numbers), _of_teams(rows, numbers.days)
    units = {row["who"]: row["unit"] for row in rows["whos"]}
    found = []
    for row in rows["pairs"]:
        a, b = row["a"], row["b"]
        chance = _chance(row, n, degrees, numbers.days)
        shared = in_common(work.get(a, 0), work.get(b, 0), habits["lookers"] or 0, habits["pairs"] or 0)
        # A few more than by chance are no habit yet.
        habit = max(0.0, row["habit"] - shared - 2 * math.sqrt(shared + 1)) * share
        best = None
        for days in numbers.days:
            c = row[f"c{days}"]
            if c < 2:
                continue
            team = teams.get((units[a], days), 0.0) if units[a] == units[b] else 0.0
            mean = chance * max(ratios[row["same"], days], team) + habit
            p = times(at_least(c, 1, max(mean, 1e-9), numbers.dispersion), len(numbers.days))
            if best is None or p < best.p:
                best = Edge(a, b, c, days, mean, p)
        if best is not None:
            found.append(best)
    return found


def _chance(row: Any, n: Mapping[str, int], degrees: Any, days: Sequence[int]) -> float:
    """How many two share by chance. Without what they do have in common: it would make itself usual."""
    own = 2 * row[f"c{days[-1]}"]
    return in_common(n[row["a"]], n[row["b"]], max(0, degrees["lookers"] - own), degrees["pairs"])


def _of_teams(rows: Mapping[str, Any], days: Sequence[int]) -> dict[tuple[str, int], float]:
    """By unit of several people and days: how many times as many as by chance the middle two of its pairs share.

    What most pairs of a team do is how it works. Half of them would have to be in it together to make it so.
    """
    degrees = rows["degrees"][0]
    n = {row["who"]: row["n"] for row in rows["whos"]}
    unit = {row["who"]: row["unit"] for row in rows["whos"] if row["unit"]}
    several = {of: math.comb(whos, 2) for of, whos in Counter(unit.values()).items() if whos >= _SEVERAL}
    shared: dict[tuple[str, int], list[float]] = {}
    for row in rows["pairs"]:
        a, b = row["a"], row["b"]
        if unit.get(a) in several and unit[a] == unit.get(b):
            chance = max(_chance(row, n, degrees, days), 1e-9)
            for each in days:
                shared.setdefault((unit[a], each), []).append(row[f"c{each}"] / chance)
    # Pairs that share next to nothing never left the engine.
    middle = {key: (sorted(of, reverse=True), several[key[0]] // 2) for key, of in shared.items()}
    return {key: of[place] for key, (of, place) in middle.items() if place < len(of)}


def _ratios(rows: Mapping[str, Any], numbers: NUMBERS) -> dict[tuple[int, int], float]:
    """By whether two are of one unit, and days: how many times as many persons they share as chance would bring."""
    degrees = rows["degrees"][0]
    units: dict[str, list[int]] = {}
    for row in rows["whos"]:
        units.setdefault(row["unit"] or "", []).append(row["n"])
    n = [row["n"] for row in rows["whos"]]
    # Σ over pairs of nᵢ·nⱼ is half of (Σn)² − Σn².
    same = sum(sum(of) ** 2 - sum(k * k for k in of) for unit, of in units.items() if unit) // 2
    every = (sum(n) ** 2 - sum(k * k for k in n)) // 2
    among = {1: in_common(same, 1, degrees["lookers"] or 0, degrees["pairs"] or 0)}
    among[0] = in_common(every - same, 1, degrees["lookers"] or 0, degrees["pairs"] or 0)
    counted = {row["same"]: row for row in rows["sums"]}
    return {
        (kind, days): (counted.get(kind, {}).get(f"c{days}", 0) + numbers.prior) / (among[kind] + numbers.prior)
        for kind in (0, 1)
        for days in numbers.days
    }


def _standing(edges: Iterable[Edge], tried: int, share: float) -> list[Edge]:
    """Benjamini and Hochberg over all pairs there are."""
    ordered = sorted(edges, key=_order)
    passed = 0
    for rank, edge in enumerate(ordered, start=1):
        if edge.p * tried <= share * rank:
            passed = rank
    return ordered[:passed]


def _groups(edges: Sequence[Edge], most: int) -> list[tuple[set[str], list[Edge]]]:
    """Those who hang together by `edges`, and the edges by which they do; too weak ones for a group of `most` are cut."""
    parts: dict[str, tuple[set[str], list[Edge]]] = {}
    for edge in edges:  # strongest first
        (a, of_a), (b, of_b) = (parts.setdefault(who, ({who}, [])) for who in (edge.a, edge.b))
        if a is b or len(a) + len(b) > most:
            continue
        a |= b
        of_a += [*of_b, edge]
        for who in b:
            parts[who] = (a, of_a)
    found = {id(whos): (whos, by) for whos, by in parts.values() if by}
    return sorted(found.values(), key=lambda group: sorted(group[0]))


def _signal(whos: frozenset[str], by: Sequence[Edge], active: int, tries: int) -> Together:
    unit = " ".join(sorted(whos))
    blank = Together(
        signal=NAME, family=FAMILY, kind="group", unit=unit, stratum="all", p=1.0, tries=tries, days=0, k=0, n=len(whos),
        expected=0.0, others=active, whos=whos,
    )  # fmt: skip
    if not by:
        return blank
    # Of all the others one is always nearest. What each further one has in common with the group is another chance.
    p = all_of([times(edge.p, max(1, active - 1)) for edge in by])
    best = min(by, key=_order)
    whos = whos.union(*((edge.a, edge.b) for edge in by))
    apart = max(edge.days for edge in by)
    return replace(blank, p=p, days=apart, k=best.c, expected=best.mean, whos=whos, apart=apart)


def _order(edge: Edge) -> tuple[float, str, str]:
    return edge.p, edge.a, edge.b


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    groups = [cast("Together", s) for s in signals]
    if not groups:
        return []
    numbers = world.defaults.of(NAME, NUMBERS)
    looks = _own(world)
    looks = looks.filter(looks["first"] == 1, looks.weight_then < numbers.weight)
    seen = evidence_of(world, among(looks, "who", set().union(*(g.whos for g in groups))))
    return [_told(group, [e for e in seen if e.who in group.whos], numbers.lookers) for group in groups]


def _told(group: Together, seen: Sequence[Evidence], most: int) -> Signal:
    by: dict[str, list[Evidence]] = {}
    for look in seen:
        by.setdefault(cast("str", look.person), []).append(look)
    looks = sorted(
        (e for of in by.values() if len({e.who for e in of}) <= most for e in of if _close(e, of, group.apart)),
        key=lambda e: (e.t, e.key),
    )
    return replace(
        group,
        principals=tuple(sorted({e.who for e in looks})),
        persons=tuple(sorted({cast("str", e.person) for e in looks})),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=_sentence(group, looks),
    )


def _close(look: Evidence, of: Iterable[Evidence], days: int) -> bool:
    """Another of the group looked at the same person at most so many days before or after, and not by this very look."""
    return any(e.who != look.who and e.look != look.look and abs(e.t // DAY - look.t // DAY) <= days for e in of)


def _sentence(group: Together, looks: Sequence[Evidence]) -> str:
    persons = many(len({e.person for e in looks}), "person")
    return (
        f"{people(len({e.who for e in looks}), looks)} looked at the same {persons} for the first time, within "
        f"{many(group.apart, 'day')} of each other, with little or no reason on file; {usual(group.expected)}."
    )
