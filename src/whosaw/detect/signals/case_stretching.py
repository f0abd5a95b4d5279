# SPDX-License-Identifier: Apache-2.0
"""One case carries more than it should.

    of a persons looked at under one case        b that it does not name, nor anybody within two hops of them ── counts
    protected persons · people of other units · longest silence before it was used again ·
    days from opening to the last look · assignee and approver in one line                                      ── rank
                     ──smallest of six, paid for──▶ one signal per case
    protected persons without a reason that all rest on one case ──hypergeometric──▶ one signal per principal and case

A case is compared with those of its type, or with all where the type is rare. Being old or silent or approved in one's own
line supports a finding and opens none.

*Innocent*: fraud rings, outages: their type brings many persons, or links.
*Beaten by*: many small cases (then circle_sweep, approval_ring).                       Design: docs/adr/0147
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from whosaw.detect.among import among
from whosaw.detect.by_type import ByType, Ranks
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.reporting import Lines, staff_rows
from whosaw.detect.signal import Evidence, Family, Signal, World
from whosaw.detect.tails import at_least, members, times
from whosaw.detect.tally import HIT, judged
from whosaw.detect.wording import code, days_of, many, people, share, spelled, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "case_stretching"
FAMILY: Family = "cover"
NEEDS = frozenset({"look", "staff", "cases", "case_persons"})
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]
# In the order in which equals are told; only the first may open a finding.
_OPENING = ("unlinked", "protected", "outside")
_SUPPORTING = ("silence", "span", "line")
_PARTS = len(_OPENING) + len(_SUPPORTING)
_RANKED = ("protected", "outside", "silence", "span")


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`rate`: persons that a case neither names nor links, among those looked at under it, before anything is known.

    `few`: cases from which on a type speaks for itself. `enough`: a p that opens a finding before a smaller one supports it.
    `notable`: a case leaves the engine if one part of it is in this share of the largest of its type.
    """

    rate: float = field(metadata={"high": 0.9})
    few: int
    enough: float = field(metadata={"high": 0.5})
    notable: float = field(metadata={"high": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretched(Signal):
    """`part`: what surprises most. `type_`: of the case. `value`: as much of it."""

    part: str
    type_: str
    value: int


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    ibis = need("ibis", "watching")
    looks = _under_cases(world)
    pairs = (
        looks.filter(looks.who.notnull())
        .group_by("who", "case")
        .aggregate(
            function=looks.function.max(),
            n=looks.person.nunique(),
            k=looks.person.nunique(where=(looks.u == 1) & (looks.protected == 1)),
        )
    )
    all_ = judged(world)
    whos = all_.group_by(w_who=all_.who).aggregate(
        whole=all_.person.nunique(), special=all_.person.nunique(where=(all_.u == 1) & (all_.protected == 1))
    )
    pairs = pairs.filter(pairs.k >= 2)
    cases = world.tables["cases"]
    let_pass = cases.filter(cases.assignee.notnull(), cases.approver.notnull())
    used = world.once("used_cases", lambda: _cases(world, looks), large=True)
    values = [used.group_by("type", value=used[part]).aggregate(cases=used.count()) for part in _RANKED]
    values = [each.mutate(part=ibis.literal(part)) for part, each in zip(_RANKED, values, strict=True)]
    counted = world.once("case_values", lambda: reduce(lambda a, b: a.union(b), values))
    return {
        "cases": _notable(used, world.facts.rows(counted, ("type", "part", "value"), NAME), world),
        "sizes": used.group_by("type", "unlinked", "n").aggregate(cases=used.count()),
        "values": counted.select("type", "part", "value", "cases"),
        "pairs": pairs.inner_join(whos, pairs.who == whos.w_who).drop("w_who"),
        "approved": let_pass.select("case_id", "type", "assignee", "approver", "opened").semi_join(
            looks, let_pass.case_id == looks.case
        ),
        "staff": staff_rows(world.tables["staff"]),
    }


def _notable(used: Any, values: Sequence[Any], world: World) -> Any:
    """The cases of which one part is seldom in their type, or several persons are unlinked; the others count as p = 1."""
    ibis = need("ibis", "watching")
    numbers = world.defaults.of(NAME, NUMBERS)
    ranks = _ranks(values, numbers.few)
    kept = used.unlinked >= 2
    for part in _RANKED:
        types: dict[int, list[str]] = {}
        for type_ in sorted({row["type"] for row in values}):
            types.setdefault(ranks[part].seldom(type_, numbers.notable), []).append(type_)
        for least, of in sorted(types.items()):
            kept |= used.type.isin(of) & (used[part] >= ibis.literal(least, "int64"))
    return used.filter(kept)


def _ranks(values: Sequence[Any], few: int) -> dict[str, Ranks]:
    by: dict[str, dict[str, dict[int, int]]] = {part: {} for part in _RANKED}
    for row in values:
        by[row["part"]].setdefault(row["type"], {})[row["value"]] = row["cases"]
    return {part: Ranks(of, few) for part, of in by.items()}


def _under_cases(world: World) -> Any:
    """The judged looks that name a case, with `unlinked`: the case does not name the person, nor anybody near them."""
    return world.once("under_cases", lambda: _unlinked(world), large=True)


def _unlinked(world: World) -> Any:
    ibis = need("ibis", "watching")
    looks = judged(world).select(*HIT, "case", "u", "protected")
    looks = looks.filter(looks.case.notnull())
    near = _near(world, looks)
    looks = looks.left_join(near, [looks.case == near.x_case, looks.person == near.x_person])
    late = (looks.t < looks.x_since) | (looks.x_by == looks.who)
    gone = looks.x_case.isnull() | late.fill_null(False)
    return looks.mutate(unlinked=ibis.ifelse(gone, 1, 0)).drop("x_case", "x_person", "x_since", "x_by")


def _near(world: World, looks: Any) -> Any:
    """Per case and person: since when the case names them or somebody within two hops, and by whom if by one only."""
    ibis = need("ibis", "watching")
    cp, cases = world.tables["case_persons"], world.tables["cases"]
    named = cp.select(x_case=cp.case_id, x_person=cp.person, since=cp.added.fill_null(0), by=cp.added_by.fill_null(""))
    asked = cases.filter(cases.requester.notnull())
    asked = asked.select(x_case=asked.case_id, x_person=asked.requester, since=0, by=ibis.literal(""))
    parts = named.union(asked.mutate(since=asked.since.cast("int64")))
    if "links" in world.tables:
        circle = world.prepared("circle")
        circle = circle.filter(circle.hop > 0).select("seed", "member")
        # At whom somebody looked under the case first: all who are around those it names are many more.
        seen = looks.select(l_case="case", l_person="person").distinct()
        met = named.inner_join(seen, named.x_case == seen.l_case)
        around = met.inner_join(circle, [met.x_person == circle.seed, met.l_person == circle.member])
        parts = parts.union(around.select("x_case", "since", "by", x_person="l_person")[parts.columns])
    grouped = parts.group_by("x_case", "x_person").aggregate(
        since=parts.since.min(), a=parts.by.min(), b=parts.by.max()
    )
    alone = ibis.ifelse((grouped.a == grouped.b) & (grouped.a != ""), grouped.a, ibis.null("string"))
    return grouped.select("x_case", "x_person", x_since=grouped.since, x_by=alone)


def _cases(world: World, looks: Any) -> Any:
    ibis = need("ibis", "watching")
    cases = world.tables["cases"]
    known = cases.group_by(c_case=cases.case_id).aggregate(
        c_type=cases.type.max(), c_opened=cases.opened.min(), c_assignee=cases.assignee.max()
    )
    looks = looks.left_join(known, looks.case == known.c_case)
    units = _units(world)
    looks = looks.left_join(units, [looks.case == units.u_case, looks.unit == units.u_unit])
    outside = looks.c_assignee.notnull() & looks.unit.notnull() & looks.u_case.isnull()
    counted = looks.group_by("case").aggregate(
        type=looks.c_type.max(),
        opened=looks.c_opened.min(),
        last=looks.t.max(),
        n=looks.person.nunique(),
        unlinked=looks.person.nunique(where=looks.unlinked == 1),
        protected=looks.person.nunique(where=looks.protected == 1),
        outside=looks.who.nunique(where=outside),
    )
    # A silence counts that ended in the time looked at, however long before it began.
    every = world.looks
    every = every.filter(every.judged == 1, every.case.notnull()).semi_join(counted, "case")
    every = every.group_by("case", "day").aggregate(t=every.t.max())
    before = every.day.lag().over(ibis.window(group_by=every.case, order_by=[every.day]))
    gaps = every.mutate(gap=every.day - before)
    gaps = gaps.filter(gaps.t > world.as_of - world.defaults.reference_days * DAY)
    gaps = gaps.group_by(g_case=gaps.case).aggregate(silence=gaps.gap.max().fill_null(0))
    joined = counted.left_join(gaps, counted.case == gaps.g_case).drop("g_case")
    span = ibis.ifelse(joined.opened.notnull() & (joined.last > joined.opened), (joined.last - joined.opened) // DAY, 0)
    # A number that stands in no table is of a type of its own.
    return joined.mutate(silence=joined.silence.fill_null(0), type=joined.type.fill_null(""), span=span.cast("int64"))


def _units(world: World) -> Any:
    """The org units of those who have, or had, a case."""
    cases, staff = world.tables["cases"], world.tables["staff"]
    has = cases.select(u_case=cases.case_id, a=cases.assignee).inner_join(staff, [("a", "who")])
    return has.select("u_case", u_unit=has.unit).distinct()


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Stretched]:
    """A signal for every case that somebody looked under, and for whoever has two protected persons under one."""
    numbers = world.defaults.of(NAME, NUMBERS)
    counts = replace(world.defaults.counts, rate=numbers.rate)
    lines = Lines(rows["staff"])
    approved: Sequence[Any] = rows["approved"]
    lined = {r["case_id"]: r["type"] for r in approved if lines.one(r["assignee"], r["approver"], r["opened"])}
    sizes: Sequence[Any] = rows["sizes"]
    whole = Counter[str]()
    for row in sizes:
        whole[row["type"]] += row["cases"]
    in_line = Counter(lined.values())
    ranks = _ranks(rows["values"], numbers.few)
    ranks["line"] = Ranks(
        {type_: {0: n - in_line[type_], 1: in_line[type_]} for type_, n in whole.items()}, numbers.few
    )
    by_type = ByType(((row["type"], row["unlinked"], row["n"], row["cases"]) for row in sizes), counts, numbers.few)
    cases: list[Any] = [{**row, "line": int(row["case"] in lined)} for row in rows["cases"]]
    rest = whole - Counter(row["type"] for row in cases)
    made = [_case(row, by_type, ranks, rest[row["type"]], numbers.enough) for row in cases]
    return made + [_pair(row) for row in rows["pairs"]]


def _case(row: Any, by_type: ByType, ranks: Mapping[str, Ranks], rest: int, enough: float) -> Stretched:
    as_usual = by_type.usual(row["type"], row["unlinked"], row["n"])
    tried = {part: (ranks[part].rank(row["type"], row[part]), row[part]) for part in ranks}
    tried["unlinked"] = (at_least(row["unlinked"], row["n"], as_usual.rate, as_usual.inverse_s), row["unlinked"])
    part, p = _smallest(tried, _OPENING)
    other, q = _smallest(tried, _SUPPORTING)
    if q < p and times(p, _PARTS) > enough:
        part, p = other, q
    return Stretched(
        signal=NAME, family=FAMILY, kind="case", unit=row["case"], stratum=row["type"] or "unknown", p=times(p, _PARTS),
        tries=_PARTS, days=row["span"], k=row["unlinked"], n=row["n"], expected=row["n"] * as_usual.rate,
        others=as_usual.others, rest=rest, opens=part in _OPENING, part=part, type_=row["type"], value=tried[part][1],
    )  # fmt: skip


def _smallest(tried: Mapping[str, tuple[float, int]], parts: Sequence[str]) -> tuple[str, float]:
    part = min(parts, key=lambda each: tried[each][0])
    return part, tried[part][0]


def _pair(row: Any) -> Stretched:
    """K of the `special` protected persons, among `whole` persons looked at, where chance draws n."""
    expected = row["n"] * row["special"] / row["whole"]
    p = members(row["k"], row["n"], row["special"], row["whole"], expected)
    return Stretched(
        signal=NAME, family=FAMILY, kind="pair", unit=f"{row['who']} {row['case']}", stratum=row["function"] or "everybody",
        p=p, tries=1, days=0, k=row["k"], n=row["n"], expected=expected,
        principals=(row["who"],), cases=(row["case"],), part="rests", type_="", value=row["k"],
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    mine = [signal for signal in signals if isinstance(signal, Stretched)]
    if not mine:
        return []
    cases = sorted({signal.cases[0] if signal.kind == "pair" else signal.unit for signal in mine})
    looks = _under_cases(world)
    looks = among(looks, "case", cases)
    rows: list[Any] = world.facts.rows(
        looks.select("look_id", "who", "person", "case", "unlinked"), ("look_id", "who", "person"), NAME
    )
    unlinked = {(row["look_id"], row["who"], row["person"]) for row in rows if row["unlinked"]}
    by: dict[str, list[Evidence]] = {}
    for look in evidence_of(world, world.looks.semi_join(looks, "row")):
        by.setdefault(look.case or "", []).append(look)
    return [_told(signal, by, unlinked, world) for signal in mine]


def _told(
    signal: Stretched, by: Mapping[str, Sequence[Evidence]], unlinked: set[tuple[str, str, str]], world: World
) -> Signal:
    case = signal.cases[0] if signal.kind == "pair" else signal.unit
    wanted: Callable[[Evidence], bool] | None = {
        "unlinked": lambda look: look.key in unlinked,
        "protected": lambda look: look.protected,
        "rests": lambda look: look.protected and not look.explained and look.who in signal.principals,
    }.get(signal.part)
    looks = [look for look in by.get(case, ()) if wanted is None or wanted(look)]
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        principals=tuple(sorted({look.who for look in looks})),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=(case,),
        sentence=_sentence(signal, looks),
    )


def _sentence(signal: Stretched, looks: Sequence[Evidence]) -> str:
    of = code(signal.type_)
    one = f"One {of} case" if of else "One case number that is not on file" if not signal.type_ else "One case"
    whos = people(len({look.who for look in looks}), looks)
    match signal.part:
        case "unlinked":
            all_ = "this person" if signal.n == 1 else "any of them"
            return (
                f"{one} was used for looks at {many(signal.n, 'person')}, and as far as others had filed by then it has nothing "
                f"to do with {all_ if signal.k == signal.n else share(signal.k, signal.n)}; {usual(signal.expected)} in such a case."
            )
        case "protected":
            number = "any" if signal.value == 1 else "so many"
            return f"{one} was used for looks at {many(signal.value, 'protected person')}; few such cases are used for {number}."
        case "outside":
            them = (
                "one person of another unit" if signal.value == 1 else f"{spelled(signal.value)} people of other units"
            )
            number = "any such" if signal.value == 1 else "so many"
            return f"{one} was used by {them} than the one that has it; few such cases are used by {number}."
        case "silence":
            return f"{one} was used again after {many(signal.value, 'day')} without a look; few such cases rest for so long."
        case "span":
            return (
                f"{one} was still used {many(signal.value, 'day')} after it had been opened; few such cases are used for so "
                "long."
            )
        case "line":
            return f"{one} is worked on and approved within one reporting line, which few such cases are."
        case _:
            return (
                f"{whos} looked at {many(signal.k, 'protected person')} without a reason that covers them, all under one "
                f"case, in {many(days_of(looks), 'day')}; {usual(signal.expected)} under one of their cases."
            )
