# SPDX-License-Identifier: Apache-2.0
"""One run: divisions one after the other, each with its work and what is planted in it; then all looks in order of time.

    settings, seed ─▶ division ─▶ queues, machines, edits ─▶ plants and twins ─▶ dirt ─▶ tables, truth, looks apart
                      └──────────────────── for each ─────────────────────┘              └─▶ merged, day by day

Invariant: at no time is more than one division, or one day of all of them, in memory; the same arguments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import numpy as np

from whosaw.simulate import believable
from whosaw.simulate.company.division import Division, division, sizes
from whosaw.simulate.company.period import GROUPS, Period
from whosaw.simulate.folder import looks as look_files
from whosaw.simulate.folder import tables
from whosaw.simulate.folder.truth import Planted, lines
from whosaw.simulate.folder.write import Folder
from whosaw.simulate.scenarios import Turn, put
from whosaw.simulate.settings import LARGEST, Settings
from whosaw.simulate.work import rows
from whosaw.simulate.work.accounts import accounts
from whosaw.simulate.work.book import CASE, Book
from whosaw.simulate.work.dirt import dirty
from whosaw.simulate.work.edits import edits
from whosaw.simulate.work.others import curious, following, machines, wide
from whosaw.simulate.work.queue import queue

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a run."""

    looks: int
    staff: int
    persons: int
    incidents: int
    figures: believable.Figures


def simulate(
    path: Path,
    settings: Settings,
    *,
    seed: int,
    days: int,
    scale: int,
    scenarios: Sequence[Turn],
    form: str,
    tell: Tell,
) -> Made:
    """The company of these settings as a dataset folder at `path`."""
    period = Period(settings.start, days)
    counts = [count for _ in range(scale) for count in sizes(settings.staff, LARGEST)]
    folder = Folder(path, form)
    folder.head(f"simulated-{seed}", period.text(0), period.text(days), GROUPS)
    parts: list[_Part] = []
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as aside:
        with (path / "truth.jsonl").open("w", encoding="utf-8", newline="") as truth:
            for number, count in enumerate(counts):
                tell("working days", number, len(counts))
                mine = [turn for turn in scenarios if (turn.number - 1) % len(counts) == number]
                parts.append(_part(division(seed, number, count, settings, period), mine, folder, Path(aside), truth))
        written = look_files.merge(
            folder, [part.looks for part in parts], lambda done, total: tell("looks", done, total)
        )
    folder.close()
    staff, persons = sum(part.staff for part in parts), sum(part.persons for part in parts)
    return Made(written, staff, persons, len(scenarios), believable.together([part.figures for part in parts]))


@dataclass(frozen=True, slots=True)
class _Part:
    """What is kept of a division once it is written."""

    looks: look_files.Part
    staff: int
    persons: int
    figures: believable.Figures


def _part(where: Division, mine: Sequence[Turn], folder: Folder, aside: Path, truth: TextIO) -> _Part:
    """One division, written. A function of its own, so that all of it is gone before the next one begins."""
    book, looks, planted = _worked(where, mine)
    tables.write(folder, where, book)
    truth.write(lines(planted, frozenset(looks["id"].tolist())))
    spilled = look_files.spill(aside / f"{where.number}.looks", looks, where.period)
    return _Part(spilled, len(where.staff), len(where.persons), believable.figures(where, looks, book))


def _worked(where: Division, scenarios: Sequence[Turn]) -> tuple[Book, rows.Looks, list[Planted]]:
    """Everything that happens in one division: work first, then what is planted, then the dirt over all of it."""
    book = Book(where.seed, where.number)
    parts = [queue(where, unit.number, book) for unit in where.staff.units]
    ordinary = sum(len(part) for part in parts)
    parts += [accounts(where), machines(where), wide(where, book), following(where, book)]
    gazes, who, _ = curious(where, ordinary)
    edits(where, book)
    background = np.concatenate([np.zeros(0, dtype=CASE), *book.cases])
    planted = [one for turn in scenarios for one in put(where, book, background, turn)]
    looks = dirty(where, rows.together([*parts, gazes, *(one.looks for one in planted)]))
    planted += [
        Planted(f"b-c{where.number}-{at + 1:04d}", "honest_curiosity", True, gazes[who == one], gazes[who == one], {})
        for at, one in enumerate(np.unique(who))
    ]
    return book, looks, planted
