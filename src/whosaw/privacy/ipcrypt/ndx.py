# SPDX-License-Identifier: Apache-2.0
"""`ipcrypt-ndx`: AES-XTS of one block under a random tweak. The same address never has the same pseudonym twice.

    tweak(16) ──AES K2──▶ mask           address ⊕ mask ──AES K1──▶ ⊕ mask ──▶ tweak ‖ 16 bytes

Nothing can be counted or joined with it; it can be turned back by whoever has the key, and says nothing to anybody else. The
tweak is random and no secret: after 2^64 of them under one key, two are expected to be equal.   draft-denis-ipcrypt §6.3.2

Invariant: the halves of the key differ. Equal ones would make the mask of a tweak the encryption of it as an address.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.ipcrypt.blocks import Permutation, Rows, checked, checked_key, row

_CHUNK = 32_768


class Ndx:
    """Under one key of 32 bytes, K1 ‖ K2."""

    KEY = 2 * SIZE
    WIDTH = 2 * SIZE
    __slots__ = ("_data", "_tweak")

    def __init__(self, key: bytes) -> None:
        checked_key(key, self.KEY)
        if key[:SIZE] == key[SIZE:]:
            raise BadInput("the two halves of the key are equal", where="key")
        self._data, self._tweak = Permutation(key[:SIZE]), Permutation(key[SIZE:])

    def __repr__(self) -> str:
        return "Ndx(…)"

    def encrypt(self, address: str, tweak: bytes) -> bytes:
        """`tweak` and 16 bytes. `tweak`: 16 random ones, drawn anew for each call."""
        return self.encrypt_all(row(packed(address)), row(tweak)).tobytes()

    def decrypt(self, pseudonym: bytes) -> str:
        return spelled(self.decrypt_all(row(pseudonym, self.WIDTH)).tobytes())

    def encrypt_all(self, addresses: Rows, tweaks: Rows) -> Rows:
        """(n, 16) and as many tweaks to (n, 32)."""
        addresses, tweaks = checked(addresses), checked(tweaks)
        if len(tweaks) != len(addresses):
            raise BadInput("as many tweaks as addresses are needed", where="tweaks")
        made = np.empty((len(addresses), self.WIDTH), np.uint8)
        made[:, :SIZE] = tweaks
        for start in range(0, len(addresses), _CHUNK):
            part = slice(start, start + _CHUNK)
            made[part, SIZE:] = self._masked(addresses[part], tweaks[part], self._data.encrypt)
        return made

    def decrypt_all(self, pseudonyms: Rows) -> Rows:
        """(n, 32) to (n, 16)."""
        pseudonyms = checked(pseudonyms, self.WIDTH)
        made = np.empty((len(pseudonyms), SIZE), np.uint8)
        for start in range(0, len(pseudonyms), _CHUNK):
            part = pseudonyms[start : start + _CHUNK]
            made[start : start + _CHUNK] = self._masked(
                np.ascontiguousarray(part[:, SIZE:]), np.ascontiguousarray(part[:, :SIZE]), self._data.decrypt
            )
        return made

    def _masked(self, blocks: Rows, tweaks: Rows, through: Callable[[Rows], Rows]) -> Rows:
        mask = _words(self._tweak.encrypt(tweaks))
        out = through((_words(blocks) ^ mask).view(np.uint8))
        return (_words(out) ^ mask).view(np.uint8)


def _words(rows: Rows) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """The same bytes, eight at a time."""
    return rows.view(np.uint64)
