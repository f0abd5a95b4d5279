# SPDX-License-Identifier: Apache-2.0
"""The tree: one hash that commits to a list, and short proofs about it. RFC 6962 section 2.1.

              root = H(1 ‖ p ‖ e)                  leaf   H(0x00 ‖ entry)
                 ┌──────┴───────┐                  node   H(0x01 ‖ left ‖ right)
         p = H(1 ‖ m ‖ n)       │                  empty  H("")
            ┌────┴────┐         │                  split at the largest power of two below the size
        H(1‖a‖b)  H(1‖c‖d)      │
          ┌─┴─┐     ┌─┴─┐       │                  inclusion of b:        [a, n, e]
          a   b     c   d       e                  consistency 4 → 5:     [e]

Verbs come in pairs: ``prove_inclusion`` and ``check_inclusion``, ``prove_consistency`` and ``check_consistency``.
Provers get the tree as a ``Node``: a function that gives the hash of the *complete* subtree of 2^level leaves at a
level and an index, from memory, from tiles, from anywhere. Checkers are the iterative algorithms of RFC 9162 (2.1.3.2,
2.1.4.2); they need no tree.

Invariant: a checker says yes, by returning, or raises ProofFailed. Every hash has 32 bytes and no size is a bool.
A proof checked against a root that nobody signed proves nothing: root ← checkpoint ← signature ← trust file.

Specification: RFC 6962 §2.1, RFC 9162 §2.1.3 and §2.1.4; docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from struct import Struct

from whosaw.errors import BadInput, ProofFailed
from whosaw.tlog.spelling import BIGGEST, HASH, hash_bytes, natural

Node = Callable[[int, int], bytes]
"""``node(level, index)``: the hash of the complete subtree over leaves index·2^level up to (index+1)·2^level."""

EMPTY_ROOT = sha256(b"").digest()
PATH_LIMIT = 63


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node. The prefix keeps a node from ever being read as a leaf."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes, in order."""
    return root_of_row(b"".join(leaf_hashes))


def root_of_row(row: bytes) -> bytes:
    """The root over leaf hashes that stand side by side: a whole tile in one call, without cutting it into a list."""
    if len(row) % HASH:
        raise BadInput("a row of hashes is not a multiple of 32 bytes")
    if not row:
        return EMPTY_ROOT
    while len(row) > HASH:
        # Pairing from the left and carrying an odd last hash up unchanged gives the same tree as splitting at the
        # largest power of two from the top.
        row = b"".join([_paired(row[at : at + _AT_ONCE]) for at in range(0, len(row), _AT_ONCE)])
    return row


_AT_ONCE = 256 * HASH


def _paired(row: bytes) -> bytes:
    """The row above this one, of at most 256 hashes; an odd last one is carried up."""
    # This is the hot path of verification. Pairs are cut, prefixed and cut again by one call each, because slicing them
    # one by one costs a third of what hashing them costs.
    pairs, odd = divmod(len(row), 2 * HASH)
    cut, prefixed = _pairs(pairs)
    whole = b"\x01".join((b"", *cut.unpack_from(row)))
    return b"".join([sha256(pair).digest() for pair in prefixed.unpack(whole)]) + (row[-HASH:] if odd else b"")


@lru_cache(maxsize=129)
def _pairs(count: int) -> tuple[Struct, Struct]:
    """What cuts a row into so many pairs of hashes, and what cuts pairs that stand behind their prefix."""
    return Struct(f"{2 * HASH}s" * count), Struct(f"{1 + 2 * HASH}s" * count)


def nodes_of(leaf_hashes: Sequence[bytes]) -> Node:
    """All complete subtrees over these leaf hashes, worked out once."""
    rows = [[hash_bytes(h, "leaf hash") for h in leaf_hashes]]
    while len(row := rows[-1]) > 1:
        rows.append([node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])

    def node(level: int, index: int) -> bytes:
        if not 0 <= level < len(rows) or not 0 <= index < len(rows[level]):
            raise BadInput(f"no complete subtree at level {level}, index {index}")
        return rows[level][index]

    return node


