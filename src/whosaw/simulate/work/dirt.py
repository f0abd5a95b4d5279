# SPDX-License-Identifier: Apache-2.0
"""What real logs are like: retries, late rows, clocks that are off, a source that is silent, rows that are lost, and a
bridge that asks for others.

Invariant: whether and how a row is dirty follows from its identifier alone, so that a planted row more changes no other.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR, MINUTE
from whosaw.simulate.draw import NOBODY, Floats, Names, draws
from whosaw.simulate.work import rows


def dirty(where: Division, looks: rows.Looks) -> rows.Looks:
    """The same looks as the log has them, in the order in which they reached it."""
    rate = where.settings.tables["dirt"]
    looks = _bridge(where, looks.copy())
    looks = rows.together([looks, _again(where, looks, rate["retries"])])
    shift = _offsets(where, rate["offset"])[looks["source"]]
    looks["t"] += shift
    late = _chance(where, looks, "late") < rate["late"]
    hours = -np.log(np.maximum(_chance(where, looks, "how late"), 1e-9)) * 20 * HOUR
    looks["arrived"] = np.where(late, looks["arrived"] + hours.astype(np.int64), looks["arrived"])
    looks = looks[_kept(where, looks, rate)]
    inside = (looks["t"] >= where.period.begin) & (looks["t"] < where.period.end)
    looks = looks[inside]
    order = np.lexsort((looks["id"], looks["arrived"]))
    return rows.together([looks[order]])


def _chance(where: Division, looks: rows.Looks, what: str) -> Floats:
    """A number in [0, 1) for each row, out of its identifier."""
    number: Floats = Names(where.seed, f"dirt {what}", 64).of(looks["id"]).astype(np.float64)
    return number / 2.0**64


def _bridge(where: Division, looks: rows.Looks) -> rows.Looks:
    """Some looks of the support desk come through a machine, which mostly says for whom."""
    through = (_chance(where, looks, "bridge") < 0.015) & (looks["app"] == 0) & (looks["bulk"] == NOBODY)
    bridge = where.staff.codes[where.staff.machines["desk-bridge"]]
    through &= looks["who"] != bridge
    told = _chance(where, looks, "told") < 0.93
    looks["behalf"] = np.where(through & told, looks["who"], looks["behalf"])
    looks["who"] = np.where(through, bridge, looks["who"])
    return looks


def _again(where: Division, looks: rows.Looks, rate: float) -> rows.Looks:
    """Rows that come twice: somebody pressed the key again, or two parts of a tool wrote the same."""
    twice = looks[(_chance(where, looks, "again") < rate) & (looks["bulk"] == NOBODY)].copy()
    after = (_chance(where, twice, "after") * 9_000).astype(np.int64)
    twice["t"] += after
    twice["arrived"] += after
    twice["id"] = Names(where.seed, "again", 64).of(twice["id"])
    return rows.together([twice])


def _offsets(where: Division, share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Of each source, how far its clock is off."""
    draw = draws(where.seed, "clocks")
    off = draw.random(len(rows.SOURCES)) < share
    return np.where(off, draw.integers(-4 * MINUTE, 4 * MINUTE, size=len(rows.SOURCES)), 0).astype(np.int64)


def _kept(where: Division, looks: rows.Looks, rate: Mapping[str, float]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Without what a silent source never wrote, and what was lost."""
    draw = draws(where.seed, "silence")
    source = int(draw.integers(1, len(rows.SOURCES)))
    begin = where.period.begin + int(draw.random() * where.period.days * DAY)
    silent = (looks["source"] == source) & (looks["t"] >= begin) & (looks["t"] < begin + rate["silent_h"] * HOUR)
    return np.asarray(~silent & (_chance(where, looks, "lost") >= rate["loss"]))
