# SPDX-License-Identifier: Apache-2.0
"""Leaves: what the log holds for a record, 65 bytes that say nothing to whoever has no key.

    entry        0x01 ‖ label(32) ‖ commitment(32)
    commitment   H(nonce(32) ‖ body)                                   opened by nonce and body, one of each a record
    label_0      β, the VRF output over alpha(kind, id, generation)    the enrolment: one for each stream that can be
    label_i      HMAC(k_stream, "whosaw/label/v1" ‖ u64be(i))          i = 1, 2, 3, … without a gap
    k_stream     HKDF-Expand(K, "whosaw/stream/v1" ‖ u16be(len) ‖ origin ‖ u32be(generation) ‖ u32be(rekeys), 32)

                 id ──VRF──▶ label_0 ──its leaf commits to──▶ H(k_stream) ◀──fits── k_stream ──HMAC──▶ label_1, label_2, …

Who holds k_stream finds every leaf of one stream and opens nothing else: K cannot be had back from it, and the origin
in its derivation keeps one person's labels in two logs unrelated.

Invariant: no time, principal, kind or length stands in a leaf, and every leaf has 65 bytes. i is given out in the
sequencer and nowhere else.                                            Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import hmac
from enum import IntEnum
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.spelling import HASH, hash_bytes, name_bytes, natural

VERSION = 1
SIZE = 1 + HASH + HASH
ID_LIMIT = 200

GENESIS_LABEL = sha256(b"whosaw/genesis/v1").digest()


class StreamKind(IntEnum):
    """What a stream's id names, as the VRF sees it."""

    PERSON = 1
    NAMED = 2


def commitment(nonce: bytes, body: bytes) -> bytes:
    """What a leaf says of its record. Without the nonce nobody can try bodies until one fits."""
    # The nonce has a fixed width, or one commitment would open to two pairs of nonce and body.
    return sha256(hash_bytes(nonce, "nonce") + body).digest()


def entry(label: bytes, commitment: bytes) -> bytes:
    """The 65 bytes of a leaf."""
    return bytes([VERSION]) + hash_bytes(label, "label") + hash_bytes(commitment, "commitment")


def entry_of(label: bytes, nonce: bytes, body: bytes) -> bytes:
    """The leaf of a record: `entry` of its label and `commitment`, without looking at its widths twice."""
    return b"\x01" + hash_bytes(label, "label") + sha256(hash_bytes(nonce, "nonce") + body).digest()


def parse_entry(raw: bytes, where: str = "leaf") -> tuple[bytes, bytes]:
    """Label and commitment of a leaf."""
    if len(raw) != SIZE:
        raise NotCanonical(f"a leaf of {len(raw)} bytes, not {SIZE}", where=where)
    if raw[0] != VERSION:
        raise NotCanonical(f"a leaf of version {raw[0]}, not {VERSION}", where=where)
    return raw[1 : 1 + HASH], raw[1 + HASH :]


def derive_stream_key(key: bytes, origin: str, generation: int, rekeys: int) -> bytes:
    """k_stream of the stream whose data key is `key` (K), in the log of this origin."""
    name = name_bytes(origin, "origin")
    info = b"whosaw/stream/v1" + len(name).to_bytes(2) + name + _u32(generation, "generation") + _u32(rekeys, "rekeys")
    return HKDFExpand(SHA256(), HASH, info).derive(hash_bytes(key, "data key"))


def stream_key_digest(stream_key: bytes) -> bytes:
    """What an enrolment says of its stream's key."""
    return sha256(b"whosaw/stream-key/v1" + hash_bytes(stream_key, "stream key")).digest()


def label(stream_key: bytes, i: int) -> bytes:
    """label_i, i ≥ 1. label_0 is a VRF output and cannot be had from the key."""
    if natural(i, "position") < 1:
        raise BadInput("positions in a stream begin at 1; label_0 is the enrolment's")
    return hmac.digest(hash_bytes(stream_key, "stream key"), b"whosaw/label/v1" + i.to_bytes(8), "sha256")


def alpha(kind: int, id: str, generation: int) -> bytes:  # noqa: A002 (the word of the specification)
    """The VRF input that enrols a stream: `id` is the account id as the person knows it, or the stream's name."""
    if kind not in tuple(StreamKind) or type(kind) is bool:
        raise BadInput("a stream is of a person (1) or named (2)")
    try:
        name = id.encode()
    except UnicodeEncodeError:
        raise BadInput("a stream's id is not text") from None
    if not 1 <= len(name) <= ID_LIMIT:
        raise BadInput("a stream's id has 1 to 200 bytes of UTF-8")
    return b"whosaw/enrol/v1" + bytes([kind]) + len(name).to_bytes(2) + name + _u32(generation, "generation")


def _u32(value: int, what: str) -> bytes:
    if natural(value, what) >= 2**32:
        raise BadInput(f"{what} is not below 2^32")
    return value.to_bytes(4)
