# SPDX-License-Identifier: Apache-2.0
"""Signals that count persons: k of n, per principal and team, against what others do.

    hits (some looks, each with a label) ──▶ k per unit, label, window ─┐
    all judged looks                     ──▶ n per unit,        window ─┴─▶ the smallest tail, paid for ──▶ a Tally a unit

A window is 7, 30 or 90 days long and ends at `as_of` or so many whole windows before it: all of them are tried, or what
was done in March would be invisible in June. k and n are persons, never looks.

Invariant: a unit is never part of what it is compared with (others.py), and a team is more than one person: its p is the
one that is left when any one member's looks are left out.                                Design: docs/adr/0043, 0147
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from typing import Any, cast

from whosaw.detect.defaults import Counts
from whosaw.detect.evidence import evidence_of, most_telling, unit_column
from whosaw.detect.habit import Habits
from whosaw.detect.others import Counted, Others, Usual
from whosaw.detect.signal import MACHINES, TEAMS, UNLISTED, Evidence, Family, Signal, UnitKind, World
from whosaw.detect.tails import at_least, times
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need
from whosaw.facts.opened import TooManyRows

KINDS: tuple[UnitKind, ...] = ("principal", *TEAMS)
# What is read of looks with a label: which and when, whose and of which team, at whom. `hits` have no more columns.
HIT = ("row", "look_id", "t", "who", "unit", "function", "manager", "person")
_TEAM = ("unit", "function", "manager")
_OF_LOOKS = ("u", "first", "u1")
_Row = Mapping[str, Cell]
# label, length of the window in days, how many windows of that length before the last
_Where = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Signal):
    """k of n persons in the window `block`, counted back from 0, the last one; `label`: what was counted.

    `whole`: how many would be usual in all of the time looked at. `alone`: per principal and label the tail of their own
    count over the longest window.
    """

    label: str
    block: int
    usual: Usual
    whole: float
    alone: Mapping[tuple[str, str], float] = field(default_factory=dict, repr=False, compare=False)


# ── on the engine ──


def persons(world: World, windows: Sequence[int]) -> Any:
    """How many persons each unit looked at in each window: n; k without a reason; n1, k1 the same among first looks."""
    made = [world.once(f"persons_{days}", partial(_persons, world, days)) for days in windows]
    return reduce(lambda a, b: a.union(b), made)


def seen(world: World, windows: Sequence[int]) -> Any:
    """n: how many persons each unit looked at in each window."""
    return persons(world, windows).select("id", "block", *_TEAM, "n", "kind", "days")


def found(world: World, hits: Any, windows: Sequence[int]) -> Any:
    """k: how many persons of `hits`, some judged looks with a `label` (a look may be there for several)."""
    # Kept, since every kind of unit and every window would compute it anew.
    days = world.facts.lay(need("ibis", "watching").util.gen_name("hits") + world.mark, _days(world, hits, "label"))
    return _counted(world, days, windows, "k", "label")


def judged(world: World) -> Any:
    """The looks that are held against what is usual, of the time that is looked at."""
    looks = world.looks
    return looks.filter(looks.judged == 1, looks.t > world.as_of - world.defaults.reference_days * DAY)


def by_day(world: World) -> Any:
    """Who looked at whom so many days `ago`, with a reason or `u`: once, since each kind of unit and each window counts persons anew."""
    return world.once("persons_by_day", lambda: _by_day(world), large=True)


def _persons(world: World, days: int) -> Any:
    ibis = need("ibis", "watching")
    looks = by_day(world)
    looks = looks.mutate(block=looks.ago // days)
    looks = looks.filter(looks.block < world.defaults.reference_days // days)
    # A person is a row first, and then counted: four counts of distinct persons would keep four sets of them for each unit.
    looks = looks.group_by("who", *_TEAM, "block", "person").aggregate(
        **{name: looks[name].max() for name in _OF_LOOKS}
    )
    parts = []
    for kind in KINDS:
        of = _members(looks.mutate(id=unit_column(looks, kind)), kind)
        of = of.group_by("id", "block", "person").aggregate(**{name: of[name].max() for name in (*_TEAM, *_OF_LOOKS)})
        made = of.group_by("id", "block").aggregate(
            **{name: of[name].max() for name in _TEAM},
            n=of.count(), k=of.u.sum(), n1=of["first"].sum(), k1=of.u1.sum(),
        )  # fmt: skip
        parts.append(made.mutate(kind=ibis.literal(kind), days=ibis.literal(days, "int64")))
    return reduce(lambda a, b: a.union(b), parts)


def _by_day(world: World) -> Any:
    looks = judged(world)
    looks = looks.select("who", *_TEAM, "person", *_OF_LOOKS, ago=(world.as_of - looks.t) // DAY)
    return looks.group_by("who", *_TEAM, "person", "ago").aggregate(**{name: looks[name].max() for name in _OF_LOOKS})


def _days(world: World, looks: Any, *by: str) -> Any:
    ago = (world.as_of - looks.t) // DAY
    return looks.select("who", *_TEAM, "person", *by, ago=ago).distinct()


def _counted(world: World, looks: Any, windows: Sequence[int], name: str, *by: str) -> Any:
    ibis = need("ibis", "watching")
    parts = []
    for kind in KINDS:
        for days in windows:
            of = _members(looks.mutate(block=looks.ago // days, id=unit_column(looks, kind)), kind)
            of = of.filter(of.block < world.defaults.reference_days // days)
            made = of.group_by("id", "block", *by).aggregate(
                unit=of.unit.max(), function=of.function.max(), manager=of.manager.max(), **{name: of.person.nunique()}
            )
            parts.append(
                made.select(
                    "id", "block", *by, "unit", "function", "manager", name,
                    kind=ibis.literal(kind), days=ibis.literal(days, "int64"),
                )
            )  # fmt: skip
    return reduce(lambda a, b: a.union(b), parts)


def _members(looks: Any, kind: str) -> Any:
    """Those of some unit of `kind`. A machine is in no team: it works with nobody, and would outweigh all who do."""
    looks = looks.filter(looks.id.notnull())
    return looks if kind == "principal" else looks.filter(looks.function.fill_null("") != MACHINES)


# ── on the driver ──


Only = Callable[[str, str, str | None], bool]


def _everybody(kind: str, id_: str, function: str | None) -> bool:  # noqa: ARG001  one shape for all of them
    return True


def humans(kind: str, id_: str, function: str | None) -> bool:  # noqa: ARG001  the same shape
    """No machine: it has no case and looks at everybody, all by design, and no other machine does what it does."""
    return function != MACHINES


def tallies(
    n: Iterable[_Row],
    k: Iterable[_Row],
    counts: Counts,
    *,
    signal: str,
    family: Family,
    only: Only = _everybody,
    beside: Iterable[_Row] = (),
    missing: float = 0.0,
    weak: Iterable[_Row] = (),
) -> list[Tally]:
    """The strongest count of every unit (of those that `only` takes: kind, unit, function), its p paid for.

    `beside`: rows like those of `k`, of persons of the same label with a reason. Of those whom a unit has more than others have,
    so large a share is expected to be `missing` its reason: whose work such persons are lacks it more often than others meet them.
    `weak`: the same of those of `k` that have a weak one; what few people steadily have of these is expected, too: habit.py.
    """
    units: dict[tuple[str, str], list[Any]] = {}
    for row in n:
        units.setdefault((cast("str", row["kind"]), cast("str", row["id"])), []).append(row)
    counted = _Counted(units, _by_unit(k), counts, beside=_by_unit(beside), missing=missing, weak=_by_unit(weak))
    taken = [(kind, id_) for kind, id_ in sorted(units) if only(kind, id_, units[kind, id_][0]["function"])]
    return [counted.tally(kind, id_, signal, family) for kind, id_ in taken]


def _by_unit(rows: Iterable[_Row]) -> dict[tuple[str, str], dict[_Where, int]]:
    made: dict[tuple[str, str], dict[_Where, int]] = {}
    for each in cast("Iterable[Any]", rows):
        made.setdefault((each["kind"], each["id"]), {})[each["label"], each["days"], each["block"]] = each["k"]
    return made


class _Counted:
    """What every unit has in every window, and what is usual for a label in windows of one length."""

    def __init__(
        self,
        units: Mapping[tuple[str, str], Sequence[Any]],
        hits: Mapping[tuple[str, str], Mapping[_Where, int]],
        counts: Counts,
        *,
        beside: Mapping[tuple[str, str], Mapping[_Where, int]],
        missing: float,
        weak: Mapping[tuple[str, str], Mapping[_Where, int]],
    ) -> None:
        self._units, self._hits, self._counts = units, hits, counts
        self._beside, self._missing = beside, missing
        self._habits = Habits(units, weak, counts.rate_units)
        self._shares = self._of_all()
        labels = {where[0] for of in hits.values() for where in of}
        self._labels, self._some = len(labels) or 1, min(labels, default="")
        self._others: dict[tuple[str, int], Others] = {}
        self._alone: dict[tuple[str, str], float] = {}

    def tally(self, kind: str, id_: str, signal: str, family: Family) -> Tally:
        """The count that surprises most; among equals that of the longest and last window, and of the first label."""
        rows = {(row["days"], row["block"]): row for row in self._units[kind, id_]}
        hits = self._hits.get((kind, id_), {})
        last = max(rows, key=lambda at: (at[0], -at[1]))
        # Whoever has no hit needs no comparison: chance brings at least as much always.
        where, best, least = ("", *last), Usual(0.0, 0.0, 0, "everybody"), 1.0
        for at in sorted(hits, key=lambda w: (-w[1], w[2], w[0])):
            row = rows[at[1:]]
            usual = self._usual(at[0], at[1], kind, row)
            worked = self._beside.get((kind, id_), {}).get(at, 0)
            # As many as others have for as many persons are in the others' rate already.
            more = max(0.0, worked / row["n"] - self._shares.get((at[0], at[1]), 0.0))
            if self._missing * more:
                usual = replace(usual, rate=min(1.0, usual.rate + self._missing * more))
            usual, p = self._with_habit(kind, id_, at, row["n"], usual)
            if kind == "principal" and at[1] == last[0]:
                self._alone[id_, at[0]] = min(p, self._alone.get((id_, at[0]), 1.0))
            if p < least:
                where, best, least = at, usual, p
        tries, n = len(rows) * self._labels, rows[where[1:]]["n"]
        # Whose map it is must not depend on what was found: those of a function without a hit would be missing among its own.
        stratum = self._usual(self._some, last[0], kind, rows[last]).stratum
        return Tally(
            signal=signal, family=family, kind=cast("UnitKind", kind), unit=id_, stratum=stratum,
            p=times(least, tries), tries=tries, days=where[1], k=hits.get(where, 0), n=n, expected=n * best.rate,
            others=best.others, label=where[0], block=where[2], usual=best, alone=self._alone,
            whole=best.rate * sum(row["n"] for (days, _), row in rows.items() if days == last[0]),
        )  # fmt: skip

    def _with_habit(self, kind: str, id_: str, at: _Where, n: int, usual: Usual) -> tuple[Usual, float]:
        """What is usual with the unit's own habit, and the p of its hits; of those that are in no habit alone, where that is less."""
        hits = self._hits[kind, id_][at]
        expected = self._habits.expected(kind, id_, at)
        if not expected:
            return usual, at_least(hits, n, usual.rate, usual.inverse_s)
        bare = at_least(hits - self._habits.weak(kind, id_, at), n, usual.rate, usual.inverse_s)
        more = replace(usual, rate=min(1.0, usual.rate + expected / n))
        return more, times(min(at_least(hits, n, more.rate, more.inverse_s), bare), 2)

    def _of_all(self) -> dict[tuple[str, int], float]:
        """Per label and length of the window: the share of such persons with a reason among all whom people looked at."""
        n, worked = Counter[int](), Counter[tuple[str, int]]()
        for (kind, id_), rows in self._units.items():
            if kind == "principal" and humans(kind, id_, rows[0]["function"]):
                for row in rows:
                    n[row["days"]] += row["n"]
                for (label, days, _block), k in self._beside.get((kind, id_), {}).items():
                    worked[label, days] += k
        return {(label, days): k / n[days] for (label, days), k in worked.items() if n[days]}

    def _usual(self, label: str, days: int, kind: str, row: Any) -> Usual:
        if (label, days) not in self._others:
            self._others[label, days] = Others(
                (
                    Counted(
                        of, r["unit"], r["function"], r["manager"],
                        self._hits.get((unit, of), {}).get((label, days, r["block"]), 0), r["n"], r["block"],
                    )
                    for (unit, of), rows in self._units.items() if unit == "principal"
                    for r in rows if r["days"] == days
                ),
                self._counts,
            )  # fmt: skip
        return self._others[label, days].usual(kind, row["id"], row["unit"], row["function"], row["block"])


