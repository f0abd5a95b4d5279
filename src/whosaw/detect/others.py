# SPDX-License-Identifier: Apache-2.0
"""What is usual: the others' rate, without those who may be in it together.

    company ◀── function       a function has a rate of its own once it is large; else the company's
    a principal is compared without their own org unit, a team without its own people
    what a machine does is usual for nobody
    but what two thirds of a team of some size have at least, in a window, is nobody's doing     nothing was linked there
    and a team too large for all of it to be in it together says itself what is usual there      wards, and no desks

Whoever stands far apart already is left out for everybody: otherwise those who snoop make each other look usual. What
they stand apart from starts with those who certainly do not, and is found again until nobody comes or goes.

Invariant: whoever is tested is part of what they are compared with by no more than that. A small company gets the declared numbers of
`defaults.toml`, neither a free pass nor its own noisy tail.                         Design: docs/adr/0042, 0199, 0251, 0280
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from whosaw.detect.defaults import Counts
from whosaw.detect.signal import MACHINES
from whosaw.detect.tails import Sums, at_least, dispersion, mixed, rate

# Fewer org units than this, and leaving out one leaves nothing to compare with.
_FEW_UNITS = 3
# Of so many of one team what most of them have is how they work, and not what one of them did.
_SEVERAL = 5


@dataclass(frozen=True, slots=True)
class Counted:
    """One principal in one window: k unexplained of n persons. `block`: which of the windows of that length."""

    who: str = field(repr=False)
    unit: str | None
    function: str | None
    manager: str | None = field(repr=False)
    k: int
    n: int
    block: int = 0


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
    whos: int

    def __sub__(self, other: _Group) -> _Group:
        return _Group(self.sums - other.sums, self.whos - other.whos)


_NOBODY = _Group(Sums(), 0)


@dataclass(frozen=True, slots=True)
class _Team:
    """The members of one org unit, together and each."""

    all: _Group
    each: Mapping[str, _Group]

    @classmethod
    def of(cls, counted: Iterable[Counted]) -> _Team:
        by_who: dict[str, Sums] = {}
        for c in counted:
            by_who[c.who] = by_who.get(c.who, Sums()) + Sums.of([(c.k, c.n)])
        each = {who: _Group(sums, 1) for who, sums in by_who.items() if sums.n}
        return cls(_together(each.values()), each)

    def without(self, who: str) -> _Group:
        return self.all - self.each.get(who, _NOBODY)


# Org unit, function and manager.
_Key = tuple[str | None, str | None, str | None]
# Kind and id of a team, and the window.
_At = tuple[str, str | None, int]


class Others:
    """All principals in windows of one length."""

    def __init__(self, counted: Iterable[Counted], numbers: Counts) -> None:
        self._numbers = numbers
        counted = [each for each in counted if each.function != MACHINES]
        self._members: dict[_At, list[Counted]] = {}
        # Each member asks for the same.
        self._least: dict[_At, Sums | None] = {}
        self._of_unit: dict[str | None, list[Counted]] = {}
        for each in counted:
            self._of_unit.setdefault(each.unit, []).append(each)
            for kind, id_ in (("unit", each.unit), ("manager", each.manager), ("function", each.function)):
                self._members.setdefault((kind, id_, each.block), []).append(each)
        counted = _near(counted, numbers)
        gathered: dict[_Key, list[Counted]] = {}
        self._own: dict[str, list[Counted]] = {}
        for each in counted:
            gathered.setdefault((each.unit, each.function, each.manager), []).append(each)
            self._own.setdefault(each.who, []).append(each)
        self._groups = {
            key: _Group(Sums.of((c.k, c.n) for c in members), len({c.who for c in members if c.n}))
            for key, members in gathered.items()
        }
        # What is left of a whole is the whole without what goes: few go, and of whole numbers that is the same.
        self._whole = _together(self._groups.values())
        self._of: tuple[dict[str | None, list[_Key]], ...] = ({}, {}, {})
        for key in self._groups:
            for place, value in enumerate(key):
                self._of[place].setdefault(value, []).append(key)
        self._of_function = {function: self._sum(keys) for function, keys in self._of[1].items()}
        self._answers: dict[tuple[str, str | None, str | None, str | None], Usual] = {}
        self._teams: dict[str, _Team] = {}

    def usual(self, kind: str, id_: str, unit: str | None, function: str | None, block: int | None = None) -> Usual:
        """What to expect of the unit `id_` of `kind`, whose members have this org unit and function; in that window at least what
        most of its team have.
        """
        few = len(self._of[0]) < _FEW_UNITS
        without = id_ if kind != "principal" or few else None
        question = (kind, without, unit, function)
        if question not in self._answers:
            self._answers[question] = self._usual(kind, id_, unit, function, few)
        usual = self._answers[question]
        if kind == "principal" and unit is not None:
            usual = self._of_team(usual, unit, id_)
        if block is None:
            return usual
        return self._of_members(usual, ("unit", unit, block) if kind == "principal" else (kind, id_, block))

    def _of_team(self, usual: Usual, unit: str, who: str) -> Usual:
        """What the others of a large team have, where that is more: what a whole ward does for its patients is unusual beside the
        other people of its function, and no member's doing.
        """
        if unit not in self._teams:
            members = self._of_unit.get(unit, [])
            large = len({each.who for each in members}) >= self._numbers.named
            self._teams[unit] = _Team.of(_near(members, self._numbers) if large else ())
        others = self._teams[unit].without(who)
        # As many others and the one who is tested are more than a finding names: not all of them are in it together.
        if others.whos < self._numbers.named:
            return usual
        own = rate(others.sums, usual.rate, self._numbers.prior)
        if own <= usual.rate:
            return usual
        spread = mixed(dispersion(others.sums, own), others.whos, usual.inverse_s, self._numbers.dispersion_prior)
        return replace(usual, rate=own, inverse_s=spread, others=others.whos)

    def _of_members(self, usual: Usual, team: _At) -> Usual:
        """At least what the two thirds of a team have, in that window, that have least: nothing was linked there that week, or its
        tool asks for nothing. That is nobody's doing. A third may be in it together, as everywhere.
        """
        if team not in self._least:
            of = _by_who(self._members.get(team, ()) if team[1] is not None else ())
            self._least[team] = _least(of) if len(of) >= _SEVERAL else None
        least = self._least[team]
        if least is None:
            return usual
        own = rate(least, usual.rate, self._numbers.prior)
        return replace(usual, rate=own) if own > usual.rate else usual

    def _usual(self, kind: str, id_: str, unit: str | None, function: str | None, few: bool) -> Usual:
        own = Sums.of((c.k, c.n) for c in self._own.get(id_, ())) if kind == "principal" and few else Sums()
        one, numbers = _Group(own, 1 if own.units else 0), self._numbers
        gone = self._gone(kind, id_, unit, few)
        without = self._whole - self._sum(gone) - one
        everybody, many = without.sums, without.whos
        r = rate(everybody, numbers.rate, numbers.prior)
        s = mixed(dispersion(everybody, r), many, numbers.dispersion, numbers.dispersion_prior)
        of_mine = self._of_function.get(function, _NOBODY) - self._sum(key for key in gone if key[1] == function) - one
        mine, few_of_mine = of_mine.sums, of_mine.whos
        if function is None or few_of_mine < numbers.rate_units or mine.n < numbers.rate_persons:
            return Usual(r, s, many, "everybody")
        own_rate = rate(mine, r, numbers.prior)
        own_s = mixed(dispersion(mine, own_rate), few_of_mine, s, numbers.dispersion_prior)
        return Usual(own_rate, own_s, few_of_mine, function)

    def _gone(self, kind: str, id_: str, unit: str | None, few: bool) -> Iterable[_Key]:
        """Those who are no part of what this unit is compared with."""
        units, functions, managers = self._of
        match kind:
            case "function":
                return functions.get(id_, ())
            case "unlisted":
                return functions.get(None, ())
            case "manager":
                return dict.fromkeys((*managers.get(id_, ()), *units.get(unit, ())))
            case "principal" if few:
                return ()
            case _:
                return units.get(unit, ())

    def _sum(self, keys: Iterable[_Key]) -> _Group:
        return _together(self._groups[key] for key in keys)


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
    return _rate_of(_least(_by_who(counted)), numbers)


def _by_who(counted: Iterable[Counted]) -> list[tuple[int, int]]:
    """K and n of each of them, of whoever did anything."""
    own: dict[str, tuple[int, int]] = {}
    for each in counted:
        if each.n:
            k, n = own.get(each.who, (0, 0))
            own[each.who] = k + each.k, n + each.n
    return list(own.values())


def _least(of: Sequence[tuple[int, int]]) -> Sums:
    """Sums of the two thirds who have least."""
    ordered = sorted((k / n, n, k) for k, n in of)
    most = ordered[: -(-len(ordered) * 2 // 3)]
    return Sums(k=sum(k for *_, k in most), n=sum(n for _, n, _ in most))


def _rate(counted: Iterable[Counted], numbers: Counts) -> float:
    return _rate_of(Sums.of((c.k, c.n) for c in counted), numbers)


def _rate_of(sums: Sums, numbers: Counts) -> float:
    return rate(sums, numbers.rate, numbers.prior)


def _together(groups: Iterable[_Group]) -> _Group:
    total, whos = Sums(), 0
    for group in groups:
        total += group.sums
        whos += group.whos
    return _Group(total, whos)
