# SPDX-License-Identifier: Apache-2.0
"""The tree, built again from the leaves as served, and every served tile held against it.

    tile/entries/012 ──▶ 256 leaves ──hash──▶ must be tile/0/012 ──▶ one hash of tile/1/000 ──▶ … ──▶ root
                            │
                            └─ shown to whoever knows what a leaf of this log must be (``verify.leaves``, ``verify.map_log``)

One pass, one bundle in memory at a time. Ranges of bundles can be read apart from each other, by other processes, and be
joined: only the levels above need all of them. What disagrees is listed; ``whosaw.verify.blame`` then says which of the two
was altered, where that can be told.

Invariant: what is called whole was read whole. There is no sampling here, and no trust in any tile.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, NotCanonical
from whosaw.tlog.merkle import Node, root_at, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, nodes_in, width_at
from whosaw.verify.frames import LEAVES, Frames, span
from whosaw.verify.source import Source
from whosaw.verify.steps import Failure

GIVEN_UP = 1_000  # files missing in a row, after which no further one is looked for
BUNDLES = -1  # stands for a level where bundles and tiles are counted together

See = Callable[[Bundle, bytes], Iterable[Failure]]
"""Looks at the leaves of one bundle, whose length is right, and says what is wrong with them."""


def read_tile(source: Source, what: Tile | Bundle, frames: Frames = LEAVES) -> bytes | None:
    """The file's bytes: as asked for, or the beginning of the full one, which may have replaced a partial one."""
    limit = frames.limit if isinstance(what, Bundle) else FULL * HASH
    raw = source.read(what.path, limit)
    if raw is None and what.width < FULL:
        whole = source.read(what.full.path, limit)
        raw = None if whole is None else _cut(whole, what, frames)
    return raw


def _cut(whole: bytes, what: Tile | Bundle, frames: Frames) -> bytes:
    """The beginning of a wider file: what a narrower one of the same place holds."""
    return frames.cut(whole, what.width) if isinstance(what, Bundle) else whole[: what.width * HASH]


