# SPDX-License-Identifier: Apache-2.0
"""What was decided: a value that explains itself.

A decision names *every* rule that spoke, not the first: an inquiry needs them all, and a rule that fails must be
seen even when another has already said no.
"""

from __future__ import annotations

from dataclasses import dataclass

from whosaw.model.access import Asked
from whosaw.model.stage import Stage


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that spoke: its id, and one sentence that a person can read. Sentences never carry identifiers."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Permit or refuse. `detail` is what may be shown (empty when refused).

    `stage`: how far its record must have come before anything is shown. `facts` and `policy` are SHA-256 digests of all that was decided from, so the decision can be replayed years later.
    """

    permitted: bool
    rules: tuple[Rule, ...]
    detail: tuple[Asked, ...]
    facts: bytes
    policy: bytes
    stage: Stage = Stage.DURABLE

    @property
    def sentence(self) -> str:
        """The decision in one line, for the one who asked."""
        return " ".join(rule.sentence for rule in self.rules) or "No rule permits this look."
