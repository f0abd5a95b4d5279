# SPDX-License-Identifier: Apache-2.0
"""The data key K of one person or named stream: 32 random bytes from which all that is theirs derives.

    epoch key ──AES-256-GCM──▶ 60 bytes at rest = nonce(12) ‖ K(32) ‖ tag(16)
    K ──HKDF-Expand──▶ k_stream      labels in the log; handed to the journal           tlog.leaf
                  ├──▶ value key     seals values, one by one, and the id that the row is about
                  ├──▶ source key    digests of where a value came from
                  ├──▶ share key     a share in the count of those in a network
                  └──▶ id key        sealed the id in rows of an earlier version; still opens them

Invariant: whatever is sealed here dies with those 60 bytes. Nothing that a journal or a detector may hold opens a
value: k_stream is one leaf of this tree, and there is no way up.

The sealed id is bound to handle, generation, re-keys and label_0. So a row that somebody moved to another person's
lookup, or whose label was exchanged, does not open. It has no key of its own, so that whoever opens a row and one value sets up one
cipher and not two: what it is bound to begins with a zero, which no value's does.      docs/adr/0178, docs/spec/keys.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct, error
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whosaw.errors import Damaged
from whosaw.model.record import StreamKind
from whosaw.privacy.root import INNER, OUTER, Random, hmac_sha256
from whosaw.tlog import leaf

NONCE = 12
# What derives from K, each with the number of its block (``root.expand``). Written out, as the search in tests/thief.py reads them here.
_VALUE, _SOURCE, _SHARE, _ID = (
    b"whosaw/value/v1\x01",
    b"whosaw/source/v1\x01",
    b"whosaw/share/v1\x01",
    b"whosaw/id/v1\x01",
)
_CLOSED = (
    InvalidTag,
    ValueError,
    error,
)  # what does not open raises one of these, and a number that no row has the last
_TWO, _TIME = Struct(">II").pack, Struct(">q").pack
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


class Row(Wrapped, Protocol):
    """A whole row."""

    @property
    def rekeys(self) -> int: ...
    @property
    def label_0(self) -> bytes: ...
    @property
    def sealed_id(self) -> bytes: ...


class DataKey:
    """K, unwrapped, with the names of the stream it belongs to. Made by the keyring only."""

    __slots__ = (
        "_digests", "_inner", "_k", "_outer", "_stream", "_used", "_values", "generation", "handle", "label_0", "rekeys",
    )  # fmt: skip

    def __init__(self, k: bytes, handle: bytes, generation: int, rekeys: int, label_0: bytes) -> None:
        self._k = k
        block = k.ljust(64, b"\0")
        self._inner, self._outer = block.translate(INNER), block.translate(OUTER)
        self._values: AESGCM | None = None
        self._used = False
        self._stream: tuple[str, StreamSecret] | None = None
        self._digests: tuple[bytes, bytes] | None = None
        self.handle, self.generation, self.rekeys, self.label_0 = handle, generation, rekeys, label_0

    def __repr__(self) -> str:
        return "DataKey(…)"

    @classmethod
    def in_row(cls, row: Row, epoch_key: AESGCM) -> tuple[DataKey, StreamKind, str]:
        """The key that a row keeps, and whose it is. Raises Damaged where the row is not as it was written."""
        # `unwrap` and the opening of an id, in one piece: it is most of what the first value of a person costs.
        wrapped, sealed_id, handle = row.wrapped, row.sealed_id, row.handle
        generation, rekeys, label_0 = row.generation, row.rekeys, row.label_0
        if len(wrapped) != WRAPPED:
            raise _short(wrapped)
        try:
            key = cls(
                epoch_key.decrypt(wrapped[:NONCE], wrapped[NONCE:], handle + _TWO(generation, row.epoch)),
                handle, generation, rekeys, label_0,
            )  # fmt: skip
            values = AESGCM(sha256(key._outer + sha256(key._inner + _VALUE).digest()).digest())
            about = handle + _TWO(generation, rekeys) + label_0
            try:
                raw = values.decrypt(sealed_id[:NONCE], sealed_id[NONCE:], b"\0" + about)
            except InvalidTag:
                raw = AESGCM(key._derived(_ID)).decrypt(sealed_id[:NONCE], sealed_id[NONCE:], about)
        except _CLOSED:
            raise _closed("the keyring") from None
        key._values = values
        return key, _KINDS[raw[0]], raw[1:].decode()

    def stream(self, origin: str) -> StreamSecret:
        """The stream's own key in the log `origin`: another log gets unrelated labels."""
        # The journal asks for it, and a moment later the vault: worked out once.
        made = self._stream
        if made is None or made[0] != origin:
            *earlier, key = (
                leaf.derive_stream_key(self._k, origin, self.generation, rekeys) for rekeys in range(self.rekeys + 1)
            )
            made = origin, StreamSecret(self.handle, self.generation, self.rekeys, key, self.label_0, tuple(earlier))
            self._stream = made
        return made[1]

    def rekeyed(self) -> DataKey:
        """The same K, for a stream with one more key. The id must be sealed anew: it is bound to how many there were."""
        return DataKey(self._k, self.handle, self.generation, self.rekeys + 1, self.label_0)

    def seal(self, field_name: str, seen: int, value: bytes, random: Random) -> bytes:
        """`value` of `field_name`, seen at `seen` (microseconds since 1970): nonce ‖ ciphertext ‖ tag."""
        return seal(self._value_key(), value, self._about(field_name, seen), random)

    def open(self, field_name: str, seen: int, sealed: bytes) -> bytes:
        """What `seal` sealed. Raises Damaged where field, time or person are not those it was sealed for."""
        values = self._values if self._used else None
        try:
            return (values or self._value_key()).decrypt(
                sealed[:NONCE], sealed[NONCE:], _NAMED[field_name] + _TIME(seen) + self.handle
            )
        except _CLOSED:
            raise _closed("a sealed value") from None

    def source(self, field_name: str, source_id: str) -> bytes:
        """Tells a value taken in twice from two values, without keeping where it came from."""
        text = field_name.encode() + b"\x00" + source_id.encode()
        return hmac_sha256((self._digests or self._digest_keys())[0], text)

    def share(self, token: bytes) -> bytes:
        """The person's share in a count of those who have `token` in common: 16 bytes that show nobody whose they are."""
        return hmac_sha256((self._digests or self._digest_keys())[1], token)[:16]

    def seal_id(self, kind: StreamKind, stream_id: str, random: Random) -> bytes:
        return seal(self._value_key(), bytes([kind]) + stream_id.encode(), b"\0" + self._row(), random)

    def _value_key(self) -> AESGCM:
        # Setting up a cipher costs as much as opening a value, so it is kept; but from the second time on. Those of all persons
        # of whom one value was read, and no other for long, would push out what is used of the processor's own memory.
        cipher = self._values or AESGCM(self._derived(_VALUE))
        self._values = cipher if self._used else None
        self._used = True
        return cipher

    def _digest_keys(self) -> tuple[bytes, bytes]:
        """The source key and the share key: whoever needs one is taking a value in, and soon needs the other."""
        self._digests = made = self._derived(_SOURCE), self._derived(_SHARE)
        return made

    def _derived(self, info: bytes) -> bytes:
        # ``root.expand``, of a key that is padded once for all that derives from it.
        return sha256(self._outer + sha256(self._inner + info).digest()).digest()

    def _about(self, field_name: str, seen: int) -> bytes:
        return _NAMED[field_name] + _TIME(seen) + self.handle

    def _row(self) -> bytes:
        return self.handle + _TWO(self.generation, self.rekeys) + self.label_0


