# SPDX-License-Identifier: Apache-2.0
"""What a witness shows of us, held against what we know. Here a fork of our own log is found.

    note ──a key of ours signed it?──no──▶ UNSIGNED    a claim: an alarm, or one bad witness could stop every log
               │ yes
               ├─ size and root are in our tree ──▶ KNOWN
               └─ anything else ──────────────────▶ FORK    somebody signed with our keys what we do not know: stop

"Somebody" is most often this very log, started again from an old copy of its head database, or started twice.

Invariant: FORK is said only with two texts in hand that a key of ours signed and that no one log has.
                                                                          Specification: docs/spec/witness.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.model.record import Json, canonical
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import Node, prove_consistency, root_at
from whosaw.tlog.note import VerifierKey, open_parsed, parse_note
from whosaw.tlog.spelling import render_base64
from whosaw.witness.client import Head, Reply


class Found(StrEnum):
    KNOWN = "known"
    UNSIGNED = "unsigned"
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know: our newest head with its tree, and the keys that sign for us."""

    head: Head
    keys: Sequence[VerifierKey]
    node: Node = field(repr=False)

    def prove(self, old: int, size: int) -> Sequence[bytes]:
        """That `old` leaves are the beginning of `size`. Raises Damaged, Unavailable: our own files are not there."""
        return prove_consistency(self.node, old, size)


@dataclass(frozen=True, slots=True)
class Compared:
    """`size`: of the head that was shown, where it could be read."""

    found: Found
    sentence: str
    size: int | None = None


def compare(shown: bytes, ours: Ours) -> Compared:
    """What the note `shown` means for us. Raises Damaged or Unavailable where our own tiles cannot be read."""
    try:
        note = parse_note(shown, "shown")
        checkpoint = Checkpoint.parse(note.text, "shown", foreign=True)
        open_parsed(note, ours.keys)
    except (NotCanonical, ProofFailed) as error:
        return Compared(Found.UNSIGNED, f"what it shows is not signed by us: {error}")
    origin, size = ours.head.checkpoint.origin, checkpoint.size
    if checkpoint.origin != origin or checkpoint.extensions:
        return Compared(Found.FORK, "our key signed a checkpoint that is not of this log's form", size)
    if size > ours.head.size:
        return Compared(Found.FORK, f"our key signed size {size}, and this log has {ours.head.size} leaves", size)
    if checkpoint.root != root_at(ours.node, size):
        return Compared(Found.FORK, f"our key signed size {size} with another root than this log has there", size)
    return Compared(Found.KNOWN, f"it has seen size {size} of this log", size)


def evidence_of_fork(witness: str, found: Compared, shown: bytes, ours: Head) -> bytes:
    """Both checkpoints in one file, as `whosaw verify` writes evidence."""
    older, newer = (ours.note, shown) if (found.size or 0) > ours.size else (shown, ours.note)
    return _evidence(witness, found.sentence, {"older-checkpoint": older, "checkpoint": newer})


def evidence_of_claim(witness: str, reply: Reply, shown: bytes) -> bytes:
    """A witness that says so without a signature of ours: what it was asked, what it answered, what it shows."""
    files = {"request": reply.request, "answer": reply.answer, "shown": shown}
    return _evidence(witness, reply.sentence, {name: raw for name, raw in files.items() if raw})


def _evidence(witness: str, sentence: str, files: dict[str, bytes]) -> bytes:
    failures: list[Json] = [{"step": 1, "where": f"witness {witness}", "sentence": sentence}]
    return canonical(
        {
            "v": 1,
            "kind": "evidence",
            "sentence": f"witness {witness}: {sentence}",
            "failures": failures,
            "failures_in_all": 1,
            "files": [{"name": name, "bytes": render_base64(raw).decode()} for name, raw in files.items()],
        }
    )
