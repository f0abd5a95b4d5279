# SPDX-License-Identifier: Apache-2.0
"""Has a label been seen before? For every leaf of a log, in 32 bytes of memory a leaf.

Labels are uniform, so their first byte sorts them into 256 heaps of about equal size. At the end one heap at a time
becomes a set. A set of all labels at once would be simpler and takes four times the memory: an auditor of 10^7 leaves
would need more than a gigabyte.

Invariant: a label that stands twice is always found; where, is looked up only then.   Specification: docs/spec/leaf.md §1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from whosaw.verify.steps import Failure

WIDTH = 32


class Labels:
    """A heap of labels for each first byte."""

    def __init__(self) -> None:
        self._heaps = [bytearray() for _ in range(256)]

    def add(self, labels: Iterable[bytes]) -> None:
        """One bundle's labels."""
        heaps = self._heaps
        for label in labels:
            heaps[label[0]] += label

    def twice(self, places: Callable[[set[bytes]], dict[bytes, list[int]]]) -> list[Failure]:
        """A failure for each label that more than one leaf has; `places` finds the leaves."""
        seen: set[bytes] = set()
        for heap in self._heaps:
            labels = [bytes(heap[at : at + WIDTH]) for at in range(0, len(heap), WIDTH)]
            if len(set(labels)) != len(labels):
                seen |= {label for label, times in Counter(labels).items() if times > 1}
        if not seen:
            return []
        found = sorted(indexes for indexes in places(seen).values() if indexes)
        return [
            Failure(
                f"leaves {', '.join(map(str, indexes[:5]))} have the same label, which no log may do", "tile/entries"
            )
            for indexes in found
        ]
