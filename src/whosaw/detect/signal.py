# SPDX-License-Identifier: Apache-2.0
"""What a detector says: a signal about one unit, with its p, its sentence and the looks it rests on.

Invariant: `sentence` names nobody: counts, days and codes only. Identifiers stand in fields that never print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from whosaw.detect.defaults import Defaults
from whosaw.detect.others import Usual
from whosaw.detect.tails import at_least
from whosaw.detect.templates import Templates
from whosaw.facts.columns import Cell
from whosaw.facts.opened import Facts

# What a signal is about. All but the first are teams: their members have the same org unit, manager or function, or are
# the accounts that stand in no directory, which may all be one human's.
UnitKind = Literal["principal", "unit", "manager", "function", "unlisted"]
TEAMS: tuple[UnitKind, ...] = ("unit", "manager", "function", "unlisted")
UNLISTED = "not in the directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look of one principal at one person. `later`: a reason was filed after it; `near`: see explain.py.

    `named`: it was made in the name of somebody else, which is only claimed. Who that is stands nowhere here.
    """

    look: str
    t: int
    who: str = field(repr=False)
    person: str = field(repr=False)
    case: str | None
    unit: str | None
    function: str | None
    manager: str | None = field(repr=False)
    country: str | None
    protected: bool
    place: bool
    refused: bool
    named: bool
    first: bool
    later: bool
    near: int

    @property
    def key(self) -> tuple[str, str, str]:
        """A bulk look has many persons: all three make it one."""
        return self.look, self.who, self.person


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One detector's word on one unit.

    `best`: the count that surprises most, `tries` of them were looked at and `p` pays for it. `whole`: the count over the
    longest window. `principals`: who of the unit made it so. `looks`: theirs, the most telling ones.
    """

    signal: str
    kind: UnitKind
    unit: str = field(repr=False)
    p: float
    tries: int
    best: Count
    whole: Count
    principals: tuple[str, ...] = field(default=(), repr=False)
    looks: tuple[Evidence, ...] = field(default=(), repr=False)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What a detector works on: the facts, and `looks`: prepared, explained and kept in the engine, up to `as_of`."""

    facts: Facts
    looks: Any = field(repr=False)
    as_of: int
    defaults: Defaults
    templates: Templates


class Detector(Protocol):
    """One file in `signals/`. The engine filters, joins, groups and counts; every quotient and tail is the driver's."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  a constant of the module

    @property
    def NEEDS(self) -> frozenset[str]: ...  # noqa: N802  a constant of the module

    def query(self, world: World) -> Any:
        """Counts per unit and window, as an Ibis table of whole numbers and texts."""
        ...

    def score(self, rows: Sequence[Mapping[str, Cell]], defaults: Defaults) -> list[Signal]:
        """A signal for every unit that was tried, without looks yet, in the order of their units."""
        ...

    def tell(self, world: World, tried: Sequence[Signal]) -> list[Signal]:
        """The same signals; those that may matter with their looks, their sentence and perhaps a larger p."""
        ...
