# SPDX-License-Identifier: Apache-2.0
"""Places in a stream: which of its keys, and which label under that key, as one number that only grows.

    place    0             1 2 3 … n        2⁴⁰+1 2⁴⁰+2 …          rekeys · 2⁴⁰ + i
    label    label_0 (VRF) under k_0        under k_1              i = 1, 2, 3, … under each key
    leaf     enrolment     record … rekey   record …
                                    └ commits to k_1, as the enrolment commits to k_0

A stream that was never given a new key has the plain numbers 0, 1, 2, …; most never are.

Invariant: after a place comes the next one, or the first one of the next key where a rekey stands, and no other. So gaps
show in the numbers alone, without any key.                                     Specification: docs/spec/leaf.md §5
"""

from __future__ import annotations

from base64 import b64encode

from whosaw.errors import Contradiction
from whosaw.journal.ports import StreamKey
from whosaw.model.record import Kind, canonical
from whosaw.tlog import leaf

OF_ONE_KEY = 1 << 40
_REKEY = b'{"kind":"rekey",'  # how the body begins: its other names come after `kind`


def split(place: int) -> tuple[int, int]:
    """Rekeys and i."""
    return place // OF_ONE_KEY, place % OF_ONE_KEY


def is_rekey(body: bytes) -> bool:
    """Whether this record is the last one of its key."""
    return body.startswith(_REKEY)


def following(place: int, body: bytes) -> int:
    """The place after `place`, at which `body` stands."""
    # `is_rekey`, spelled out: this is asked for every leaf.
    return (place // OF_ONE_KEY + 1) * OF_ONE_KEY + 1 if body.startswith(_REKEY) else place + 1


def key_at(key: StreamKey, rekeys: int) -> bytes:
    """k_stream after so many rekeys. Raises Contradiction where the keyring has not come so far."""
    if rekeys == key.rekeys:
        return key.key
    if rekeys > key.rekeys:
        raise Contradiction(
            "a stream was given more keys than the keyring knows of",
            where="keyring",
            hint="state.db may be an old copy: restore the one that belongs to this log",
        )
    return key.earlier[rekeys]


def label_of(key: StreamKey, place: int) -> bytes:
    """The label at `place`: the VRF's for the enrolment, the key's of that place for every record."""
    if place == 0:
        return key.label_0
    if place < OF_ONE_KEY and key.rekeys == 0:
        return leaf.label(key.key, place)
    rekeys, i = split(place)
    return leaf.label(key_at(key, rekeys), i)


def enrolment(key: StreamKey) -> bytes:
    """The body of a stream's first leaf: it commits to the one key that its first labels come from."""
    return _commits(Kind.ENROL, key_at(key, 0))


def rekey_body(key: StreamKey, rekeys: int) -> bytes:
    """The body of the last leaf before the key number `rekeys`, to which it commits."""
    return _commits(Kind.REKEY, key_at(key, rekeys))


def _commits(kind: Kind, stream_key: bytes) -> bytes:
    digest = b64encode(leaf.stream_key_digest(stream_key)).decode()
    return canonical({"v": 1, "kind": str(kind), "stream_key": digest})
