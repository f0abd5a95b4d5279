# SPDX-License-Identifier: Apache-2.0
"""How many looks without a reason some persons would have had in some weeks, if nothing was wrong.

    starts of looking ─┬─ at persons with whom nobody had anything to do ──▶ so many each, whoever they are
                       └─ at persons with whom there was work ──▶ so many for each start with a reason: a missing link

A start: a day on which somebody looks at a person without a reason, and did not in the month before; the same with a
reason. Where there was much work there are many missing links, and where there was none there is nothing to link: so a
burst of honest work around a person raises what is expected there, and curiosity cannot hide in the company's average.

Invariant: no single person moves what is expected of others by more than their work allows: starts above that are cut.
                                                                                          Design: docs/adr/0149
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

from whosaw.detect.signal import World
from whosaw.detect.tails import at_least, mixed
from whosaw.facts.columns import FIELDS, Cell
from whosaw.facts.extra import need
from whosaw.facts.prepared.pair_day import INTIMATE

WEEK = 7


# Columns of looks by which principals belong together; who: each alone.
TEAMS = ("who", "unit", "manager", "function")
# A start needs so many days without a look of its kind before it.
GAP = 30
# So many starts with a reason allow one more without, when the starts at one person are cut.
_PER_EXTRA = 4
# So many persons' worth, and so many starts' worth, of everybody's rate in that of the protected.
_PERSONS, _STARTS = 50, 50

_Rows = Sequence[Mapping[str, Cell]]


# ── on the engine ──


def starts(world: World) -> Any:
    """who, person, day, u (1: without a reason), intimate, bare (see bare_of); as of that day protected, unit, function, manager; kept."""
    return world.once("starts", lambda: _starts(world.looks), large=True)


def _starts(looks: Any) -> Any:
    ibis = need("ibis", "watching")
    looks = looks.filter(looks.judged == 1, looks.person.notnull())
    looks = looks.select(
        "who", "person", "day", "u", "protected", "unit", "function", "manager", intimate=intimate_of(looks),
        bare=bare_of(looks),
    )  # fmt: skip
    days = looks.group_by("who", "person", "day", "u").aggregate(
        intimate=looks.intimate.max(),
        bare=looks.bare.min(),
        protected=looks.protected.max(),
        unit=looks.unit.max(),
        function=looks.function.max(),
        manager=looks.manager.max(),
    )
    before = ibis.window(group_by=[days.who, days.person, days.u], order_by=[days.day])
    days = days.mutate(seen=days.day.lag().over(before))
    return days.filter(days.seen.isnull() | (days.day - days.seen > GAP)).drop("seen")


def by_team(begun: Any, teams: Any) -> Any:
    """Team (a name of TEAMS), id, week, n: starts without a reason of these `teams` (team, id)."""
    return reduce(lambda a, b: a.union(b), [_by_week(begun, column) for column in TEAMS]).semi_join(
        teams, ["team", "id"]
    )


def numbers_of(begun: Any) -> Any:
    """Team (a name of TEAMS), teams: how many began anything without a reason."""
    without, ibis = begun.filter(begun.u == 1), need("ibis", "watching")
    made = [without.aggregate(teams=without[column].nunique()).mutate(team=ibis.literal(column)) for column in TEAMS]
    return reduce(lambda a, b: a.union(b), made)


def together(begun: Any) -> Any:
    """week, other, both: over all principals, starts without a reason in a week times those in the other; n: those in the week."""
    one = _by_week(begun, "who").select("id", "week", "n")
    two = one.select(o_id="id", other="week", m="n")
    met = one.inner_join(two, one.id == two.o_id)
    return met.group_by("week", "other").aggregate(both=(met.n * met.m).sum(), n=met.n.sum())


def _by_week(begun: Any, column: str) -> Any:
    of_team = begun.filter(begun.u == 1, begun[column].notnull())
    grouped = of_team.group_by(id=of_team[column], week=of_team.day // WEEK).aggregate(n=of_team.count())
    return grouped.mutate(team=need("ibis", "watching").literal(column))


def intimate_of(looks: Any) -> Any:
    """1 where a look is at an intimate field."""
    return need("ibis", "watching").greatest(*(looks[FIELDS[field]] for field in INTIMATE))


def bare_of(looks: Any) -> Any:
    """1 where a look names no case, and no reason, however weak, was on file. What was filed since changes nothing: whoever has a friend
    file one would be looked at for less.
    """
    nothing = looks["case"].isnull() & (looks.weight_then == 0)
    return need("ibis", "watching").ifelse(nothing, 1, 0).cast("int64")


def background(world: World) -> dict[str, Any]:
    """The tables that Expected is made from: weeks, by_person and known. All small."""
    begun = starts(world)
    weeks = begun.group_by(week=begun.day // WEEK, u=begun.u).aggregate(
        starts=begun.count(), intimate=begun.intimate.sum()
    )
    ibis = need("ibis", "watching")
    persons = begun.group_by("person").aggregate(
        protected=begun.protected.max(),
        u=begun.u.sum(),
        e=begun.count() - begun.u.sum(),
    )
    persons = persons.mutate(
        worked=ibis.ifelse(persons.e > 0, 1, 0), u=ibis.least(persons.u, 1 + persons.e // _PER_EXTRA)
    )
    by_person = persons.group_by("protected", "worked").aggregate(
        persons=persons.count(), u=persons.u.sum(), e=persons.e.sum()
    )
    return {"weeks": weeks, "by_person": by_person, "known": _known(world, begun)}


def _known(world: World, begun: Any) -> Any:
    """How many persons there are, by whether they are protected: of the table of persons, of links and of looks."""
    ibis = need("ibis", "watching")
    zero = ibis.literal(0, "int64")
    found = begun.select("person", "protected")
    if "persons" in world.tables:
        found = found.union(world.tables["persons"].select("person", "protected"))
    if "links" in world.tables:
        links = world.tables["links"]
        for end in (links.a, links.b):
            found = found.union(links.select(person=end, protected=zero))
    each = found.group_by("person").aggregate(protected=found.protected.max())
    return each.group_by("protected").aggregate(persons=each.count())


# ── on the driver ──


@dataclass(frozen=True, slots=True)
class Expected:
    """`weeks`: starts of each week; `without`: those without a reason. `intimate`: the share of these with such a field.

    `quiet`: starts without a reason a person has had in all weeks together, whoever
    they are. `linked`: for each start with a reason. Both by whether the person is protected (0, 1).
    """

    weeks: Mapping[int, int]
    without: Mapping[int, int]
    intimate: float
    quiet: tuple[float, float]
    linked: tuple[float, float]

    @classmethod
    def of(cls, rows: Mapping[str, _Rows]) -> Expected:
        """From the rows of `background`."""
        weeks: dict[int, int] = {}
        for row in rows["weeks"]:
            weeks[_int(row["week"])] = weeks.get(_int(row["week"]), 0) + _int(row["starts"])
        without = {_int(r["week"]): _int(r["starts"]) for r in rows["weeks"] if r["u"] == 1}
        intimate = sum(_int(r["intimate"]) for r in rows["weeks"] if r["u"] == 1) / max(1, sum(without.values()))
        seen = {(_int(r["protected"]), _int(r["worked"])): r for r in rows["by_person"]}
        known = {_int(r["protected"]): _int(r["persons"]) for r in rows["known"]}

        def sums(name: str, worked: int) -> tuple[int, int]:
            return cast("tuple[int, int]", tuple(_int(seen.get((p, worked), {}).get(name, 0)) for p in (0, 1)))

        idle = [known.get(p, 0) - sums("persons", 1)[p] for p in (0, 1)]
        quiet = _rates(sums("u", 0), idle, _PERSONS)
        after_work = [max(0.0, sums("u", 1)[p] - quiet[p] * sums("persons", 1)[p]) for p in (0, 1)]
        return cls(weeks, without, intimate, quiet, _rates(after_work, sums("e", 1), _STARTS))

    def span(self) -> tuple[int, int]:
        """The first and the last week with any look."""
        return min(self.weeks, default=0), max(self.weeks, default=0)

    def share(self, first: int, last: int) -> float:
        """Of all starts, those of the weeks from `first` to `last`: how much of the company's looking was then."""
        total = sum(self.weeks.values())
        return sum(n for week, n in self.weeks.items() if first <= week <= last) / total if total else 0.0

    def share_of_days(self, first: int, last: int) -> float:
        """The same for the days from `first` to `last`, a week being seven equal days."""
        total = sum(self.weeks.values())
        days = math.fsum(
            n * max(0, min(last, week * WEEK + WEEK - 1) - max(first, week * WEEK) + 1) / WEEK
            for week, n in self.weeks.items()
        )
        return days / total if total else 0.0

    def mean(self, share: float, persons: Sequence[int], worked: Sequence[float]) -> float:
        """Starts without a reason at so many `persons` (ordinary, protected) with so many `worked` starts at them."""
        return math.fsum(share * self.quiet[p] * persons[p] + self.linked[p] * worked[p] for p in (0, 1))


