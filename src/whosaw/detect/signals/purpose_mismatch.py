# SPDX-License-Identifier: Apache-2.0
"""The reason given does not fit the look.

    thirteen flags per look (fits.py) ──▶ a pattern;  a flag weighs −ln of its share among the looks of the same work
    odd: at most 2 % of such looks weigh as much ──▶ k persons of odd looks of n ──counts──▶ principal, team, case

The work is function and tool, where enough people do it, else the function, else everybody's, and there what the middle one of
a function's people does counts as its convention: no team can make it normal to link late, or to look under a number that names
nobody. What fits is learnt: no purpose and no type of case is known beforehand.

*Innocent*: teams that link late; tools that ask for no purpose.
*Beaten by*: a real case that fits (then case_stretching, circle_sweep, approval_ring).      Design: docs/adr/0147, 0198
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum, log
from statistics import median
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.by_type import ByType
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.fits import FLAGS, fitted, flags_of
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least
from whosaw.detect.tally import Tally, found, humans, judged, of_units, seen, tallies, told
from whosaw.detect.wording import code, days_of, many, people, share, usual
from whosaw.facts.columns import Cell
from whosaw.facts.extra import need

NAME = "purpose_mismatch"
FAMILY: Family = "cover"
NEEDS = frozenset({"look", "staff", "cases", "case_persons"})
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]
# So few people are no convention, and with so few looks nobody shows theirs.
_SEVERAL, _SAYS = 5, 10
# function and tool; function; everybody
_Work = tuple[str | None, str | None] | tuple[str | None] | tuple[()]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`odd`: looks that weigh as much are at most this share. `prior`: so many looks' worth of the wider work's share.

    `seldom`: one in so many looks for a purpose. `few`: looks from which on a purpose teaches, cases from which on a type does.
    """

    odd: float = field(metadata={"high": 0.5})
    prior: int
    seldom: int
    few: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit(Signal):
    """A case. `type_`: its type."""

    type_: str


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    odd = _odd_looks(world)
    cases = _fitted(world)
    cases = cases.filter(cases.case.notnull())
    types = world.tables["cases"].group_by(c_case="case_id").aggregate(c_type=world.tables["cases"].type.max())
    n = cases.group_by("case").aggregate(n=cases.person.nunique())
    n = n.filter(n.n > 1)  # one person is never more than chance brings
    k = odd.group_by(k_case=odd.case).aggregate(k=odd.person.nunique())
    joined = n.left_join(k, n.case == k.k_case)
    joined = joined.left_join(types, joined.case == types.c_case)
    windows = world.defaults.windows
    counted = joined.select("case", type=joined.c_type.fill_null(""), n=joined.n, k=joined.k.fill_null(0))
    kept = world.once("odd_cases", lambda: counted)
    return {
        "n": seen(world, windows),
        "k": found(world, _lists_once(odd, world.defaults.narrow), windows),
        "cases": kept.filter(kept.k > 0),
        "sizes": kept.group_by("type", "k", "n").aggregate(cases=kept.count()),
    }


def _fitted(world: World) -> Any:
    numbers = world.defaults.of(NAME, NUMBERS)
    return world.once("fitted", lambda: fitted(world, judged(world), numbers.seldom, numbers.few), large=True)


def _lists_once(odd: Any, narrow: int) -> Any:
    """With one person for each long list: it was asked for once, for one reason."""
    ibis = need("ibis", "watching")
    first = odd.person.min().over(ibis.window(group_by=[odd.request, odd.who]))
    return odd.mutate(person=ibis.ifelse(odd["size"] > narrow, first, odd.person))


def _odd_looks(world: World) -> Any:
    """The odd looks, with a `label`."""
    return world.once("odd", lambda: _odd_of(world), large=True)


def _odd_of(world: World) -> Any:
    ibis = need("ibis", "watching")
    looks = _fitted(world)
    counted = looks.group_by("function", "app", "pattern").aggregate(looks=looks.count(), whos=looks.who.nunique())
    units = [
        looks.group_by("function", "app").aggregate(whos=looks.who.nunique()),
        looks.group_by("function").aggregate(whos=looks.who.nunique()),
    ]
    rows: list[Any] = world.facts.rows(counted, ("function", "app", "pattern"), f"{NAME}: patterns")
    whos = {
        tuple(row[name] for name in names): row["whos"]
        for names, table in zip((("function", "app"), ("function",)), units, strict=True)
        for row in cast("list[Any]", world.facts.rows(table, names, f"{NAME}: work"))
    }
    small = sorted(of[0] for of, n in whos.items() if len(of) == 1 and of[0] and n < world.defaults.counts.rate_units)
    of_small = looks.filter(looks.function.isin(small))
    theirs = of_small.group_by("function", "who", "pattern").aggregate(looks=of_small.count())
    members: list[Any] = world.facts.rows(theirs, ("function", "who", "pattern"), f"{NAME}: members")
    odd = odd_patterns(rows, whos, members, world)
    wanted = [
        _is(looks.function, function) & _is(looks.app, app) & looks.pattern.isin(patterns)
        for (function, app), patterns in odd.items()
        if patterns
    ]
    return looks.filter(ibis.or_(*wanted) if wanted else ibis.literal(value=False)).mutate(label=ibis.literal("odd"))


