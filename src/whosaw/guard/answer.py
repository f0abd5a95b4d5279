# SPDX-License-Identifier: Apache-2.0
"""The answers to a look. No is an answer, not an error; both carry the receipt of their record.

A receipt is signed when somebody asks for it, and what it says was fixed before the answer (docs/adr/0215).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from whosaw.model.decision import Decision
from whosaw.vault.value import Value


class Proof(Protocol):
    """What shows the record of a look to others."""

    @property
    def receipt(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Given:
    """A proof that was made already: of a look that waited for it."""

    receipt: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    """One look's. `index`: its leaf in the log."""

    look_id: str
    decision: Decision
    proof: Proof = field(repr=False, compare=False)
    index: int

    @property
    def receipt(self) -> bytes:
        """It promises the leaf, or proves it where the look waited for a stage beyond durable (docs/spec/receipt.md, sections 2 and 4)."""
        return self.proof.receipt


@dataclass(frozen=True, slots=True)
class Shown(_Answer):
    """Permitted: the values at the detail granted."""

    values: tuple[Value, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Permitted(_Answer):
    """Permitted, for a tool that keeps the values itself. What it then shows, nobody here can mask or count."""


@dataclass(frozen=True, slots=True)
class Refused(_Answer):
    """Refused, and recorded all the same.

    `decision` names every rule that spoke and is for the record, the overseer and the inquiry. `told` is for the one
    who asked: what is wrong with the question, and never anything about the person. `cause`: what could not be read,
    for whoever runs the installation; empty otherwise, and after a retry.
    """

    decision: Decision = field(repr=False)
    told: str
    cause: str = ""
