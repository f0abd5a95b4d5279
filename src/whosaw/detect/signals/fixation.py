# SPDX-License-Identifier: Apache-2.0
"""Coming back to one person for weeks, without a reason.

    weeks at work        . x . . . x . . x . . x        x: looked at this person without a reason
                           └─ first    further weeks 4, 7, 10 of those since: more than those who looked once come back?

Per principal and person, and per org unit and person where two or three took turns. Where there was work with the person in
other weeks, its missing links are expected. Weeks are counted, not days: whoever works
through a matter that nobody linked is there five days in a row, whoever is fixed on somebody comes back. Read as a bet that
may be settled in any week, so there is no window to hide under. A second time for weeks with intimate fields alone.

One's own account is for `relationship` to count: nobody is fixed on themselves.

Per principal as well: at how many persons they came back so, of all at whom they looked without a reason. Four looks at each of
four persons in half a year are little at any of them, and are not what such work brings.

*Innocent*: long disputes kept elsewhere.
*Beaten by*: a standing case (then `case_stretching`); other people's log-ins.                Design: docs/adr/0150
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.expected import WEEK, intimate_of
from whosaw.detect.others import Counted, Others
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least, times, wealth
from whosaw.detect.wording import days_of, many, people, spelled, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "fixation"
FAMILY: Family = "time"
NEEDS = frozenset({"look"})
# A principal alone, and an org unit that takes turns.
_COLUMNS = ("who", "unit")
_TRIES = 2
_AGAIN = ("such person", "such persons")
# So many take turns at most.
_TURNS = 3
# Missing links come in heaps: so many times as often as they come.
_HEAPS = 2


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`weeks`: with fewer nobody came back. `prior`: so many weeks of everybody's rate in that of a function.

    `again`: of the persons looked at without a reason, those to whom somebody comes back, before anything is known.
    """

    weeks: int
    prior: int
    again: float = field(metadata={"high": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(Signal):
    """`column`, `id`: who. `person`: at whom."""

    column: str
    id: str = field(repr=False)
    person: str = field(repr=False)
    intimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Often(Signal):
    """One principal who came back to several persons, which are in `persons`."""


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    numbers = world.defaults.of(NAME, NUMBERS)
    looks = world.looks
    looks = looks.filter(looks.judged == 1, looks.person.notnull())
    # Nobody is fixed on themselves.
    looks = looks.filter((looks.person != looks.own_person).fill_null(True))
    looks = world.once(f"{NAME}_looked", lambda: _by_week(looks), large=True)
    both = [_of(world, looks, column, numbers.weeks) for column in _COLUMNS]
    made = {
        name: reduce(lambda a, b: a.union(b), [tables[name] for tables in both]) for name in ("weeks", "rates", "work")
    }
    return {**made, "whos": _whos(looks)}


def _by_week(looks: Any) -> Any:
    """Who looked at whom in which week, u: once without a reason; intimate: and at such a field."""
    looks = looks.select(
        "who",
        "unit",
        "function",
        "manager",
        "person",
        "u",
        week=looks.day // WEEK,
        intimate=intimate_of(looks) * looks.u,
    )
    return looks.group_by("who", "unit", "person", "week").aggregate(
        **{name: looks[name].max() for name in ("function", "manager", "u", "intimate")}
    )


def _whos(looks: Any) -> Any:
    """n: at how many persons each principal looked without a reason."""
    without = looks.filter(looks.u == 1)
    return without.group_by("who").aggregate(
        unit=without.unit.max(),
        function=without.function.max(),
        manager=without.manager.max(),
        n=without.person.nunique(),
    )


def _of(world: World, looks: Any, column: str, least: int) -> dict[str, Any]:
    """`weeks`: the weeks of those who came back often, `place` among all weeks they worked. `rates`: of everybody."""
    ibis = need("ibis", "watching")
    looks = looks.filter(looks[column].notnull()).mutate(id=looks[column])
    worked = looks.select("id", "week").distinct()
    order = ibis.window(group_by=[worked.id], order_by=[worked.week])
    worked = worked.mutate(place=ibis.row_number().over(order))
    last = worked.group_by("id").aggregate(last=worked.place.max())
    weeks = looks.group_by("id", "person", "week").aggregate(
        u=looks.u.max(), intimate=looks.intimate.max(), function=looks.function.max()
    )
    weeks = weeks.join(worked, ["id", "week"]).select("id", "person", "week", "u", "intimate", "function", "place")
    # Kept, since each of the three tables would compute both anew.
    weeks = world.once(f"{NAME}_weeks_{column}", lambda: weeks, large=True)
    turns = looks.group_by("id", "person").aggregate(whos=looks.who.nunique(where=looks.u == 1))
    pairs = weeks.group_by("id", "person").aggregate(
        weeks=weeks.u.sum(),
        explained=(1 - weeks.u).sum(),
        first=weeks.place.min(where=weeks.u == 1),
        function=weeks.function.max(),
    )
    pairs = pairs.join(turns, ["id", "person"]).join(last, "id")
    pairs = pairs.select("id", "person", "weeks", "explained", "first", "function", "whos", "last")
    pairs = world.once(f"{NAME}_pairs_{column}", lambda: pairs, large=True)
    all_ = pairs.group_by("function").aggregate(u=pairs.weeks.sum(), e=pairs.explained.sum())
    pairs = pairs.filter(pairs.weeks > 0)
    if column != "who":
        # One member's coming back is that member's; somebody at whom a whole unit looks is known to it.
        pairs = pairs.filter(pairs.whos > 1, pairs.whos <= _TURNS)
    gate = pairs.weeks >= least
    rates = pairs.group_by("function").aggregate(
        pairs=pairs.count(),
        gated=gate.cast("int64").sum(),
        further=(pairs.weeks - 1).sum(),
        since=(pairs.last - pairs["first"]).sum(),
    )
    often = pairs.filter(gate).select("id", "person", "explained", of="function", began="first", last="last")
    weeks = weeks.filter(weeks.u == 1).join(often, ["id", "person"])
    weeks = weeks.select("id", "person", "week", "intimate", "place", "began", "last", "explained", function="of")
    name = ibis.literal(column)
    return {
        "weeks": weeks.mutate(column=name),
        "rates": rates.mutate(column=name),
        "work": all_.mutate(column=name),
    }


# ── on the driver ──


def score(rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> list[Signal]:
    """A signal for everybody who came back often; the others are its `rest`."""
    numbers = world.defaults.of(NAME, NUMBERS)
    given: list[Any] = list(rows["rates"])
    rates = {(row["column"], row["function"]): row for row in given}
    wider = {
        column: _rate([row for row in given if row["column"] == column], 0.02, numbers.prior) for column in _COLUMNS
    }
    without = {(r["column"], r["function"]): r["u"] / max(1, r["u"] + r["e"]) for r in cast("list[Any]", rows["work"])}
    pairs: dict[tuple[str, str, str], list[Any]] = {}
    for row in cast("list[Any]", rows["weeks"]):
        pairs.setdefault((row["column"], row["id"], row["person"]), []).append(row)
    made: list[Signal] = []
    for key in sorted(pairs):
        column, function = key[0], pairs[key][0]["function"]
        row = rates[column, function]
        began, last = pairs[key][0]["began"], pairs[key][0]["last"]
        missing = _HEAPS * without[column, function] * pairs[key][0]["explained"] / (last - began + 1)
        rate = min(0.5, max(_rate([row], wider[column], numbers.prior), missing))
        made.append(_signal(key, pairs[key], rate, row["pairs"] - row["gated"]))
    return [*made, *_often(cast("list[Any]", rows["whos"]), pairs, world, numbers)]


def _often(
    whos: Sequence[Any], pairs: Mapping[tuple[str, str, str], Any], world: World, numbers: NUMBERS
) -> list[Signal]:
    """A signal for every principal: to how many persons they came back, beside what others of such work do."""
    back: dict[str, list[str]] = {}
    for column, id_, person in pairs:
        if column == "who":
            back.setdefault(id_, []).append(person)
    counted = [
        Counted(r["who"], r["unit"], r["function"], r["manager"], len(back.get(r["who"], ())), r["n"]) for r in whos
    ]
    others = Others(counted, replace(world.defaults.counts, rate=numbers.again))
    made: list[Signal] = []
    for each in counted:
        as_usual = others.usual("principal", each.who, each.unit, each.function)
        # To come back to one person is that pair's own signal.
        p = at_least(each.k, each.n, as_usual.rate, as_usual.inverse_s) if each.k > 1 else 1.0
        made.append(
            Often(
                signal=NAME, family=FAMILY, kind="principal", unit=each.who, stratum=as_usual.stratum, p=p, tries=1, days=0,
                k=each.k, n=each.n, expected=each.n * as_usual.rate, others=as_usual.others,
                persons=tuple(sorted(back.get(each.who, ()))),
            )
        )  # fmt: skip
    return made


def _rate(rows: Sequence[Any], wider: float, prior: int) -> float:
    """Further weeks for each week at work since the first."""
    found: float = (sum(r["further"] for r in rows) + prior * wider) / (sum(r["since"] for r in rows) + prior)
    return min(0.5, max(1e-4, found))


def _signal(key: tuple[str, str, str], rows: Sequence[Any], rate: float, rest: int) -> Fixed:
    column, id_, person = key
    began, last = rows[0]["began"], rows[0]["last"]
    every = sorted(row["place"] for row in rows)
    intimate = sorted(row["place"] for row in rows if row["intimate"] == 1)
    p, closely = wealth([place - began for place in every[1:]], rate), False
    if len(intimate) > 2 and (q := wealth([place - intimate[0] for place in intimate[1:]], rate)) < p:
        p, closely = q, True
    return Fixed(
        signal=NAME, family=FAMILY, kind="pair", unit=f"{column}:{id_}:{person}", p=times(p, _TRIES), tries=_TRIES,
        days=(last - began + 1) * WEEK, k=len(every), n=last - began + 1, expected=1 + rate * (last - began), rest=rest,
        stratum=f"{column}/{rows[0]['function'] or 'unlisted'}", column=column, id=id_, person=person, intimate=closely,
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    pairs = [s for s in signals if isinstance(s, Fixed)]
    often = [s for s in signals if isinstance(s, Often)]
    persons = {s.person for s in pairs}.union(*(s.persons for s in often))
    if not persons:
        return []
    looks = world.looks
    looks = among(looks.filter(looks.u == 1), "person", persons)
    seen: dict[str, list[Evidence]] = {}
    for look in evidence_of(world, looks):
        seen.setdefault(cast("str", look.person), []).append(look)
    made = [_told(s, [e for e in seen[s.person] if getattr(e, s.column) == s.id]) for s in pairs]
    return [*made, *(_of_several(s, [e for p in s.persons for e in seen[p] if e.who == s.unit]) for s in often)]


def _of_several(signal: Often, looks: Sequence[Evidence]) -> Signal:
    looks = sorted(looks, key=lambda e: (e.t, e.key))
    k, weeks = len(signal.persons), len({e.t // DAY // WEEK for e in looks})
    return replace(
        signal,
        days=days_of(looks),
        principals=(signal.unit,),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=(
            f"{people(1, looks)} came back to each of {many(k, 'person')}, in {weeks} different weeks in all, without a reason "
            f"on file; {usual(signal.expected, *_AGAIN)}."
        ),
    )


def _told(pair: Fixed, looks: Sequence[Evidence]) -> Signal:
    whos = tuple(sorted({e.who for e in looks}))
    return replace(
        pair,
        principals=whos,
        persons=(pair.person,),
        looks=most_telling(looks, 50),
        cases=tuple(sorted({e.case for e in looks if e.case is not None})),
        sentence=_sentence(pair, looks, len(whos)),
    )


def _sentence(pair: Fixed, looks: Sequence[Evidence], whos: int) -> str:
    at = "protected person" if any(e.protected for e in looks) else "person"
    what = "intimate data of the same" if pair.intimate else "the same"
    weeks = len({e.t // DAY // WEEK for e in looks})
    expected = round(pair.expected)
    return (
        f"{people(whos, looks)} looked at {what} {at} in {weeks} of {many(pair.n, 'week')} at work since the first time, "
        f"without a reason on file; {spelled(expected)} such {'week' if expected == 1 else 'weeks'} would be usual."
    )
