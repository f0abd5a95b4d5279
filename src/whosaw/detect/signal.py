# SPDX-License-Identifier: Apache-2.0
"""What a detector says: a signal about one unit, with its p, its sentence and the looks it rests on.

Invariant: `sentence` names nobody: counts, days and codes only. Identifiers stand in fields that never print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from whosaw.detect.defaults import Defaults
from whosaw.detect.templates import Templates
from whosaw.facts.opened import Facts

# What a signal is about. The last three are teams: their members have the same org unit, manager or function.
UnitKind = Literal["principal", "unit", "manager", "function"]
TEAMS: tuple[UnitKind, ...] = ("unit", "manager", "function")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look of one principal at one person. `later`: a reason was filed after it; `near`: see explain.py."""

    look: str
    t: int
    who: str = field(repr=False)
    person: str = field(repr=False)
    case: str | None
    source: str
    unit: str | None
    function: str | None
    manager: str | None = field(repr=False)
    country: str | None
    protected: bool
    place: bool
    refused: bool
    later: bool
    near: int

    @property
    def key(self) -> tuple[str, str, str]:
        """A bulk look has many persons, and a claimed one two principals: all three make it one."""
        return self.look, self.who, self.person


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One detector's word on one unit.

    `seen` of `of` persons, where about `usual` would be expected from `others` others of `stratum`, in `days` days up to
    the run. `principals`: who of the unit made it so. `looks`: the most telling ones.
    """

    signal: str
    family: str
    kind: UnitKind
    unit: str = field(repr=False)
    p: float
    seen: int
    of: int
    usual: float
    days: int
    others: int
    stratum: str
    first: bool
    principals: tuple[str, ...] = field(repr=False)
    looks: tuple[Evidence, ...] = field(default=(), repr=False)
    sentence: str = ""

    @property
    def persons(self) -> tuple[str, ...]:
        return tuple(sorted({look.person for look in self.looks}))

    @property
    def window(self) -> tuple[int, int]:
        """From its first look to its last, both included."""
        times = [look.t for look in self.looks]
        return min(times), max(times)


@dataclass(frozen=True, slots=True)
class World:
    """What a detector works on: the facts, and `looks`: prepared, explained and kept in the engine, up to `as_of`."""

    facts: Facts
    looks: object = field(repr=False)
    as_of: int
    defaults: Defaults
    templates: Templates


class Detector(Protocol):
    """One file in `signals/`. The engine filters, joins, groups and counts; every quotient and tail is the driver's."""

    @property
    def NAME(self) -> str: ...  # noqa: N802

    @property
    def FAMILY(self) -> str: ...  # noqa: N802

    @property
    def NEEDS(self) -> frozenset[str]: ...  # noqa: N802

    def query(self, world: World) -> object:
        """Counts per unit and window, as an Ibis table of whole numbers and texts."""
        ...

    def score(self, rows: list[Mapping[str, int | str | None]], defaults: Defaults) -> list[Signal]:
        """A signal for every unit that was tried, without looks yet, in the order of their units."""
        ...

    def tell(self, world: World, signals: list[Signal]) -> list[Signal]:
        """The same signals with their looks and their sentence."""
        ...
