# SPDX-License-Identifier: Apache-2.0
"""One heap of labels: whether one stands twice in it, and the subtree of the index that it is, at every size asked for.

    rows that agree on their first bits ──▶ buckets of about four ──▶ a crown over them ──▶ a branch, size by size
                                                                                              │
    256 heaps' branches ──▶ a crown of eight levels over them ──▶ the branch above, or the root ◀┘

Only buckets that changed since the last size are hashed again, so a size costs what is new since the one before.

Invariant: a label that stands twice is always found, with its first leaves; the index has the first of them.
                                                                      Specification: docs/spec/index.md §1
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import TypeVar

from whosaw.errors import BadInput
from whosaw.tlog.crown import Crown
from whosaw.tlog.prefix import BITS, BRANCH, NOTHING, ROW, branch, branches, pair
from whosaw.tlog.spelling import HASH

_MOST_LEVELS = 20
_ROW = Struct(f"{ROW}s")
_CHANGE = Struct(f">I{BRANCH}s")
_place = itemgetter(slice(HASH, ROW))  # u64be(index) sorts as the index does


@dataclass(frozen=True, slots=True)
class Found:
    """What a heap holds. `twice`: the leaves of each label that stands more than once.

    `changes`: u32be(n) ‖ branch for each size, by its number n, at which the branch is another one than before.
    """

    twice: list[list[int]] = field(default_factory=list)
    changes: bytes = field(default=b"", repr=False)


def look(heap: bytes, depth: int, cuts: Sequence[int]) -> Found:
    """The rows of a heap that agree on their first `depth` bits, at the sizes `cuts`, which grow."""
    rows = [row for (row,) in _ROW.iter_unpack(heap)]
    twice = _twice(rows) if len({row[:HASH] for row in rows}) < len(rows) else []
    if not cuts:
        return Found(twice)
    if len(cuts) == 1:
        below = cuts[0].to_bytes(8)
        chosen = sorted([row for row in rows if row[HASH:] < below])
        return Found(twice, b"".join(_changes([_firsts(chosen, depth, branch)])))
    return Found(twice, b"".join(_changes(_branches(rows, depth, cuts))))


def _branches(rows: list[bytes], depth: int, cuts: Sequence[int]) -> Iterator[bytes]:
    """The branch at each size."""
    if depth == BITS:  # one label: its first leaf has it, and nothing is below
        oldest = min(rows, key=_place)
        yield from (branch([oldest] if _place(oldest) < cut.to_bytes(8) else []) for cut in cuts)
        return
    below = cuts[0].to_bytes(8)
    first = [row for row in rows if row[HASH:] < below]
    later = sorted([row for row in rows if row[HASH:] >= below], key=_place)
    trie = Trie(len(rows), depth, _width(len(rows), len(later)))
    trie.add(first)
    yield trie.branch()
    at = 0
    for cut in cuts[1:]:
        below, begun = cut.to_bytes(8), at
        while at < len(later) and later[at][HASH:] < below:
            at += 1
        trie.add(later[begun:at])
        yield trie.branch()


def _width(rows: int, later: int) -> int:
    """How many rows to a bucket: each costs something once, and whoever comes later has all rows of its bucket hashed again."""
    return max(3, min(64, math.isqrt(3 * rows // max(1, later))))


def _changes(branches: Iterable[bytes]) -> Iterator[bytes]:
    last = NOTHING
    for number, made in enumerate(branches):
        if made != last:
            yield _CHANGE.pack(number, made)
        last = made


def joined(heaps: Mapping[int, bytes]) -> bytes:
    """The changes of the subtree that is made of these, each the changes of what has its number as its next eight bits."""
    crown, last, made = Crown(8), NOTHING, []
    for number, some in groupby(merge(*(_of(heap, raw) for heap, raw in heaps.items())), key=itemgetter(0)):
        crown.put({heap: branch for _, heap, branch in some})
        if crown.branch() != last:
            last = crown.branch()
            made.append(_CHANGE.pack(number, last))
    return b"".join(made)


def _of(heap: int, changes: bytes) -> Iterator[tuple[int, int, bytes]]:
    return ((number, heap, branch) for number, branch in _CHANGE.iter_unpack(changes))


def roots(changes: bytes, count: int) -> Iterator[bytes]:
    """The root at each of `count` sizes, from the changes of the whole trie."""
    known, last = dict(_CHANGE.iter_unpack(changes)), NOTHING
    for number in range(count):
        last = known.get(number, last)
        yield last[1:]


class Trie:
    """A growing subtree of rows that agree on their first `depth` bits, a multiple of 8; about `size` of them at last."""

    __slots__ = ("_buckets", "_changed", "_crown", "_depth")

    def __init__(self, size: int, depth: int, width: int) -> None:
        """`width`: about so many rows to a bucket."""
        self._depth = depth
        self._crown = Crown(max(1, min(_MOST_LEVELS, BITS - depth, (size // width).bit_length())))
        self._buckets: dict[int, list[bytes]] = {}
        self._changed: set[int] = set()

    def add(self, rows: Iterable[bytes]) -> None:
        """More rows, of larger indexes than those before."""
        buckets, changed, space = self._buckets, self._changed, 32 - self._crown.levels
        first = self._depth >> 3
        for row in rows:
            number = int.from_bytes(row[first : first + 4]) >> space
            changed.add(number)
            bucket = buckets.get(number)
            if bucket is None:
                buckets[number] = [row]
            else:
                bucket.append(row)

    def branch(self) -> bytes:
        """The branch over everything so far. Of a label that stands twice, its first leaf."""
        for number in self._changed:
            self._buckets[number].sort()
        rows = [row for number in sorted(self._changed) for row in self._buckets[number]]
        self._changed.clear()
        inside = (1 << self._crown.levels) - 1
        made = _firsts(rows, self._depth + self._crown.levels, branches)
        self._crown.put({number & inside: one for number, one in made})
        return self._crown.branch()


T = TypeVar("T")


def _firsts(rows: list[bytes], depth: int, hashed: Callable[[list[bytes], int], T]) -> T:
    """What `hashed` makes of sorted rows; where a label stands twice, of its first row."""
    try:
        return hashed(rows, depth)
    except BadInput:
        once = {row[:HASH]: row for row in reversed(rows)}
        return hashed(sorted(once.values()), depth)


def _twice(rows: Iterable[bytes]) -> list[list[int]]:
    places: dict[bytes, list[int]] = {}
    for label, index in map(pair, sorted(rows)):
        places.setdefault(label, []).append(index)
    return [indexes for indexes in places.values() if len(indexes) > 1]
