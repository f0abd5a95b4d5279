# SPDX-License-Identifier: Apache-2.0
"""The tool that asked for a look: its name, how it proved that it is the one, and whether it speaks for those who look.

    tool ──certificate or token──▶ Caller ──▶ Look ──▶ ask digest, facts, record

A tool that only passes on a verified token says nothing about who looks. One that is registered to speak for others says
it itself, and that it did stands in the record of every such look. Absent: typed at the command line, or asked by the
library in the same process.

Invariant: the name is that of a tool, plain, and is recorded as it is.               Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from whosaw.errors import BadInput
from whosaw.model.record import Json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


class Proof(StrEnum):
    """How a caller proved itself."""

    MTLS = "mtls"
    JWT = "jwt"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Caller:
    """`speaks`: it said itself who looks, as it is registered to; otherwise that was proven by a token of their own."""

    name: str
    proof: Proof
    speaks: bool

    def __post_init__(self) -> None:
        if type(self.name) is not str or not _NAME.fullmatch(self.name):
            raise BadInput("a caller has 1 to 64 of the letters A to Z, digits and . _ / -", where="caller")
        object.__setattr__(self, "proof", Proof(self.proof))
        if type(self.speaks) is not bool:
            raise TypeError("speaks is true or false")

    def json(self) -> dict[str, Json]:
        """As it stands in digests and bodies."""
        return {"name": self.name, "proof": str(self.proof), "speaks": self.speaks}

    @classmethod
    def of(cls, value: dict[str, Json]) -> Caller:
        """What `value` says. Raises BadInput, TypeError, ValueError."""
        return cls(**value)  # type: ignore[arg-type]
