# SPDX-License-Identifier: Apache-2.0
"""A dataset folder examined: all signals as of its end, or as of the end of each period, and the findings that enter.

    for each instant:   world ──▶ signals ──▶ drafts ──same as an earlier one?──▶ goes on, or is gone: closed
                                                     └─ else ──budget──▶ enters, with the next number
    all lines of a finding together, the most suspicious finding first

Invariants: a run as of an instant sees nothing later; the same folder, numbers and budget give the same bytes, on every
engine and in one process or another.                                                Design: docs/adr/0146
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from whosaw.detect import lot
from whosaw.detect.budget import Places, chosen, places
from whosaw.detect.coverage import Coverage, cover
from whosaw.detect.defaults import Defaults
from whosaw.detect.evidence import evidence_of
from whosaw.detect.finding import Finding, Findings, Reason, finding_id, matched
from whosaw.detect.join import opens, practices
from whosaw.detect.lines import FLOOR, Line
from whosaw.detect.registry import SIGNALS
from whosaw.detect.route import Reviewers
from whosaw.detect.run import Tried, drafted, forget, tried, world_of
from whosaw.detect.signal import Evidence, Signal, World
from whosaw.detect.templates import Templates
from whosaw.facts.columns import DAY, Cell
from whosaw.facts.opened import Dataset, Facts
from whosaw.facts.prepared.looks import holds

At = Callable[[str, int, int], None]
_BY_LOT = "Drawn by lot from the looks that have a reason on file, so that these are reviewed as well; nothing speaks against it."
_REASON = "It has a reason on file."


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it. `units`: every unit of the last run. `by_chance`: about so many units of innocent data would be as
    strong as the weakest of the findings from the top.
    """

    lines: tuple[Line, ...]
    coverage: Coverage
    units: tuple[Signal, ...] = field(repr=False)
    tried: int
    by_chance: float
    staff: int
    blind: bool
    failed: bool


def examine(
    facts: Facts,
    dataset: Dataset,
    *,
    budget: float,
    replay: int | None,
    defaults: Defaults,
    templates: Templates,
    at: At | None = None,
) -> Examined:
    """The findings in `facts`. `budget`: per 1,000 staff and month; `replay`: length of a period, in microseconds."""
    staff, templates = _staff(facts), templates.without(dataset.unsaid)
    entered = _Entered(dataset.name, defaults)
    instants = _instants(dataset, replay)
    for number, as_of in enumerate(instants):
        say = None if at is None else _saying(at, number, len(instants))
        world = world_of(facts if as_of == dataset.end else _learnt(facts, as_of), as_of, defaults, templates)
        all_ = tried(world, defaults.findings.candidate, say)
        may = places(budget, staff, (as_of - dataset.start) / DAY, defaults.budget)
        entered.take(world, all_, may, since=instants[number - 1] if number else dataset.start - 1)
        if as_of != dataset.end:
            forget(world)
    openers = [s for s in all_.signals if opens(s, defaults.findings)]
    weakest = max((min(r.p for r in line.finding.signals) for line in entered.top()), default=0.0)
    units = len(openers) + _rest(openers)
    return Examined(
        entered.lines(),
        cover(world, SIGNALS, (*all_.failed, *(one.sentence for one in practices(all_.signals, defaults.findings)))),
        all_.signals,
        units,
        units * weakest,
        staff,
        blind=not all_.ran,
        failed=bool(all_.failed),
    )


def _learnt(facts: Facts, as_of: int) -> Facts:
    """The facts without the looks that the log had not learnt of yet: at the end of a period nobody knew them."""
    look = facts.tables["look"]
    known = look.filter(look.arrived.isnull() | (look.arrived <= as_of))
    return replace(facts, tables={**facts.tables, "look": known})


def _instants(dataset: Dataset, replay: int | None) -> list[int]:
    if replay is None:
        return [dataset.end]
    ends = list(range(dataset.start + replay, dataset.end, replay))
    return [*ends, dataset.end]


def _saying(at: At, number: int, all_: int) -> At:
    def say(name: str, done: int, total: int) -> None:
        at("signals", number * total + done, all_ * total)  # one bar for all of them
        del name

    return say


def _staff(facts: Facts) -> int:
    """How many work here: all that are listed, or else all that looked."""
    table = facts.tables["staff"] if "staff" in facts.tables else facts.tables["look"]
    rows: list[Any] = facts.rows(table.aggregate(staff=table.who.nunique()), ("staff",), "staff")
    return int(rows[0]["staff"])


def _rest(signals: Sequence[Signal]) -> int:
    rests: dict[tuple[str, str, str], int] = {}
    for s in signals:
        key = s.signal, s.kind, s.stratum
        rests[key] = max(rests.get(key, 0), s.rest)
    return sum(rests.values())


