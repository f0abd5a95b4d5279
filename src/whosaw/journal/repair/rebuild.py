# SPDX-License-Identifier: Apache-2.0
"""The files of one log, made again from its leaves and held against the root that was signed.

    bundle 12 ◀── its file · its frames · a mirror's file         whichever fits the tiles above it best
       │                                                          a guess, and no more
       ▼ hashed, grown by the code that writes the log
    level 0 ─▶ … ─▶ root  ==  the head's root                     now every guess is proven, all at once
                                 │
                                 └─▶ second pass: the same choices, and what differs on the disk is put right

Which copy of a bundle is the true one cannot be told from one file and its neighbour. So the best guess is taken for
each, and the signed root decides over all of them: where it does not come out, nothing is written at all.

Invariant: nothing is written that does not hash, with everything beside it, to the root that was signed.
                                                                          Specification: docs/spec/operator.md §2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.edge import Edge
from whosaw.journal.ports import Folder, Manifest
from whosaw.journal.published import bundles, reading
from whosaw.journal.repair.aside import Aside
from whosaw.journal.segments import Segments, records
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import leaf_hash, root_of_row
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, cut_bundle, parse_bundle, parse_path, width_at

Leaves = Callable[[Bundle], list[bytes] | None]
"""The entries of a bundle from somewhere, not believed; None where that has none."""

_NOBODY = -1
_BATCH = 64


def served(folder: Folder) -> Leaves:
    """Leaves from the published bundles."""
    read = reading(folder)

    def leaves(bundle: Bundle) -> list[bytes] | None:
        try:
            return parse_bundle(read(bundle), bundle.width, bundle.path)
        except (Damaged, NotCanonical):
            return None

    return leaves


def framed(private: Folder, manifest: Manifest) -> Leaves:
    """Leaves from the frames that open them. Where one was erased nothing opens it, and the bundle is for others to give."""
    try:
        segments = Segments(private, manifest)
    except Damaged:
        return lambda _: None

    def leaves(bundle: Bundle) -> list[bytes] | None:
        try:
            return [f.entry for f in records(segments.frames(bundle.first, bundle.first + bundle.width))]
        except Damaged:
            return None

    return leaves


@dataclass(frozen=True, slots=True)
class _Chosen:
    """`source`: whose leaves, NOBODY for the hashes of the tile; `row`: their hashes, side by side."""

    source: int
    row: bytes
    entries: list[bytes] | None


@dataclass(slots=True)
class Plan:
    """What a first pass found. `wrong`: files that can be made again; `lost`: bundles that nobody has any more."""

    wrong: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    choices: list[tuple[int, bytes]] = field(default_factory=list)


class Rebuild:
    """The files of a log whose signed head is `head`. `names`: what lies in its folder; `single`: which of that is no tile.

    `shown`: a checkpoint of ours that must be its beginning. `sizes`: heads that somebody still asks about, whose partial files must be there while no full one is.
    """

    def __init__(
        self,
        public: Folder,
        head: Checkpoint,
        sources: Sequence[Leaves],
        *,
        names: Sequence[str],
        single: frozenset[str],
        sizes: Iterable[int] = (),
        shown: Checkpoint | None = None,
    ) -> None:
        self._public, self._head, self._sources = public, head, sources
        self._names, self._single, self._sizes, self._shown = names, single, sizes, shown
        self._old: dict[str, set[Tile | Bundle]] = {}
        self._above: tuple[int, bytes] = (-1, b"")

    def plan(self, progress: Callable[[int, int], None]) -> Plan:
        """The first pass: it reads, and writes nothing. Raises Damaged where the leaves do not make the signed root."""
        plan = Plan()
        for name in self._names:
            self._sort(name, plan)
        for size in self._sizes:
            self._need(size)
        edge = Edge()
        for bundle in bundles(self._head.size):
            chosen = self._choose(bundle)
            plan.choices.append((chosen.source, root_of_row(chosen.row)))
            self._begins(edge, bundle, chosen)
            edge, files = self._grown(edge, bundle, chosen)
            self._compare(files, plan)
            if chosen.entries is None:
                plan.lost.append(bundle.path)
            progress(edge.size, self._head.size)
        self._compare(self._edge_files(edge), plan)
        if edge.root() != self._head.root:
            raise Damaged(
                f"no leaves were found that make the root signed for size {self._head.size}",
                where="tile",
                hint="a mirror may have them: --from MIRROR",
            )
        return plan

    def mend(self, plan: Plan, aside: Aside) -> list[str]:
        """The second pass: put right what `plan` names. Which files, in the order in which they were written."""
        done: list[str] = []
        for name in plan.strangers:
            aside.away(self._public, name)
            done.append(name)
        edge, waiting = Edge(), []
        for bundle, (source, root) in zip(bundles(self._head.size), plan.choices, strict=True):
            chosen = self._again(bundle, source)
            if root_of_row(chosen.row) != root:
                raise Damaged("the leaves changed while they were read", where=bundle.path)
            edge, files = self._grown(edge, bundle, chosen)
            waiting += [(path, data) for path, data in files if path in plan.wrong]
            if len(waiting) >= _BATCH:
                done += aside.put(self._public, waiting)
                waiting = []
        waiting += [(path, data) for path, data in self._edge_files(edge) if path in plan.wrong]
        return done + aside.put(self._public, waiting)

    def _begins(self, edge: Edge, bundle: Bundle, chosen: _Chosen) -> None:
        """Where the checkpoint that is shown ends in this bundle: it is of this history, or nothing may be touched."""
        shown = self._shown
        if shown is None or not bundle.first < shown.size <= bundle.first + bundle.width:
            return
        count = shown.size - bundle.first
        hashes = [chosen.row[at : at + HASH] for at in range(0, count * HASH, HASH)]
        if edge.grow([b""] * count, hashes)[0].root() != shown.root:
            raise Damaged(
                f"the checkpoint that is shown (size {shown.size}) is of another history than the leaves: "
                "nothing was touched",
                where="checkpoint",
                hint="keep everything as it is",
            )

    # ── names ──

    def _sort(self, name: str, plan: Plan) -> None:
        try:
            what = parse_path(name)
        except NotCanonical:
            if name not in self._single:
                plan.strangers.append(name)
            return
        width = width_at(0 if isinstance(what, Bundle) else what.level, what.index, self._head.size)
        if what.width > width:
            plan.strangers.append(name)
        elif what.width < width:
            self._old.setdefault(what.full.path, set()).add(what)

    def _need(self, size: int) -> None:
        """The right edge of an older head, where what has replaced it since is not full yet."""
        level = 0
        while size >> HEIGHT * level and size <= self._head.size:
            index, width = divmod(size >> HEIGHT * level, FULL)
            now = width_at(level, index, self._head.size)
            if 0 < width < now < FULL:
                for what in (Tile(level, index, width), *((Bundle(index, width),) if level == 0 else ())):
                    self._old.setdefault(what.full.path, set()).add(what)
            level += 1

    # ── leaves ──

    def _choose(self, bundle: Bundle) -> _Chosen:
        """The leaves that fit best to the tile beside them and to the hash above that."""
        tile, above = self._tile(bundle), self._hash_above(bundle)

        def fits(row: bytes) -> int:
            return (row == tile) + 2 * (above is not None and root_of_row(row) == above)

        best, most = None, -1
        perfect = 1 if above is None else 3
        for number, source in enumerate(self._sources):
            entries = source(bundle)
            if entries is None:
                continue
            row = b"".join([leaf_hash(entry) for entry in entries])
            if fits(row) > most:
                best, most = _Chosen(number, row, entries), fits(row)
            if most == perfect:
                break
        if best is None or fits(tile) - 1 > most:
            return _Chosen(_NOBODY, tile, None)
        return best

    def _again(self, bundle: Bundle, source: int) -> _Chosen:
        if source == _NOBODY:
            return _Chosen(source, self._tile(bundle), None)
        entries = self._sources[source](bundle)
        return _Chosen(source, b"".join([leaf_hash(entry) for entry in entries or ()]), entries)

    def _tile(self, bundle: Bundle) -> bytes:
        """The level-0 tile of a bundle as it lies there, in its length whatever that is."""
        tile = Tile(0, bundle.index, bundle.width)
        raw = self._public.read(tile.path) or self._public.read(tile.full.path) or b""
        return raw[: bundle.width * HASH].ljust(bundle.width * HASH, b"\0")

    def _hash_above(self, bundle: Bundle) -> bytes | None:
        """What the level above says of a full bundle; None where it says nothing."""
        if bundle.width < FULL:
            return None
        index, nth = divmod(bundle.index, FULL)
        if self._above[0] != index:
            tile = Tile(1, index, width_at(1, index, self._head.size))
            self._above = index, self._public.read(tile.path) or b""
        found = self._above[1][nth * HASH : (nth + 1) * HASH]
        return found if len(found) == HASH else None

    # ── files ──

    def _grown(self, edge: Edge, bundle: Bundle, chosen: _Chosen) -> tuple[Edge, list[tuple[str, bytes]]]:
        """The edge behind this bundle, and the files that are final with it."""
        row, entries = chosen.row, chosen.entries
        hashes = [row[at : at + HASH] for at in range(0, len(row), HASH)]
        grown, files = edge.grow(entries or [b""] * bundle.width, hashes)
        final: list[tuple[str, bytes]] = []
        for path, data in files:
            what = parse_path(path)
            if isinstance(what, Bundle) and entries is None:
                continue
            if isinstance(what, Bundle) or what.width == FULL:
                final += self._with_old(path, data)
        return grown, final

    def _edge_files(self, edge: Edge) -> list[tuple[str, bytes]]:
        """The partial tile of each level."""
        rows = [(Tile(level, edge.size >> HEIGHT * (level + 1), len(row) // HASH).path, row)
                for level, row in enumerate(edge.rows) if row]  # fmt: skip
        return [file for path, row in rows for file in self._with_old(path, row)]

    def _with_old(self, path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        """A file, and the narrower ones that still lie beside it: each is its beginning."""
        yield path, data
        for old in sorted(self._old.get(parse_path(path).full.path, ()), key=lambda each: each.width):
            begins = cut_bundle(data, old.width, path) if isinstance(old, Bundle) else data[: old.width * HASH]
            yield old.path, begins

    def _compare(self, files: Sequence[tuple[str, bytes]], plan: Plan) -> None:
        plan.wrong.update(path for path, data in files if self._public.read(path) != data)
