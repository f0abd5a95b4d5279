# SPDX-License-Identifier: Apache-2.0
"""A log of the journal as ``ports.Log``: what asking witnesses may see of it, and do to it. There are two.

    newest published head, its tree ──▶ ours      note with a quorum ──▶ checkpoint.witnessed      a fork ──▶ stop

Invariant: nothing here waits for the journal's own threads, and they wait for nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from whosaw.errors import ProofFailed
from whosaw.journal.face import Headed
from whosaw.journal.witnessed import Witnessed
from whosaw.witness.client import Head
from whosaw.witness.fork import Ours


def ours_of(log: Headed) -> Ours:
    """The newest head of a log, with its tree and its keys. Of an open log: the newest published one."""
    head = log.head()
    return Ours(Head(head.checkpoint, head.note), log.keys, head.node)


@dataclass(frozen=True, slots=True)
class JournalLog:
    """``ports.Log`` of one log of an open journal; `name`: what it is called in sentences."""

    log: Witnessed
    name: str

    def ours(self) -> Ours:
        return ours_of(self.log.face)

    def listen(self, told: Callable[[], None]) -> None:
        self.log.face.listen(told)

    def keep_witnessed(self, note: bytes) -> None:
        self.log.keep(note)

    def stop(self, sentence: str) -> None:
        hint = "the checkpoints are kept in private/witness; docs/spec/witness.md says how to go on"
        self.log.face.stop(
            ProofFailed(f"another history of {self.name} exists: {sentence}", step="witnesses", hint=hint)
        )
