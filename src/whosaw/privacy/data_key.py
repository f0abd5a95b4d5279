# SPDX-License-Identifier: Apache-2.0
"""The data key K of one person or named stream: 32 random bytes from which all that is theirs derives.

    epoch key ──AES-256-GCM──▶ 60 bytes at rest = nonce(12) ‖ K(32) ‖ tag(16)
    K ──HKDF-Expand──▶ k_stream      labels in the log; handed to the journal           tlog.leaf
                  ├──▶ value key     seals values, one by one
                  ├──▶ source key    digests of where a value came from
                  ├──▶ share key     a share in the count of those in a network
                  └──▶ id key        seals the id that the row is about

Invariant: whatever is sealed here dies with those 60 bytes. Nothing that a journal or a detector may hold opens a
value: k_stream is one leaf of this tree, and there is no way up.

The sealed id is bound to handle, generation, re-keys and label_0. So a row that somebody moved to another person's
lookup, or whose label was exchanged, does not open.                          Specification: docs/spec/keys.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whosaw.errors import Damaged
from whosaw.model.record import StreamKind
from whosaw.privacy.root import Random, expand, hmac_sha256
from whosaw.tlog import leaf

NONCE = 12
_KINDS = {int(kind): kind for kind in StreamKind}
WRAPPED = 60


@dataclass(frozen=True, slots=True)
class StreamSecret:
    """What the journal may know of a stream; ``journal.ports`` describes it. Nothing here opens a sealed value."""

    handle: bytes
    generation: int
    rekeys: int
    key: bytes = field(repr=False)
    label_0: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)


class Wrapped(Protocol):
    """K as a row keeps it."""

    @property
    def handle(self) -> bytes: ...
    @property
    def generation(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def wrapped(self) -> bytes: ...


class DataKey:
    """K, unwrapped, with the names of the stream it belongs to. Made by the keyring only."""

    __slots__ = ("_k", "_shares", "_sources", "_values", "generation", "handle", "label_0", "rekeys")

    def __init__(self, k: bytes, handle: bytes, generation: int, rekeys: int, label_0: bytes) -> None:
        self._k = k
        self._values: AESGCM | None = None
        self._sources: bytes | None = None
        self._shares: bytes | None = None
        self.handle, self.generation, self.rekeys, self.label_0 = handle, generation, rekeys, label_0

    def __repr__(self) -> str:
        return "DataKey(…)"

    def stream(self, origin: str) -> StreamSecret:
        """The stream's own key in the log `origin`: another log gets unrelated labels."""
        *earlier, key = (
            leaf.derive_stream_key(self._k, origin, self.generation, rekeys) for rekeys in range(self.rekeys + 1)
        )
        return StreamSecret(self.handle, self.generation, self.rekeys, key, self.label_0, tuple(earlier))

    def rekeyed(self) -> DataKey:
        """The same K, for a stream with one more key. The id must be sealed anew: it is bound to how many there were."""
        return DataKey(self._k, self.handle, self.generation, self.rekeys + 1, self.label_0)

    def seal(self, field_name: str, seen: int, value: bytes, random: Random) -> bytes:
        """`value` of `field_name`, seen at `seen` (microseconds since 1970): nonce ‖ ciphertext ‖ tag."""
        return seal(self._value_key, value, self._about(field_name, seen), random)

    def open(self, field_name: str, seen: int, sealed: bytes) -> bytes:
        """What `seal` sealed. Raises Damaged where field, time or person are not those it was sealed for."""
        return unseal(self._value_key, sealed, self._about(field_name, seen), "a sealed value")

    def source(self, field_name: str, source_id: str) -> bytes:
        """Tells a value taken in twice from two values, without keeping where it came from."""
        text = field_name.encode() + b"\x00" + source_id.encode()
        return hmac_sha256(self._source_key, text)

    def share(self, token: bytes) -> bytes:
        """The person's share in a count of those who have `token` in common: 16 bytes that show nobody whose they are."""
        return hmac_sha256(self._share_key, token)[:16]

    def seal_id(self, kind: StreamKind, stream_id: str, random: Random) -> bytes:
        return seal(self._id_key, bytes([kind]) + stream_id.encode(), self._row(), random)

    def open_id(self, sealed_id: bytes) -> tuple[StreamKind, str]:
        """Whose row it is. Raises Damaged where the row is not as it was written."""
        raw = unseal(self._id_key, sealed_id, self._row(), "the keyring")
        return _KINDS[raw[0]], raw[1:].decode()

    @property
    def _value_key(self) -> AESGCM:
        # Derived once: setting up a cipher costs as much as opening a value.
        if self._values is None:
            self._values = AESGCM(expand(self._k, b"whosaw/value/v1"))
        return self._values

    @property
    def _source_key(self) -> bytes:
        if self._sources is None:
            self._sources = expand(self._k, b"whosaw/source/v1")
        return self._sources

    @property
    def _share_key(self) -> bytes:
        if self._shares is None:
            self._shares = expand(self._k, b"whosaw/share/v1")
        return self._shares

    @property
    def _id_key(self) -> bytes:
        return expand(self._k, b"whosaw/id/v1")

    def _about(self, field_name: str, seen: int) -> bytes:
        name = field_name.encode()
        return bytes([len(name)]) + name + seen.to_bytes(8, "big", signed=True) + self.handle

    def _row(self) -> bytes:
        return self.handle + self.generation.to_bytes(4, "big") + self.rekeys.to_bytes(4, "big") + self.label_0


