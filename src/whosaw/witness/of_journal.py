# SPDX-License-Identifier: Apache-2.0
"""The journal as ``ports.Log``: what asking witnesses may see of it, and do to it.

    newest published head, its tree ──▶ ours      note with a quorum ──▶ checkpoint.witnessed      a fork ──▶ stop

Invariant: nothing here waits for the journal's own threads, and they wait for nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whosaw.errors import ProofFailed
from whosaw.journal.journal import Journal
from whosaw.journal.reader import Reader
from whosaw.tlog.note import VerifierKey
from whosaw.witness.client import Head
from whosaw.witness.fork import Ours


def ours_of(reader: Reader, keys: Sequence[VerifierKey]) -> Ours:
    """A checkpoint of ours with its tree."""
    return Ours(Head(reader.checkpoint, reader.note), keys, reader.node)


@dataclass(frozen=True, slots=True)
class JournalLog:
    """``ports.Log`` of an open journal; `keys` sign its heads."""

    journal: Journal
    keys: Sequence[VerifierKey]

    def ours(self) -> Ours:
        return ours_of(self.journal.reader(), self.keys)

    def listen(self, told: Callable[[], None]) -> None:
        self.journal.listen(told)

    def keep_witnessed(self, note: bytes) -> None:
        self.journal.keep_witnessed(note)

    def stop(self, sentence: str) -> None:
        hint = "the checkpoints are kept in private/witness; docs/spec/witness.md says how to go on"
        self.journal.stop(ProofFailed(f"another history of this log exists: {sentence}", step="witnesses", hint=hint))
