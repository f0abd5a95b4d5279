# SPDX-License-Identifier: Apache-2.0
"""AES-128 over many blocks in one call, and what an array of addresses looks like.

    (n, 16) uint8 ──one encryptor──▶ (n, 16) uint8        a block for a row, each for itself

Each block is a message of its own and never repeats within one purpose and epoch but where the address does, which is what
these pseudonyms are for. So this is AES as a permutation, and not the mode ECB over a text; the library calls both the same.

Invariant: keys have the length that they must have, and are in no repr.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from numpy.typing import NDArray

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.address import MAPPED, SIZE

Rows: TypeAlias = NDArray[np.uint8]
"""Addresses: shape (n, 16)."""

_MAPPED = np.frombuffer(MAPPED, np.uint8)


class Permutation:
    """AES-128 under one key."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(AES(checked_key(key, SIZE)), modes.ECB())  # noqa: S305  one block is one message, see above

    def __repr__(self) -> str:
        return "Permutation(…)"

    def encrypt(self, blocks: Rows) -> Rows:
        return _through(self._cipher.encryptor(), blocks)

    def decrypt(self, blocks: Rows) -> Rows:
        return _through(self._cipher.decryptor(), blocks)

    def encrypt_into(self, blocks: Rows, out: Rows) -> None:
        """The same into `out`, flat, which is 15 bytes longer: the library asks for that room and leaves it alone."""
        self._cipher.encryptor().update_into(_flat(blocks), _flat(out))


def checked_key(key: bytes, size: int) -> bytes:
    """`key`, of so many bytes. Raises BadInput, without it."""
    if type(key) is not bytes or len(key) != size:
        raise BadInput(f"a key has {size} bytes", where="key")
    return key


def checked(rows: Rows, width: int = SIZE) -> Rows:
    """`rows` as they are needed: uint8, (n, width), one after the other. Raises BadInput."""
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != width:
        raise BadInput(f"an array of uint8 with {width} columns is needed", where="rows")
    return np.ascontiguousarray(rows)


def is_v4(rows: Rows) -> NDArray[np.bool_]:
    """Which rows are IPv4 addresses."""
    made: NDArray[np.bool_] = (checked(rows)[:, :12] == _MAPPED).all(axis=1)
    return made


def row(raw: bytes, width: int = SIZE) -> Rows:
    """One row."""
    if len(raw) != width:
        raise BadInput(f"{width} bytes are needed", where="rows")
    return np.frombuffer(raw, np.uint8).reshape(1, width)


def _through(context: CipherContext, blocks: Rows) -> Rows:
    out = np.empty(blocks.size + SIZE - 1, np.uint8)
    context.update_into(_flat(blocks), out.data)
    return out[: blocks.size].reshape(blocks.shape)


def _flat(rows: Rows) -> memoryview:
    return rows.reshape(-1).data
