# SPDX-License-Identifier: Apache-2.0
"""Epoch keys: what wraps the data keys of persons and streams, and is exchanged without sealing a single value anew.

    root ──▶ epoch 1 ──▶ K K K K            begin     a new random key, kept wrapped under the root; new rows use it
         └─▶ epoch 2 ──▶ K K K K K …        re-wrap   rows move to it, page by page        retire   the old key is deleted

An epoch's key is random and kept in 60 bytes beside the rows. Only the first epoch of a folder that was made by an older
version is derived from the root, and kept as an empty text: its key can be made again as long as there is the root.

Invariant: a row's epoch is there as long as the row is. Rows are kept by what refuses to delete an epoch in use; so a gate
that still believes in an old epoch is told so, and never wraps a key under one that is gone.
                                                                              Specification: docs/spec/keys.md §3
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whosaw.errors import Damaged, Unavailable
from whosaw.privacy.data_key import seal, unseal
from whosaw.privacy.root import SIZE, Random, Root

FIRST = 1
DERIVED = b""


@dataclass(frozen=True, slots=True)
class EpochRow:
    """An epoch as it is kept. `wrapped`: 60 bytes, or none where its key derives from the root."""

    number: int
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rerooting:
    """What a key table becomes under another root. `epochs`: each that there is, wrapped anew, and one more, the new one."""

    before: bytes = field(repr=False)  # the root's check value, as it must stand there
    check: bytes = field(repr=False)  # and as it stands there afterwards
    carried: bytes = field(repr=False)
    epochs: tuple[EpochRow, ...]


class EpochRows(Protocol):
    """Where epochs are kept, beside the rows that use them. Raises Unavailable; asking again is safe."""

    def epochs(self) -> Sequence[EpochRow]:
        """All epochs, by number."""
        ...

    def begin(self, row: EpochRow) -> EpochRow:
        """Keep `row` unless there is one of its number; the one that is kept, durable."""
        ...

    def retire(self, number: int) -> bool:
        """Delete an epoch that is not the newest, and that no row uses. False where one does; durable."""
        ...

    def reroot(self, change: Rerooting) -> bool:
        """All of `change` or none, durable. False, and none, where root or epochs are not those that it was made for."""
        ...


class Epochs:
    """Keys of epochs, remembered while they are in use. Safe to share between threads."""

    __slots__ = ("_keys", "_lock", "_random", "_root", "_rows")

    def __init__(self, rows: EpochRows, root: Root, random: Random) -> None:
        self._rows, self._root, self._random = rows, root, random
        self._keys: dict[int, AESGCM] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Epochs(…)"

    def find(self, number: int) -> AESGCM | None:
        """The key of an epoch, remembered or asked for anew; None where there is none, or no longer."""
        found = self._keys.get(number)
        if found is None:
            self._read()
            found = self._keys.get(number)
        return found

    def key(self, number: int) -> AESGCM:
        """The key of an epoch. Raises Damaged where there is no such epoch."""
        found = self.find(number)
        if found is None:
            raise Damaged(
                "a row of the keyring is of an epoch that is not kept",
                where="keyring",
                hint="restore the key table from its backup; nothing was released",
            )
        return found

    def newest(self) -> int:
        """The epoch of new rows, asked for anew: another gate may have begun one. Makes the first where there is none."""
        return self._read() or self.begin(FIRST)

    def begin(self, number: int) -> int:
        """Begin epoch `number`, unless it was begun; durable."""
        self._rows.begin(EpochRow(number, seal(self._root.epochs, self._random(SIZE), _about(number), self._random)))
        return self._read()

    def numbers(self) -> tuple[int, ...]:
        """The epochs that there are."""
        return tuple(row.number for row in self._rows.epochs())

    def retire(self, number: int) -> bool:
        """Delete the key of an epoch that no row uses; False where one does. It is forgotten here at once."""
        gone = self._rows.retire(number)
        if gone:
            with self._lock:
                self._keys.pop(number, None)
        return gone

    def reroot(self, new: Root, carried: bytes) -> None:
        """Wrap every epoch key under `new`, and begin one that nobody saw who holds the root before; all or none, durable."""
        newest = self.newest()
        keys = [(row.number, self._opened(row)) for row in self._rows.epochs()]
        keys.append((newest + 1, self._random(SIZE)))
        made = tuple(EpochRow(n, seal(new.epochs, key, _about(n), self._random)) for n, key in keys)
        if not self._rows.reroot(Rerooting(self._root.check, new.check, carried, made)):
            raise Unavailable(
                "an epoch was begun or ended meanwhile", part="keyring", hint="close every gate, and ask again"
            )
        self._root = new
        self._read()

    def _read(self) -> int:
        """Take in what is kept; the newest number, 0 where there is none."""
        rows = self._rows.epochs()
        with self._lock:
            for gone in self._keys.keys() - {row.number for row in rows}:
                del self._keys[gone]
            for row in rows:
                if row.number not in self._keys:
                    self._keys[row.number] = AESGCM(self._opened(row))
        return rows[-1].number if rows else 0

    def _opened(self, row: EpochRow) -> bytes:
        if row.wrapped == DERIVED and row.number == FIRST:
            return self._root.epoch(FIRST)
        return unseal(self._root.epochs, row.wrapped, _about(row.number), "an epoch key")


def _about(number: int) -> bytes:
    return b"whosaw/epoch/v2" + number.to_bytes(4, "big")
