# SPDX-License-Identifier: Apache-2.0
"""Tiles: the tree as files that never change. c2sp.org/tlog-tiles, height 8.

    tile/entries/273.p/112     a bundle: up to 256 entries, each as u16be length ‖ bytes
    tile/0/x001/x234/067       level 0: the leaf hashes of those entries
    tile/1/001.p/17            level 1: one hash for each *full* tile of level 0, and so on upwards

        level 1                       ┌──────── 1 hash ────────┐
        level 0    │h h h … h h h│ full: 256     │h h h│ partial: only its size needs it
        entries    │e e e … e e e│               │e e e│

Size 70,000: 273 full tiles and one of width 112 at level 0, one full and one of width 17 at level 1, one of width 1 at
level 2. The partial tile of level l at size s is ⌊s / 256^l⌋ mod 256 wide, and absent where that is 0.

Invariant: a path, a width and a level say exactly what a file holds; only full tiles enter the level above.

Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog.merkle import Node, root_of_row
from whosaw.tlog.spelling import BIGGEST, HASH, natural

HEIGHT = 8
FULL = 1 << HEIGHT
LEVELS = 64
ENTRY_LIMIT = 2**16 - 1

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A file of `width` hashes: the `index`-th tile of its level."""

    level: int
    index: int
    width: int = FULL

    def __post_init__(self) -> None:
        if not 0 <= natural(self.level, "level") < LEVELS:
            raise BadInput("a tile's level is not from 0 to 63")
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """``tile/0/x001/067.p/12``"""
        return f"tile/{self.level}/{_place(self.index, self.width)}"

    @property
    def full(self) -> Tile:
        """The full tile that this one grows into."""
        return Tile(self.level, self.index)


@dataclass(frozen=True, slots=True, order=True)
class Bundle:
    """A file of `width` entries: those of the `index`-th tile of level 0."""

    index: int
    width: int = FULL

    def __post_init__(self) -> None:
        _check_place(self.index, self.width)

    @property
    def path(self) -> str:
        """``tile/entries/x001/067.p/12``"""
        return f"tile/entries/{_place(self.index, self.width)}"

    @property
    def full(self) -> Bundle:
        """The full bundle that this one grows into."""
        return Bundle(self.index)

    @property
    def first(self) -> int:
        """Index of the first entry."""
        return self.index * FULL


def parse_path(path: str) -> Tile | Bundle:
    """What the file at `path` must be. NotCanonical for every path that no tile or bundle has."""
    found = _PATH.fullmatch(path) if path.isascii() else None
    if found:
        kind, place, width = found.groups()
        index = int(re.sub(r"[x/]", "", place))
        if index <= BIGGEST:
            try:
                wide = FULL if width is None else int(width)
                made = Bundle(index, wide) if kind == "entries" else Tile(int(kind), index, wide)
            except BadInput:
                made = None
            # Parse by rendering: this refuses "x000/001", "tile/00/…" and a ".p/256" in one line.
            if made is not None and made.path == path:
                return made
    raise NotCanonical("not the path of a tile or bundle", where="path")


def width_at(level: int, index: int, size: int) -> int:
    """How wide the `index`-th tile of `level` is in a log of `size` entries: 0 where there is none."""
    return max(0, min(FULL, (size >> HEIGHT * level) - index * FULL))


