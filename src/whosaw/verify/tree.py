# SPDX-License-Identifier: Apache-2.0
"""The tree, built again from the leaves as served, and every served tile held against it.

    tile/entries/012 ──▶ 256 leaves ──hash──▶ must be tile/0/012 ──▶ one hash of tile/1/000 ──▶ … ──▶ root
                            │
                            └─ 65 bytes, version 1, a label that no leaf had before

One pass, one bundle in memory at a time; of all below level 1 only labels are kept, 32 bytes a leaf. What disagrees is
listed; ``whosaw.verify.blame`` then says which of the two was altered, where that can be told.

Invariant: what is called whole was read whole. There is no sampling here, and no trust in any tile.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from whosaw.errors import Damaged, NotCanonical
from whosaw.tlog import leaf
from whosaw.tlog.merkle import Node, root_at, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, nodes_in, width_at
from whosaw.verify.labels import Labels
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure

FRAMED = 2 + leaf.SIZE  # u16be length, then the leaf
BUNDLES = -1  # stands for a level where bundles and tiles are counted together
_LENGTH = leaf.SIZE.to_bytes(2)


def read_tile(source: Source, what: Tile | Bundle) -> bytes | None:
    """The file's bytes: as asked for, or the beginning of the full one, which may have replaced a partial one."""
    each = FRAMED if isinstance(what, Bundle) else HASH
    raw = source.read(what.path, FULL * each)
    if raw is None and what.width < FULL:
        raw = source.read(what.full.path, FULL * each)
        raw = raw if raw is None else raw[: what.width * each]
    return raw


def served_nodes(source: Source, size: int) -> Node:
    """The tree from the tiles as served: good for making proofs, because proofs are checked."""

    def read(tile: Tile) -> bytes:
        raw = read_tile(source, tile)
        if raw is None:
            raise Damaged("is missing: the checkpoint promises it", where=tile.path)
        return raw

    return nodes_in(read, size)


@dataclass(slots=True)
class Rebuilt:
    """What the pass found. `rows[k]` holds every hash of tile level k ≥ 1, side by side, computed from the leaves."""

    size: int
    root: bytes = b""
    rows: list[bytearray] = field(default_factory=lambda: [bytearray()])
    edge: bytes = b""  # the leaf hashes of the last, partial tile
    tiles: int = 0
    bundles: int = 0
    old: int = 0
    leaf_failures: list[Failure] = field(default_factory=list)
    tile_failures: list[Failure] = field(default_factory=list)
    old_failures: list[Failure] = field(default_factory=list)
    torn: list[Tile] = field(default_factory=list)  # tiles that are not what the leaves make


