# SPDX-License-Identifier: Apache-2.0
"""The published files of one log: made again from its bundles, by the code that writes them, and compared.

    up to the checkpoint   bundle ─▶ leaves ─▶ level 0 ─▶ … ─▶ root          every file is there, and exactly this
    older partials         the beginning of what stands in their place now
    up to the head         what the next start writes: equal where it is there, untidy where it is not
    anything else          a stranger: no journal writes it, and nothing accounts for it

One bundle is in memory at a time. Where one cannot be read, its tile stands in for it: other files can still be checked.

Invariant: a file is called whole only when every byte of it was held against the signed root.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from whosaw.errors import NotCanonical
from whosaw.journal.edge import Edge
from whosaw.journal.fsck.findings import Fault, Report
from whosaw.journal.fsck.head import Log, Pinned
from whosaw.journal.heads import CHECKPOINT, GENESIS
from whosaw.journal.ports import Folder
from whosaw.journal.published import bundles
from whosaw.tlog.merkle import leaf_hash
from whosaw.tlog.spelling import HASH
from whosaw.tlog.tile import FULL, HEIGHT, Bundle, Tile, cut_bundle, parse_bundle, parse_path, width_at
from whosaw.verify.witnessed import WITNESSED
from whosaw.verify.words import printable

_SINGLE = frozenset({CHECKPOINT, GENESIS, WITNESSED})

See = Callable[[int, bytes], None]
"""``see(index, entry)``: every leaf that could be read, in order."""


def single(log: Log) -> frozenset[str]:
    """The published files of a log that are no tile and no bundle."""
    return _SINGLE - {GENESIS} if log.folder else _SINGLE


@dataclass(slots=True)
class Files:
    """A check of the files of one log. `due`: what its head needs beyond its checkpoint."""

    log: Log
    public: Folder
    pinned: Pinned
    report: Report
    due: dict[str, bytes]
    _old: dict[str, list[Tile | Bundle]] = field(default_factory=dict)

    def check(self, see: See, progress: Callable[[int, int], None]) -> None:
        """Everything. `progress(done, of)` counts leaves."""
        shown, edge = self.pinned.shown, Edge()
        for name in self.pinned.names:
            self._name(name)
        for bundle in bundles(shown.size):
            edge = self._bundle(bundle, edge, see)
            progress(edge.size, shown.size)
        self._edge(edge)
        if edge.root() != shown.root:
            self._find(Fault.PUBLISHED, CHECKPOINT, "the leaves make another root than the one that was signed")
        if self.due:
            path = next(iter(self.due))
            self.report.untidy(
                self.log.kind(Fault.PUBLISHED), self.log.name(path), f"it is not written yet, one of {len(self.due)}"
            )

    # ── which files there are ──

    def _name(self, name: str) -> None:
        try:
            what = parse_path(name)
        except NotCanonical:
            if name not in single(self.log):
                self._find(Fault.STRANGER, printable(name), "no log has such a file")
            return
        level = 0 if isinstance(what, Bundle) else what.level
        width = width_at(level, what.index, self.pinned.shown.size)
        if what.width > width:
            self._ahead(name)
        elif what.width < width:
            self._old.setdefault(what.full.path, []).append(what)

    def _ahead(self, name: str) -> None:
        """A part of what a head adds may be there already: that is what a crash leaves."""
        data = self.due.pop(name, None)
        if data is None:
            self._find(Fault.STRANGER, name, "it is ahead of the log")
        elif self.public.read(name) != data:
            self._find(Fault.PUBLISHED, name, "it is ahead of the checkpoint, and not what the head will publish")

    # ── what is in them ──

    def _bundle(self, bundle: Bundle, edge: Edge, see: See) -> Edge:
        """A bundle, its tile, and what becomes full with it."""
        self._looked()
        raw = self.public.read(bundle.path)
        entries = self._entries(bundle, raw)
        if raw is not None and entries:
            for n, entry in enumerate(entries):
                see(bundle.first + n, entry)
            self._beginnings(bundle.full.path, raw)
        hashes = [leaf_hash(entry) for entry in entries] or self._tile_hashes(bundle)
        grown, files = edge.grow(entries or [b""] * bundle.width, hashes)
        for path, data in files:
            what = parse_path(path)
            if isinstance(what, Tile) and what.width == FULL:
                self._tile(path, data)
        return grown

    def _entries(self, bundle: Bundle, raw: bytes | None) -> list[bytes]:
        if raw is None:
            self._find(Fault.LEAF, bundle.path, "it is missing")
            return []
        try:
            return parse_bundle(raw, bundle.width, bundle.path)
        except NotCanonical as error:
            self._find(Fault.LEAF, bundle.path, str(error))
            return []

    def _tile_hashes(self, bundle: Bundle) -> list[bytes]:
        raw = self.public.read(Tile(0, bundle.index, bundle.width).path) or b""
        raw = raw[: bundle.width * HASH].ljust(bundle.width * HASH, b"\0")
        return [raw[at : at + HASH] for at in range(0, len(raw), HASH)]

    def _edge(self, edge: Edge) -> None:
        """The partial tile of each level."""
        for level, row in enumerate(edge.rows):
            if row:
                self._tile(Tile(level, edge.size >> HEIGHT * (level + 1), len(row) // HASH).path, row)

    def _tile(self, path: str, data: bytes) -> None:
        self._looked()
        raw = self.public.read(path)
        if raw is None:
            self._find(Fault.PUBLISHED, path, "it is missing")
        elif len(raw) != len(data):
            self._find(Fault.PUBLISHED, path, f"it has {len(raw)} bytes where {len(data)} belong")
        elif raw != data:
            at = next(at for at in range(0, len(data), HASH) if raw[at : at + HASH] != data[at : at + HASH]) // HASH
            self._find(Fault.PUBLISHED, path, f"it and the leaves below it disagree, from its hash {at} on")
        self._beginnings(parse_path(path).full.path, data)

    def _beginnings(self, full: str, data: bytes) -> None:
        """Older partials beside this one: each is the beginning of it."""
        for old in self._old.pop(full, ()):
            raw = self.public.read(old.path)
            if raw is None:
                continue  # collected since the names were listed, as it may be
            self._looked()
            wanted = cut_bundle(data, old.width, old.path) if isinstance(old, Bundle) else data[: old.width * HASH]
            if raw != wanted:
                self._find(Fault.PARTIAL, old.path, "it is not the beginning of what stands in its place now")

    def _looked(self) -> None:
        self.report.looked(4 if self.log.folder else 3)

    def _find(self, kind: Fault, name: str, what: str) -> None:
        self.report.find(self.log.kind(kind), self.log.name(name), what)
