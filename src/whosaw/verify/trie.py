# SPDX-License-Identifier: Apache-2.0
"""All labels of a log with their indexes, sorted into buckets: the index built again, and whether a label stands twice.

    labels, as they come ──▶ buckets of about four ──▶ a crown over them ──▶ the root at any size on the way

Forty bytes a leaf in memory. Only buckets that changed since the last root are hashed again, so a root costs what is new.

Invariant: a label that stands twice is always found, with all its leaves.    Specification: docs/spec/index.md §1
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from whosaw.errors import BadInput
from whosaw.tlog.crown import Crown
from whosaw.tlog.prefix import ROW, branch, pair
from whosaw.tlog.spelling import HASH

_AT_ONCE = 65_536


class Trie:
    """The trie of a log that will have about `size` leaves."""

    __slots__ = ("_buckets", "_changed", "_crown")

    def __init__(self, size: int) -> None:
        self._crown = Crown(max(8, min(20, size.bit_length() - 2)))
        self._buckets: dict[int, bytearray] = {}
        self._changed: set[int] = set()

    def add(self, first: int, labels: Sequence[bytes]) -> None:
        """The labels of leaves `first`, `first` + 1, …"""
        buckets, changed, space = self._buckets, self._changed, 32 - self._crown.levels
        for index, label in enumerate(labels, first):
            number = int.from_bytes(label[:4]) >> space
            changed.add(number)
            rows = buckets.get(number)
            if rows is None:
                buckets[number] = bytearray(label + index.to_bytes(8))
            else:
                rows += label + index.to_bytes(8)

    def root(self) -> bytes:
        """The root over everything so far. Of a label that stands twice, its first leaf."""
        changed = sorted(self._changed)
        for at in range(0, len(changed), _AT_ONCE):
            self._crown.put({number: self._branch(number) for number in changed[at : at + _AT_ONCE]})
        self._changed.clear()
        return self._crown.root()

    def _branch(self, number: int) -> bytes:
        rows = self._rows(number)
        self._buckets[number] = bytearray(b"".join(rows))
        try:
            return branch(rows, self._crown.levels)
        except BadInput:
            once = {row[:HASH]: row for row in reversed(rows)}
            return branch(sorted(once.values()), self._crown.levels)

    def _rows(self, number: int) -> list[bytes]:
        rows = bytes(self._buckets[number])
        return sorted([rows[at : at + ROW] for at in range(0, len(rows), ROW)])

    def twice(self) -> list[list[int]]:
        """The leaves of each label that stands more than once."""
        return sorted(found for number in self._buckets for found in _shared(self._rows(number)))


def _shared(rows: Sequence[bytes]) -> Iterator[list[int]]:
    if len({row[:HASH] for row in rows}) == len(rows):
        return
    places: dict[bytes, list[int]] = {}
    for label, index in map(pair, rows):
        places.setdefault(label, []).append(index)
    yield from (indexes for indexes in places.values() if len(indexes) > 1)
