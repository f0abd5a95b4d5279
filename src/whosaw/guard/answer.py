# SPDX-License-Identifier: Apache-2.0
"""The answers to a look. No is an answer, not an error; both carry the receipt of their record."""

from __future__ import annotations

from dataclasses import dataclass, field

from whosaw.model.decision import Decision
from whosaw.vault.value import Value


@dataclass(frozen=True, slots=True)
class Shown:
    """Permitted: the values at the detail granted. `index`: the look's leaf in the log; `receipt` promises it,
    or proves it where the look waited for a stage beyond durable (docs/spec/receipt.md, sections 2 and 4).
    """

    look_id: str
    values: tuple[Value, ...] = field(repr=False)
    decision: Decision
    receipt: bytes = field(repr=False)
    index: int


@dataclass(frozen=True, slots=True)
class Permitted:
    """Permitted, for a tool that keeps the values itself. What it then shows, nobody here can mask or count."""

    look_id: str
    decision: Decision
    receipt: bytes = field(repr=False)
    index: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused, and recorded all the same.

    `decision` names every rule that spoke and is for the record, the overseer and the inquiry. `told` is for the one
    who asked: what is wrong with the question, and never anything about the person. `cause`: what could not be read,
    for whoever runs the installation; empty otherwise, and after a retry.
    """

    look_id: str
    decision: Decision = field(repr=False)
    told: str
    receipt: bytes = field(repr=False)
    index: int
    cause: str = ""