def _rates(counts: Sequence[float], of: Sequence[int], prior: int) -> tuple[float, float]:
    """Count ÷ of, for the ordinary and for the protected, these drawn towards the former."""
    ordinary = (counts[0] + 0.5) / (of[0] + 1) if of[0] > 0 else (sum(counts) + 0.5) / (max(0, sum(of)) + 1)
    protected = (counts[1] + prior * ordinary) / (max(0, of[1]) + prior)
    return min(1.0, ordinary), min(1.0, max(ordinary, protected))


@dataclass(frozen=True, slots=True)
class Spread:
    """How others of a kind differ from what was expected: `ratio` times as many, and so unequal."""

    ratio: float
    inverse_s: float
    units: int

    def p(self, k: int, mean: float) -> float:
        """P(X ≥ k), where `mean` was expected before the ratio."""
        return at_least(k, 1, max(mean * self.ratio, 1e-12), self.inverse_s) if k > 0 else 1.0

    def after(self, k: float, mean: float, before: float, mean_before: float) -> float:
        """The same, knowing that these very units had `before` where `mean_before` was expected.

        How busy they are is a factor with mean 1 and this spread; what was before is learnt from, so a unit that was
        always looked at surprises less, and one that never was surprises as much as its kind.
        """
        if k <= 0:
            return 1.0
        mean, mean_before = max(mean * self.ratio, 1e-12), mean_before * self.ratio
        size = 1 / max(self.inverse_s, 1e-6)
        factor = (size + before) / (size + mean_before)
        return at_least(k, 1, mean * factor, 1 / (size + before))


