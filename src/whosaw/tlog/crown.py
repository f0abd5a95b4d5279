# SPDX-License-Identifier: Apache-2.0
"""The crown of a trie: its top levels, kept, so that a few new labels cost a few hashes and not all of them again.

    level 0                    root                         cell 1
    level 1                 0       1                       cells 2, 3
      …                                                     the children of cell c are 2c and 2c + 1
    level k     00…0  00…1    …     11…1                    2^k cells: one for each bucket of labels that agree on k bits
                  │     │             │
               rows   rows          rows                    somebody else's: a table, a heap

Each cell is a branch (``tlog.prefix``), so a bucket with one label in an empty part of the trie is a leaf wherever the
trie is cut. 2^(k+1) cells of 33 bytes: 4.3 MB for k = 16, however many labels there are. First bytes and hashes stand
apart, so that the two hashes that make the one above them are one slice.

The lowest level says all: ``encode`` gives it, and ``parse`` makes every level above it again.

Invariant: ``root()`` is the root of the whole trie, once every bucket that changed was `put`.
                                                                      Specification: docs/spec/index.md §1
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.prefix import BRANCH, MORE, NONE, NOTHING, ONE
from whosaw.tlog.spelling import HASH


class Crown:
    """The top `levels` levels, 1 to 24, of a trie that is empty at first."""

    __slots__ = ("_hashes", "_kinds", "levels")

    def __init__(self, levels: int, kinds: bytes | bytearray = b"", hashes: bytes | bytearray = b"") -> None:
        """`kinds`, `hashes`: of another crown; empty where none are given."""
        if not 1 <= levels <= 24:
            raise BadInput("a crown has 1 to 24 levels")
        self.levels = levels
        self._kinds = bytearray(kinds or NOTHING[:1] * (2 << levels))
        self._hashes = bytearray(hashes or NOTHING[1:] * (2 << levels))

    def copy(self) -> Crown:
        """One of its own, as things stand."""
        return Crown(self.levels, self._kinds, self._hashes)

    def encode(self) -> bytes:
        """The branches of all buckets: first bytes, then hashes."""
        base = 1 << self.levels
        return bytes(self._kinds[base:] + self._hashes[base * HASH :])

    @classmethod
    def parse(cls, levels: int, raw: bytes) -> Crown:
        """The crown over these buckets, hashed again; a root is all that may be believed of it. Raises NotCanonical."""
        made = cls(levels)
        base = 1 << levels
        if len(raw) != base * BRANCH or raw[:base].translate(None, bytes((NONE, ONE, MORE))):
            raise NotCanonical("not the branches of so many buckets", where="crown")
        made._kinds[base:], made._hashes[base * HASH :] = raw[:base], raw[base:]
        while base := base >> 1:
            made._join(range(base, 2 * base))
        return made

    def bucket(self, label: bytes) -> int:
        """The number of the bucket that a label, or a row, belongs to."""
        return int.from_bytes(label[:4]) >> 32 - self.levels

    def span(self, cell_level: int, number: int) -> tuple[int, int]:
        """The buckets, first and one after the last, below the `number`-th cell of a level."""
        below = self.levels - cell_level
        return number << below, number + 1 << below

    def put(self, changed: Mapping[int, bytes]) -> None:
        """Set the branches of buckets, each T(labels of the bucket, levels), and all that is above them."""
        base = 1 << self.levels
        for number, branch in changed.items():
            self._set(base + number, branch)
        above = {base + number >> 1 for number in changed}
        while above and 0 not in above:
            self._join(above)
            above = {cell >> 1 for cell in above}

    def _join(self, cells: Iterable[int]) -> None:
        """Make these cells of the two below each of them."""
        # A new label costs one of these for every level, which is most of what it costs.
        kinds, hashes = self._kinds, self._hashes
        for cell in cells:
            left, right = kinds[2 * cell : 2 * cell + 2]
            at = 2 * cell * HASH
            if left + right >= NONE + MORE:  # two pairs or more are below: the sum is 4 or 5 for nothing and for one
                kinds[cell] = MORE
                hashes[cell * HASH : (cell + 1) * HASH] = sha256(b"\x04" + hashes[at : at + 2 * HASH]).digest()
            else:
                if left == NONE:
                    left, at = right, at + HASH
                kinds[cell] = left
                hashes[cell * HASH : (cell + 1) * HASH] = hashes[at : at + HASH]

    def branch_of(self, number: int) -> bytes:
        """The branch of a bucket."""
        return self._cell((1 << self.levels) + number)

    def root(self) -> bytes:
        """The root of the trie."""
        return self._cell(1)[1:]

    def branch(self) -> bytes:
        """The same as a branch: for a crown that is a cell of another one, further up."""
        return self._cell(1)

    def way(self, label: bytes) -> tuple[int, list[bytes]]:
        """How deep the way of `label` goes with more than one label below it, at most to the buckets; and its siblings.

        The siblings stand from the root down. Whatever the way ends at is in `span` of that level and the label's bits.
        """
        kinds, hashes = self._kinds, self._hashes
        siblings: list[bytes] = []
        bucket, cell = self.bucket(label), 1
        for level in range(self.levels):
            if kinds[cell] != MORE:
                return level, siblings
            cell = cell << 1 | bucket >> self.levels - 1 - level & 1
            at = (cell ^ 1) * HASH
            siblings.append(bytes(hashes[at : at + HASH]))
        return self.levels, siblings

    def _cell(self, cell: int) -> bytes:
        return bytes(self._kinds[cell : cell + 1] + self._hashes[cell * HASH : (cell + 1) * HASH])

    def _set(self, cell: int, branch: bytes) -> None:
        self._kinds[cell], self._hashes[cell * HASH : (cell + 1) * HASH] = branch[0], branch[1:]
