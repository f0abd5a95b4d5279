# SPDX-License-Identifier: Apache-2.0
"""`ipcrypt-deterministic`: AES-128 of the 16 bytes. The same address has the same pseudonym, and no other one has it.

    192.0.2.1 ──packed──▶ 16 bytes ──AES-128──▶ 16 bytes ──spelled──▶ 1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777

An IPv4 address becomes an IPv6 address: nobody can tell which it was. Distinct addresses can be counted and joined, nothing else.
draft-denis-ipcrypt §5
"""

from __future__ import annotations

from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.ipcrypt.blocks import Permutation, Rows, checked, row


class Deterministic:
    """Under one key of 16 bytes."""

    KEY = SIZE
    WIDTH = SIZE
    __slots__ = ("_aes",)

    def __init__(self, key: bytes) -> None:
        self._aes = Permutation(key)

    def __repr__(self) -> str:
        return "Deterministic(…)"

    def encrypt(self, address: str) -> str:
        return spelled(self._aes.encrypt(row(packed(address))).tobytes())

    def decrypt(self, pseudonym: str) -> str:
        return spelled(self._aes.decrypt(row(packed(pseudonym))).tobytes())

    def encrypt_all(self, addresses: Rows) -> Rows:
        """(n, 16) to (n, 16)."""
        return self._aes.encrypt(checked(addresses))

    def decrypt_all(self, pseudonyms: Rows) -> Rows:
        return self._aes.decrypt(checked(pseudonyms))