def _wrong(raw: bytes, what: Tile | Bundle, frames: Frames) -> str:
    """What is wrong with the length of a file; nothing, where it is right."""
    if isinstance(what, Bundle):
        return frames.wrong(raw, what.width)
    must = what.width * HASH
    return f"holds {len(raw):,} bytes and must hold {must:,}" if len(raw) != must else ""


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
    frames: Frames = LEAVES
    root: bytes = b""
    rows: list[bytearray] = field(default_factory=lambda: [bytearray()])
    edge: bytes = b""  # the leaf hashes of the last, partial tile
    tiles: int = 0
    bundles: int = 0
    old: int = 0
    leaf_failures: list[Failure] = field(default_factory=list)
    tile_failures: list[Failure] = field(default_factory=list)
    old_failures: list[tuple[Tile | Bundle, Failure]] = field(default_factory=list)
    old_torn: list[tuple[Tile | Bundle, Failure]] = field(default_factory=list)  # not what the wider file begins with
    old_alone: list[Tile | Bundle] = field(default_factory=list)  # there is no wider file to compare them with
    torn: list[Tile] = field(default_factory=list)  # tiles that are not what the leaves make
    given_up: bool = False  # too many files in a row were missing: nothing after them was read, and there is no root
    end: int = 0  # the leaves below it were looked for
    gap: int | None = None  # the first leaf whose bundle could not be shown

    def join(self, part: Rebuilt) -> None:
        """Add what was found in the bundles that follow."""
        self.rows[1:] = [bytearray().join((*self.rows[1:2], *part.rows[1:2]))]
        self.edge = part.edge
        self.tiles += part.tiles
        self.bundles += part.bundles
        self.old += part.old
        self.leaf_failures += part.leaf_failures
        self.tile_failures += part.tile_failures
        self.old_failures += part.old_failures
        self.old_torn += part.old_torn
        self.old_alone += part.old_alone
        self.torn += part.torn
        self.end = part.end
        self.gap = part.gap if self.gap is None else self.gap


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a range of bundles. `gone`: files missing in a row at its end, `lead`: at its beginning."""

    found: Rebuilt
    gone: int
    lead: int | None  # None where every file of the range is missing


class Rebuild:
    """One pass over all that a log of `size` leaves serves, whose entries stand in `frames`.

    `old`: partial tiles and bundles that stand beside a wider one, by level (BUNDLES for bundles) and index.
    `see` is shown every bundle, in order.
    """

    def __init__(
        self,
        source: Source,
        size: int,
        old: Mapping[tuple[int, int], Sequence[Tile | Bundle]],
        *,
        see: See,
        frames: Frames = LEAVES,
    ) -> None:
        self._source, self._size, self._old, self._frames, self._see = source, size, old, frames, see
        self._gone = 0  # files missing in a row
        self._lead: int | None = None
        self.found = Rebuilt(size, frames)

    def run(self) -> Rebuilt:
        """Read everything once, or up to many missing files in a row. Raises Unavailable where a file could not be read; all else is a failure found."""
        self.bottom(0, -(-self._size // FULL))
        return self.finish()

    def bottom(self, first: int, last: int) -> None:
        """Read the bundles `first` up to `last`, and the tiles of their leaves' hashes."""
        found = self.found
        for index in range(first, last):
            self._bottom(index, width_at(0, index, self._size))
            found.end = min(self._size, (index + 1) * FULL)
            if self._gone >= GIVEN_UP:
                # A log can sign any size, and each missing file costs a request: it must not keep us for ever.
                found.given_up = True
                sentence = f"{self._gone:,} files in a row are missing: no further one was looked for"
                found.leaf_failures.insert(0, Failure(sentence, f"up to {Bundle(index).path}"))
                return

    def part(self) -> Part:
        """What was found so far, for somebody else to `take`."""
        return Part(self.found, self._gone, self._lead)

    def take(self, part: Part, first: int, last: int) -> None:
        """What somebody else found in the bundles `first` up to `last`, which follow those before."""
        lead = part.gone if part.lead is None else part.lead
        if part.found.given_up or self._gone + lead >= GIVEN_UP:
            # Only whoever knows what is missing before them knows where to stop.
            self.bottom(first, last)
            return
        self.found.join(part.found)
        self._gone = self._gone + part.gone if part.lead is None else part.gone

    def finish(self) -> Rebuilt:
        """The levels above, and the root."""
        found = self.found
        if found.given_up:
            return found
        level = 1
        while level < len(found.rows):
            self._upper(level)
            level += 1
        found.root = root_of_rows(found.rows, found.edge, self._size)
        return found

    def _bottom(self, index: int, width: int) -> None:
        """A bundle, and the tile of its leaves' hashes."""
        found, bundle, tile = self.found, Bundle(index, width), Tile(0, index, width)
        leaves = self._promised(bundle, found.leaf_failures)
        served = self._promised(tile, found.tile_failures)
        if leaves is not None:
            found.leaf_failures += self._see(bundle, leaves)
            row = self._frames.hashes(leaves, width)
            if served is not None and row != served:
                found.torn.append(tile)
        else:
            # Go on with what the tile says: other files can still be checked, and this failure is noted already.
            found.gap = bundle.first if found.gap is None else found.gap
            row = served or bytes(width * HASH)
        self._beginnings(BUNDLES, index, leaves)
        self._beginnings(0, index, row)
        if width == FULL:
            self._put(1, root_of_row(row))
        else:
            found.edge = row

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
        try:
            raw = read_tile(self._source, what, self._frames)
        except (NotCanonical, Damaged) as error:
            failures.append(_unreadable(error, what))
            return None
        if raw is not None and self._lead is None:
            self._lead = self._gone
        self._gone = self._gone + 1 if raw is None else 0
        if raw is None:
            failures.append(Failure("is missing: the checkpoint promises it", what.path))
        elif wrong := _wrong(raw, what, self._frames):
            failures.append(Failure(wrong, what.path))
        else:
            if isinstance(what, Bundle):
                self.found.bundles += 1
            else:
                self.found.tiles += 1
            return raw
        return None

    def _beginnings(self, level: int, index: int, whole: bytes | None) -> None:
        """Partial files left from when this one was narrower: each must be the beginning of what stands now."""
        found = self.found
        for old in self._old.get((level, index), ()):
            try:
                raw = self._source.read(old.path, self._frames.limit if level == BUNDLES else FULL * HASH)
            except (NotCanonical, Damaged) as error:
                found.old_failures.append((old, _unreadable(error, old)))
                continue
            if raw is None:
                continue  # removed since the list was made, as it may be once a wider one exists
            found.old += 1
            if wrong := _wrong(raw, old, self._frames):
                found.old_failures.append((old, Failure(wrong, old.path)))
            elif whole is None:
                found.old_alone.append(old)
            elif raw != (begins := _cut(whole, old, self._frames)):
                place = f"{old.path}, {_place(raw, begins, old, self._frames)}"
                found.old_torn.append((old, Failure(_ALTERED, place)))


_ALTERED = "not what the wider file of the same place begins with: one of the two was altered"


def _place(a: bytes, b: bytes, what: Tile | Bundle, frames: Frames) -> str:
    """Where two files of one width first differ."""
    if isinstance(what, Tile):
        return span(next(differences(a, b, HASH)) - 1, HASH)
    pieces = zip(frames.entries(a, what.width), frames.entries(b, what.width), strict=True)
    return frames.place(next((i for i, (ours, theirs) in enumerate(pieces) if ours != theirs), 0))


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


def _unreadable(error: NotCanonical | Damaged, what: Tile | Bundle) -> Failure:
    return Failure(str(error).removeprefix(f"{what.path}: "), what.path)
