# SPDX-License-Identifier: Apache-2.0
"""More persons without a declared reason than this work brings.

    k of n persons looked at have no reason on file        k₁ of n₁, the same among first looks
    windows of 7, 30, 90 days × both counts ──smallest p, paid for──▶ one signal per principal and per team

A refused look is an attempt and counts; so does one that was never asked. A name that is only claimed counts for nobody:
the look is the account's, since whoever types names would make the usual, or accuse, as they like. Every count is of persons, not of looks. A
team is more than one person: it must still surprise with any one of its members left out, and of its members those are
named whose own count is unusual, or who looked at a person that another of them looked at too.

*Innocent*: missing links, hand-overs by phone, shared queues: declare a template.
*Beaten by*: a cover story for each look; staying within the usual.              Design: docs/adr/0042, 0043, 0047
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.defaults import Defaults
from whosaw.detect.evidence import evidence, most_telling, narrow, unit_column
from whosaw.detect.others import Counted, Others
from whosaw.detect.signal import TEAMS, UNLISTED, Count, Evidence, Signal, UnitKind, World
from whosaw.detect.tails import at_least, times
from whosaw.detect.wording import looked
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "unexplained"
NEEDS = frozenset({"look", "staff", "cases", "case_persons"})
_KINDS: tuple[UnitKind, ...] = ("principal", *TEAMS)
_Row = Mapping[str, Cell]


# ── on the engine ──


def query(world: World) -> Any:
    """Per unit, window length and block of that length back from `as_of`: persons, and those without a reason."""
    looks = narrow(world, world.defaults.reference_days)
    counted = [_counted(looks, kind, days, world) for kind in _KINDS for days in world.defaults.windows]
    return reduce(lambda a, b: a.union(b), counted)


def _counted(looks: Any, kind: UnitKind, days: int, world: World) -> Any:
    ibis = need("ibis", "watching")
    # Teams are only tested; what is usual is taken from principals, and for them all of the reference period counts.
    blocks = world.defaults.reference_days // days if kind == "principal" else 1
    looks = looks.mutate(block=(world.as_of - looks.t) // (days * DAY), id=unit_column(looks, kind))
    looks = looks.filter(looks.id.notnull(), looks.block < blocks)
    first = looks["first"] == 1
    grouped = looks.group_by(looks.id, looks.block).aggregate(
        unit=looks.unit.max(),
        function=looks.function.max(),
        manager=looks.manager.max(),
        n=looks.person.nunique(),
        k=looks.person.nunique(where=looks.u),
        n1=looks.person.nunique(where=first),
        k1=looks.person.nunique(where=looks.u & first),
    )
    return grouped.mutate(kind=ibis.literal(kind), days=ibis.literal(days, "int64"))


# ── on the driver ──


def score(rows: Sequence[_Row], defaults: Defaults) -> list[Signal]:
    """A signal for every unit that looked at anybody in the longest window."""
    others = {
        (days, first): Others(_principals(rows, days, first=first), defaults.counts)
        for days in defaults.windows
        for first in (False, True)
    }
    units: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        if row["block"] == 0:
            units.setdefault((cast("str", row["kind"]), cast("str", row["id"])), []).append(row)
    return [_signal(cast("UnitKind", kind), id_, units[kind, id_], others) for kind, id_ in sorted(units)]


def _principals(rows: Iterable[_Row], days: int, *, first: bool) -> list[Counted]:
    k, n = ("k1", "n1") if first else ("k", "n")
    found: list[Any] = [row for row in rows if row["kind"] == "principal" and row["days"] == days]
    return [Counted(r["id"], r["unit"], r["function"], r["manager"], r[k], r[n]) for r in found]


def _signal(kind: UnitKind, id_: str, rows: Sequence[Any], others: Mapping[tuple[int, bool], Others]) -> Signal:
    counts = []
    for row in sorted(rows, key=lambda r: -r["days"]):
        for first in (False, True):
            usual = others[row["days"], first].usual(kind, id_, row["unit"], row["function"])
            k, n = (row["k1"], row["n1"]) if first else (row["k"], row["n"])
            counts.append(Count(row["days"], first, k, n, usual))
    best = min(counts, key=lambda count: count.p())  # among equals the longest window, all looks before first ones
    return Signal(
        signal=NAME, kind=kind, unit=id_, p=times(best.p(), len(others)), tries=len(others), best=best, whole=counts[0]
    )


# ── what it rests on ──


def tell(world: World, tried: Sequence[Signal]) -> list[Signal]:
    """Those that chance would bring too often as they are; the others with looks and sentence."""
    gate = world.defaults.findings.false_share
    found = evidence(world, [signal for signal in tried if signal.p <= gate])
    alone = {signal.unit: signal.whole for signal in tried if signal.kind == "principal"}
    return [signal if signal.p > gate else _told(signal, found, alone, world) for signal in tried]


def _told(signal: Signal, found: Sequence[Evidence], alone: Mapping[str, Count], world: World) -> Signal:
    looks = [look for look in found if _unit_of(look, signal.kind) == signal.unit]
    if signal.kind == "principal":
        named = {signal.unit}
    else:
        numbers = world.defaults.findings
        named = _named(looks, alone, numbers.member)
        if len(named) < 2 or _without_any_one(signal, looks, world.as_of) > numbers.false_share:
            return replace(signal, p=1.0)
    looks = [look for look in looks if look.who in named]
    return replace(
        signal,
        principals=tuple(sorted(named)),
        looks=most_telling(looks, world.defaults.findings.telling),
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
        case "unlisted":
            return UNLISTED if look.function is None else None


def _without_any_one(signal: Signal, looks: Iterable[Evidence], as_of: int) -> float:
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
        persons.setdefault(look.who, set()).add(look.person)
    shared = {who for by in _whos(looks).values() if len(by) > 1 for who in by}
    return {who for who, seen in persons.items() if who in shared or _tail(len(seen), alone[who]) <= seldom}


def _whos(looks: Iterable[Evidence]) -> dict[str, set[str]]:
    """Who looked at each person."""
    whos: dict[str, set[str]] = {}
    for look in looks:
        whos.setdefault(look.person, set()).add(look.who)
    return whos


def _tail(k: int, whole: Count) -> float:
    return at_least(k, whole.n, whole.usual.rate, whole.usual.inverse_s)
