# SPDX-License-Identifier: Apache-2.0
"""How entries stand in a bundle: ``(u16be length ‖ entry)*``. Leaves of a log of ours have one length, map leaves have not.

    LEAVES   67 67 67 67 …          a file's length says whether it is whole
    MAPS     258 258 260 …          only walking through it does

Nothing here raises: what is wrong with a file becomes a sentence, and the rest of the log can still be checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from struct import Struct

from whosaw.tlog import leaf, map_leaf
from whosaw.tlog.tile import FULL


@dataclass(frozen=True, slots=True)
class Frames:
    """`size`: bytes of every entry, None where they differ. `most`: of the longest one."""

    size: int | None
    most: int

    @property
    def limit(self) -> int:
        """Bytes of the longest bundle there can be."""
        return FULL * (2 + self.most)

    def bounds(self, raw: bytes, width: int) -> list[int]:
        """Where the first `width` entries begin, and the last ends. Fewer where the bundle ends before."""
        if self.size is not None:
            each = 2 + self.size
            return [n * each for n in range(min(len(raw) // each, width) + 1)]
        found = [0]
        while len(found) <= width:
            start = found[-1] + 2
            end = start + int.from_bytes(raw[start - 2 : start])
            if end > len(raw):
                break
            found.append(end)
        return found

    def cut(self, raw: bytes, width: int) -> bytes:
        """The bundle of the first `width` entries; what there is, where it ends before."""
        if self.size is not None:
            return raw[: width * (2 + self.size)]
        bounds = self.bounds(raw, width)
        return raw[: bounds[-1]] if len(bounds) > width else raw

    def wrong(self, raw: bytes, width: int) -> str:
        """Why `raw` is no bundle of `width` entries; empty where it is one, as far as lengths go."""
        if self.size is not None:
            must = width * (2 + self.size)
            return f"holds {len(raw):,} bytes and must hold {must:,}" if len(raw) != must else ""
        bounds = self.bounds(raw, width)
        if len(bounds) <= width:
            return f"ends inside entry {len(bounds) - 1} of {width}"
        return f"goes on after entry {width}" if bounds[-1] != len(raw) else ""

    def hashes(self, raw: bytes, width: int) -> bytes:
        """The leaf hashes of a bundle of `width` entries, side by side."""
        # The cost of an audit. The second byte of each length becomes the prefix that a leaf is hashed behind, so that
        # one call cuts all of them, prefix and all: slicing and joining one by one would cost half as much as hashing.
        if self.size is not None and len(raw) == width * (2 + self.size):
            marked = bytearray(raw)
            marked[1 :: 2 + self.size] = bytes(width)
            return b"".join([sha256(leaf).digest() for leaf in _cuts(width, self.size).unpack(marked)])
        return b"".join([sha256(b"\x00" + entry).digest() for entry in self.entries(raw, width)])

    def entries(self, raw: bytes, width: int) -> list[bytes]:
        """The first `width` entries."""
        bounds = self.bounds(raw, width)
        return [raw[start + 2 : end] for start, end in pairwise(bounds)]

    def place(self, i: int) -> str:
        """Where the entry with number `i` stands in its bundle."""
        return f"entry {i}" if self.size is None else span(i, 2 + self.size)


@lru_cache(maxsize=FULL)
def _cuts(width: int, size: int) -> Struct:
    """What cuts a bundle into entries, each behind one byte."""
    return Struct(f"x{1 + size}s" * width)


LEAVES = Frames(leaf.SIZE, leaf.SIZE)
MAPS = Frames(None, map_leaf.LIMIT)


def span(piece: int, each: int) -> str:
    """Which bytes of a file piece number `piece` (from 0) of `each` bytes takes up."""
    return f"bytes {piece * each:,} to {(piece + 1) * each - 1:,}"
