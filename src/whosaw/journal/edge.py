# SPDX-License-Identifier: Apache-2.0
"""The right edge: the partial tile of each level and the partial bundle, all that a growing log must remember.

    level 2   │ t …                      each row has fewer than 256 hashes; a row that fills up
    level 1   │ t t t t …                becomes a full tile and one hash in the row above
    level 0   │ h h h h h h …
    bundle    │ e e e e e e …

An edge never changes: growing makes the next one, with every file that the larger log needs and the smaller one had
not. So a round that is dropped leaves nothing behind, and the same leaves give the same files whatever the batches.

Invariant: ``edge.root()`` is the root over all entries so far.                 Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, NotCanonical
from whosaw.tlog import merkle
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, encode_bundle, parse_bundle, parse_tile

_TILE = FULL * HASH


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a log of `size` entries. `rows`: hashes side by side, level 0 first; `bundle`: its bytes."""

    size: int = 0
    rows: tuple[bytes, ...] = field(default=(), repr=False)
    bundle: bytes = field(default=b"", repr=False)

    def root(self) -> bytes:
        """The root over all entries."""
        below = b""
        for row in self.rows:
            # The rows of a tree of this size, with the incomplete rest as one more hash at the end, split exactly
            # where RFC 6962 splits: the rest is smaller than what any hash of the row stands for.
            if row or below:
                below = merkle.root_of_row(row + below)
        return below or merkle.EMPTY_ROOT

    def grow(self, entries: Sequence[bytes], hashes: Sequence[bytes]) -> tuple[Edge, list[tuple[str, bytes]]]:
        """The edge after these entries with their leaf hashes, and the files to write, in order."""
        if not entries:
            return self, []
        files = list(self._bundles(entries))
        bundle = files[-1][1] if (self.size + len(entries)) % FULL else b""
        rows, level, more = list(self.rows), 0, b"".join(hashes)
        while more:
            if level == len(rows):
                rows.append(b"")
            first = self.size >> HEIGHT * (level + 1)
            tiles, rows[level] = _cut(rows[level] + more, _TILE)
            files += [(Tile(level, first + n).path, data) for n, data in enumerate(tiles)]
            if rows[level]:
                files.append((Tile(level, first + len(tiles), len(rows[level]) // HASH).path, rows[level]))
            more = b"".join([merkle.root_of_row(tile) for tile in tiles])
            level += 1
        return Edge(self.size + len(entries), tuple(rows), bundle), files

    def _bundles(self, entries: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
        """The bundles that these entries complete or widen."""
        begun, at, end = self.bundle, self.size, self.size + len(entries)
        while at < end:
            until = min(end, at - at % FULL + FULL)
            data = begun + encode_bundle(entries[at - self.size : until - self.size])
            yield Bundle(at // FULL, (until - 1) % FULL + 1).path, data
            begun, at = b"", until


def load(read: Callable[[Tile | Bundle], bytes], size: int) -> Edge:
    """The edge of a log of `size` entries from its files. Raises Damaged where bundle and tile disagree."""
    rows, at = [], size
    for level in range((size.bit_length() + HEIGHT - 1) // HEIGHT):
        width = at % FULL
        rows.append(read(Tile(level, at // FULL, width)) if width else b"")
        at //= FULL
    width = size % FULL
    last = Bundle(size // FULL, width) if width else None
    bundle = read(last) if last else b""
    if last:
        _check_bundle(last, bundle, rows[0])
    return Edge(size, tuple(rows), bundle)


def _check_bundle(last: Bundle, bundle: bytes, row: bytes) -> None:
    try:
        entries = parse_bundle(bundle, last.width, last.path)
        hashes = parse_tile(row, last.width, Tile(0, last.index, last.width).path)
    except NotCanonical as error:
        raise Damaged(str(error), where=last.path) from None
    if [merkle.leaf_hash(entry) for entry in entries] != hashes:
        raise Damaged(f"{last.path} does not hold the entries that its tile commits to", where=last.path)


def _cut(row: bytes, size: int) -> tuple[list[bytes], bytes]:
    """`row` in pieces of `size`, and what is left."""
    whole = len(row) - len(row) % size
    return [row[at : at + size] for at in range(0, whole, size)], row[whole:]