def root_at(node: Node, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _span(node, 0, natural(size, "size"))


def subtrees(first: int, last: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up leaves `first` up to `last`, left to right.

    `first` must be a multiple of the smallest power of two that is not below their number, as it is wherever RFC 6962
    splits. For ``first`` = 0 this is the right edge of a tree: one subtree for each bit that is set in its size.
    """
    made, at, count = [], first, last - first
    for level in range(count.bit_length() - 1, -1, -1):
        if count >> level & 1:
            made.append((level, at >> level))
            at += 1 << level
    return made


def _span(node: Node, first: int, last: int) -> bytes:
    """The tree hash of leaves `first` up to `last`, where `first` is as `subtrees` wants it."""
    return _fold([node(level, index) for level, index in subtrees(first, last)])


def _fold(peaks: Sequence[bytes]) -> bytes:
    """The tree hash over complete subtrees of falling size, left to right."""
    if not peaks:
        return EMPTY_ROOT
    made = peaks[-1]
    for left in reversed(peaks[:-1]):
        made = node_hash(left, made)
    return made


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def prove_inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root of the first `size` leaves. RFC 6962, 2.1.1."""
    if not natural(index, "index") < natural(size, "size"):
        raise BadInput("no such index in a tree of this size")
    path, first, last = [], 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(_span(node, middle, last))
            last = middle
        else:
            path.append(_span(node, first, middle))
            first = middle
    return path[::-1]


def prove_consistency(node: Node, old: int, new: int) -> list[bytes]:
    """The hashes that show the tree of `old` leaves to be the start of the tree of `new`. RFC 6962, 2.1.2.

    `old` = 0 has no proof, for it would prove nothing; equal sizes have an empty one.
    """
    if not 0 < natural(old, "old size") <= natural(new, "new size"):
        raise BadInput("no consistency proof between these sizes")
    path, first, last, whole = [], 0, new, True
    while old != last:
        middle = first + _split(last - first)
        if old <= middle:
            path.append(_span(node, middle, last))
            last = middle
        else:
            path.append(_span(node, first, middle))
            first, whole = middle, False
    if not whole:  # the old tree's own root is known to the checker, a part of it is not
        path.append(_span(node, first, last))
    return path[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` (a leaf hash) stands at `index` in the tree of `size` leaves with this root. RFC 9162, 2.1.3.2."""
    _well_formed("inclusion", (index, size), (leaf, root), path)
    if index >= size:
        raise ProofFailed("the index is not below the size", step="inclusion")
    at, last, made = index, size - 1, leaf
    for hash_ in path:
        if last == 0:
            raise ProofFailed("more hashes than a tree of this size has levels", step="inclusion")
        if at & 1 or at == last:
            made = node_hash(hash_, made)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            made = node_hash(made, hash_)
        at >>= 1
        last >>= 1
    if last:
        raise ProofFailed("fewer hashes than a tree of this size has levels", step="inclusion")
    if made != root:
        raise ProofFailed("the leaf is not under this root", step="inclusion", ours=root, theirs=made)


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of `old` leaves is the start of the tree of `new`. RFC 9162, 2.1.4.2.

    `old` = 0 is refused: every tree begins with nothing, so it proves nothing.
    """
    _well_formed("consistency", (old, new), (old_root, new_root), path)
    if not 0 < old <= new:
        raise ProofFailed("the old size is 0 or above the new one", step="consistency")
    if old == new:
        if path:
            raise ProofFailed("equal sizes need an empty proof", step="consistency")
        if old_root != new_root:
            raise ProofFailed("one size, two roots", step="consistency", ours=old_root, theirs=new_root)
        return
    hashes = list(path)
    if old & (old - 1) == 0:  # a complete tree: its root is the first hash, and everybody has it
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofFailed("fewer hashes than the trees need", step="consistency")
    at, last = old - 1, new - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old_made = new_made = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            raise ProofFailed("more hashes than the trees need", step="consistency")
        if at & 1 or at == last:
            old_made, new_made = node_hash(hash_, old_made), node_hash(hash_, new_made)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new_made = node_hash(new_made, hash_)
        at >>= 1
        last >>= 1
    if last:
        raise ProofFailed("fewer hashes than the trees need", step="consistency")
    if old_made != old_root:
        raise ProofFailed("the proof is not from the old root", step="consistency", ours=old_root, theirs=old_made)
    if new_made != new_root:
        raise ProofFailed("the proof does not lead to the new root", step="consistency", ours=new_root, theirs=new_made)


def _well_formed(step: str, sizes: Sequence[int], roots: Sequence[bytes], path: Sequence[bytes]) -> None:
    if any(type(size) is not int or not 0 <= size <= BIGGEST for size in sizes):
        raise ProofFailed("a size or index is not an integer from 0 to 2^63-1", step=step)
    if any(type(hash_) is not bytes or len(hash_) != HASH for hash_ in (*roots, *path)):
        raise ProofFailed("a hash is not 32 bytes", step=step)
    if len(path) > PATH_LIMIT:
        raise ProofFailed("a proof of more than 63 hashes", step=step)


class Edge:
    """The right edge of a growing tree: all that is needed to append and to know the root.

        size 6 = 110₂        ┌────┴────┐    ┌┴┐          two peaks: of leaves 0..3 and of 4..5
                             0  1  2  3     4  5         one for each bit that is set in the size

    A sequencer keeps one instead of the tree: at most 63 hashes, and one node hash for each leaf appended.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    @classmethod
    def of(cls, size: int, peaks: Sequence[bytes]) -> Edge:
        """The edge of a tree of `size` leaves from its complete subtrees, largest first (see `subtrees`)."""
        if natural(size, "size").bit_count() != len(peaks):
            raise BadInput("not as many complete subtrees as the size has bits set")
        made = cls()
        made._size, made._peaks = size, [hash_bytes(peak, "subtree hash") for peak in peaks]
        return made

    @classmethod
    def at(cls, node: Node, size: int) -> Edge:
        """The edge of the first `size` leaves."""
        return cls.of(size, [node(level, index) for level, index in subtrees(0, natural(size, "size"))])

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The complete subtrees, largest first; ``Edge.of(edge.size, edge.peaks)`` is the same edge."""
        return tuple(self._peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf."""
        made, bits, peaks = hash_bytes(leaf_hash, "leaf hash"), self._size, self._peaks
        while bits & 1:
            made = sha256(b"\x01" + peaks.pop() + made).digest()
            bits >>= 1
        peaks.append(made)
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add many leaves."""
        for hash_ in leaf_hashes:
            self.append(hash_)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _fold(self._peaks)
