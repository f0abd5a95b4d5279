# SPDX-License-Identifier: Apache-2.0
"""The crown of a trie: its top levels, kept, so that a few new labels cost a few hashes and not all of them again.

    level 0                    root                         cell 1
    level 1                 0       1                       cells 2, 3
      …                                                     the children of cell c are 2c and 2c + 1
    level k     00…0  00…1    …     11…1                    2^k cells: one for each bucket of labels that agree on k bits
                  │     │             │
               rows   rows          rows                    somebody else's: a table, a heap

Each cell is a branch (``tlog.prefix``), so a bucket with one label in an empty part of the trie is a leaf wherever the
trie is cut. 2^(k+1) cells of 33 bytes: 4.3 MB for k = 16, however many labels there are.

Invariant: ``root()`` is the root of the whole trie, once every bucket that changed was `put`.
                                                                      Specification: docs/spec/index.md §1
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from whosaw.errors import BadInput
from whosaw.tlog.prefix import BITS, BRANCH, MORE, NONE, NOTHING, is_many


class Crown:
    """The top `levels` levels, 1 to 24, of a trie that is empty at first."""

    __slots__ = ("_cells", "levels")

    def __init__(self, levels: int, cells: bytes | bytearray | None = None) -> None:
        """`cells`: those of another crown."""
        if not 1 <= levels <= 24:
            raise BadInput("a crown has 1 to 24 levels")
        self.levels = levels
        self._cells = bytearray(NOTHING * (2 << levels) if cells is None else cells)

    def copy(self) -> Crown:
        """One of its own, as things stand."""
        return Crown(self.levels, self._cells)

    def bucket(self, label: bytes) -> int:
        """The number of the bucket that a label, or a row, belongs to."""
        return int.from_bytes(label[:4]) >> 32 - self.levels

    def span(self, cell_level: int, number: int) -> tuple[int, int]:
        """The buckets, first and one after the last, below the `number`-th cell of a level."""
        below = self.levels - cell_level
        return number << below, number + 1 << below

    def put(self, changed: Mapping[int, bytes]) -> None:
        """Set the branches of buckets, each T(labels of the bucket, levels), and all that is above them."""
        cells, base = self._cells, 1 << self.levels
        for number, branch in changed.items():
            at = (base + number) * BRANCH
            cells[at : at + BRANCH] = branch
        above = {base + number >> 1 for number in changed}
        while above and 0 not in above:
            # `join`, by hand: a new label costs one of these for every level, which is most of what it costs.
            for cell in above:
                at = 2 * cell * BRANCH
                left, right = cells[at], cells[at + BRANCH]
                if left != MORE and right == NONE:
                    made: bytes | bytearray = cells[at : at + BRANCH]
                elif right != MORE and left == NONE:
                    made = cells[at + BRANCH : at + 2 * BRANCH]
                else:
                    both = cells[at + 1 : at + BRANCH] + cells[at + BRANCH + 1 : at + 2 * BRANCH]
                    made = b"\x04" + sha256(b"\x04" + both).digest()
                cells[cell * BRANCH : (cell + 1) * BRANCH] = made
            above = {cell >> 1 for cell in above}

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
        key, level, siblings = int.from_bytes(label), 0, []
        while level < self.levels and is_many(self._cell(1 << level | key >> BITS - level)):
            level += 1
            siblings.append(self._cell(1 << level | key >> BITS - level ^ 1)[1:])
        return level, siblings

    def _cell(self, number: int) -> bytes:
        return bytes(self._cells[number * BRANCH : (number + 1) * BRANCH])
