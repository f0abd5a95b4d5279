# SPDX-License-Identifier: Apache-2.0
"""The verifiable index: where every label stands, or that it stands nowhere, as a trie with one root for each size.

    labels.db   sorted rows (label, index) ──range──▶ a bucket ──hash──▶ a cell of the crown, level 16
    bundles     labels of new leaves       ──▶ which buckets change, and that the table has exactly these rows
    crown       the top 16 levels, 4.3 MB  ──▶ root, and the upper half of every proof      (20 levels, 69 MB at most)

The table says more than the trie of one size: rows are filtered by index < size, so the index moves to a larger size and
to a smaller one by the same step, through the buckets of the leaves in between. Below the crown nothing is kept: a bucket
is read and hashed again when it changes, and when a label in it is asked for.

Invariant: it depends on the leaves below its size and on nothing else. What is in memory does not grow with them.
                                                                      Specification: docs/spec/index.md §1
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from whosaw.errors import Damaged, ProofFailed
from whosaw.journal.ports import Folder, Labels
from whosaw.journal.published import entries
from whosaw.tlog.crown import Crown
from whosaw.tlog.prefix import NOTHING, TrieProof, branch, prove

LEVELS, MOST_LEVELS = 16, 20
_AT_ONCE = 65_536  # leaves that are taken in one step, and rows that are read at once
_WORTH = 16  # rows read in vain that cost as much as asking once more
_HINT = "stop the journal and remove private/labels.db; the next start builds it again from the bundles"


@dataclass(frozen=True, slots=True)
class IndexAt:
    """The index of the first `size` leaves, which goes on saying the same whatever comes. Safe between threads."""

    size: int
    root: bytes
    _crown: Crown = field(repr=False)
    _labels: Labels = field(repr=False)

    def prove(self, label: bytes) -> TrieProof:
        """That `label` is present, or absent. Raises Damaged where the table is not what the root was made of."""
        level, above = self._crown.way(label)
        number = int.from_bytes(label) >> 256 - level
        rows = _rows(self._labels, self._crown, *self._crown.span(level, number), self.size)
        made = prove(rows, label, level, above)
        try:
            made.check(self.root)
        except ProofFailed as error:
            raise Damaged(f"the label table does not fit the index: {error}", where="labels.db", hint=_HINT) from None
        return made


class Index:
    """The index of one log, at the size that it was last moved to. For one thread at a time."""

    __slots__ = ("_crown", "_labels", "_public", "_size")

    def __init__(self, public: Folder, labels: Labels) -> None:
        """Of no leaf, at first. `labels` must cover every size that is asked for."""
        self._public, self._labels = public, labels
        self._crown, self._size = Crown(LEVELS), 0

    @property
    def size(self) -> int:
        return self._size

    def root(self) -> bytes:
        return self._crown.root()

    def at(self) -> IndexAt:
        """The index as it stands."""
        return IndexAt(self._size, self.root(), self._crown.copy(), self._labels)

    def load(self, size: int, root: bytes) -> None:
        """Build the index of the first `size` leaves, whose root is known, from the table alone.

        Raises Damaged where the table makes another one: then it is not what was signed, and nothing may follow from it.
        """
        # Two to four labels in a bucket: with more of them a new label costs more hashes, with fewer more memory.
        crown = Crown(min(MOST_LEVELS, max(LEVELS, size.bit_length() - 2)))
        buckets = range(1 << crown.levels)
        for first in range(0, len(buckets), _AT_ONCE):
            crown.put(self._branches(crown, buckets[first : first + _AT_ONCE], size))
        if crown.root() != root:
            raise Damaged(
                f"the label table does not make the index that was signed for size {size}",
                where="labels.db",
                hint=_HINT,
            )
        self._crown, self._size = crown, size

    def move(self, size: int) -> None:
        """Go to another size. Where this raises, the index stands at a size that it was at or came by."""
        while self._size < size:
            self._forward(min(size, self._size + _AT_ONCE))
        if size < self._size:
            touched = {self._crown.bucket(label) for _, label, _ in entries(self._public, size, self._size)}
            self._crown.put(self._branches(self._crown, touched, size))
            self._size = size

    def _forward(self, size: int) -> None:
        """Take in the leaves up to `size`, each of which the table must have where it stands."""
        more: dict[int, set[bytes]] = {}
        for index, label, _ in entries(self._public, self._size, size):
            more.setdefault(self._crown.bucket(label), set()).add(label + index.to_bytes(8))
        # The table is worked out and may be thrown away; what is signed over it is not. So no row is believed that the
        # bundles do not have: those before were compared when they came, or by `load`.
        self._crown.put(self._branches(self._crown, more.keys(), size, more))
        self._size = size

    def _branches(
        self, crown: Crown, numbers: Collection[int], size: int, more: dict[int, set[bytes]] | None = None
    ) -> dict[int, bytes]:
        """The branches of these buckets. Raises Damaged where rows in `more` are missing."""
        made = dict.fromkeys(numbers, NOTHING)
        for first, end in _reads(numbers, size >> crown.levels):
            rows = _rows(self._labels, crown, first, end, size)
            alone = [(first, rows)] if rows else []
            for number, found in alone if end == first + 1 else groupby(rows, crown.bucket):
                if number in made:
                    bucket = list(found)
                    if more is not None and not more.pop(number).issubset(bucket):
                        raise _missing(size)
                    made[number] = branch(bucket, crown.levels)
        if more:
            raise _missing(size)
        return made


def _reads(numbers: Collection[int], in_one: int) -> Iterator[tuple[int, int]]:
    """Ranges of buckets, end excluded, that hold these `numbers`: near ones together, and never too many rows at once."""
    reach, most = max(1, _WORTH // (in_one + 1)), max(1, _AT_ONCE // (in_one + 1))
    first = last = -1
    for number in sorted(numbers):
        if first >= 0 and (number - last > reach or number - first >= most):
            yield first, last + 1
            first = -1
        if first < 0:
            first = number
        last = number
    if first >= 0:
        yield first, last + 1


def _rows(labels: Labels, crown: Crown, first: int, end: int, size: int) -> list[bytes]:
    """The rows of buckets `first` up to `end`."""
    space = 32 - crown.levels
    high = None if end == 1 << crown.levels else (end << space).to_bytes(4)
    return labels.rows((first << space).to_bytes(4), high, size)


def _missing(size: int) -> Damaged:
    return Damaged(f"the label table does not have every leaf below {size}", where="labels.db", hint=_HINT)
