# SPDX-License-Identifier: Apache-2.0
"""What a detector is given, and what it says: a signal about one unit, with its p, its sentence and the looks it rests on.

    World ──query──▶ whole numbers and texts ──score──▶ a Signal for every unit tried ──tell──▶ those that may matter,
            engine                             driver                                          with looks and sentence

Invariant: `sentence` names nobody: counts, days and codes only. Identifiers stand in fields that never print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, Protocol

from whosaw.detect.defaults import Defaults
from whosaw.detect.templates import Templates
from whosaw.facts.columns import Cell
from whosaw.facts.extra import need
from whosaw.facts.opened import Facts

# Signals of one family tell the same story in other words: they are paid for together.
Family = Literal["context", "cover", "graph", "time", "concealment"]
FAMILIES: tuple[Family, ...] = ("context", "cover", "graph", "time", "concealment")

# What a signal is about. Members of a team have the same org unit, manager or function, or are the accounts that stand
# in no directory, which may all be one human's.
UnitKind = Literal[
    "principal", "unit", "manager", "function", "unlisted", "case", "circle", "pair", "group", "event", "change", "app",
    "request", "approvers", "desk",
]  # fmt: skip
TEAMS: tuple[UnitKind, ...] = ("unit", "manager", "function", "unlisted")
UNLISTED = "not in the directory"
# The function of accounts that are no people.
MACHINES = "service"

# Tables that several signals read, made once a run: one file each in facts/prepared/.
PREPARED = frozenset({"pair_day", "circle", "seeds", "team", "tie", "degree"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look of one principal. `later`: a reason was filed after it; `near`: see explain.py.

    `person`: None where it was about nobody in particular, as a total. `explained`: a reason holds as of the look.
    `named`: it was made in the name of somebody else, which is only claimed. Who that is stands nowhere here. `lent`: the other
    way, somebody else's account made it in this one's name. `arrived`: when the log learnt of it, None where it did at once or
    nobody knows.
    """

    look: str
    t: int
    who: str = field(repr=False)
    person: str | None = field(repr=False)
    case: str | None = field(repr=False)
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
    explained: bool = False
    tenure: int | None = None
    arrived: int | None = None
    lent: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """A bulk look has many persons: all three make it one."""
        return self.look, self.who, self.person or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One detector's word on one unit: k of n, and how many would be expected, in `days` days.

    `p`: paid for the `tries` counts that were looked at. `stratum`: whom it was compared with, and whose map calibrates it.
    `principals`, `persons`, `looks`, `cases`: what it is about, the most telling ones; empty until told.
    `others`: how many units it was compared with, where that is a number. `rest`: so many units of its stratum never left
    the engine, because nothing could be said of them: p = 1 each. `opens`: False where it may support a finding and never
    be one. A detector may hand more from `score` to `tell` in a subclass.
    """

    signal: str
    family: Family
    kind: UnitKind
    unit: str = field(repr=False)
    stratum: str
    p: float
    tries: int
    days: int
    k: int
    n: int
    expected: float
    principals: tuple[str, ...] = field(default=(), repr=False)
    persons: tuple[str, ...] = field(default=(), repr=False)
    looks: tuple[Evidence, ...] = field(default=(), repr=False)
    cases: tuple[str, ...] = field(default=(), repr=False)
    sentence: str = ""
    opens: bool = True
    others: int | None = None
    rest: int = 0
    peers: str = ""

    @property
    def order(self) -> tuple[float, str, str, str]:
        """Strongest first; never two alike."""
        return self.p, self.signal, self.kind, self.unit


@dataclass(frozen=True, slots=True)
class World:
    """What a detector works on, up to the instant `as_of`.

    `tables`: what was known by then. `looks`: prepared, explained, kept in the engine, with

        judged  1: held against what is usual, see docs/adr/0047      u   1: judged, and without a reason as of the look
                                                                      u1  1: the same, and the first in a while
    """

    facts: Facts
    tables: Mapping[str, Any] = field(repr=False)
    looks: Any = field(repr=False)
    as_of: int
    defaults: Defaults
    templates: Templates

    @property
    def mark(self) -> str:
        """How the names of all end that is kept in the engine for this world."""
        return mark_of(self.as_of, self.defaults, self.templates)

    def prepared(self, name: str) -> Any:
        """The table `name` of PREPARED, made when it is first asked for and kept in the engine."""
        if name not in PREPARED:
            raise KeyError(name)
        module = import_module(f"whosaw.facts.prepared.{name}")
        return self.once(name, lambda: module.make(self.tables, self.looks, self.as_of), large=True)

    def once(self, name: str, make: Any, *, large: bool = False) -> Any:
        """What `make()` says, computed once for this instant, these numbers and reasons, and kept in the engine.

        `large`: it may be as large as the looks, and lies beside the engine's memory.
        """
        kept = name + self.mark
        missing = need("ibis", "watching").common.exceptions.TableNotFound
        try:
            return self.facts.engine.table(kept)
        except missing:
            return (self.facts.lay if large else self.facts.keep)(kept, make())


def mark_of(as_of: int, defaults: Defaults, templates: Templates) -> str:
    """What is computed at one instant with one set of numbers and reasons is told apart from all else by this."""
    return f"_{as_of}_{templates.digest[:16]}_{defaults.digest[:16]}"


class Detector(Protocol):
    """One file in `signals/`. The engine filters, joins, groups and counts; every quotient and tail is the driver's."""

    @property
    def NAME(self) -> str: ...  # noqa: N802  a constant of the module

    @property
    def FAMILY(self) -> Family: ...  # noqa: N802

    @property
    def NEEDS(self) -> frozenset[str]:  # noqa: N802
        """The tables without which it is off."""
        ...

    @property
    def NUMBERS(self) -> type[Any]:  # noqa: N802
        """A frozen dataclass: the keys of its section in defaults.toml, all of them and no others."""
        ...

    def query(self, world: World) -> Mapping[str, Any]:
        """Ibis tables of whole numbers and texts by name. The driver sorts each by its columns, first to last.

        Those in a constant SLICED, if there is one, are kept in the engine, and read slice by slice and once: facts/opened.py.
        A function `idle(world)`, if there is one, says why it is off though its tables are there, and None where it is not.
        """
        ...

    def score(self, rows: Mapping[str, Sequence[Mapping[str, Cell]]], world: World) -> Sequence[Signal]:
        """A signal for every unit that was tried, without looks yet. Pure in `rows` and numbers."""
        ...

    def tell(self, world: World, signals: Sequence[Signal]) -> Sequence[Signal]:
        """Those that may matter, with looks and sentence. May make a p larger, never smaller."""
        ...
