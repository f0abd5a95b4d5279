# SPDX-License-Identifier: Apache-2.0
"""The leaves of a log as they go by: each of them well formed, no label twice, and every index made of exactly them.

    bundle ──▶ 65 bytes, version 1 ──▶ labels ──▶ trie ──at the size of each leaf of the map log──▶ its root == the claim

A claim is what a leaf of the map log says: this root, at that size of the log. Where a bundle could not be read, what comes
after it is not compared: it is not known to be false.

Invariant: one pass; where every bundle was seen, every claim is `held` or `wrong`.         Specification: docs/spec/index.md §4
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from whosaw.tlog import leaf
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.tile import Bundle
from whosaw.verify.frames import span
from whosaw.verify.steps import Failure
from whosaw.verify.trie import Trie

FRAMED = 2 + leaf.SIZE
_LENGTH = leaf.SIZE.to_bytes(2)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a leaf of the map log says: `number` is its own index, `root` the index's root, `of` the head that it is of."""

    number: int
    root: bytes = field(repr=False)
    of: Checkpoint = field(repr=False)


class Leaves:
    """Sees every bundle of a log of `size` leaves, in order. `claims` have growing sizes."""

    def __init__(self, size: int, claims: Sequence[Claim] = ()) -> None:
        self._trie = Trie(size)
        self._left = list(reversed(claims))
        self._seen = 0
        self.held: list[Claim] = []
        self.wrong: list[Claim] = []

    def see(self, bundle: Bundle, raw: bytes) -> Iterator[Failure]:
        """Take in the next bundle, whose length is right. What is wrong with its leaves."""
        # Three slices look at every length and version at once; only where one is wrong are leaves looked at one by one.
        width = bundle.width
        lengths = raw[0::FRAMED] == _LENGTH[:1] * width and raw[1::FRAMED] == _LENGTH[1:] * width
        if not lengths or raw[2::FRAMED] != bytes([leaf.VERSION]) * width:
            yield from _misshapen(bundle, raw)
        self._labels(bundle.first, [raw[at : at + 32] for at in range(3, len(raw), FRAMED)])

    def _labels(self, first: int, labels: list[bytes]) -> None:
        whole = first == self._seen
        end = first + len(labels)
        while whole and self._left and self._left[-1].of.size <= end:
            claim = self._left.pop()
            cut = claim.of.size - first
            self._trie.add(first, labels[:cut])
            first, labels = claim.of.size, labels[cut:]
            (self.held if self._trie.root() == claim.root else self.wrong).append(claim)
        self._trie.add(first, labels)
        if whole:
            self._seen = end

    def twice(self) -> list[Failure]:
        """A failure for each label that more than one leaf has."""
        return [
            Failure(
                f"leaves {', '.join(map(str, indexes[:5]))} have the same label, which no log may do", "tile/entries"
            )
            for indexes in self._trie.twice()
        ]


def _misshapen(bundle: Bundle, raw: bytes) -> Iterator[Failure]:
    for i in range(bundle.width):
        at = i * FRAMED
        place = f"{bundle.path}, {span(i, FRAMED)}"
        if raw[at : at + 2] != _LENGTH:
            length = int.from_bytes(raw[at : at + 2])
            yield Failure(f"leaf {bundle.first + i} says that it has {length:,} bytes, not {leaf.SIZE}", place)
        elif raw[at + 2] != leaf.VERSION:
            yield Failure(f"leaf {bundle.first + i} has version {raw[at + 2]}, not {leaf.VERSION}", place)