class Rebuild:
    """One pass over all that a log of `size` leaves serves.

    `old`: partial tiles and bundles that stand beside a wider one, by level (BUNDLES for bundles) and index.
    `watch` sees every bundle's labels, with the index of the first leaf. `progress` hears how many leaves are done.
    """

    def __init__(
        self,
        source: Source,
        size: int,
        old: Mapping[tuple[int, int], Sequence[Tile | Bundle]],
        watch: Callable[[int, list[bytes]], None],
        progress: Callable[[int, int], None],
    ) -> None:
        self._source, self._size, self._old = source, size, old
        self._watch, self._progress = watch, progress
        self._labels = Labels()
        self.found = Rebuilt(size)

    def run(self) -> Rebuilt:
        """Read everything once. Raises Unavailable where a file could not be read; all else is a failure found."""
        found = self.found
        for index in range(-(-self._size // FULL)):
            self._bottom(index, width_at(0, index, self._size))
            self._progress(min(self._size, (index + 1) * FULL), self._size)
        level = 1
        while level < len(found.rows):
            self._upper(level)
            level += 1
        found.root = root_of_rows(found.rows, found.edge, self._size)
        found.leaf_failures += self._labels.twice(self._places)
        return found

    def _bottom(self, index: int, width: int) -> None:
        """A bundle, and the tile of its leaves' hashes."""
        found, bundle, tile = self.found, Bundle(index, width), Tile(0, index, width)
        leaves = self._promised(bundle, found.leaf_failures)
        served = self._promised(tile, found.tile_failures)
        if leaves is not None:
            row = self._leaves(bundle, leaves)
            if served is not None and row != served:
                found.torn.append(tile)
        else:
            # Go on with what the tile says: other files can still be checked, and this failure is noted already.
            row = served or bytes(width * HASH)
        self._beginnings(BUNDLES, index, leaves)
        self._beginnings(0, index, row)
        if width == FULL:
            self._put(1, root_of_row(row))
        else:
            found.edge = row

    def _leaves(self, bundle: Bundle, raw: bytes) -> bytes:
        """The hashes of a bundle's leaves, each of which is checked by itself."""
        # This loop is the cost of an audit, so it hashes by hand instead of calling merkle.leaf_hash. The three
        # slices look at every length and version at once; only where one is wrong are leaves looked at one by one.
        width = bundle.width
        lengths = raw[0::FRAMED] == _LENGTH[:1] * width and raw[1::FRAMED] == _LENGTH[1:] * width
        if not lengths or raw[2::FRAMED] != bytes([leaf.VERSION]) * width:
            self.found.leaf_failures += _misshapen(bundle, raw)
        leaves = [raw[at : at + leaf.SIZE] for at in range(2, len(raw), FRAMED)]
        labels = [entry[1:33] for entry in leaves]
        self._labels.add(labels)
        self._watch(bundle.first, labels)
        return b"".join([sha256(b"\x00" + entry).digest() for entry in leaves])

    def _upper(self, level: int) -> None:
        """All tiles of one level above 0."""
        found = self.found
        whole = found.rows[level]
        for index in range(-(-len(whole) // (FULL * HASH))):
            row = bytes(whole[index * FULL * HASH : (index + 1) * FULL * HASH])
            tile = Tile(level, index, len(row) // HASH)
            served = self._promised(tile, found.tile_failures)
            if served is not None and served != row:
                found.torn.append(tile)
            self._beginnings(level, index, row)
            if tile.width == FULL:
                self._put(level + 1, root_of_row(row))

    def _put(self, level: int, value: bytes) -> None:
        rows = self.found.rows
        if len(rows) == level:
            rows.append(bytearray())
        rows[level] += value

    def _promised(self, what: Tile | Bundle, failures: list[Failure]) -> bytes | None:
        """A file that the checkpoint promises, if it is there and as long as it must be."""
        length = what.width * (FRAMED if isinstance(what, Bundle) else HASH)
        try:
            raw = read_tile(self._source, what)
        except (NotCanonical, Damaged) as error:
            failures.append(_unreadable(error, what))
            return None
        if raw is None:
            failures.append(Failure("is missing: the checkpoint promises it", what.path))
        elif len(raw) != length:
            failures.append(Failure(f"holds {len(raw):,} bytes and must hold {length:,}", what.path))
        else:
            if isinstance(what, Bundle):
                self.found.bundles += 1
            else:
                self.found.tiles += 1
            return raw
        return None

    def _beginnings(self, level: int, index: int, whole: bytes | None) -> None:
        """Partial files left from when this one was narrower: each must be the beginning of what stands now."""
        for old in self._old.get((level, index), ()):
            each = FRAMED if isinstance(old, Bundle) else HASH
            try:
                raw = self._source.read(old.path, FULL * each)
            except (NotCanonical, Damaged) as error:
                self.found.old_failures.append(_unreadable(error, old))
                continue
            if raw is None:
                continue  # removed since the list was made, as it may be once a wider one exists
            self.found.old += 1
            if len(raw) != old.width * each:
                sentence = f"holds {len(raw):,} bytes and must hold {old.width * each:,}"
                self.found.old_failures.append(Failure(sentence, old.path))
            elif whole is None:
                self.found.old_failures.append(
                    Failure("cannot be compared: the wider file is missing or cut", old.path)
                )
            elif at := next(differences(raw, whole[: len(raw)], each), None):
                place = f"{old.path}, {span(at - 1, each)}"
                self.found.old_failures.append(
                    Failure("not what the wider file of the same place begins with: one of the two was altered", place)
                )

    def _places(self, wanted: set[bytes]) -> dict[bytes, list[int]]:
        """Where labels stand: a second pass, made only after one was seen twice."""
        places: dict[bytes, list[int]] = {label: [] for label in wanted}
        for index in range(-(-self._size // FULL)):
            bundle = Bundle(index, width_at(0, index, self._size))
            raw = self._promised(bundle, []) or b""
            for i in range(len(raw) // FRAMED):
                label = raw[i * FRAMED + 3 : i * FRAMED + 35]
                if label in wanted:
                    places[label].append(bundle.first + i)
        return places


def root_of_rows(rows: Sequence[bytes | bytearray], edge: bytes, size: int) -> bytes:
    """Root of a tree of `size` leaves from all hashes of its tile levels above 0, and its last partial tile."""

    def node(level: int, index: int) -> bytes:
        high, within = divmod(level, HEIGHT)
        first = (index << within) - (size - size % FULL if high == 0 else 0)
        row = rows[high] if high else edge
        return root_of_row(bytes(row[first * HASH : (first + (1 << within)) * HASH]))

    return root_at(node, size)


def differences(a: bytes, b: bytes, each: int) -> Iterator[int]:
    """Numbers, from 1, of the pieces of `each` bytes in which two strings of one length differ."""
    return (at // each + 1 for at in range(0, len(a), each) if a[at : at + each] != b[at : at + each])


def span(piece: int, each: int) -> str:
    """Which bytes of a file piece number `piece` (from 0) takes up."""
    return f"bytes {piece * each:,} to {(piece + 1) * each - 1:,}"


def _misshapen(bundle: Bundle, raw: bytes) -> Iterator[Failure]:
    for i in range(bundle.width):
        at = i * FRAMED
        place = f"{bundle.path}, {span(i, FRAMED)}"
        if raw[at : at + 2] != _LENGTH:
            length = int.from_bytes(raw[at : at + 2])
            yield Failure(f"leaf {bundle.first + i} says that it has {length:,} bytes, not {leaf.SIZE}", place)
        elif raw[at + 2] != leaf.VERSION:
            yield Failure(f"leaf {bundle.first + i} has version {raw[at + 2]}, not {leaf.VERSION}", place)


def _unreadable(error: NotCanonical | Damaged, what: Tile | Bundle) -> Failure:
    return Failure(str(error).removeprefix(f"{what.path}: "), what.path)
