# SPDX-License-Identifier: Apache-2.0
"""What is usual: the others' rate, without those who may be in it together.

    company ◀── function       a function has a rate of its own once it is large; else the company's
    a principal is compared without their own org unit, a team without its own people

Whoever stands far apart already is left out for everybody: otherwise those who snoop make each other look usual. What
they stand apart from starts with those who certainly do not, and is found again until nobody comes or goes.

Invariant: whoever is tested is never part of what they are compared with. A small company gets the declared numbers of
`defaults.toml`, neither a free pass nor its own noisy tail.                               Design: docs/adr/0042
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from whosaw.detect.defaults import Counts
from whosaw.detect.tails import Sums, at_least, dispersion, mixed, rate

# Fewer org units than this, and leaving out one leaves nothing to compare with.
_FEW_UNITS = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """One principal in one window: k unexplained of n persons."""

    who: str = field(repr=False)
    unit: str | None
    function: str | None
    manager: str | None = field(repr=False)
    k: int
    n: int


@dataclass(frozen=True, slots=True)
class Usual:
    """The rate and dispersion to expect, from so many `others` of `stratum` (a function, or everybody)."""

    rate: float
    inverse_s: float
    others: int
    stratum: str


@dataclass(frozen=True, slots=True)
class Count:
    """k of n persons in the last `days` days, or of those looked at for the `first` time; and what is usual."""

    days: int
    first: bool
    k: int
    n: int
    usual: Usual

    def p(self, k: int | None = None) -> float:
        """How often chance alone would bring as many, or `k`."""
        return at_least(self.k if k is None else k, self.n, self.usual.rate, self.usual.inverse_s)

    @property
    def expected(self) -> float:
        return self.n * self.usual.rate


@dataclass(frozen=True, slots=True)
class _Group:
    sums: Sums
    whos: frozenset[str] = field(repr=False)


class Others:
    """All principals in windows of one length."""

    def __init__(self, counted: Iterable[Counted], numbers: Counts) -> None:
        self._numbers = numbers
        counted = _near(list(counted), numbers)
        gathered: dict[tuple[str | None, str | None, str | None], list[Counted]] = {}
        self._own: dict[str, list[Counted]] = {}
        for each in counted:
            gathered.setdefault((each.unit, each.function, each.manager), []).append(each)
            self._own.setdefault(each.who, []).append(each)
        self._groups = {
            key: _Group(Sums.of((c.k, c.n) for c in members), frozenset(c.who for c in members if c.n))
            for key, members in gathered.items()
        }
        self._answers: dict[tuple[str, str | None, str | None, str | None], Usual] = {}

    def usual(self, kind: str, id_: str, unit: str | None, function: str | None) -> Usual:
        """What to expect of the unit `id_` of `kind`, whose members have this org unit and function."""
        few = len({key[0] for key in self._groups}) < _FEW_UNITS
        without = id_ if kind != "principal" or few else None
        question = (kind, without, unit, function)
        if question not in self._answers:
            self._answers[question] = self._usual(kind, id_, unit, function, few)
        return self._answers[question]

    def _usual(self, kind: str, id_: str, unit: str | None, function: str | None, few: bool) -> Usual:
        def out(key: tuple[str | None, str | None, str | None]) -> bool:
            match kind:
                case "function":
                    return key[1] == id_
                case "unlisted":
                    return key[1] is None
                case "manager":
                    return key[2] == id_ or key[0] == unit
                case "principal" if few:
                    return False
                case _:
                    return key[0] == unit

        rest = {key: group for key, group in self._groups.items() if not out(key)}
        own = self._own.get(id_, []) if kind == "principal" and few else []
        numbers = self._numbers
        everybody, many = _together(rest.values(), own)
        r = rate(everybody, numbers.rate, numbers.prior)
        s = mixed(dispersion(everybody, r), many, numbers.dispersion, numbers.dispersion_prior)
        mine, few_of_mine = _together((g for key, g in rest.items() if key[1] == function), own)
        if function is None or few_of_mine < numbers.rate_units or mine.n < numbers.rate_persons:
            return Usual(r, s, many, "everybody")
        own_rate = rate(mine, r, numbers.prior)
        own_s = mixed(dispersion(mine, own_rate), few_of_mine, s, numbers.dispersion_prior)
        return Usual(own_rate, own_s, few_of_mine, function)


def _near(counted: list[Counted], numbers: Counts) -> list[Counted]:
    """Without those who stand apart, by the declared dispersion: the measured one would be theirs.

    At a higher rate fewer stand apart. The rate of the search only rises, or only falls: so it ends.
    """
    r = max(numbers.rate, _of_most(counted, numbers))
    near = _at(counted, r, numbers)
    rises = _rate(near, numbers) > r
    while True:
        r = max(r, _rate(near, numbers)) if rises else min(r, _rate(near, numbers))
        found = _at(counted, r, numbers)
        if len(found) == len(near):
            return found
        near = found


def _at(counted: list[Counted], r: float, numbers: Counts) -> list[Counted]:
    @cache
    def apart(k: int, n: int) -> bool:
        return k > n * r and at_least(k, n, r, numbers.dispersion) <= numbers.apart

    return [c for c in counted if not apart(c.k, c.n)]


def _of_most(counted: Iterable[Counted], numbers: Counts) -> float:
    """The rate of the two thirds of principals who have least: a third may be in it together."""
    own: dict[str, Sums] = {}
    for each in counted:
        own[each.who] = own.get(each.who, Sums()) + Sums.of([(each.k, each.n)])
    ordered = sorted((s.k / s.n, s.n, s.k) for s in own.values() if s.n)
    most = ordered[: -(-len(ordered) * 2 // 3)]
    return _rate_of(Sums(k=sum(k for *_, k in most), n=sum(n for _, n, _ in most)), numbers)


def _rate(counted: Iterable[Counted], numbers: Counts) -> float:
    return _rate_of(Sums.of((c.k, c.n) for c in counted), numbers)


def _rate_of(sums: Sums, numbers: Counts) -> float:
    return rate(sums, numbers.rate, numbers.prior)


def _together(groups: Iterable[_Group], own: list[Counted]) -> tuple[Sums, int]:
    total, whos = Sums(), 0
    for group in groups:
        total += group.sums
        whos += len(group.whos)
    mine = Sums.of((c.k, c.n) for c in own)
    return total - mine, whos - (1 if mine.units else 0)