def tiles_at(size: int) -> Iterator[Tile | Bundle]:
    """Every file that a log of `size` entries needs, partial ones included: bundles, level 0, then upwards."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> Iterator[Tile | Bundle]:
    """The files to write when a log grows from `old` to `new` entries, in the order in which they may be written.

    A partial file of the new right edge is one of them, also where it repeats the start of an older one.
    """
    if natural(old, "old size") > natural(new, "new size"):
        raise BadInput("a log never shrinks")
    for _, index, width in grown(old, new, 1):
        yield Bundle(index, width)
    for level, index, width in grown(old, new):
        yield Tile(level, index, width)


def grown(old: int, new: int, levels: int = LEVELS, height: int = HEIGHT) -> Iterator[tuple[int, int, int]]:
    """(level, index, width) of what changes between two sizes; the height is ours unless a test of others says so."""
    full = 1 << height
    for level in range(levels):
        before, after = old >> height * level, new >> height * level
        if before == after:  # then nothing above changes either
            return
        for index in range(before >> height, after >> height):
            yield level, index, full
        if after % full:
            yield level, after >> height, after % full


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """The bytes of a bundle: ``(u16be length ‖ entry)*``."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_LIMIT:
            raise BadInput("an entry is longer than 65,535 bytes")
        parts += (len(entry).to_bytes(2), entry)
    return b"".join(parts)


def parse_bundle(raw: bytes, width: int, where: str) -> list[bytes]:
    """The `width` entries of a bundle, and nothing after them."""
    entries, at = [], 0
    for number in range(width):
        start = at + 2
        at = start + int.from_bytes(raw[at:start])
        if at > len(raw):  # never before its two bytes of length end
            raise NotCanonical(f"ends inside entry {number} of {width}", where=where)
        entries.append(raw[start:at])
    if at != len(raw):
        raise NotCanonical(f"goes on after entry {width}", where=where)
    return entries


def cut_bundle(raw: bytes, width: int, where: str) -> bytes:
    """The bundle of the first `width` entries of a wider one, whatever stands behind them."""
    at = 0
    for number in range(width):
        at += 2 + int.from_bytes(raw[at : at + 2])
        if at > len(raw):
            raise NotCanonical(f"ends inside entry {number} of {width}", where=where)
    return raw[:at]


def encode_tile(hashes: Iterable[bytes]) -> bytes:
    """The bytes of a tile."""
    return b"".join(hashes)


def parse_tile(raw: bytes, width: int, where: str) -> list[bytes]:
    """The `width` hashes of a tile."""
    check_tile(raw, width, where)
    return [raw[i : i + HASH] for i in range(0, len(raw), HASH)]


def check_tile(raw: bytes, width: int, where: str) -> bytes:
    """`raw`, if it is a tile of `width` hashes."""
    if len(raw) != width * HASH:
        raise NotCanonical(f"has {len(raw)} bytes, not the {width * HASH} of {width} hashes", where=where)
    return raw


def nodes_in(read: Callable[[Tile], bytes], size: int) -> Node:
    """The tree of a log of `size` entries, from its tiles. `read` gives the bytes of a tile, of exactly its width.

        level 8·l+3, index i  ─▶  tile (l, i >> 5), the 8 hashes from (i mod 32)·8 on, hashed together

    The last few tiles read are kept: a proof asks for several nodes of one tile. The bytes are not believed: a proof
    made from wrong tiles fails against the signed root, and names no tile.
    """

    @lru_cache(maxsize=16)
    def tile(level: int, index: int, width: int) -> bytes:
        wanted = Tile(level, index, width)
        return check_tile(read(wanted), width, wanted.path)

    # Proofs of one tree meet: near its top they have the same nodes, each of up to 128 hashes.
    @lru_cache(maxsize=1024)
    def node(level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > size:
            raise BadInput(f"no complete subtree at level {level}, index {index} in a tree of this size")
        upper, inner = divmod(level, HEIGHT)
        at, offset = divmod(index << inner, FULL)
        row = tile(upper, at, width_at(upper, at, size))
        return root_of_row(row[offset * HASH : (offset + (1 << inner)) * HASH])

    return node


def _check_place(index: int, width: int) -> None:
    natural(index, "index")
    if not 1 <= natural(width, "width") <= FULL:
        raise BadInput("a tile's width is not from 1 to 256")


def _place(index: int, width: int) -> str:
    """`x001/x234/067`, with `.p/12` behind where it is partial."""
    path = f"{index % 1000:03d}"
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path if width == FULL else f"{path}.p/{width}"
