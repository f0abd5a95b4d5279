# SPDX-License-Identifier: Apache-2.0
"""Whether p is what it says, on units that have no part in any incident.

    DIR/NAME.jsonl ── one unit a line: {"unit":…,"p":…} ──▶ of them, how many have p ≤ .01, how many should
                                                        └─▶ Kolmogorov and Smirnov: how far from uniform, and by chance?

p of counts come in jumps and are safe: many units share a p, and the next smaller one is far away. Each of them is put
somewhere in the gap, by a hash of its name: only the part of a jump that is no jump of the data can then be a fault.
Two tests: of any distance from uniform, and, of p as they are, of the excess of small ones alone (exp(−2nD²)).

Invariant: the same units give the same figures; no chance of this run is in them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whosaw.errors import BadInput
from whosaw.evaluate.read import lines_of

_LEVELS = (0.01, 0.001)
# Past this many terms of Kolmogorov's series nothing changes; below this λ it is 1.
_TERMS, _LEAST = 100, 0.2


@dataclass(frozen=True, slots=True)
class Calibration:
    """`ratios`: share with p ≤ .01 and ≤ .001, over what it should be. `excess_p`: how often chance brings such an excess.

    `distance`: the largest between the share with p ≤ x and x, jumps filled; `distance_p`: how often chance brings it.
    """

    signal: str
    units: int
    ratios: tuple[float, ...]
    excess: float
    excess_p: float
    distance: float
    distance_p: float


# Per stratum: each p, and how many units have it with what names; units that never left the engine have none.
Strata = Mapping[str, Sequence[tuple[float, str, int]]]


def calibration_of(folder: Path, out: Collection[str]) -> tuple[Calibration, ...]:
    """Per file of units in `folder`, without the units in `out`. Raises BadInput."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise BadInput("no units are there", where=folder.name, hint="whosaw detect FOLDER --units DIR writes them")
    return tuple(calibrated(path.stem, units_of(path, out)) for path in files)


def units_of(path: Path, out: Collection[str]) -> Strata:
    """The units of one signal, by kind and by those among whom p was measured. Raises BadInput."""
    found: dict[str, list[tuple[float, str, int]]] = {}
    for number, line in lines_of(path):
        try:
            said = json.loads(line)
            unit, p, rest = said["unit"], float(said["p"]), int(said.get("rest", 1))
            own = str(said.get("stratum", ""))
            # p is a rank among its peers: only theirs tell how large a jump is.
            stratum = f"{said.get('kind', '')}\n{said.get('peers', own)}"
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput("not a unit", where=f"{path.name} line {number}") from None
        if not 0 <= p <= 1 or rest < 0:
            raise BadInput("not a unit", where=f"{path.name} line {number}")
        if unit not in out:
            found.setdefault(stratum, []).append((p, str(unit) or own, rest))
    return found


def calibrated(signal: str, strata: Strata) -> Calibration:
    """Of the units of one signal."""
    raw = [p for units in strata.values() for p, _, rest in units for _ in range(rest)]
    filled = [p for stratum, units in strata.items() for p in _filled(signal, stratum, units)]
    return calibration(signal, raw, filled)


def calibration(signal: str, ps: Sequence[float], filled: Sequence[float] | None = None) -> Calibration:
    """Of these p. `filled`: the same, with the gaps below those that many units share filled."""
    ordered, n = sorted(ps), len(ps)
    excess = max((rank / n - p for rank, p in enumerate(ordered, start=1)), default=0.0)
    excess = max(0.0, excess)
    ratios = tuple(sum(p <= level for p in ordered) / (level * n) if n else 0.0 for level in _LEVELS)
    apart = distance(ps if filled is None else filled)
    return Calibration(signal, n, ratios, excess, math.exp(-2 * n * excess**2), apart, kolmogorov(apart, n))


def distance(ps: Sequence[float]) -> float:
    """The largest between the share with p ≤ x and x, on either side."""
    n = len(ps)
    return max((max(rank / n - p, p - (rank - 1) / n) for rank, p in enumerate(sorted(ps), start=1)), default=0.0)


def kolmogorov(apart: float, n: int) -> float:
    """How often n uniform numbers are as far from uniform as that; Stephens' correction for few."""
    if not n:
        return 1.0
    x = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * apart
    if x < _LEAST:
        return 1.0
    total = math.fsum((-1) ** (j - 1) * math.exp(-2 * j * j * x * x) for j in range(1, _TERMS))
    return min(1.0, max(0.0, 2 * total))


def _filled(signal: str, stratum: str, units: Sequence[tuple[float, str, int]]) -> list[float]:
    shared: dict[float, int] = {}
    for p, _, rest in units:
        shared[p] = shared.get(p, 0) + rest
    steps = sorted(shared)
    below = dict(zip(steps, [0.0, *steps], strict=False))
    made = []
    for p, unit, rest in units:
        for copy in range(rest):
            gap = p - below[p] if shared[p] > 1 else 0.0
            made.append(p - gap * _drawn(f"{signal}\n{stratum}\n{unit}\n{copy}") if gap else p)
    return made


def _drawn(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big") / 2**56