@dataclass(slots=True)
class _Entered:
    """The findings so far: every line of each, by number; and the places that they use."""

    name: str
    defaults: Defaults
    used: Places = field(default_factory=Places)
    by_id: dict[str, list[Line]] = field(default_factory=dict)
    by_lot: set[str] = field(default_factory=set)

    def take(self, world: World, all_: Tried, may: Places, since: int) -> None:
        """One run: what goes on, what is gone, what enters."""
        numbers = self.defaults.findings
        drafts = drafted([s for s in all_.signals if s.p <= numbers.candidate], all_, world)
        reviewers = _reviewers(world, numbers.reviewers)
        ids = matched(drafts, self._earlier(), numbers.same)
        for place, id_ in sorted(ids.items()):
            self._goes_on(replace(drafts[place], id=id_), reviewers)
        for id_, lines in self.by_id.items():
            if id_ not in ids.values() and not lines[-1].closed and not lines[-1].floor:
                lines.append(replace(lines[-1], finding=replace(lines[-1].finding, as_of=world.as_of), closed=True))
        self._enter([d for place, d in enumerate(drafts) if place not in ids], may, reviewers, world)
        self._floor(world, may.floor - self.used.floor, since, reviewers)

    def _earlier(self) -> Findings:
        newest = [lines[-1].finding for lines in self.by_id.values() if not lines[-1].floor]
        return Findings(len(self.by_id), tuple(newest))

    def _goes_on(self, finding: Finding, reviewers: Reviewers) -> None:
        """A new line only where there is more to say: as its looks grow old, a finding weighs less and is no other."""
        before = self.by_id[finding.id][-1]
        more = finding.score > before.finding.score or not set(finding.looks) <= set(before.finding.looks)
        if more or before.closed:
            self.by_id[finding.id].append(Line(finding, route=reviewers.route(finding.principals)))

    def _enter(self, drafts: Sequence[Finding], may: Places, reviewers: Reviewers, world: World) -> None:
        seed = lot.seed_of("lot", self.name, str(world.as_of))
        keys = ["\n".join((*draft.looks, *draft.principals)) for draft in drafts]
        top, by_lot = chosen([d.score for d in drafts], keys, may - self.used, seed, self.defaults.budget)
        for place in [*top, *by_lot]:
            id_ = finding_id(len(self.by_id) + 1)
            finding = replace(drafts[place], id=id_)
            self.by_id[id_] = [Line(finding, route=reviewers.route(finding.principals))]
            if place in by_lot:
                self.by_lot.add(id_)
        self.used += Places(len(top), len(by_lot))

    def _floor(self, world: World, number: int, since: int, reviewers: Reviewers) -> None:
        seed = lot.seed_of("floor", self.name, str(world.as_of))
        for look in _explained(world, seed, number, since):
            id_ = finding_id(len(self.by_id) + 1)
            finding = _of_floor(id_, look, world)
            self.by_id[id_] = [Line(finding, floor=True, route=reviewers.route(finding.principals))]
            self.used += Places(0, 0, 1)

    def top(self) -> list[Line]:
        """The newest lines of those that entered from the top."""
        newest = [lines[-1] for lines in self.by_id.values()]
        return [line for line in newest if not line.floor and line.finding.id not in self.by_lot]

    def lines(self) -> tuple[Line, ...]:
        """All lines, ranked by the newest of each finding."""
        ordered = sorted(
            self.by_id.values(),
            key=lambda lines: (lines[-1].floor, -lines[-1].finding.score, lines[-1].finding.id),
        )
        return tuple(replace(line, rank=rank) for rank, lines in enumerate(ordered, start=1) for line in lines)


def _reviewers(world: World, functions: Sequence[str]) -> Reviewers:
    if "staff" not in world.tables:
        return Reviewers([], functions)
    staff = world.tables["staff"]
    staff = staff.filter(holds(staff.valid_from, staff.valid_to, world.as_of))
    names = ("who", "unit", "function", "manager")
    return Reviewers.of(world.facts.rows(staff.select(*names), names, "staff"), functions)


def _explained(world: World, seed: bytes, number: int, since: int) -> list[Evidence]:
    """So many looks with a reason, each alike: numbers of rows are drawn until enough of them are such looks."""
    if number <= 0:
        return []
    looks = world.looks
    looks = looks.filter(
        looks.claimed == 0, looks.person.notnull(), looks.t > since, looks.weight_then >= world.templates.explained_from
    )
    (bounds,) = world.facts.rows(looks.aggregate(low=looks.row.min(), high=looks.row.max()), ("low",), "floor")
    low, high = bounds["low"], bounds["high"]
    if not isinstance(low, int) or not isinstance(high, int):
        return []
    source = lot.numbers(seed, high - low + 1)
    rows: list[int] = []
    there: set[Cell] = set()
    # Each number that is asked for is written down: few at first.
    for many in (4, 46, 5_000):
        more = [low + next(source) for _ in range(many * number)]
        found = world.facts.rows(looks.filter(looks.row.isin(more)).select("row"), ("row",), "floor")
        rows += more
        there |= {row["row"] for row in found}
        hits = list(dict.fromkeys(row for row in rows if row in there))[:number]
        if len(hits) == number:
            break
    return evidence_of(world, looks.filter(looks.row.isin(hits))) if hits else []


def _of_floor(id_: str, look: Evidence, world: World) -> Finding:
    return Finding(
        id=id_,
        as_of=world.as_of,
        score=0.0,
        p=1.0,
        sentence=_BY_LOT,
        principals=(look.who,),
        persons=() if look.person is None else (look.person,),
        looks=(look.look,),
        cases=() if look.case is None else (look.case,),
        window=(look.t, look.t),
        signals=(Reason(FLOOR, "principal", 1.0, _BY_LOT),),
        harm=(),
        counter=(_REASON,),
    )