# ── what it rests on ──


def told(
    world: World, signals: Sequence[Signal], hits: Any, sentence: Callable[[Tally, Sequence[Evidence]], str]
) -> list[Signal]:
    """Each of `signals` with the `hits` of its label, in whatever window. Of a team, those are named whose own count is unusual or
    who share a person with another of them; where they are not two, p is 1.
    """
    mine = [signal for signal in signals if isinstance(signal, Tally)]
    if not mine:
        return []
    try:
        return _told_at_once(world, mine, hits, sentence)
    except TooManyRows:
        if len(mine) == 1:
            raise
    # Of a large company all that its functions did is more than the driver takes.
    half = len(mine) // 2
    return told(world, mine[:half], hits, sentence) + told(world, mine[half:], hits, sentence)


def _told_at_once(
    world: World, mine: Sequence[Tally], hits: Any, sentence: Callable[[Tally, Sequence[Evidence]], str]
) -> list[Signal]:
    hits = hits.filter(of_units(hits, mine))
    rows: list[Any] = world.facts.rows(
        hits.select("look_id", "who", "person", "label").distinct(), ("look_id", "who", "person", "label"), "hits"
    )
    labels: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        labels.setdefault((row["look_id"], row["who"], row["person"]), set()).add(row["label"])
    looks = evidence_of(world, world.looks.semi_join(hits, "row"))
    by: dict[tuple[str, str], list[Evidence]] = {}
    for look in looks:
        for kind in KINDS if look.function != MACHINES else ("principal",):
            unit = unit_of(look, kind)
            if unit is not None:
                by.setdefault((kind, unit), []).append(look)
    return [_told(signal, by.get((signal.kind, signal.unit), []), labels, world, sentence) for signal in mine]


