# SPDX-License-Identifier: Apache-2.0
"""Looks while they are made: one array of records, in codes. What they are as text, `folder/` says.

Invariant: a look that was planted and one that was not come out of the same function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.draw import NOBODY, Codes, Names

FIELDS = ("ip", "location", "device", "contacts", "messages", "profile", "activity", "payment")
BITS = {name: 1 << at for at, name in enumerate(FIELDS)}
MODES = ("read", "search", "export", "aggregate", "impersonate")
PURPOSES = (
    "subject_request", "service_repair", "safety_review", "fraud_review", "legal_demand", "incident_response",
    "quality_sampling", "internal_inquiry",
)  # fmt: skip
APPS = (
    "support-desk", "fraud-desk", "safety-desk", "legal-desk", "audit-desk", "security-console", "repair-console",
    "warehouse", "press-desk", "board-desk", "operations-desk", "admin-desk", "batch",
)  # fmt: skip
APP_OF = {
    "support": 0, "fraud": 1, "safety": 2, "legal": 3, "audit": 4, "security": 5, "engineering": 6, "data": 7,
    "comms": 8, "executive": 9, "operations": 10, "admin": 11, "service": 12,
}  # fmt: skip
DECISIONS = ("permit", "refuse")
SOURCES = ("gate", "desk-log", "console-log", "warehouse-log")
_SOURCE_OF_APP = np.array([0, 0, 0, 1, 1, 2, 2, 3, 1, 1, 1, 1, 3], dtype=np.uint8)

LOOK = np.dtype(
    [
        ("id", "u8"), ("t", "i8"), ("who", "u8"), ("behalf", "u8"), ("person", "u8"), ("bulk", "u8"), ("fields", "u1"),
        ("detail", "u1"), ("mode", "u1"), ("purpose", "i1"), ("case", "u8"), ("rows", "i4"), ("app", "u1"),
        ("ip", "i8"), ("country", "i1"), ("query", "u8"), ("decision", "i1"), ("arrived", "i8"), ("source", "u1"),
        ("number", "i8"),
    ]
)  # fmt: skip
Looks = NDArray[Any]


def mask(*fields: str) -> int:
    """The bits of these fields."""
    return sum(BITS[each] for each in fields)


def made(
    seed: int, division: int, component: int, begin: int, columns: Mapping[str, Any], draw: np.random.Generator
) -> Looks:
    """Looks with identifiers of their own, from the `begin`-th of this component on. Without a column: nothing known.

    `t` may be in whole seconds or finer: the last three digits are drawn here, for everybody alike.
    """
    count = len(columns["t"])
    looks = np.zeros(count, dtype=LOOK)
    for name in ("behalf", "person", "bulk", "case", "query"):
        looks[name] = NOBODY
    for name, value in {"purpose": -1, "rows": -1, "country": -1, "decision": -1, "ip": -1, "number": -1}.items():
        looks[name] = value
    for name, column in columns.items():
        looks[name] = column
    looks["t"] = looks["t"] // 1000 * 1000 + draw.integers(1000, size=count)
    looks["id"] = ids(seed, division, component, np.arange(begin, begin + count))
    looks["source"] = _SOURCE_OF_APP[looks["app"]]
    gated = looks["source"] == 0
    looks["decision"] = np.where(gated, draw.random(count) < 0.004, -1)
    looks["arrived"] = looks["t"] + draw.gamma(1.5, 1200, count).astype(np.int64) + 40
    asked = (looks["mode"] == 1) & (draw.random(count) < 0.7)
    looks["query"][asked] = draw.integers(1 << 40, size=int(asked.sum())).astype(np.uint64)
    looks["rows"] = np.where((looks["mode"] == 1) & (looks["rows"] < 0), draw.geometric(0.5, count), looks["rows"])
    _one_request(looks)
    return looks


def _one_request(looks: Looks) -> None:
    """All mentions of one request were made at one instant, from one place, by one question."""
    many = np.flatnonzero(looks["bulk"] != NOBODY)
    if not len(many):
        return
    order = np.argsort(looks["id"])
    at = np.minimum(np.searchsorted(looks["id"], looks["bulk"][many], sorter=order), len(looks) - 1)
    first = order[at]
    many, first = many[looks["id"][first] == looks["bulk"][many]], first[looks["id"][first] == looks["bulk"][many]]
    alike(looks, many, looks, first)


def alike(looks: Looks, many: Any, others: Looks, first: Any) -> None:
    """Whatever a request has once: of the `many`, what the `first` ones have."""
    for name in ("t", "arrived", "query", "decision", "rows", "ip", "country", "detail"):
        looks[name][many] = others[name][first]


def ids(seed: int, division: int, component: int, index: Any) -> Codes:
    """Identifiers of looks: keyed, so that none shows which component it came from."""
    return Names(seed, "look", 64).of((division << 52) + (component << 36) + np.asarray(index, dtype=np.int64))


def together(parts: Iterable[Looks]) -> Looks:
    """One array of all."""
    kept = [part for part in parts if len(part)]
    return np.concatenate(kept) if kept else np.zeros(0, dtype=LOOK)
