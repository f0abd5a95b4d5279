# SPDX-License-Identifier: Apache-2.0
"""Whether p is what it says, on units that have no part in any incident.

    DIR/NAME.jsonl ── one unit a line: {"unit":…,"p":…} ──▶ of them, how many have p ≤ .01, how many should

p of counts come in jumps and are safe: too few small ones are no fault, too many are. So the test has one side: D⁺, the
largest excess of the share with p ≤ x over x, and how often chance brings one as large (Smirnov's exp(−2nD²)).
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from whosaw.errors import BadInput
from whosaw.evaluate.read import lines_of

_LEVELS = (0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`ratios`: share with p ≤ .01 and ≤ .001, over what it should be. `excess_p`: how often chance brings such an excess."""

    signal: str
    units: int
    ratios: tuple[float, ...]
    excess: float
    excess_p: float


def calibration_of(folder: Path, out: Collection[str]) -> tuple[Calibration, ...]:
    """Per file of units in `folder`, without the units in `out`. Raises BadInput."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise BadInput("no units are there", where=folder.name, hint="whosaw detect FOLDER --units DIR writes them")
    return tuple(_of(path, out) for path in files)


def _of(path: Path, out: Collection[str]) -> Calibration:
    ps: list[float] = []
    for number, line in lines_of(path):
        try:
            said = json.loads(line)
            unit, p, rest = said["unit"], float(said["p"]), int(said.get("rest", 1))
        except (ValueError, KeyError, TypeError):
            raise BadInput("not a unit", where=f"{path.name} line {number}") from None
        if unit not in out:
            ps += [p] * rest
    return calibration(path.stem, ps)


def calibration(signal: str, ps: Sequence[float]) -> Calibration:
    """Of these p."""
    ordered, n = sorted(ps), len(ps)
    excess = max((rank / n - p for rank, p in enumerate(ordered, start=1)), default=0.0)
    excess = max(0.0, excess)
    ratios = tuple(sum(p <= level for p in ordered) / (level * n) if n else 0.0 for level in _LEVELS)
    return Calibration(signal, n, ratios, excess, math.exp(-2 * n * excess**2))
