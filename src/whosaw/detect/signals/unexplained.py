# SPDX-License-Identifier: Apache-2.0
"""More persons without a declared reason than this work brings.

    k of n persons looked at have no reason on file        k₁ of n₁, the same among first looks
    windows of 7, 30, 90 days × both counts ──smallest p, paid for──▶ one signal per principal and per team

A refused look is an attempt and counts; so does one that was never asked. A name that is only claimed counts for nobody:
the look is the account's, since whoever types names would make the usual, or accuse, as they like. Every count is of persons, not of looks. A
team is more than one person, and a machine is none: it must still surprise with any one of its members left out, and of its members those are
named whose own count is unusual, or who looked at a person that another of them looked at too.

*Innocent*: missing links, hand-overs by phone, shared queues: declare a template.
*Beaten by*: a cover story for each look; staying within the usual.              Design: docs/adr/0042, 0043, 0047
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from whosaw.detect.evidence import evidence, most_telling
from whosaw.detect.others import Count, Counted, Others
from whosaw.detect.signal import MACHINES, UNLISTED, Evidence, Family, Signal, UnitKind, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.tally import persons
from whosaw.detect.wording import looked
from whosaw.facts.columns import DAY, Cell

NAME = "unexplained"
FAMILY: Family = "context"
NEEDS = frozenset({"look", "staff", "cases", "case_persons"})
_Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """None of its own: windows, rates and dispersions are everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained(Signal):
    """`best`: the count that surprises most. `whole`: the one over the longest window; `alone`: that of each principal."""

    best: Count
    whole: Count
    alone: Mapping[str, Count] = field(default_factory=dict, repr=False, compare=False)


# ── on the engine ──


def query(world: World) -> dict[str, Any]:
    """Per unit, window length and block of that length back from `as_of`: persons, and those without a reason."""
    counted = persons(world, world.defaults.windows)
    # Teams are only tested; what is usual is taken from principals, and for them all of the reference period counts.
    return {"counts": counted.filter((counted.kind == "principal") | (counted.block == 0))}


# ── on the driver ──


def score(tables: Mapping[str, Sequence[_Row]], world: World) -> list[Unexplained]:
    """A signal for everybody, and every team, who looked at anybody in the longest window."""
    rows, defaults = tables["counts"], world.defaults
    others = {
        (days, first): Others(_principals(rows, days, first=first), defaults.counts)
        for days in defaults.windows
        for first in (False, True)
    }
    units: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        if row["block"] == 0 and row["function"] != MACHINES:
            units.setdefault((cast("str", row["kind"]), cast("str", row["id"])), []).append(row)
    made = [_signal(cast("UnitKind", kind), id_, units[kind, id_], others) for kind, id_ in sorted(units)]
    alone = {signal.unit: signal.whole for signal in made if signal.kind == "principal"}
    return [replace(signal, alone=alone) for signal in made]


def _principals(rows: Iterable[_Row], days: int, *, first: bool) -> list[Counted]:
    k, n = ("k1", "n1") if first else ("k", "n")
    found: list[Any] = [row for row in rows if row["kind"] == "principal" and row["days"] == days]
    return [Counted(r["id"], r["unit"], r["function"], r["manager"], r[k], r[n], r["block"]) for r in found]


def _signal(kind: UnitKind, id_: str, rows: Sequence[Any], others: Mapping[tuple[int, bool], Others]) -> Unexplained:
    counts = []
    for row in sorted(rows, key=lambda r: -r["days"]):
        for first in (False, True):
            usual = others[row["days"], first].usual(kind, id_, row["unit"], row["function"], row["block"])
            k, n = (row["k1"], row["n1"]) if first else (row["k"], row["n"])
            counts.append(Count(row["days"], first, k, n, usual))
    best = min(counts, key=lambda count: count.p())  # among equals the longest window, all looks before first ones
    return Unexplained(
        signal=NAME, family=FAMILY, kind=kind, unit=id_, stratum=counts[0].usual.stratum, p=times(best.p(), len(others)),
        tries=len(others), days=best.days, k=best.k, n=best.n, expected=best.expected, others=best.usual.others,
        best=best, whole=counts[0],
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    """Each with looks and sentence, or as large as chance where no team is behind it."""
    found = evidence(world, signals)
    return [_told(signal, found, world) for signal in signals if isinstance(signal, Unexplained)]


def _told(signal: Unexplained, found: Sequence[Evidence], world: World) -> Signal:
    looks = [look for look in found if look.function != MACHINES and _unit_of(look, signal.kind) == signal.unit]
    if signal.kind == "principal":
        named = {signal.unit}
    else:
        numbers = world.defaults.findings
        named = _named(looks, signal.alone, numbers.member)
        if len(named) < 2 or _without_any_one(signal, looks, world.as_of) > numbers.false_share:
            return replace(signal, p=1.0)
    looks = [look for look in looks if look.who in named]
    telling = most_telling(looks, world.defaults.findings.telling)
    return replace(
        signal,
        principals=tuple(sorted(named)),
        persons=tuple(sorted({look.person for look in telling if look.person is not None})),
        looks=telling,
        cases=tuple(sorted({look.case for look in telling if look.case is not None})),
        sentence=looked(looks, signal.whole.expected),
    )


def _unit_of(look: Evidence, kind: UnitKind) -> str | None:
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


def _without_any_one(signal: Unexplained, looks: Iterable[Evidence], as_of: int) -> float:
    """The largest p with one member's looks left out. n stays, which makes p larger still, never smaller."""
    best = signal.best
    start = as_of - best.days * DAY
    whos = _whos(look for look in looks if look.t > start and (look.first or not best.first))
    only = Counter(next(iter(by)) for by in whos.values() if len(by) == 1)
    left = len(whos) - max(only.values(), default=0)
    return times(best.p(left), signal.tries)


def _named(looks: Iterable[Evidence], alone: Mapping[str, Count], seldom: float) -> set[str]:
    looks = list(looks)
    persons: dict[str, set[str]] = {}
    for look in looks:
        persons.setdefault(look.who, set()).add(look.person or "")
    shared = {who for by in _whos(looks).values() if len(by) > 1 for who in by}
    return {who for who, seen in persons.items() if who in shared or _tail(len(seen), alone[who]) <= seldom}


def _whos(looks: Iterable[Evidence]) -> dict[str, set[str]]:
    """Who looked at each person."""
    whos: dict[str, set[str]] = {}
    for look in looks:
        whos.setdefault(look.person or "", set()).add(look.who)
    return whos


def _tail(k: int, whole: Count) -> float:
    return at_least(k, whole.n, whole.usual.rate, whole.usual.inverse_s)
