# SPDX-License-Identifier: Apache-2.0
"""Those who leave, and whom they look at before their last day.

    whoever's last time in the directory has ended     persons first looked at without a reason in the last 7, 14 and 30 days
                                                       against where those with a reason fall, and against how unevenly those
                                                       who stay have theirs                  beta-binomial, paid for

Hundreds leave a company and few of them take anything with them: so few are tried that what is no large day for anybody
(volume), and no large share of a function's work (unexplained), is much for one who goes. What is looked at under an account after
its end is counted, too. Each person counts once, at the first look without a reason in the time looked at: whoever works with the same
ones every week takes nobody along.

*Innocent*: handing over: open a case for it, or assign the accounts to whoever takes them.
*Beaten by*: taking it months before; a directory without ends, or one that learns of them late.     Design: docs/adr/0304
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, cast

from whosaw.detect.among import among
from whosaw.detect.evidence import evidence_of, most_telling
from whosaw.detect.signal import MACHINES, Evidence, Family, Signal, World
from whosaw.detect.tails import again, mixed, times
from whosaw.detect.tally import by_day, judged
from whosaw.detect.wording import many, people, usual
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.extra import need

NAME = "leaving"
FAMILY: Family = "time"
NEEDS = frozenset({"look", "staff"})
# So many persons' worth of the share of days enter the share of work that falls into the last ones.
_BY_TIME = 10
_WEIGHT = 50
_Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class NUMBERS:
    """`days`: before the last one, each tried; the middle one shows how uneven work is, of whoever stays and has `least` persons.

    `uneven`: by how much two of them fall into the same days beyond chance, before anything is known; `prior`: so many people's worth of it.
    """

    days: tuple[int, ...]
    least: int
    uneven: float = field(metadata={"high": 0.9})
    prior: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving(Signal):
    """`k` persons of `n` since the day that was `since` days before `as_of`."""

    since: int


# ── on the engine ──


def idle(world: World) -> str | None:
    """Where nobody has left, others of the family must not pay for asking."""
    gone = _left(_terms(world), world)
    (found,) = world.facts.rows(gone.aggregate(gone=gone.count()), (), "leavers")
    return None if found["gone"] else "the table staff says of nobody that they have left lately"


def query(world: World) -> dict[str, Any]:
    """Who left, persons in each window before that; of those who stay, in windows of one length; and the whole of both."""
    numbers = world.defaults.of(NAME, NUMBERS)
    terms = _terms(world)
    left = _left(terms, world)
    work = _firsts(world).anti_join(terms.filter(terms.machine == 1), "who")
    last, stayed = work.inner_join(left.select("who", "ended"), "who"), work.anti_join(left, "who")
    enough = stayed.group_by("who").aggregate(u=stayed.u_ago.count())
    stayed = stayed.semi_join(enough.filter(enough.u >= numbers.least), "who")
    whole = _whole(last).union(_whole(stayed))
    return {
        "left": left.select("who", "ended"),
        "last": _each(numbers.days, lambda days: _inside(last, last.ended + days)),
        "others": _blocks(stayed, _middle(numbers)),
        "whole": whole.left_join(terms.select("who", "began"), "who").select("who", "u", "e", "began"),
        "first": work.aggregate(u_ago=work.u_ago.max(), e_ago=work.e_ago.max()),
    }


def _firsts(world: World) -> Any:
    """Per principal and person how many days ago the first look without a reason was, `u_ago`, and the first one with, `e_ago`."""
    ibis = need("ibis", "watching")
    work = by_day(world)
    work = work.filter(work.function.fill_null("") != MACHINES)
    if "cases" not in world.tables and world.facts.dataset is None:
        # A journal without a directory: nobody has a reason, and that says nothing about those who look.
        work = work.filter(ibis.literal(value=False))
    return work.group_by("who", "person").aggregate(
        u_ago=work.ago.max(where=work.u == 1), e_ago=work.ago.max(where=work.u == 0)
    )


def _terms(world: World) -> Any:
    """Per principal how many days ago their time in the directory `began`, null where nobody knows, and `ended`; `open`: it has not;
    `machine`: it was one. What begins later is not known.
    """
    ibis = need("ibis", "watching")
    s = world.tables["staff"]
    s = s.filter(s.valid_from.isnull() | (s.valid_from <= world.as_of))
    still = s.valid_to.isnull() | (s.valid_to > world.as_of)
    s = s.group_by("who").aggregate(
        open=ibis.ifelse(still, 1, 0).max(), ended=(world.as_of - s.valid_to.max()) // DAY,
        began=ibis.ifelse(s.valid_from.isnull().any(), ibis.null("int64"), (world.as_of - s.valid_from.min()) // DAY),
        machine=ibis.ifelse(s.function == MACHINES, 1, 0).max(),
    )  # fmt: skip
    return s.select("who", "open", "ended", "began", "machine")


def _left(terms: Any, world: World) -> Any:
    return terms.filter(terms.open == 0, terms.ended >= 0, terms.ended < world.defaults.reference_days)


def _each(lengths: Sequence[int], counted: Callable[[int], Any]) -> Any:
    ibis = need("ibis", "watching")
    return reduce(lambda a, b: a.union(b), (counted(days).mutate(days=ibis.literal(days, "int64")) for days in lengths))


def _whole(work: Any) -> Any:
    """Persons without a reason, and with one. Some are both."""
    return work.group_by("who").aggregate(u=work.u_ago.count(), e=work.e_ago.count())


def _inside(work: Any, since: Any) -> Any:
    work = work.mutate(u_in=work.u_ago < since, e_in=work.e_ago < since)
    return work.group_by("who").aggregate(u=work.u_ago.count(where=work.u_in), e=work.e_ago.count(where=work.e_in))


def _blocks(work: Any, days: int) -> Any:
    ibis = need("ibis", "watching")
    zero, one = ibis.literal(0, "int64"), ibis.literal(1, "int64")
    u = work.filter(work.u_ago.notnull()).select("who", block=work.u_ago // days, u=one, e=zero)
    e = work.filter(work.e_ago.notnull()).select("who", block=work.e_ago // days, u=zero, e=one)
    both = u.union(e)
    return both.group_by("who", "block").aggregate(u=both.u.sum(), e=both.e.sum())


def _middle(numbers: NUMBERS) -> int:
    return sorted(numbers.days)[len(numbers.days) // 2]


# ── on the driver ──


def score(rows: _Rows, world: World) -> list[Leaving]:
    """A signal for everybody who left and looked at anybody."""
    numbers = world.defaults.of(NAME, NUMBERS)
    first = max(
        (ago for row in rows["first"] for ago in (row["u_ago"], row["e_ago"]) if isinstance(ago, int)), default=0
    )
    whole = {row["who"]: _Whole.of(row, first) for row in cast("Sequence[Any]", rows["whole"])}
    ended = {row["who"]: row["ended"] for row in cast("Sequence[Any]", rows["left"])}
    # Whoever did nothing in a window has no row of it.
    last: dict[str, dict[int, Any]] = {who: {days: {"u": 0, "e": 0} for days in numbers.days} for who in ended}
    for row in cast("Sequence[Any]", rows["last"]):
        last[row["who"]][row["days"]] = row
    together = _uneven(_middle(numbers), rows["others"], whole, numbers)
    return [_signal(whole[who], who, ended[who], last[who], together) for who in sorted(ended.keys() & whole.keys())]


@dataclass(frozen=True, slots=True)
class _Whole:
    """Persons without a reason and with one, since so many days ago."""

    u: int
    e: int
    began: int

    @classmethod
    def of(cls, row: Any, first: int) -> _Whole:
        return cls(row["u"], row["e"], first if row["began"] is None else min(first, row["began"]))

    def share(self, inside: int, days: int, span: int) -> float:
        """What falls into a window of `days` days: as much as of those with a reason, `inside`, and never less than of all days."""
        covered = min(1.0, days / max(1, span))
        return min(0.99, max(covered, (inside + _BY_TIME * covered) / (self.e + _BY_TIME)))


def _uneven(days: int, rows: Sequence[Any], whole: Mapping[str, _Whole], numbers: NUMBERS) -> float:
    """By how much two persons without a reason of one who stays fall into the same window beyond chance: the beta-binomial's.

    The mean over people, of whom each weighs as much as they have persons, up to _WEIGHT: one who takes a thousand in a week must not
    make that usual for everybody.
    """
    found = {(row["who"], row["block"]): (row["u"], row["e"]) for row in rows}
    measured, weights = [], []
    for who in sorted({who for who, _ in found}):
        all_, beyond, chance = whole[who], 0.0, 0.0
        for block in range((all_.began + 1) // days):
            k, inside = found.get((who, block), (0, 0))
            pi = all_.share(inside, days, all_.began + 1)
            by_chance = all_.u * pi * (1 - pi)
            beyond += (k - all_.u * pi) ** 2 - by_chance
            chance += by_chance * (all_.u - 1)
        if chance:
            weights.append(min(_WEIGHT, all_.u - 1))
            measured.append(weights[-1] * min(1.0, beyond / chance))
    mean = max(0.0, math.fsum(measured) / sum(weights)) if measured else 0.0
    return min(0.99, mixed(mean, len(measured), numbers.uneven, numbers.prior))


def _signal(all_: _Whole, who: str, ended: int, last: Mapping[int, Any], together: float) -> Leaving:
    tried = []
    for days, row in sorted(last.items()):
        pi = all_.share(row["e"], days, all_.began - ended + 1)
        tried.append((again(row["u"], all_.u, pi, together), days, row["u"], all_.u * pi))
    p, days, k, expected = min(tried)
    return Leaving(
        signal=NAME, family=FAMILY, kind="principal", unit=who, stratum="leavers", p=times(p, len(tried)),
        tries=len(tried), days=days, k=k, n=all_.u, expected=expected, since=ended + days,
    )  # fmt: skip


# ── what it rests on ──


def tell(world: World, signals: Sequence[Signal]) -> list[Signal]:
    """Each with the looks without a reason of its window."""
    mine = [signal for signal in signals if isinstance(signal, Leaving)]
    if not mine:
        return []
    looks = judged(world)
    looks = among(looks.filter(looks.u == 1), "who", [signal.unit for signal in mine])
    by: dict[str, list[Evidence]] = {}
    for look in evidence_of(world, looks):
        by.setdefault(look.who, []).append(look)
    return [_told(world, signal, by.get(signal.unit, [])) for signal in mine]


def _told(world: World, signal: Leaving, looks: Sequence[Evidence]) -> Signal:
    earlier = {look.person for look in looks if (world.as_of - look.t) // DAY >= signal.since}
    looks = [look for look in looks if look.person not in earlier]
    if not looks:
        return replace(signal, p=1.0)
    return replace(
        signal,
        principals=(signal.unit,),
        persons=tuple(sorted({look.person for look in looks if look.person is not None})),
        looks=most_telling(looks, world.defaults.findings.telling),
        cases=tuple(sorted({look.case for look in looks if look.case is not None})),
        sentence=(
            f"{people(1, looks)} looked at {many(signal.k, 'person')} without a reason on file in the {signal.days} days up to "
            f"their last day here, or since, and at {signal.n - signal.k:,} others in the rest of "
            f"{world.defaults.reference_days} days; {usual(signal.expected)}."
        ),
    )