def of_units(hits: Any, signals: Iterable[Signal]) -> Any:
    """Whether a look is of one of the units of `signals`, of which there is one at least."""
    of_them = [unit_column(hits, kind).isin(ids) for kind, ids in sorted(_ids(signals).items())]
    return need("ibis", "watching").or_(*of_them)


def _ids(signals: Iterable[Signal]) -> dict[str, list[str]]:
    ids: dict[str, set[str]] = {}
    for signal in signals:
        ids.setdefault(signal.kind, set()).add(signal.unit)
    return {kind: sorted(of) for kind, of in ids.items()}


def unit_of(look: Evidence, kind: UnitKind) -> str | None:
    """Which unit of `kind` the look belongs to."""
    match kind:
        case "principal":
            return look.who
        case "unit":
            return look.unit
        case "manager":
            return look.manager
        case "function":
            return look.function
        case _:
            return UNLISTED if look.function is None else None


def _told(
    signal: Tally,
    looks: Iterable[Evidence],
    labels: Mapping[tuple[str, str, str], set[str]],
    world: World,
    sentence: Callable[[Tally, Sequence[Evidence]], str],
) -> Signal:
    looks = [look for look in looks if signal.label in labels.get(look.key, ())]
    if signal.kind != "principal":
        named = _named(looks, signal, world.defaults.findings.member)
        if len(named) < 2:
            return replace(signal, p=1.0)
        length = signal.days * DAY
        counted = [look for look in looks if (world.as_of - look.t) // length == signal.block]
        signal = replace(signal, p=max(signal.p, _without_any_one(counted, signal)))
        looks = [look for look in looks if look.who in named]
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        principals=tuple(sorted({look.who for look in looks})),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=sentence(signal, looks),
    )


def _whos(looks: Iterable[Evidence]) -> dict[str, set[str]]:
    """Who looked at each person."""
    whos: dict[str, set[str]] = {}
    for look in looks:
        whos.setdefault(look.person or "", set()).add(look.who)
    return whos


def _named(looks: Iterable[Evidence], signal: Tally, seldom: float) -> set[str]:
    looks = list(looks)
    shared = {who for by in _whos(looks).values() if len(by) > 1 for who in by}
    unusual = {look.who for look in looks if signal.alone.get((look.who, signal.label), 1.0) <= seldom}
    return shared | unusual


def _without_any_one(looks: Iterable[Evidence], signal: Tally) -> float:
    """The largest p with one member's looks left out. n stays, which makes p larger still, never smaller."""
    whos = _whos(looks)
    only = Counter(next(iter(by)) for by in whos.values() if len(by) == 1)
    left = len(whos) - max(only.values(), default=0)
    return times(at_least(left, signal.n, signal.usual.rate, signal.usual.inverse_s), signal.tries)
