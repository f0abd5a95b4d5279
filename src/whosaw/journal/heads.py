# SPDX-License-Identifier: Apache-2.0
"""Our own heads: signed with every key of the log, and believed only with every signature verified.

A log that starts with two keys keeps both for life, so a note of ours with one of the signatures missing is not ours.

Invariant: nothing is signed with a clock behind the last signature's, and no size is ever signed with two roots: whoever
calls `signed` holds a root that follows from durable frames in order.          Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import Damaged, NotCanonical, ProofFailed, Unavailable
from whosaw.journal.ports import HeadState
from whosaw.journal.receipts import milliseconds
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import Signer, VerifierKey, open_note, sign_note

CHECKPOINT = "checkpoint"
GENESIS = "genesis"
MAP = "map"  # the folder of the map log, in `public` and in `private`
MAP_DB = "map.db"


@dataclass(frozen=True, slots=True)
class Signers:
    """The keys of one log: `logs` sign its heads, all of them, `maps` those of its map log, and `receipts` no head at all."""

    logs: tuple[Signer, ...]
    maps: tuple[Signer, ...]
    receipts: Signer

    def keys(self) -> tuple[VerifierKey, ...]:
        """The public halves of `logs`."""
        return _public(self.logs)

    def map_keys(self) -> tuple[VerifierKey, ...]:
        """The public halves of `maps`."""
        return _public(self.maps)


def _public(signers: Sequence[Signer]) -> tuple[VerifierKey, ...]:
    return tuple(VerifierKey.parse(signer.vkey()) for signer in signers)


def signing_time(clock_says: datetime, last: int) -> int:
    """The time to sign at, in milliseconds. Raises Unavailable where the clock is behind the last signature."""
    now = milliseconds(clock_says)
    if now < last:
        raise Unavailable(
            "the clock is behind the last signature; nothing was signed",
            part="clock",
            hint="set the clock right; publication goes on by itself once it has caught up",
        )
    return now


def signed(checkpoint: Checkpoint, signers: Sequence[Signer], at: int) -> HeadState:
    """The head that says `checkpoint`, signed at `at` milliseconds."""
    return HeadState(sign_note(checkpoint.encode(), signers, at // 1000), checkpoint.size, at)


def opened(note: bytes, keys: Sequence[VerifierKey], where: str) -> Checkpoint:
    """The checkpoint in a note of ours. Raises Damaged unless every one of `keys` signed it."""
    try:
        found = open_note(note, keys, where)
        checkpoint = Checkpoint.parse(found.text, where)
    except (NotCanonical, ProofFailed) as error:
        raise Damaged(
            f"{where} is not signed by this log: {error}",
            where=where,
            hint="where the key files were exchanged, restore those that belong to this folder",
        ) from None
    if found.keys != frozenset(keys) or checkpoint.origin != keys[0].name:
        raise Damaged(
            f"{where} is not signed by every key of this log",
            where=where,
            hint="where the key files were exchanged, restore those that belong to this folder",
        )
    return checkpoint
