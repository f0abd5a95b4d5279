# SPDX-License-Identifier: Apache-2.0
"""From a signed root down to every file below it: each is checked by the one above before anybody gets it.

    root  ==  the partial tiles of all levels, folded together
                 └─ hash 7 of a tile  ==  tile 7 of the level below   …   level 0  ==  the leaf hashes of a bundle

What is handed on can be kept for good, one file at a time: no second pass, nothing to take back. So a copy that was broken
off goes on where it was, and a file that is there already and fits is not fetched again.

Invariant: a file comes out only if it hashes to the root that was signed.      Specification: docs/spec/operator.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.journal.edge import Edge
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import leaf_hash, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, cut_bundle, parse_bundle

Read = Callable[[str], bytes | None]
"""A published file by its path, not believed; None where there is none."""
File = tuple[str, bytes]

_TILE = FULL * HASH


@dataclass(frozen=True, slots=True)
class Descent:
    """The files of a log of this head. `there`: a copy that may have some of them; `entry`: raises NotCanonical for
    bytes that no leaf of this log has; `hands`: how many files are fetched at once.
    """

    head: Checkpoint
    source: Read
    there: Read
    entry: Callable[[bytes, str], object]
    hands: int = 1

    def files(self, have: int, progress: Callable[[int, int], None]) -> Iterator[list[File]]:
        """Everything that a log of the first `have` leaves does not need, in groups, from left to right.

        Raises ProofFailed naming the first file that does not fit, Unavailable.
        """
        rows = self._edge()
        with ThreadPoolExecutor(self.hands, thread_name_prefix="whosaw-copy") as pool:
            for level in range(len(rows) - 1, -1, -1):
                index = self.head.size >> HEIGHT * (level + 1)
                yield from self._below(pool, Tile(level, index), rows[level], have, progress)
        last = self._bundle(Bundle(self.head.size // FULL, self.head.size % FULL), rows[0]) if self._width else []
        tiles = [(Tile(level, self.head.size >> HEIGHT * (level + 1), len(row) // HASH).path, row)
                 for level, row in enumerate(rows) if row]  # fmt: skip
        yield [*last, *tiles]
        progress(self.head.size, self.head.size)

    @property
    def _width(self) -> int:
        return self.head.size % FULL

    def _edge(self) -> list[bytes]:
        """The partial tile of each level. Together they are the root, so they are believed together."""
        rows: list[bytes] = []
        size = self.head.size
        while size >> HEIGHT * len(rows):
            index, width = divmod(size >> HEIGHT * len(rows), FULL)
            rows.append(self._partial(Tile(len(rows), index, width)) if width else b"")
        if Edge(size, tuple(rows)).root() != self.head.root:
            raise ProofFailed(
                f"the tiles at the right edge do not make the root signed for size {size}", step="tile, right edge"
            )
        return rows

    def _partial(self, tile: Tile) -> bytes:
        raw = self.source(tile.path)
        if raw is None:
            raw = (self.source(tile.full.path) or b"")[: tile.width * HASH]
        if len(raw) != tile.width * HASH:
            raise ProofFailed(f"{tile.path} is missing or has another length", step=tile.path, theirs=raw)
        return raw

    def _below(
        self, pool: ThreadPoolExecutor, tile: Tile, row: bytes, have: int, progress: Callable[[int, int], None]
    ) -> Iterator[list[File]]:
        """All full files below a tile whose hashes are `row`, which is right."""
        if not tile.level:
            return
        level = tile.level - 1
        span = 1 << HEIGHT * tile.level
        missing = [
            (Tile(level, n), row[at : at + HASH])
            for at in range(0, len(row), HASH)
            if ((n := tile.index * FULL + at // HASH) + 1) * span > have
        ]
        if level == 0:
            for (child, _), files in zip(missing, pool.map(self._leafy, missing), strict=True):
                yield files
                progress((child.index + 1) * FULL, self.head.size)
            return
        for child, expected in missing:
            found = self._tile(child, expected)
            yield from self._below(pool, child, found, have, progress)
            yield [(child.path, found)]

    def _leafy(self, wanted: tuple[Tile, bytes]) -> list[File]:
        """A full tile of level 0 with its bundle, the bundle first."""
        tile, expected = wanted
        row = self._tile(tile, expected)
        return [*self._bundle(Bundle(tile.index), row), (tile.path, row)]

    def _tile(self, tile: Tile, expected: bytes) -> bytes:
        return self._first(tile.path, lambda raw: len(raw) == _TILE and root_of_row(raw) == expected)

    def _bundle(self, bundle: Bundle, row: bytes) -> list[File]:
        def right(raw: bytes) -> bool:
            try:
                entries = parse_bundle(raw, bundle.width, bundle.path)
                for entry in entries:
                    self.entry(entry, bundle.path)
            except NotCanonical:
                return False
            return b"".join([leaf_hash(entry) for entry in entries]) == row

        return [(bundle.path, self._first(bundle.path, right, bundle))]

    def _first(self, path: str, right: Callable[[bytes], bool], partial: Bundle | None = None) -> bytes:
        """The file from the copy, if it is right there; else from the source."""
        there = self.there(path)
        if there is not None and right(there):
            return there
        raw = self.source(path)
        if raw is None and partial is not None and partial.width < FULL:
            raw = self._beginning(partial)
        if raw is None:
            raise ProofFailed(f"{path} is missing: the checkpoint promises it", step=path)
        if not right(raw):
            raise ProofFailed(f"{path} does not hash to what the root needs there", step=path, theirs=raw)
        return raw

    def _beginning(self, bundle: Bundle) -> bytes | None:
        whole = self.source(bundle.full.path)
        try:
            return None if whole is None else cut_bundle(whole, bundle.width, bundle.full.path)
        except NotCanonical:
            return None
