# SPDX-License-Identifier: Apache-2.0
"""Findings as lines of JSON, for whoever reviews or measures them: the output of dataset.md.

    Line ──json_line──▶ {"finding":"f-000001","rank":1,"score":…,…}       one line a finding and instant, newest counts

Invariant: the same findings give the same bytes, on every engine.          Specification: docs/dataset.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from whosaw.detect.finding import Finding
from whosaw.facts.columns import SECOND, instant

# The signal of what was drawn by lot from looks that have a reason.
FLOOR = "random_floor"


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as of one run. `floor`: drawn from looks with a reason. `closed`: no longer seen. `route`: who reviews it."""

    finding: Finding
    rank: int = 0
    floor: bool = False
    closed: bool = False
    route: str | None = None


def json_line(line: Line) -> str:
    """One line, its newline included."""
    f = line.finding
    said: dict[str, object] = {
        "finding": f.id,
        "rank": line.rank,
        "score": f.score,
        "principals": list(f.principals),
        "persons": list(f.persons),
        "looks": list(f.looks),
        "cases": list(f.cases),
        "window": [time(f.window[0]), time(f.window[1])],
        "signals": [{"signal": r.signal, "p": r.p, "sentence": r.sentence} for r in f.signals],
        "harm": list(f.harm),
        "counter": list(f.counter),
        "as_of": time(f.as_of),
    }
    if line.route is not None:
        said["route"] = line.route
    if line.floor:
        said["floor"] = True
    if line.closed:
        said["closed"] = True
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"


def time(t: int) -> str:
    """RFC 3339, UTC; fractions of a second only where there are any."""
    rest = f"{t % SECOND:06d}".rstrip("0")
    return f"{instant(t):%Y-%m-%dT%H:%M:%S}{'.' if rest else ''}{rest}Z"
