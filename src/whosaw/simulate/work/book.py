# SPDX-License-Identifier: Apache-2.0
"""What is on file beside the looks: cases, whom they are about, approvals, edits. Filled by work and by what is planted.

Invariant: an entry's identifier is keyed by who made it and its number there, so an entry more moves no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.draw import NOBODY, Codes, Names
from whosaw.simulate.folder.cells import NEVER

CASE = np.dtype(
    [
        ("id", "u8"), ("type", "i2"), ("opened", "i8"), ("closed", "i8"), ("assignee", "u8"), ("person", "u8"),
        ("staff", "u8"), ("approver", "u8"), ("status", "i1"), ("opened_by", "u8"), ("queue", "i4"),
    ]
)  # fmt: skip
NAMED = np.dtype([("case", "u8"), ("person", "u8"), ("added", "i8"), ("added_by", "u8")])
APPROVAL = np.dtype(
    [
        ("id", "u8"), ("t", "i8"), ("requester", "u8"), ("approver", "u8"), ("outcome", "i1"), ("look", "u8"),
        ("case", "u8"), ("kind", "i1"),
    ]
)  # fmt: skip
STATUS = ("open", "closed", "reopened", "merged")
OUTCOMES = ("approved", "refused", "expired")
APPROVAL_KINDS = ("approval", "break_glass_review")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to a control. `target` is text already; `who` a code of the staff."""

    code: int
    t: int
    who: int
    object: str
    target: str
    old: str | None
    new: str | None


@dataclass(slots=True)
class Book:
    """Everything on file of one division. `classes`: (person, from when, bits) for those that changed."""

    seed: int
    division: int
    cases: list[NDArray[Any]] = field(default_factory=list)
    named: list[NDArray[Any]] = field(default_factory=list)
    approvals: list[NDArray[Any]] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    classes: list[tuple[int, int, int]] = field(default_factory=list)
    events: list[tuple[int, int, str, str, str, tuple[int, ...]]] = field(default_factory=list)

    def case_codes(self, component: int, index: Any) -> Codes:
        return self._codes("case", 48, component, index)

    def change_codes(self, component: int, index: Any) -> Codes:
        return self._codes("change", 48, component, index)

    def approve(self, component: int, begin: int, columns: dict[str, Any]) -> None:
        """Approvals, from the `begin`-th of this component on."""
        made = np.zeros(len(columns["t"]), dtype=APPROVAL)
        made["look"] = made["case"] = NOBODY
        for name, column in columns.items():
            made[name] = column
        made["id"] = self._codes("approval", 48, component, np.arange(begin, begin + len(made)))
        self.approvals.append(made)

    def _codes(self, kind: str, bits: int, component: int, index: Any) -> Codes:
        return Names(self.seed, kind, bits).of(
            (self.division << 38) + (component << 22) + np.asarray(index, dtype=np.int64)
        )


def case_rows(columns: dict[str, Any]) -> NDArray[Any]:
    """Cases; without a column: nobody, open, never closed."""
    made = np.zeros(len(columns["id"]), dtype=CASE)
    for name in ("assignee", "person", "staff", "approver", "opened_by"):
        made[name] = NOBODY
    made["closed"] = NEVER
    made["queue"] = -1
    for name, column in columns.items():
        made[name] = column
    return made


def within_a_minute(draw: np.random.Generator, count: int) -> Any:
    """How long after its opening a case names its first person: at once, or when somebody has typed it."""
    return np.where(draw.random(count) < 0.5, 0, draw.integers(60_000, size=count))


def named_rows(case: Any, person: Any, added: Any, added_by: Any) -> NDArray[Any]:
    """Who a case is about."""
    made = np.zeros(len(case), dtype=NAMED)
    made["case"], made["person"], made["added"], made["added_by"] = case, person, added, added_by
    return made
