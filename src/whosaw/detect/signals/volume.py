# SPDX-License-Identifier: Apache-2.0
"""More on one day than such a day brings.

    principal × day ─┬─ persons   looked at one by one         ┐
                     ├─ rows      that reached them            │ against the days of others of the same function,
                     ├─ exports   not all with a reason        │ weekdays and weekends apart; negative binomial
                     ├─ searches  without a read in the hour   │
                     └─ odd       persons, in hours of the week that hold under a fiftieth of the function's work there
                                     ──the most unusual day, paid for──▶ one signal per principal

Who takes much away may be a finding by that alone: rows and exports. Who looks at many, or at night, only supports one.

*Innocent*: batch jobs, the end of a quarter, an outage.
*Beaten by*: being small; a little more every day.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import Sums, at_least, dispersion, mixed, rate, times
from whosaw.detect.wording import many, often, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need
from whosaw.model.access import Mode

NAME = "volume"
FAMILY: Family = "time"
NEEDS = frozenset({"look", "staff"})
PERSONS, ROWS, EXPORTS, SEARCHES, ODD = "persons", "rows", "exports", "searches", "odd"
MEASURES = (ROWS, EXPORTS, PERSONS, SEARCHES, ODD)
# What takes data away.
OPENERS = (ROWS, EXPORTS)
# Rows have a law of their own, and the square of a large number of them has no place in the engine.
COUNTED = tuple(measure for measure in MEASURES if measure != ROWS)
_OF_LOOKS = ("row", "t", "day", "who", "function", "person", "request", "rows", "mode", "size", "judged", "weight_then")
_HOUR = DAY // 24
_WEEK = 168
# 1970 began on a Thursday: the days of such a week, counted from there, that are Saturday and Sunday.
_WEEKEND = (2, 3)
# A day is shown by so many looks at most.
_SHOWN = 2_000
_ONE = Sums(1, 1, 1, 1, 1, 1)
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]
_Stratum = tuple[str | None, int]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`seldom`: hours of the week that hold less than one in so many of a function's looks in a country are odd.

    `prior`: so many days' worth of everybody's days are mixed into a function's. `dispersion`: how unequal days are, before
    anything is known; of exports and searches, which come in bursts, at least `bursts`. `steep`: the power law of rows falls no
    faster. `takes`: a p at which what takes data away is told before what does not.
    """

    seldom: int
    prior: int
    dispersion: float
    bursts: float = field(metadata={"high": 1000.0})
    steep: float
    takes: float = field(metadata={"high": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Much(Signal):
    """`measure`: what there was much of, on `day`."""

    measure: str
    day: int


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    """Sums and the largest days of each principal: all days of all of them are more than the driver takes."""
    ibis = need("ibis", "watching")
    days = world.once(f"days_{NAME}", lambda: _days(world), large=True)
    sums = days.group_by("who", "function", "weekend").aggregate(
        days=days.count(),
        last=days.day.max(),
        **{m: days[m].sum() for m in MEASURES},
        **{f"{m}_2": (days[m] * days[m]).sum() for m in COUNTED},
    )
    most = reduce(lambda a, b: a.union(b), [_most(days, measure) for measure in MEASURES])
    rows = days.group_by("function", "weekend", "rows").aggregate(days=days.count())
    above = {
        (f, w): law.above
        for (f, w), law in _laws(world.facts.rows(rows, ("function", "weekend", "rows"), NAME)).items()
    }
    over = ibis.literal(value=False)
    for (function, weekend), least in sorted(above.items(), key=str):
        of = days.weekend == weekend
        if function != "*":
            of &= days.function.isnull() if function is None else days.function == function
        over |= of & (days["rows"] > least)
    return {
        "sums": sums,
        "most": most,
        "rows": rows,
        "over": days.filter(over).select("who", "function", "weekend", "rows", "day"),
    }


def _most(days: Any, measure: str) -> Any:
    """The largest `value` of each principal on days of a kind, and the first such day."""
    ibis = need("ibis", "watching")
    days = days.filter(days[measure] > 0)
    most = days.group_by("who", "function", "weekend").aggregate(value=days[measure].max())
    on = [days.who == most.who, days.function.identical_to(most.function), days.weekend == most.weekend]
    met = days.inner_join(most, [*on, days[measure] == most.value])
    first = met.group_by("who", "function", "weekend").aggregate(value=met.value.max(), day=met.day.min())
    return first.mutate(measure=ibis.literal(measure))


def _looks(world: World) -> Any:
    looks = world.looks
    return looks.filter(looks.claimed == 0, looks.t > world.as_of - world.defaults.reference_days * DAY)


def _alone(world: World, looks: Any) -> Any:
    """Not one of many in a long list, which is counted by its rows."""
    return (looks.judged == 1) & (looks["size"] <= world.defaults.narrow)


def _bare(world: World, looks: Any) -> Any:
    """Nobody in particular, or without a reason: thirteen answers to thirteen people who asked are thirteen pieces of work."""
    return looks.person.isnull() | (looks.weight_then < world.templates.explained_from)


def _days(world: World) -> Any:
    """who, day, function, and each measure of that day."""
    looks = _looks(world).select(*_OF_LOOKS)
    export, search = str(Mode.EXPORT), str(Mode.SEARCH)
    # A request is one row first: every mention of it says how many rows it had.
    requests = looks.group_by("who", "day", "request").aggregate(
        function=looks.function.max(),
        rows=looks.rows.max(),
        export=((looks["mode"] == export) & _bare(world, looks)).cast("int64").max(),
        search=(looks["mode"] == search).cast("int64").max(),
    )
    days = requests.group_by("who", "day").aggregate(
        function=requests.function.max(),
        rows=requests.rows.sum(),
        exports=requests.export.sum(),
        searched=requests.search.sum(),
    )
    alone = looks.filter(_alone(world, looks))
    alone = alone.group_by(p_who="who", p_day="day").aggregate(persons=alone.person.nunique())
    followed = _followed(looks, search)
    followed = followed.group_by(f_who="who", f_day="day").aggregate(followed=followed.request.nunique())
    odd = _odd(world).select("who", "day", "person")
    odd = odd.group_by(o_who="who", o_day="day").aggregate(odd=odd.person.nunique())
    for part, at in ((alone, "p"), (followed, "f"), (odd, "o")):
        days = days.left_join(part, [("who", f"{at}_who"), ("day", f"{at}_day")])
        days = days.drop(f"{at}_who", f"{at}_day")
    return days.select(
        "who",
        "day",
        "function",
        persons=days.persons.fill_null(0),
        exports="exports",
        rows=days.rows.fill_null(0).cast("int64"),
        searches=days.searched - days.followed.fill_null(0),
        odd=days.odd.fill_null(0),
        weekend=((days.day % 7 == _WEEKEND[0]) | (days.day % 7 == _WEEKEND[1])).cast("int64"),
    )


def _followed(looks: Any, search: str) -> Any:
    """Searches after which the same principal read something within the hour: the last read of this hour, or the first of the next."""
    reads = looks.filter(looks["mode"] == str(Mode.READ))
    reads = reads.mutate(hour=reads.t // _HOUR)
    reads = reads.group_by(d_who=reads.who, d_hour=reads.hour).aggregate(begun=reads.t.min(), done=reads.t.max())
    after = reads.select(a_who="d_who", a_hour=reads.d_hour - 1, begun="begun")
    searches = looks.filter(looks["mode"] == search).select("row", "who", "day", "request", "t")
    searches = searches.mutate(hour=searches.t // _HOUR)
    met = searches.left_join(reads.drop("begun"), [("who", "d_who"), ("hour", "d_hour")])
    met = met.left_join(after, [("who", "a_who"), ("hour", "a_hour")])
    soon = (met.done >= met.t).fill_null(False) | (met.begun - met.t <= _HOUR).fill_null(False)
    return met.filter(soon).select("row", "who", "day", "request")


def _odd(world: World) -> Any:
    """Looks in hours in which the function hardly works, in that country."""
    ibis = need("ibis", "watching")
    seldom = world.defaults.of(NAME, NUMBERS).seldom
    looks = _looks(world)
    looks = looks.filter(_alone(world, looks), looks.function.notnull())
    looks = looks.mutate(hour=(looks.t // _HOUR) % _WEEK, land=looks.country.fill_null(""))
    hours = looks.group_by("function", "land", "hour").aggregate(c=looks.count())
    by = [hours.function, hours.land]
    rising = ibis.window(group_by=by, order_by=[hours.c, hours.hour], preceding=None, following=0)
    hours = hours.mutate(so_far=hours.c.sum().over(rising), whole=hours.c.sum().over(ibis.window(group_by=by)))
    hours = hours.filter(hours.so_far * seldom <= hours.whole)
    hours = hours.select(h_function="function", h_land="land", h_hour="hour")
    return looks.semi_join(hours, [("function", "h_function"), ("land", "h_land"), ("hour", "h_hour")])


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Much]:
    """A signal for every principal with a day at work: the most unusual of their days."""
    numbers = world.defaults.of(NAME, NUMBERS)
    given = {name: cast("Sequence[Any]", of) for name, of in rows.items()}
    whole, laws = _sums(given["sums"]), _laws(given["rows"])
    own: dict[str, tuple[list[Any], list[Any], list[Any]]] = {}
    for place, name in enumerate(("sums", "most", "over")):
        for row in given[name]:
            own.setdefault(row["who"], ([], [], []))[place].append(row)
    return [
        _much(who, sums, most, _Usual(sums, over, whole, laws, numbers))
        for who, (sums, most, over) in sorted(own.items())
    ]


def _weekend(day: int) -> int:
    return int(day % 7 in _WEEKEND)


def _sums(parts: Sequence[Any]) -> dict[tuple[_Stratum, str], Sums]:
    """Per function and kind of day, and of everybody: each measure over all days."""
    made: dict[tuple[_Stratum, str], Sums] = {}
    for row in parts:
        for measure in MEASURES:
            k, days = row[measure], row["days"]
            square = row[f"{measure}_2"] if measure in COUNTED else 0
            for function in (row["function"], "*"):
                key = ((function, row["weekend"]), measure)
                made[key] = made.get(key, Sums()) + Sums(days, k, days, square, k, days)
    return made


@dataclass(frozen=True, slots=True)
class _Law:
    """The rows of all days of a kind: a tenth of `days` have more than `above`, by `logs` in all when written as logarithms."""

    days: int
    above: int
    over: int
    logs: float


def _laws(counted: Sequence[Any]) -> dict[_Stratum, _Law]:
    """From how many days of a kind had so many rows."""
    by: dict[_Stratum, Counter[int]] = {}
    for row in counted:
        for function in (row["function"], "*"):
            by.setdefault((function, row["weekend"]), Counter())[row["rows"]] += row["days"]
    made = {}
    for key, rows in by.items():
        days = rows.total()
        left, above = days // 10, 1
        for value in sorted(rows, reverse=True):
            above, left = max(1, value), left - rows[value]
            if left < 0:
                break
        over = {value: n for value, n in rows.items() if value > above}
        logs = math.fsum(n * math.log(value / above) for value, n in sorted(over.items()))
        made[key] = _Law(days, above, sum(over.values()), logs)
    return made


@dataclass(frozen=True, slots=True)
class _Usual:
    """What the days of others bring: those of one principal are taken out."""

    sums: Sequence[Any]
    over: Sequence[Any]
    whole: Mapping[tuple[_Stratum, str], Sums]
    laws: Mapping[_Stratum, _Law]
    numbers: NUMBERS
    mine: dict[tuple[_Stratum, str], Sums] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mine.update(_sums(self.sums))

    def tail(self, row: Any) -> tuple[float, float]:
        """How often such a day of others brings as much, and how much is usual."""
        numbers, measure = self.numbers, row["measure"]
        # As if one more had been seen: what nobody else ever did may still be.
        everybody = self._others("*", row, measure) + _ONE
        r = rate(everybody, 0.0, 1)
        own = self._others(row["function"], row, measure) + _ONE
        own_r = rate(own, r, numbers.prior)
        if measure == ROWS:
            return self._more_rows(row), own_r
        s = mixed(dispersion(everybody, r), everybody.units, numbers.dispersion, numbers.prior)
        s = mixed(dispersion(own, own_r), own.units, s, numbers.prior)
        if measure in (EXPORTS, SEARCHES):
            # Where nobody does it, nothing is known of how often it is done again.
            s = max(s, numbers.bursts)
        return at_least(row["value"], 1, own_r, s), own_r

    def _others(self, function: str | None, row: Any, measure: str) -> Sums:
        key = ((function, row["weekend"]), measure)
        return self.whole[key] - self.mine[key]

    def _more_rows(self, row: Any) -> float:
        """A power law beyond what a tenth of days have: one long list is no wonder where nobody draws any."""
        kind = row["weekend"]
        law = self.laws[row["function"], kind]
        if law.days < 10 * self.numbers.prior:
            law = self.laws["*", kind]
        if row["value"] <= law.above:
            return 1.0
        own = [math.log(d["rows"] / law.above) for d in self.over if d["rows"] > law.above and d["weekend"] == kind]
        # Drawn towards the law with exponent 1.
        over, logs = law.over - len(own), max(0.0, law.logs - math.fsum(own))
        steep = min(self.numbers.steep, (over + self.numbers.prior) / (logs + self.numbers.prior))
        return float((over + 1) / (law.days + 1) * (law.above / row["value"]) ** steep)


def _much(who: str, sums: Sequence[Any], most: Sequence[Any], others: _Usual) -> Much:
    days = sum(row["days"] for row in sums)
    last = max(sums, key=lambda row: (row["last"], row["function"] or ""))
    none = {"measure": ROWS, "value": 0, "day": last["last"], "function": last["function"]}
    tried: list[tuple[float, int, int, Any, float]] = [(1.0, len(MEASURES), 0, none, 0.0)]
    for row in most:
        p, expected = others.tail(row)
        p = times(p, len(MEASURES) * days)
        tried.append((p, MEASURES.index(row["measure"]), row["day"], row, expected))
    takes = [each for each in tried if each[3]["measure"] in OPENERS and each[0] <= others.numbers.takes]
    p, _, _, row, expected = min(takes or tried, key=lambda each: each[:3])
    return Much(
        signal=NAME, family=FAMILY, kind="principal", unit=who, stratum=row["function"] or "everybody", p=p,
        tries=len(MEASURES) * days, days=1, k=row["value"], n=1, expected=expected, opens=row["measure"] in OPENERS,
        measure=row["measure"], day=row["day"],
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Much)]
    by: dict[str, list[Much]] = {}
    for signal in mine:
        by.setdefault(signal.measure, []).append(signal)
    # One question for each measure: to write one takes longer than to answer it, and there may be many signals.
    seen = {measure: _seen(world, measure, of) for measure, of in sorted(by.items())}
    return [_told(world, signal, seen[signal.measure].get((signal.unit, signal.day), [])) for signal in mine]


def _seen(world: World, measure: str, signals: Sequence[Much]) -> dict[tuple[str, int], list[Evidence]]:
    """The looks of these days by principal and day, the first _SHOWN of each."""
    ibis = need("ibis", "watching")
    looks = _odd(world) if measure == ODD else _looks(world)
    looks = looks.mutate(of_day=looks.day.cast("string") + " " + looks.who)
    looks = among(looks, "of_day", [f"{signal.day} {signal.unit}" for signal in signals]).drop("of_day")
    match measure:
        case "exports":
            looks = looks.filter(looks["mode"] == str(Mode.EXPORT), _bare(world, looks))
        case "rows":
            looks = looks.filter(looks.rows.notnull())
        case "searches":
            looks = looks.filter(looks["mode"] == str(Mode.SEARCH))
        case _:
            looks = looks.filter(_alone(world, looks))
    of_day = ibis.window(group_by=[looks.who, looks.day], order_by=[looks.row])
    looks = looks.mutate(place=ibis.row_number().over(of_day))
    made: dict[tuple[str, int], list[Evidence]] = {}
    for look in evidence_of(world, looks.filter(looks.place < _SHOWN)):
        made.setdefault((look.who, look.t // DAY), []).append(look)
    return made


def _told(world: World, signal: Much, seen: Sequence[Evidence]) -> Signal:
    if not seen:
        return replace(signal, p=1.0)
    return replace(
        signal,
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in seen if look.person is not None})),
        looks=most_telling(seen, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in seen if look.case is not None})),
        sentence=_sentence(signal, seen),
    )


def _sentence(signal: Much, looks: Sequence[Evidence]) -> str:
    who, k = people(1, looks), signal.k
    day = "on one day of a weekend" if _weekend(signal.day) else "on one day"
    match signal.measure:
        case "rows":
            return (
                f"{who} was given {many(k, 'row')} of data {day}; {usual(signal.expected, 'row', 'rows')} in this work."
            )
        case "exports":
            return f"{who} made {many(k, 'export')} {day}; {usual(signal.expected, 'export', 'exports')} in this work."
        case "searches":
            expected = usual(signal.expected, "such search", "such searches")
            return f"{who} searched {often(k)} {day} and read nothing within the hour; {expected} in this work."
        case "odd":
            return (
                f"{who} looked at {many(k, 'person')} {day} in hours in which this function hardly works; "
                f"{usual(signal.expected)}."
            )
        case _:
            return f"{who} looked at {many(k, 'person')} {day}; {usual(signal.expected, 'person', 'persons')} in this work."
