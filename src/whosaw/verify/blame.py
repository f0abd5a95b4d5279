# SPDX-License-Identifier: Apache-2.0
"""Two files disagree: which of them was altered? The one that does not lead to the signed root.

    leaves ──▶ level 0 ──▶ level 1 ──▶ … ──▶ root          if the leaves lead to the root that was signed, the tiles lie;
                 ▲ as served  ▲ as served                  else the lowest level that leads there, as served, is the truth

Nothing here decides the verdict: one disagreement is enough for that. It decides what the sentence says, and a wrong
accusation would be worse than none, so where no level leads to the root, both files are named.
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.tlog.merkle import leaf_hash, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure
from whosaw.verify.tree import FRAMED, Rebuilt, differences, read_tile, root_of_rows, span

EACH = 5  # differences of one tile that are spelt out


def blame(source: Source, found: Rebuilt, signed_root: bytes) -> Iterator[Failure]:
    """A failure for every place where a tile is not what the leaves below it make."""
    truth: int | None = None
    if found.root != signed_root:
        yield Failure("the leaves make another root than the one that was signed", "checkpoint, line 3")
        levels = sorted({tile.level for tile in found.torn})
        truth = next((level for level in levels if _root_by(source, found, level) == signed_root), None)
    for tile in found.torn:
        served, mine = read_tile(source, tile) or b"", _computed(source, found, tile)
        places = list(differences(served, mine, HASH)) if len(served) == len(mine) else []
        for at in places[:EACH]:
            yield _sentence(tile, at - 1, leaves_hold=found.root == signed_root, tile_holds=tile.level == truth)
        if len(places) > EACH:
            yield Failure(f"and {len(places) - EACH} more hashes of this tile", tile.path)


def _sentence(tile: Tile, i: int, *, leaves_hold: bool, tile_holds: bool) -> Failure:
    first = (tile.index * FULL + i) << HEIGHT * tile.level
    last = first + (1 << HEIGHT * tile.level) - 1
    in_tile = f"{tile.path}, {span(i, HASH)}"
    bundle = Bundle(tile.index, tile.width)
    in_bundle = f"{bundle.path}, {span(i, FRAMED)}"
    what = f"leaf {first}" if first == last else f"leaves {first} to {last}"
    if leaves_hold:
        return Failure(f"the hash of {what} was altered; what it is made from is as it was signed", in_tile)
    if tile_holds and tile.level == 0:
        return Failure(f"{what} was altered; its hash in {tile.path} is as it was signed", in_bundle)
    if tile_holds:
        return Failure(
            f"among {what} something was altered, with all tiles below; this hash is as it was signed", in_tile
        )
    beside = f" and {in_bundle}" if tile.level == 0 else ""
    return Failure(
        f"the hash of {what} does not fit what it is made from; which was altered cannot be told", in_tile + beside
    )


def _root_by(source: Source, found: Rebuilt, base: int) -> bytes:
    """The root if level `base`, and of the levels below it the right edge, are believed as served."""
    rows, edge = list(found.rows), found.edge
    for tile in found.torn:
        served = read_tile(source, tile)
        if tile.level > base or served is None or len(served) != tile.width * HASH:
            continue
        if tile.level == 0 and tile.width < FULL:
            edge = served
        elif tile.level == 0:
            rows[1] = _patched(rows[1], tile.index, root_of_row(served))
        else:
            rows[tile.level] = _patched(rows[tile.level], tile.index * FULL, served)
    for level in range(max(base, 1) + 1, len(rows)):
        below = bytes(rows[level - 1])
        rows[level] = bytearray().join(
            root_of_row(below[at : at + FULL * HASH]) for at in range(0, len(rows[level]) * FULL, FULL * HASH)
        )
    return root_of_rows(rows, edge, found.size)


def _patched(row: bytearray, first: int, piece: bytes) -> bytearray:
    """`row` with `piece` in the place of its hashes from number `first` on."""
    return row[: first * HASH] + piece + row[first * HASH + len(piece) :]


def _computed(source: Source, found: Rebuilt, tile: Tile) -> bytes:
    """The tile that the leaves make."""
    if tile.level:
        first = tile.index * FULL * HASH
        return bytes(found.rows[tile.level][first : first + tile.width * HASH])
    if tile.width < FULL:
        return found.edge
    raw = read_tile(source, Bundle(tile.index, tile.width)) or b""
    return b"".join(leaf_hash(raw[at + 2 : at + FRAMED]) for at in range(0, len(raw), FRAMED))