class _Named(dict[str, bytes]):
    """The name of a field with its length before it; made once for each of the few that there are."""

    def __missing__(self, field_name: str) -> bytes:
        name = field_name.encode()
        made = bytes([len(name)]) + name
        if len(self) < 64:  # what a look showed is sealed under a name of its own
            self[field_name] = made
        return made


_NAMED = _Named()


def wrap(epoch_key: AESGCM, k: bytes, handle: bytes, *, generation: int, epoch: int, random: Random) -> bytes:
    """K as it is kept: exactly 60 bytes. Deleting them is erasing all that K seals."""
    return seal(epoch_key, k, _wrapped_for(handle, generation, epoch), random)


def unwrap(epoch_key: AESGCM, wrapped: bytes, handle: bytes, generation: int, epoch: int) -> bytes:
    """K. Raises Damaged."""
    if len(wrapped) != WRAPPED:
        raise _short(wrapped)
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
    except _CLOSED:
        raise _closed(where) from None


def _short(wrapped: bytes) -> Damaged:
    return Damaged(f"a row of the keyring holds {len(wrapped)} bytes where {WRAPPED} belong", where="keyring")


def _closed(where: str) -> Damaged:
    return Damaged(
        f"{where} does not open under its key: it was changed, moved, or sealed under another one",
        where=where,
        hint="restore state.db and keys.db from their backups; nothing was released",
    )


def _cipher(key: bytes | AESGCM) -> AESGCM:
    return key if isinstance(key, AESGCM) else AESGCM(key)


def _wrapped_for(handle: bytes, generation: int, epoch: int) -> bytes:
    return handle + _TWO(generation, epoch)
