# SPDX-License-Identifier: Apache-2.0
"""One look of a scrub: 256 leaves, held against the signed root from both sides, and what is wrong named to the byte.

    signed root ──▶ right edge ──▶ … ──▶ tile of level 0 ──▶ each leaf hash       from above: what must be there
    frame ──opens──▶ entry ──hash──▶                          bundle ──hash──▶    from below: what is there

Everything is read from the disk: what the system remembers of a file is dropped first. A bit that flipped on the disk is
invisible for as long as the cache has the page, and is there after the next start.

Invariant: it reads. Where it cannot tell which byte is wrong, it says which bytes one of them is among.
                                                                          Specification: docs/spec/operator.md §4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.journal.edge import Edge
from whosaw.journal.fsck.findings import Fault, Finding
from whosaw.journal.ports import Folder, Forgetful
from whosaw.journal.segment import AnyFrame, Frame
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import leaf_hash, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, parse_bundle, width_at


def forgotten(folder: Folder, name: str, start: int = 0, count: int = 0) -> None:
    """Have the next read of this file come from the disk, where the folder can see to that."""
    if isinstance(folder, Forgetful):
        folder.forget(name, start, count)


@dataclass(slots=True)
class Look:
    """A look at the leaves of `bundle`, in a log of this head. `name`: before file names, of a log in a folder of its own."""

    public: Folder
    head: Checkpoint
    bundle: Bundle
    prefix: str = ""
    files: int = 0
    octets: int = 0
    found: list[Finding] = field(default_factory=list)

    def published(self, frames: Sequence[AnyFrame | None]) -> None:
        """Tiles on the way to the root, the bundle, and what its frames make of it. `frames` is empty where there are none."""
        row = self._row()
        raw = self._read(self.bundle.path)
        if raw is None:
            self._find(Fault.LEAF, self.bundle.path, "it is missing")
        entries = None if raw is None else self._entries(raw, row, frames)
        if row is None and entries is not None:
            row = b"".join(leaf_hash(entry) for entry in entries)
        for frame, nth in zip(frames, range(self.bundle.width), strict=False):
            if isinstance(frame, Frame) and row is not None and leaf_hash(frame.entry) != row[nth * HASH :][:HASH]:
                self._find(Fault.LEAF, f"index {frame.index}", "its frame does not open it")

    # ── from above ──

    def _row(self) -> bytes | None:
        """The leaf hashes that the signed root needs here; None where a tile on the way is wrong."""
        rows = self._edge()
        if rows is None:
            return None
        if self.bundle.width < FULL:
            return rows[0]
        way = [Tile(0, self.bundle.index)]
        while (above := way[-1].index // FULL) < self.head.size >> HEIGHT * (len(way) + 1):
            width = width_at(len(way), above, self.head.size)
            if width < FULL:
                break
            way.append(Tile(len(way), above))
        nth = way[-1].index % FULL
        must = rows[len(way)][nth * HASH : (nth + 1) * HASH]
        for tile in reversed(way):
            row = self._read(tile.path) or b""
            if len(row) != FULL * HASH or root_of_row(row) != must:
                self._blame(tile, row)
                return None
            below = self.bundle.index >> HEIGHT * (tile.level - 1) if tile.level else 0
            must = row[below % FULL * HASH : (below % FULL + 1) * HASH]
        return row

    def _edge(self) -> list[bytes] | None:
        """The partial tile of each level, which fold to the root together."""
        rows: list[bytes] = []
        size = self.head.size
        while size >> HEIGHT * len(rows):
            index, width = divmod(size >> HEIGHT * len(rows), FULL)
            tile = Tile(len(rows), index, width) if width else None
            # One that was partial when the head was pinned may be full and collected by now: its beginning is the same.
            raw = b"" if tile is None else self._read(tile.path) or (self._read(tile.full.path) or b"")[: width * HASH]
            if tile is not None and len(raw) != width * HASH:
                self._find(Fault.PUBLISHED, tile.path, "it is missing" if not raw else "it has another length")
                return None
            rows.append(raw)
        if Edge(size, tuple(rows)).root() == self.head.root:
            return rows
        before = len(self.found)
        for level, raw in enumerate(rows):
            if raw:
                self._blame(Tile(level, size >> HEIGHT * (level + 1), len(raw) // HASH), raw)
        if len(self.found) == before:
            self._find(Fault.PUBLISHED, "tile, right edge", f"it does not make the root signed for size {size}")
        return None

    def _blame(self, tile: Tile, row: bytes) -> None:
        """Where a tile differs from what lies below it."""
        made = self._made(tile)
        if made is None or len(row) != len(made):
            self._find(Fault.PUBLISHED, tile.path, f"it has {len(row)} bytes" if row else "it is missing")
        elif made != row:
            at = next(at for at, (ours, theirs) in enumerate(zip(made, row, strict=True)) if ours != theirs)
            first = (tile.index * FULL + at // HASH) << HEIGHT * tile.level
            self._find(
                Fault.PUBLISHED, f"index {first}, {self._name(tile.path)}, byte {at}", "it is not what lies below it"
            )

    def _made(self, tile: Tile) -> bytes | None:
        """A tile from the files below it."""
        if tile.level == 0:
            raw = self._read(Bundle(tile.index, tile.width).path)
            try:
                return None if raw is None else b"".join(map(leaf_hash, parse_bundle(raw, tile.width, "")))
            except NotCanonical:
                return None
        parts = []
        for nth in range(tile.width):
            below = self._read(Tile(tile.level - 1, tile.index * FULL + nth).path)
            if below is None or len(below) != FULL * HASH:
                return None
            parts.append(root_of_row(below))
        return b"".join(parts)

    # ── from below ──

    def _entries(self, raw: bytes, row: bytes | None, frames: Sequence[AnyFrame | None]) -> list[bytes] | None:
        """The bundle's entries, each held against its hash. Where one is wrong its frame says which byte."""
        path = self.bundle.path
        try:
            entries = parse_bundle(raw, self.bundle.width, path)
        except NotCanonical as error:
            self._find(Fault.LEAF, path, str(error))
            return None
        at = 0
        for nth, entry in enumerate(entries):
            must = None if row is None else row[nth * HASH : (nth + 1) * HASH]
            if must is not None and leaf_hash(entry) != must:
                frame = frames[nth] if nth < len(frames) else None
                true = frame.entry if isinstance(frame, Frame) and leaf_hash(frame.entry) == must else None
                where = f"index {self.bundle.first + nth}, {self._name(path)}, {_bytes(at + 2, entry, true)}"
                self._find(Fault.LEAF, where, "it does not hash to what the tile above it says")
            at += 2 + len(entry)
        return entries

    # ── pieces ──

    def _read(self, name: str) -> bytes | None:
        forgotten(self.public, name)
        raw = self.public.read(name)
        if raw is not None:
            self.files, self.octets = self.files + 1, self.octets + len(raw)
        return raw

    def _name(self, path: str) -> str:
        return f"{self.prefix}{path}"

    def _find(self, kind: Fault, where: str, what: str) -> None:
        named = where if where.startswith("index ") else self._name(where)
        self.found.append(Finding(Fault.MAP if self.prefix else kind, named, what))


def _bytes(start: int, entry: bytes, true: bytes | None) -> str:
    """Which byte is wrong, or among which it is."""
    if true is not None and len(true) == len(entry):
        return f"byte {start + next(n for n, (a, b) in enumerate(zip(entry, true, strict=True)) if a != b)}"
    return f"bytes {start} to {start + len(entry) - 1}"
