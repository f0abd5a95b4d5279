# SPDX-License-Identifier: Apache-2.0
"""One invented company: made, looked through, and measured. Of what detects only the run, the list and the fusion are used."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from whosaw.detect.defaults import load_defaults
from whosaw.detect.finding import finding_id
from whosaw.detect.fuse import prices_of
from whosaw.detect.lines import Line, json_line
from whosaw.detect.run import Tried, drafted, tried, world_of
from whosaw.detect.signal import World
from whosaw.detect.templates import load_templates
from whosaw.evaluate.around import attributes_of, looks_of, period_of, staff_of
from whosaw.evaluate.measure import Period
from whosaw.evaluate.read import Line as Read
from whosaw.evaluate.read import Planted, read_findings, read_truth
from whosaw.evaluate.report import Report, report
from whosaw.facts.opened import Facts
from whosaw.simulate.run import simulate
from whosaw.simulate.scenarios import Turn
from whosaw.simulate.settings import settings

MOST = 50  # findings per 1,000 staff and month: so long is the list that is measured


def invented(
    folder: Path, staff: int, days: int, seed: int, *, planned: Sequence[Turn],
    dials: Mapping[str, Mapping[str, float]] | None = None,
) -> None:  # fmt: skip
    """The company as a dataset folder."""
    here = replace(settings(), staff=staff, dials=dials or {})
    simulate(folder, here, seed=seed, days=days, scale=1, scenarios=planned, form="parquet", tell=lambda *_: None)


@dataclass(frozen=True, slots=True)
class Looked:
    """A company looked through as of an instant."""

    world: World
    all_: Tried


def looked(facts: Facts, as_of: int) -> Looked:
    """Every signal over every unit."""
    defaults = load_defaults()
    world = world_of(facts, as_of, defaults, load_templates().without(facts.dataset.unsaid))
    return Looked(world, tried(world, defaults.findings.candidate))


def listed(company: Looked, most: int, folder: Path) -> tuple[Read, ...]:
    """The list: the strongest, without what is drawn by lot. As the measure reads it, through the file that is written."""
    numbers = company.world.defaults.findings
    drafts = drafted([s for s in company.all_.signals if s.p <= numbers.candidate], company.all_, company.world)
    lines = [Line(replace(draft, id=finding_id(i)), rank=i) for i, draft in enumerate(drafts[:most], start=1)]
    path = folder / "findings.jsonl"
    path.write_text("".join(map(json_line, lines)), encoding="utf-8")
    return read_findings(path)


def without(company: Looked, names: Collection[str]) -> Looked:
    """The same, as if the signals of these names had never run: fused again, nothing computed again."""
    kept = [s for s in company.all_.signals if s.signal not in names]
    running = Counter(dict(company.all_.ran.items()))
    for family in {s.signal: s.family for s in company.all_.signals if s.signal in names}.values():
        running[family] -= 1
    ran = {family: number for family, number in running.items() if number > 0}
    prices = prices_of(kept)
    return Looked(company.world, replace(company.all_, signals=tuple(kept), ran=ran, prices=prices))


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted, and how many work there for how long."""

    folder: Path
    planted: tuple[Planted, ...]
    raw: Sequence[Mapping[str, Any]]
    period: Period

    @property
    def incidents(self) -> list[Planted]:
        return [each for each in self.planted if not each.benign]

    def measured(self, lines: Sequence[Read]) -> Report:
        wanted = frozenset(look for each in self.incidents for look in each.looks)
        beside = looks_of(self.folder, wanted)
        return report(lines, self.planted, self.period, beside, staff=attributes_of(self.folder, self.period.start))

    @property
    def places(self) -> int:
        return self.period.places(MOST, self.period.end)


def truth_of(folder: Path) -> Truth:
    """Read as anybody would."""
    path = folder / "truth.jsonl"
    start, end = period_of(folder)
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    return Truth(folder, read_truth(path), raw, Period(staff_of(folder), start, end))
