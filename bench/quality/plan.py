# SPDX-License-Identifier: Apache-2.0
"""What is measured: parts, each a kind of invented company and a question; and where what was measured is kept.

    motive    one incident, small company      found? and before the third outsider was looked at?
    split     three shared-out lists           average precision where nobody shares a person, half in no class
    covered   nine families, twice             the same incidents without and with cover stories for half of the looks
    all       every family, each with a twin   precision, recall, IsolationForest, each signal left out
    further   families that are not among them the same
    unread    families that nobody has read    the same
    calm      nothing planted                  is p what it says, are groups alike
    standard  the company of the defaults      how many looks have a reason

Invariant: the name of what was measured holds the digest of the code that it depends on, so old and new never mix.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "bench/results/quality"
# What a figure depends on; the guard, the vault and the pages about them change none.
_CODE = ("detect", "facts", "simulate", "evaluate")
_LAST = 1000  # one company is enough, after all others
# Families that make no cover story of their own, so that the dial gives them one.
COVERABLE = (
    "motive", "slow_alone", "split_list", "watchers", "trail_edits", "search_only", "drift", "curiosity", "acquaintance",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """`every`: of the seeds asked for, one in so many is enough. `minutes`: of one core, about, for each company."""

    name: str
    staff: int
    days: int
    scenarios: Sequence[str]
    every: int
    minutes: float


PARTS: Mapping[str, Part] = {
    part.name: part
    for part in (
        Part("motive", 100, 60, ("motive",), 1, 0.6),
        Part("all", 300, 120, ("all",), 5, 2.0),
        Part("calm", 200, 90, ("none",), 5, 1.0),
        Part("split", 100, 60, ("split_list",) * 3, 5, 0.6),
        Part("covered", 120, 90, COVERABLE, 10, 1.5),
        Part("further", 120, 90, (), 10, 0.8),
        Part("unread", 120, 90, (), 10, 0.8),
        Part("standard", 1000, 180, ("all",), _LAST, 3.0),
    )
}


@dataclass(frozen=True, slots=True)
class Job:
    """One company of one part."""

    part: str
    seed: int

    def kept(self, digest: str) -> Path:
        part = PARTS[self.part]
        return KEPT / f"{self.part}-{self.seed}-{part.staff}x{part.days}-{digest}.json"


def jobs(seeds: Sequence[int], parts: Sequence[str]) -> list[Job]:
    """Company after company, in such an order that whoever stops early has some of each."""
    made = [
        (at * PARTS[part].every + (_LAST if PARTS[part].every == _LAST else 0), number, Job(part, seed))
        for number, part in enumerate(parts)
        for at, seed in enumerate(seeds[: -(-len(seeds) // PARTS[part].every)])
    ]
    return [job for *_, job in sorted(made, key=lambda each: each[:2])]


def digest() -> str:
    """Of all code that a figure depends on."""
    found = hashlib.sha256()
    folders = [*(ROOT / "src/whosaw" / name for name in _CODE), Path(__file__).parent]
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.suffix in (".py", ".toml")):
        # How the page looks, and how large a company is, which stands in the name, change no figure.
        if path.name not in {"page.py", "rows.py", "__main__.py", "plan.py", "read.toml"}:
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def kept(digest_: str) -> dict[str, list[Any]]:
    """Per part what was measured with this code, by seed."""
    found: dict[str, list[Any]] = {part: [] for part in PARTS}
    for part in PARTS:
        for path in sorted(KEPT.glob(f"{part}-*-{digest_}.json")):
            found[part].append(json.loads(path.read_text()))
        found[part].sort(key=lambda run: run["seed"])
    return found
