# SPDX-License-Identifier: Apache-2.0
"""Two files disagree: which of them was altered? The one that does not lead to the signed root.

    leaves ──▶ level 0 ──▶ level 1 ──▶ … ──▶ root          if the leaves lead to the root that was signed, the tiles lie;
                 ▲ as served  ▲ as served                  else the lowest level that leads there, as served, is the truth

Nothing here decides the verdict: one disagreement is enough for that. It decides what the sentence says, and a wrong
accusation would be worse than none, so where no level leads to the root, both files are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from whosaw.tlog.merkle import root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile
from whosaw.verify.frames import Frames, span
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure
from whosaw.verify.tree import Rebuilt, differences, read_tile, root_of_rows

EACH = 5  # differences of one tile that are spelt out
LEAVES = -1  # below level 0: the leaves themselves are the truth


@dataclass(frozen=True, slots=True)
class Truth:
    """The level that leads to the signed root, and all hashes from there upwards; `edge` as in Rebuilt."""

    level: int
    rows: list[bytearray]
    edge: bytes


def blame(source: Source, found: Rebuilt, signed_root: bytes) -> Iterator[Failure]:
    """A failure for every place where a tile is not what the leaves below it make; the culprits first."""
    yield from _accuse(source, found, truth_of(source, found, signed_root))
    if not found.given_up and found.root != signed_root:
        yield Failure("the leaves make another root than the one that was signed", "checkpoint, line 3")


def truth_of(source: Source, found: Rebuilt, signed_root: bytes) -> Truth | None:
    """The lowest level that leads to the signed root; None where none does."""
    if found.given_up:
        return None
    if found.root == signed_root:
        return Truth(LEAVES, found.rows, found.edge)
    candidates = (_believing(source, found, level) for level in sorted({tile.level for tile in found.torn}))
    return next((c for c in candidates if root_of_rows(c.rows, c.edge, found.size) == signed_root), None)


def _accuse(source: Source, found: Rebuilt, truth: Truth | None) -> Iterator[Failure]:
    for tile in found.torn:
        served = read_tile(source, tile) or b""
        right = _made(source, found, tile)
        if truth is not None and tile.level > truth.level and tile.level > 0:
            right = _slice(truth.rows[tile.level], tile)  # where the truth is above the leaves, this tile may be right
        places = list(differences(served, right, HASH)) if len(served) == len(right) else []
        for at in places[:EACH]:
            yield _sentence(tile, at - 1, truth, found.frames)
        if len(places) > EACH:
            yield Failure(f"and {len(places) - EACH} more hashes of this tile", tile.path)


def _sentence(tile: Tile, i: int, truth: Truth | None, frames: Frames) -> Failure:
    first = (tile.index * FULL + i) << HEIGHT * tile.level
    last = first + (1 << HEIGHT * tile.level) - 1
    what = f"leaf {first}" if first == last else f"leaves {first} to {last}"
    in_tile = f"{tile.path}, {span(i, HASH)}"
    bundle = Bundle(tile.index, tile.width)
    in_bundle = f"{bundle.path}, {frames.place(i)}"
    if truth is not None and tile.level > truth.level:
        return Failure(f"the hash of {what} was altered; what it is made from is as it was signed", in_tile)
    if truth is not None and tile.level == truth.level == 0:
        return Failure(f"{what} was altered; its hash in {tile.path} is as it was signed", in_bundle)
    if truth is not None and tile.level == truth.level:
        return Failure(
            f"among {what} something was altered, with all tiles below; this hash is as it was signed", in_tile
        )
    where = f"{in_tile} and {in_bundle}" if tile.level == 0 else in_tile
    return Failure(f"the hash of {what} does not fit what it is made from; which was altered cannot be told", where)


def _believing(source: Source, found: Rebuilt, level: int) -> Truth:
    """All hashes if this level is believed as served, and of the levels below it the right edge."""
    rows, edge = list(found.rows), found.edge
    for tile in found.torn:
        served = read_tile(source, tile)
        if tile.level > level or served is None or len(served) != tile.width * HASH:
            continue
        if tile.level == 0 and tile.width < FULL:
            edge = served
        elif tile.level == 0:
            rows[1] = _patched(rows[1], tile.index, root_of_row(served))
        else:
            rows[tile.level] = _patched(rows[tile.level], tile.index * FULL, served)
    for above in range(max(level, 1) + 1, len(rows)):
        below, count = bytes(rows[above - 1]), len(rows[above]) // HASH
        tiles = (below[n * FULL * HASH : (n + 1) * FULL * HASH] for n in range(count))
        rows[above] = bytearray().join(map(root_of_row, tiles))
    return Truth(level, rows, edge)


def _patched(row: bytearray, first: int, piece: bytes) -> bytearray:
    """`row` with `piece` in the place of its hashes from number `first` on."""
    return row[: first * HASH] + piece + row[first * HASH + len(piece) :]


def _made(source: Source, found: Rebuilt, tile: Tile) -> bytes:
    """The tile that the leaves make."""
    if tile.level:
        return _slice(found.rows[tile.level], tile)
    if tile.width < FULL:
        return found.edge
    raw = read_tile(source, Bundle(tile.index, tile.width), found.frames) or b""
    return found.frames.hashes(raw, tile.width)


def _slice(row: bytearray, tile: Tile) -> bytes:
    first = tile.index * FULL * HASH
    return bytes(row[first : first + tile.width * HASH])
