# SPDX-License-Identifier: Apache-2.0
r"""Cosignatures: what exactly is signed, and when. c2sp.org/tlog-cosignature.

    blob (after the key id)      u64be time ‖ signature                  seconds since 1970; 64 or 2,420 bytes

    0x04 Ed25519                 "cosignature/v1\n" ‖ "time <decimal>\n" ‖ checkpoint text
    0x06 ML-DSA-44               "subtree/v1\n\0" ‖ u8 len ‖ cosigner name ‖ u64be time ‖ u8 len ‖ origin
                                 ‖ u64be start (0) ‖ u64be end (size) ‖ root(32)            empty context

Meaning: at that time this was the largest consistent head that the cosigner had seen of this origin. A log signs its own
checkpoint in the 0x06 form too, as a cosigner of its own name.

Care: the 0x04 form does not say who signs, so a key belongs to one cosigner. The 0x06 form does not cover extension
lines: never believe one on its strength. A start other than 0 is for subtrees; then the time is 0, and there is no
checkpoint for it.                                                    Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.spelling import BIGGEST, NAME_LIMIT, hash_bytes, name_bytes, natural, render_decimal

AHEAD_LIMIT = 5 * 60
"""How many seconds a witness's clock may be ahead of ours."""

_LABEL = b"subtree/v1\n\0"


def split_blob(blob: bytes, size: int, where: str) -> tuple[int, bytes]:
    """Time and signature (of `size` bytes) of a cosignature's blob."""
    if len(blob) != 8 + size:
        raise NotCanonical(f"a cosignature of {len(blob)} bytes, not {8 + size}", where=where)
    time_s = int.from_bytes(blob[:8])
    if time_s > BIGGEST:
        raise NotCanonical("a time above 2^63-1", where=where)
    return time_s, blob[8:]


def join_blob(time_s: int, signature: bytes) -> bytes:
    """The blob of a cosignature."""
    return natural(time_s, "time").to_bytes(8) + signature


def ed25519_message(text: bytes, time_s: int) -> bytes:
    """What a 0x04 cosignature signs."""
    return b"cosignature/v1\ntime " + render_decimal(time_s) + b"\n" + text


def mldsa_message(cosigner: str, time_s: int, checkpoint: Checkpoint) -> bytes:
    """What a 0x06 cosignature of a whole tree signs."""
    return subtree_message(cosigner, time_s, checkpoint.origin, start=0, end=checkpoint.size, root=checkpoint.root)


def subtree_message(cosigner: str, time_s: int, origin: str, *, start: int, end: int, root: bytes) -> bytes:
    """What a 0x06 cosignature signs: leaves `start` up to `end` of the log `origin` have this root."""
    # Not name_bytes: other people's logs may have an origin with a space. 255 bytes is what the length byte can say.
    name, whose = name_bytes(cosigner, "cosigner"), origin.encode()
    if not 1 <= len(whose) <= NAME_LIMIT:
        raise BadInput("an origin has 1 to 255 bytes")
    natural(start, "start"), natural(end, "end")
    if start and (time_s or start >= end):
        raise BadInput("a subtree that does not start at 0 has leaves and no time")
    return b"".join((
        _LABEL,
        bytes([len(name)]), name,
        natural(time_s, "time").to_bytes(8),
        bytes([len(whose)]), whose,
        start.to_bytes(8), end.to_bytes(8),
        hash_bytes(root, "root"),
    ))  # fmt: skip


def check_time(time_s: int, now_s: int, who: str) -> None:
    """Check the time of a witness's cosignature against our clock: not 0, and at most 5 minutes ahead."""
    if time_s == 0:
        raise ProofFailed(f"the cosignature of {who} says nothing about time", step="cosignature")
    if time_s > now_s + AHEAD_LIMIT:
        raise ProofFailed(f"the cosignature of {who} is more than 5 minutes ahead of our clock", step="cosignature")