def wrap(epoch_key: AESGCM, k: bytes, handle: bytes, *, generation: int, epoch: int, random: Random) -> bytes:
    """K as it is kept: exactly 60 bytes. Deleting them is erasing all that K seals."""
    return seal(epoch_key, k, _wrapped_for(handle, generation, epoch), random)


def unwrap(epoch_key: AESGCM, wrapped: bytes, handle: bytes, generation: int, epoch: int) -> bytes:
    """K. Raises Damaged."""
    if len(wrapped) != WRAPPED:
        raise Damaged(f"a row of the keyring holds {len(wrapped)} bytes where {WRAPPED} belong", where="keyring")
    return unseal(epoch_key, wrapped, _wrapped_for(handle, generation, epoch), "the keyring")


def rewrap(old: AESGCM, new: AESGCM, row: Wrapped, epoch: int, random: Random) -> bytes:
    """The same K, wrapped for another epoch: it is in nobody's hands meanwhile. Raises Damaged."""
    k = unwrap(old, row.wrapped, row.handle, row.generation, row.epoch)
    return wrap(new, k, row.handle, generation=row.generation, epoch=epoch, random=random)


def seal(key: bytes | AESGCM, plain: bytes, about: bytes, random: Random) -> bytes:
    """AES-256-GCM with a fresh nonce: nonce ‖ ciphertext ‖ tag, bound to `about`."""
    nonce = random(NONCE)
    return nonce + _cipher(key).encrypt(nonce, plain, about)


def unseal(key: bytes | AESGCM, sealed: bytes, about: bytes, where: str) -> bytes:
    """What `seal` sealed about the same thing. Raises Damaged, with nothing of it."""
    try:
        return _cipher(key).decrypt(sealed[:NONCE], sealed[NONCE:], about)
    except (InvalidTag, ValueError):
        raise Damaged(
            f"{where} does not open under its key: it was changed, moved, or sealed under another one",
            where=where,
            hint="restore state.db and keys.db from their backups; nothing was released",
        ) from None


def _cipher(key: bytes | AESGCM) -> AESGCM:
    return key if isinstance(key, AESGCM) else AESGCM(key)


def _wrapped_for(handle: bytes, generation: int, epoch: int) -> bytes:
    return handle + generation.to_bytes(4, "big") + epoch.to_bytes(4, "big")
