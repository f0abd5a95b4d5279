# SPDX-License-Identifier: Apache-2.0
"""Cosignatures over one head, until they are enough: and what is shown then.

    head.note  (our own lines)  +  one line of each witness, the newest        ──▶ `checkpoint.witnessed`

Invariant: a key counts once, and only lines that were verified over this very head are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from whosaw.tlog.note import VerifierKey
from whosaw.tlog.trust import TrustPolicy
from whosaw.witness.client import Head, Line


@dataclass(slots=True)
class Gathered:
    """What has come for `head` so far."""

    head: Head
    _lines: dict[VerifierKey, Line] = field(default_factory=dict)

    def add(self, lines: Iterable[Line]) -> None:
        """Take in lines that `Client.ask` gave for this head; the newer one of a key stays."""
        for line in lines:
            known = self._lines.get(line.key)
            if known is None or known.time_s <= line.time_s:
                self._lines[line.key] = line

    def enough(self, policy: TrustPolicy) -> bool:
        """Whether the quorum of `policy` is met."""
        return policy.satisfied(policy.names_of(self._lines))

    def note(self) -> bytes:
        """The head with every line, in one order."""
        lines = sorted(self._lines.values(), key=lambda line: (line.key.name, line.key.kind, line.key.key_id))
        return self.head.note + b"".join(line.signature.encode() for line in lines)
