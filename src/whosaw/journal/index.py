# SPDX-License-Identifier: Apache-2.0
"""The verifiable index: where every label stands, or that it stands nowhere, as a trie with one root for each size.

    labels.db   sorted rows (label, index) ──range──▶ a bucket ──hash──▶ a cell of the crown, level 16
    bundles     labels of new leaves       ──▶ which buckets change, and that the table has exactly these rows
    crown       the top 16 levels, 4.3 MB  ──▶ root, and the upper half of every proof      (20 levels, 69 MB at most)

The table says more than the trie of one size: rows are filtered by index < size, so the index moves to a larger size and
to a smaller one by the same step, through the buckets of the leaves in between. Below the crown nothing is kept: a bucket
is read and hashed again when it changes, and when a label in it is asked for.

A start takes the crown that `save` gave earlier, makes its upper levels again and goes on from its size. What it leads to
must be the root that was signed; then every cell of it is right. The rows below were not read, so each bucket is held
against its cell when it is first touched.

Invariant: it depends on the leaves below its size and on nothing else. What is in memory does not grow with them.
                                                                      Specification: docs/spec/index.md §1
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from whosaw.errors import Damaged, NotCanonical, ProofFailed
from whosaw.journal.ports import Folder, LabelRange, Labels
from whosaw.journal.published import entries
from whosaw.tlog.crown import Crown
from whosaw.tlog.prefix import NOTHING, TrieProof, branch, prove

LEVELS, MOST_LEVELS = 16, 20
_AT_ONCE = 65_536  # leaves that are taken in one step, and rows that are read at once
_WORTH = 4  # rows read in vain that cost as much as one more range
_MAGIC = b"whosaw/crown/v1\n"
_HINT = "stop the journal and remove private/labels.db; the next start builds it again from the bundles"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, weakref_slot=True)
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
        rows = self._labels.rows([_range(self._crown, *self._crown.span(level, number))], self.size)
        made = prove(rows, label, level, above)
        try:
            made.check(self.root)
        except ProofFailed as error:
            raise Damaged(f"the label table does not fit the index: {error}", where="labels.db", hint=_HINT) from None
        return made


class Index:
    """The index of one log, at the size that it was last moved to. For one thread at a time."""

    __slots__ = ("_crown", "_given", "_labels", "_public", "_size", "_unread")

    def __init__(self, public: Folder, labels: Labels) -> None:
        """Of no leaf, at first. `labels` must cover every size that is asked for."""
        self._public, self._labels = public, labels
        self._given: list[weakref.ref[IndexAt]] = []
        self._crown: Crown
        self._stand(Crown(LEVELS), 0)

    @property
    def size(self) -> int:
        return self._size

    def root(self) -> bytes:
        return self._crown.root()

    def at(self) -> IndexAt:
        """The index as it stands."""
        made = IndexAt(self._size, self.root(), self._crown, self._labels)
        self._given = [one for one in self._given if one() is not None] + [weakref.ref(made)]
        return made

    def _own(self) -> Crown:
        """The crown, to be changed: one of its own as long as anybody reads the old one."""
        # A copy for everybody who asks would cost more than their proofs: 69 MB where the log is large.
        if any(one() is not None for one in self._given):
            self._crown = self._crown.copy()
        self._given.clear()
        return self._crown

    def _stand(self, crown: Crown, size: int, unread: bytearray | None = None) -> None:
        """`unread`: a 1 for each bucket whose rows were not held against its cell; None where all of them were."""
        self._crown, self._size, self._unread = crown, size, unread

    # ── a start ──

    def save(self) -> bytes:
        """What `begin` takes: the lowest level of the crown, and the size."""
        return _MAGIC + bytes([self._crown.levels]) + self._size.to_bytes(8) + self._crown.encode()

    def begin(self, size: int, root: bytes, saved: bytes | None) -> None:
        """Stand at `size`, whose root is known: from what was saved at a smaller one, or else from the table alone."""
        if saved is None or not self._restore(saved, size, root):
            self.load(size, root)

    def _restore(self, saved: bytes, size: int, root: bytes) -> bool:
        try:
            self._stand(*_parse(saved))
            if self._size <= size:
                self.move(size)
        except (Damaged, NotCanonical) as error:
            _log.warning("index: what was saved of it is of no use: %s", error)
            return False
        return (self._size, self.root()) == (size, root)

    def load(self, size: int, root: bytes) -> None:
        """Build the index of the first `size` leaves, whose root is known, from the table alone.

        Raises Damaged where the table makes another one: then it is not what was signed, and nothing may follow from it.
        """
        crown = Crown(_levels(size))
        buckets = range(1 << crown.levels)
        for first in range(0, len(buckets), _AT_ONCE):
            crown.put(self._branches(crown, buckets[first : first + _AT_ONCE], size))
        if crown.root() != root:
            raise Damaged(
                f"the label table does not make the index that was signed for size {size}",
                where="labels.db",
                hint=_HINT,
            )
        self._stand(crown, size)

    # ── moving ──

    def move(self, size: int) -> None:
        """Go to another size. Where this raises, the index stands at a size that it was at or came by."""
        while self._size < size:
            self._forward(min(size, self._size + _AT_ONCE))
        if size < self._size:
            self._back(size)

    def _forward(self, size: int) -> None:
        """Take in the leaves up to `size`, each of which the table must have where it stands."""
        if _levels(size) >= self._crown.levels + 2:
            self.load(self._size, self.root())  # with a deeper crown: four times as many leaves need one
        more: dict[int, set[bytes]] = {}
        for index, label, _ in entries(self._public, self._size, size):
            more.setdefault(self._crown.bucket(label), set()).add(label + index.to_bytes(8))
        # The table is worked out and may be thrown away; what is signed over it is not. So no row is believed that the
        # bundles do not have: those before were compared when they came, by `load`, or are with their cell now.
        made = self._branches(self._crown, more.keys(), size, more)
        self._own().put(made)
        self._size = size

    def _back(self, size: int) -> None:
        touched = {self._crown.bucket(label) for _, label, _ in entries(self._public, size, self._size)}
        for number, found in self._branches(self._crown, touched, self._size).items():
            self._hold(number, found)
        made = self._branches(self._crown, touched, size)
        self._own().put(made)
        self._size = size

    def _branches(
        self, crown: Crown, numbers: Collection[int], size: int, more: dict[int, set[bytes]] | None = None
    ) -> dict[int, bytes]:
        """The branches of these buckets. Raises Damaged where rows in `more` are missing, or those before are not its cell's."""
        made = dict.fromkeys(numbers, NOTHING)
        for ranges in _reads(numbers, size >> crown.levels):
            rows = self._labels.rows([_range(crown, *each) for each in ranges], size)
            for number, found in groupby(rows, crown.bucket):
                if number in made:
                    bucket = list(found)
                    if more is not None:
                        self._take(number, bucket, more.pop(number))
                    made[number] = branch(bucket, crown.levels)
        if more:
            raise _missing(size)
        return made

    def _take(self, number: int, bucket: list[bytes], new: set[bytes]) -> None:
        if not new.issubset(bucket):
            raise _missing(self._size)
        if self._unread is not None and self._unread[number]:
            self._hold(number, branch([row for row in bucket if row not in new], self._crown.levels))

    def _hold(self, number: int, found: bytes) -> None:
        """Raise Damaged where the rows that the table has of a bucket are not those that its cell was made of."""
        if found != self._crown.branch_of(number):
            raise Damaged("the label table does not have the rows that were indexed", where="labels.db", hint=_HINT)
        if self._unread is not None:
            self._unread[number] = 0


