# SPDX-License-Identifier: Apache-2.0
"""`ipcrypt-pfx`: addresses of one network get pseudonyms of one network, bit for bit, and IPv4 stays IPv4.

    10.0.0.47  ──▶ 19.214.210.244        bit j of a pseudonym = bit j ⊕ last bit of AES K1(P_j) ⊕ AES K2(P_j)
    10.0.0.129 ──▶ 19.214.210.80         P_j = the first j bits of the address behind a one

So each bit is turned or not by what stands before it, in all who share it. One address costs two blocks a bit, 64 or 256. Many at
once are done in halves: the first half of the bits once for each network (/16 of IPv4, /64 of IPv6) that there is, and the second
for each address; all bits of a chunk are one buffer for AES, and a chunk's buffers are reused for the next.

Which networks are busy, and how near two are, is what this *keeps*: docs/pseudonyms.md says what that gives away.
draft-denis-ipcrypt §5.2

Invariant: the halves of the key differ. With equal ones every bit would stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.address import SIZE, packed, spelled
from whosaw.privacy.ipcrypt.blocks import Permutation, Rows, checked, checked_key, is_v4, row

Words: TypeAlias = NDArray[np.uint64]
_BLOCKS = 65_536  # of a chunk: a megabyte, and three of them fit into a cache
_ONE = np.uint64(1)


class Pfx:
    """Under one key of 32 bytes, K1 ‖ K2."""

    KEY = 2 * SIZE
    WIDTH = SIZE
    __slots__ = ("_first", "_second")

    def __init__(self, key: bytes) -> None:
        checked_key(key, self.KEY)
        if key[:SIZE] == key[SIZE:]:
            raise BadInput("the two halves of the key are equal", where="key")
        self._first, self._second = Permutation(key[:SIZE]), Permutation(key[SIZE:])

    def __repr__(self) -> str:
        return "Pfx(…)"

    def encrypt(self, address: str) -> str:
        return spelled(self.encrypt_all(row(packed(address))).tobytes())

    def decrypt(self, pseudonym: str) -> str:
        return spelled(self.decrypt_all(row(packed(pseudonym))).tobytes())

    def encrypt_all(self, addresses: Rows) -> Rows:
        """(n, 16) to (n, 16)."""
        addresses = checked(addresses)
        made, v4 = addresses.copy(), is_v4(addresses)
        if v4.any():
            made[v4, 12:] ^= self._halves(addresses[v4, 12:], ">u2", _v4_first, _v4_second)
        if not v4.all():
            made[~v4] ^= self._halves(addresses[~v4], ">u8", _v6_first, _v6_second)
        return made

    def decrypt_all(self, pseudonyms: Rows) -> Rows:
        """(n, 16) to (n, 16), bit by bit: what stands before a bit must be known to know it."""
        pseudonyms = checked(pseudonyms)
        made, v4 = pseudonyms.copy(), is_v4(pseudonyms)
        for which, bits in ((v4, 32), (~v4, 128)):
            if which.any():
                made[which] = self._undone(pseudonyms[which], bits)
        return made

    def _halves(self, rows: Rows, half: str, first: _First, second: _Second) -> Rows:
        """What to turn in each row: both halves, the first of which is the same for all of a network."""
        words = np.ascontiguousarray(rows).view(half).astype(np.uint64)
        width = words.itemsize if half == ">u8" else 2
        networks, where = np.unique(words[:, 0], return_inverse=True)
        out = np.empty(rows.shape, np.uint8)
        out[:, :width] = self._turned(8 * width, (networks,), first)[where]
        out[:, width:] = self._turned(8 * width, (words[:, 0], words[:, 1]), second)
        return out

    def _turned(self, bits: int, words: tuple[Words, ...], fill: Callable[..., None]) -> Rows:
        """For each address the bits that are turned, of `bits` of them, packed."""
        count, step = len(words[0]), max(1, _BLOCKS // bits)
        made = np.empty((count, bits // 8), np.uint8)
        size = min(step, count) * bits * SIZE
        blocks = np.zeros(size, np.uint8)
        one, two = (np.empty(size + SIZE - 1, np.uint8) for _ in range(2))
        for start in range(0, count, step):
            some = [each[start : start + step, None] for each in words]
            n = len(some[0])
            room = n * bits * SIZE
            fill(blocks[:room].view(">u8").reshape(n, bits, 2), *some)
            self._first.encrypt_into(blocks[:room], one[: room + SIZE - 1])
            self._second.encrypt_into(blocks[:room], two[: room + SIZE - 1])
            last = (one[SIZE - 1 : room : SIZE] ^ two[SIZE - 1 : room : SIZE]) & 1
            made[start : start + step] = np.packbits(last.reshape(n, bits), axis=1)
        return made

    def _undone(self, rows: Rows, bits: int) -> Rows:
        cipher = np.unpackbits(rows, axis=1)[:, -bits:]
        plain = np.empty_like(cipher)
        # P_0: a one, and for IPv4 what all mapped addresses begin with. Then it moves up by each bit that is found.
        high = np.full(len(rows), 0 if bits == 128 else 1 << 32, np.uint64)
        low = np.full(len(rows), 1 if bits == 128 else 0xFFFF, np.uint64)
        blocks = np.empty((len(rows), 2), ">u8")
        for bit in range(bits):
            blocks[:, 0], blocks[:, 1] = high, low
            raw = blocks.view(np.uint8)
            plain[:, bit] = cipher[:, bit] ^ ((self._first.encrypt(raw)[:, -1] ^ self._second.encrypt(raw)[:, -1]) & 1)
            high = (high << _ONE) | (low >> np.uint64(63))
            low = (low << _ONE) | plain[:, bit]
        made = rows.copy()
        made[:, -(bits // 8) :] = np.packbits(plain, axis=1)
        return made


_First: TypeAlias = Callable[[Words, Words], None]
_Second: TypeAlias = Callable[[Words, Words, Words], None]
_LEVELS_16 = np.arange(16, dtype=np.uint64)
_LEVELS_32 = np.arange(16, 32, dtype=np.uint64)
_LEVELS_64 = np.arange(64, dtype=np.uint64)


# What fills the blocks of P_j, high and low word, for addresses in rows and bits in columns.


def _v4_first(blocks: Words, network: Words) -> None:
    """P_0 to P_15 of the first sixteen bits."""
    blocks[:, :, 0] = _ONE << (np.uint64(32) + _LEVELS_16)
    blocks[:, :, 1] = (np.uint64(0xFFFF) << _LEVELS_16) | (network >> (np.uint64(16) - _LEVELS_16))


def _v4_second(blocks: Words, network: Words, rest: Words) -> None:
    """P_16 to P_31."""
    blocks[:, :, 0] = _ONE << (np.uint64(32) + _LEVELS_32)
    address = (network << np.uint64(16)) | rest
    blocks[:, :, 1] = (np.uint64(0xFFFF) << _LEVELS_32) | (address >> (np.uint64(32) - _LEVELS_32))


def _v6_first(blocks: Words, network: Words) -> None:
    """P_0 to P_63 of the first 64 bits."""
    blocks[:, :, 0] = 0
    blocks[:, :, 1] = _behind(network, _ONE << _LEVELS_64)


def _v6_second(blocks: Words, network: Words, rest: Words) -> None:
    """P_64 to P_127."""
    blocks[:, :, 0] = _behind(network, _ONE << _LEVELS_64)
    blocks[:, :, 1] = _behind(rest, network << _LEVELS_64)


def _behind(word: Words, before: Words) -> Words:
    """The first j bits of `word` behind `before`. In two steps: a shift by 64 is none at all."""
    made: Words = before | ((word >> _ONE) >> (np.uint64(63) - _LEVELS_64))
    return made