def _is(column: Any, value: str | None) -> Any:
    return column.isnull() if value is None else column == value


# ── on the driver ──


def odd_patterns(
    rows: Iterable[Any], whos: Mapping[tuple[str | None, ...], int], members: Iterable[Any], world: World
) -> dict[tuple[str | None, str | None], list[int]]:
    """Per function and tool the patterns that are odd in that work. `members`: who has which, in functions of few people."""
    numbers, counts = world.defaults.of(NAME, NUMBERS), world.defaults.counts
    by: dict[_Work, Counter[int]] = {(): Counter()}
    for row in rows:
        for work in _works(row["function"], row["app"]):
            by.setdefault(work, Counter())[row["pattern"]] += row["looks"]
    shares: dict[_Work, list[float]] = {}
    for work in sorted(by, key=len):
        wider = shares[work[:-1]] if work else None
        shares[work] = _shares(by[work], wider, numbers.prior)
    typical = _typical(members)
    odd = {}
    least = min((_weight(p, shares[()]) for p in _odd(by[()], shares[()], numbers.odd)), default=0.0)
    for function, app in dict.fromkeys((row["function"], row["app"]) for row in rows):
        work = next(
            work
            for work in _works(function, app)
            if not work or (whos[work] >= counts.rate_units and by[work].total() >= counts.rate_persons)
        )
        there = by[function, app]
        found_ = _odd(by[work], shares[work], numbers.odd)
        if not work and function in typical:
            # Held against what everybody does, but for what most of the few do: that is their convention.
            theirs = [max(pair) for pair in zip(shares[()], typical[function], strict=True)]
            found_ = {p for p in found_ if _weight(p, theirs) >= least}
        odd[function, app] = [p for p in sorted(found_) if p in there]
    return odd


def _typical(members: Iterable[Any]) -> dict[str, list[float]]:
    """Per function of few people the share of each flag among the looks of its middle member.

    Half of them would have to be in it together to make something usual. Whoever looked seldom says nothing.
    """
    by: dict[str, dict[str, Counter[int]]] = {}
    for row in members:
        by.setdefault(row["function"], {}).setdefault(row["who"], Counter())[row["pattern"]] += row["looks"]
    found_ = {}
    for function, whos in by.items():
        shares = [_shares(of, None, 0) for of in whos.values() if of.total() >= _SAYS]
        if len(shares) >= _SEVERAL:
            found_[function] = [median(of) for of in zip(*shares, strict=True)]
    return found_


def _weight(pattern: int, shares: Sequence[float]) -> float:
    return round(fsum(-log(shares[place]) for place in flags_of(pattern)), 9)


def _works(function: str | None, app: str | None) -> tuple[_Work, ...]:
    return (function, app), (function,), ()


def _shares(patterns: Mapping[int, int], wider: Sequence[float] | None, prior: int) -> list[float]:
    """How many of these looks have each flag, drawn towards the wider work's share."""
    looks = sum(patterns.values())
    having = [sum(n for pattern, n in patterns.items() if pattern >> place & 1) for place in range(len(FLAGS))]
    if wider is None:
        return [(number + 1) / (looks + 2) for number in having]
    return [(number + 1 + prior * share) / (looks + 2 + prior) for number, share in zip(having, wider, strict=True)]


def _odd(patterns: Mapping[int, int], shares: Sequence[float], most: float) -> set[int]:
    """The patterns that weigh most, down to where all of them together would be more than so large a share."""
    weights: dict[float, list[int]] = {}
    for pattern in patterns:
        weights.setdefault(_weight(pattern, shares), []).append(pattern)
    looks, above, odd = sum(patterns.values()), 0, set()
    for weight in sorted(weights, reverse=True):
        above += sum(patterns[pattern] for pattern in weights[weight])
        if weight <= 0 or above > looks * most:
            break
        odd.update(weights[weight])
    return odd