def _parse(saved: bytes) -> tuple[Crown, int, bytearray]:
    """The crown and its size, and that no bucket was read. Raises NotCanonical."""
    at = len(_MAGIC)
    if len(saved) < at + 9 or not saved.startswith(_MAGIC) or not 1 <= saved[at] <= MOST_LEVELS:
        raise NotCanonical("not a saved crown", where="crown")
    levels, size = saved[at], int.from_bytes(saved[at + 1 : at + 9])
    return Crown.parse(levels, saved[at + 9 :]), size, bytearray(b"\x01" * (1 << levels))


def _levels(size: int) -> int:
    """How deep a crown: one or two labels in a bucket. With more of them a new label costs more hashes, with fewer more memory."""
    return min(MOST_LEVELS, max(LEVELS, size.bit_length() - 1))


def _reads(numbers: Collection[int], in_one: int) -> Iterator[list[tuple[int, int]]]:
    """Ranges of buckets, end excluded, that hold these `numbers`: near ones together, and never too many rows in one list."""
    reach, most = max(1, _WORTH // (in_one + 1)), max(1, _AT_ONCE // (in_one + 1))
    ranges: list[tuple[int, int]] = []
    count, end = 0, -1
    for number in sorted(numbers):
        if end < 0 or number - end >= reach or count >= most:
            if count >= most:
                yield ranges
                ranges, count = [], 0
            ranges.append((number, number + 1))
            count += 1
        else:
            count += number + 1 - end
            ranges[-1] = ranges[-1][0], number + 1
        end = number + 1
    if ranges:
        yield ranges


def _range(crown: Crown, first: int, end: int) -> LabelRange:
    """The labels of buckets `first` up to `end`."""
    space = 32 - crown.levels
    return (first << space).to_bytes(4), None if end == 1 << crown.levels else (end << space).to_bytes(4)


def _missing(size: int) -> Damaged:
    return Damaged(f"the label table does not have every leaf below {size}", where="labels.db", hint=_HINT)
