# SPDX-License-Identifier: Apache-2.0
"""Looks as the folder has them, from the files of the divisions, merged day by day: never more than a day in memory.

    division 0 ┐  by the day in which they reached the log
    division 1 ┼──▶ sorted, numbered ──▶ looks
    …          ┘

Invariant: a source numbers what it wrote in order, without holes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whosaw.model.access import LADDER, Field
from whosaw.simulate.company.period import COUNTRIES, DAY, Period
from whosaw.simulate.draw import Ints
from whosaw.simulate.folder.cells import Cells, Named, Numbers, Times, Words
from whosaw.simulate.folder.write import Folder
from whosaw.simulate.work import rows

AT_ONCE = 200_000
_MASKS = tuple(tuple(f for f, bit in rows.BITS.items() if mask & bit) for mask in range(256))


@dataclass(frozen=True, slots=True)
class Part:
    """The looks of one division, in a file of their own; `days`: how many reached the log on each day from the first on."""

    path: Path
    days: Ints


def spill(path: Path, looks: rows.Looks, period: Period) -> Part:
    """Write them, in the order of arrival in which they are."""
    looks.tofile(path)
    day = np.maximum((looks["arrived"] - period.begin) // DAY, 0)
    return Part(path, np.bincount(day, minlength=period.days))


def merge(folder: Folder, parts: Sequence[Part], at: Callable[[int, int], None]) -> int:
    """The table of looks, out of those files; how many there are. Rows may come weeks after the last day."""
    total, written = sum(int(part.days.sum()) for part in parts), 0
    numbers = np.zeros(len(rows.SOURCES), dtype=np.int64)
    begins = [0] * len(parts)
    for day in range(max(len(part.days) for part in parts)):
        batch = []
        for number, part in enumerate(parts):
            count = int(part.days[day]) if day < len(part.days) else 0
            # Read, not mapped: pages of a mapped file would count as ours, and grow with the company.
            batch.append(
                np.fromfile(part.path, dtype=rows.LOOK, count=count, offset=begins[number] * rows.LOOK.itemsize)
            )
            begins[number] += count
        looks = np.concatenate(batch)
        looks = looks[np.lexsort((looks["id"], looks["arrived"]))]
        numbers = _number(looks, numbers)
        for begin in range(0, len(looks) or day == 0, AT_ONCE):
            folder.add("looks", columns(looks[begin : begin + AT_ONCE]))
        written += len(looks)
        at(written, total)
    return written


def _number(looks: rows.Looks, so_far: rows.Looks) -> rows.Looks:
    for source in range(len(so_far)):
        mine = looks["source"] == source
        looks["number"][mine] = so_far[source] + 1 + np.arange(int(mine.sum()))
    return so_far + np.bincount(looks["source"], minlength=len(so_far))


def _details(coarse: bool) -> tuple[tuple[str, ...] | None, ...]:
    """For each set of fields one rung each: the exact one, or one in the middle of the ladder."""
    rung = {name: ladder[len(ladder) // 2 - 1 if coarse else -1] for name, ladder in LADDER.items()}
    return tuple(tuple(rung[Field(each)] for each in fields) or None for fields in _MASKS)


_DETAILS = (*([None] * 256), *_details(coarse=True), *_details(coarse=False))


def _address(looks: rows.Looks) -> Words:
    known, which = np.unique(looks["ip"], return_inverse=True)
    texts = [None if a < 0 else f"10.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}" for a in known.tolist()]
    return Words(which.reshape(-1), texts)


def columns(looks: rows.Looks) -> Mapping[str, Cells]:
    """One batch, as the format names its columns."""
    return {
        "look_id": Named("l", looks["id"], 64),
        "time": Times(looks["t"]),
        "principal": Named("e", looks["who"], 28),
        "on_behalf_of": Named("e", looks["behalf"], 28),
        "person": Named("p", looks["person"], 40),
        "bulk": Named("b", looks["bulk"], 64),
        "fields": Words(looks["fields"], _MASKS),
        "mode": Words(looks["mode"], rows.MODES),
        "purpose": Words(looks["purpose"], rows.PURPOSES),
        "case": Named("c", looks["case"], 48),
        "detail": Words(looks["detail"].astype(np.int64) * 256 + looks["fields"], _DETAILS),
        "rows": Numbers(looks["rows"]),
        "app": Words(looks["app"], rows.APPS),
        "src_ip": _address(looks),
        "src_country": Words(looks["country"], COUNTRIES),
        "query": Named("q", looks["query"], 40),
        "decision": Words(looks["decision"], rows.DECISIONS),
        "arrived": Times(looks["arrived"]),
        "source": Words(looks["source"], rows.SOURCES),
        "number": Numbers(looks["number"]),
    }