def score(rows: _Rows, world: World) -> list[Signal]:
    """A signal for everybody, and every team, who looked at anybody, and for every case of several persons."""
    numbers = world.defaults.of(NAME, NUMBERS)
    counts = replace(world.defaults.counts, rate=numbers.odd)
    made: list[Signal] = [*tallies(rows["n"], rows["k"], counts, signal=NAME, family=FAMILY, only=humans)]
    cases: Sequence[Any] = rows["cases"]
    sizes: Sequence[Any] = rows["sizes"]
    by_type = ByType(((row["type"], row["k"], row["n"], row["cases"]) for row in sizes), counts, numbers.few)
    rest = Counter[str]()
    for row in sizes:
        rest[row["type"]] += 0 if row["k"] else row["cases"]
    return made + [_case(row, by_type, rest[row["type"]], world.defaults.reference_days) for row in cases]


def _case(row: Any, by_type: ByType, rest: int, days: int) -> Misfit:
    of = by_type.usual(row["type"], row["k"], row["n"])
    return Misfit(
        signal=NAME, family=FAMILY, kind="case", unit=row["case"], stratum=row["type"] or "unknown",
        p=at_least(row["k"], row["n"], of.rate, of.inverse_s), tries=1, days=days, k=row["k"], n=row["n"],
        expected=row["n"] * of.rate, others=of.others, rest=rest, type_=row["type"],
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    odd = _odd_looks(world)
    mine = [signal for signal in signals if isinstance(signal, Misfit)]
    tallied = [signal for signal in signals if isinstance(signal, Tally)]
    of_cases = among(odd, "case", {signal.unit for signal in mine})
    hits = odd.filter(of_units(odd, tallied)).union(of_cases) if tallied else of_cases
    names = ("look_id", "who", "person", "pattern")
    rows: list[Any] = world.facts.rows(hits.select(*names), names, NAME)
    patterns = {(row["look_id"], row["who"], row["person"]): row["pattern"] for row in rows}
    made = told(world, tallied, odd, lambda signal, looks: _sentence(looks, patterns, signal.whole))
    if not mine:
        return made
    by: dict[str, list[Evidence]] = {}
    for look in evidence_of(world, world.looks.semi_join(of_cases, "row")):
        by.setdefault(look.case or "", []).append(look)
    return made + [_of_case(signal, by.get(signal.unit, []), patterns, world) for signal in mine]


_Patterns = Mapping[tuple[str, str, str], int]


def _of_case(signal: Misfit, looks: Sequence[Evidence], patterns: _Patterns, world: World) -> Signal:
    if not looks:
        return replace(signal, p=1.0)
    of = code(signal.type_)
    what = f"One {of} case" if of else "One case" if signal.type_ else "One case number that is not on file"
    return replace(
        signal,
        principals=tuple(sorted({look.who for look in looks})),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=(signal.unit,),
        sentence=(
            f"{what} was named for looks at {many(signal.n, 'person')}, and for {share(signal.k, signal.n)} it does not fit: "
            f"{_why(looks, patterns)}; {usual(signal.expected)}."
        ),
    )


def _sentence(looks: Sequence[Evidence], patterns: _Patterns, expected: float) -> str:
    persons = len({look.person for look in looks})
    return (
        f"{people(len({look.who for look in looks}), looks)} looked at {many(persons, 'person')} for reasons that do not fit, in "
        f"{many(days_of(looks), 'day')}: {_why(looks, patterns)}; {usual(expected)}."
    )


def _why(looks: Sequence[Evidence], patterns: _Patterns) -> str:
    """Of so many looks, what most of them lack; at most two reasons."""
    flags = Counter(place for look in looks for place in flags_of(patterns.get(look.key, 0)))
    most = sorted(flags.items(), key=lambda each: (-each[1], each[0]))[:2]
    if len(looks) == 1:
        return "the look " + " and ".join(_singular(FLAGS[place][1]) for place, _ in most)
    (first, number), *others = most
    every = number == len(looks)
    said = f"{_of(number, len(looks))} {_lacks(first, number)}"
    for second, fewer in others:
        if fewer == number and every:
            return f"{said} and {_lacks(second, fewer)}"
        # Of how many both are true nobody counted, but where the first is true of all.
        said += f", and {fewer:,}{' of them' if every else ''} {_lacks(second, fewer)}"
    return said


def _of(number: int, all_: int) -> str:
    """`both looks`, `all 4 looks`, `3 of 4 looks`."""
    if number == all_:
        return "both looks" if all_ == 2 else f"all {all_:,} looks"
    return f"{number:,} of {all_:,} looks"


def _lacks(place: int, number: int) -> str:
    text = FLAGS[place][1]
    return _singular(text) if number == 1 else text


def _singular(text: str) -> str:
    """`gives no purpose` for `give no purpose`."""
    verb, _, rest = text.partition(" ")
    return f"{verb}s {rest}"