def spread(found: Iterable[tuple[int, float]], *, apart: float, declared: float, prior: int) -> Spread:
    """From pairs (k, mean). Whoever stands far apart already is no part of it: see docs/adr/0042.

    Ratio and dispersion are drawn towards 1 and the `declared` one, as if `prior` more units had shown that.
    """
    pairs = [(k, m) for k, m in found if m > 0]
    near, ratio = pairs, 1.0
    for _ in range(20):
        ratio = (sum(k for k, _ in near) + prior) / (math.fsum(m for _, m in near) + prior) if near else 1.0
        kept = [(k, m) for k, m in pairs if k <= m * ratio or at_least(k, 1, m * ratio, declared) > apart]
        if len(kept) == len(near):
            break
        near = kept
    squares = math.fsum((m * ratio) ** 2 for _, m in near)
    excess = math.fsum((k - m * ratio) ** 2 - m * ratio for k, m in near)
    measured = max(0.0, excess / squares) if squares else 0.0
    # A unit of whom next to nothing is expected says next to nothing about dispersion: it counts by what is expected.
    weight = round(min(len(near), math.fsum(m * ratio for _, m in near)))
    return Spread(max(ratio, 0.1), mixed(measured, weight, declared, prior), len(near))


def windows(span: tuple[int, int], weeks: int) -> list[tuple[int, int]]:
    """Windows of so many weeks (first, last) that end at the last week and before, each half a window apart."""
    first, last = span
    step = max(1, weeks // 2)
    return [(end - weeks + 1, end) for end in range(last, first - 1, -step)]


def in_weeks(days: int) -> int:
    return -(-days // WEEK)


def _int(value: Cell) -> int:
    return value if isinstance(value, int) else 0
