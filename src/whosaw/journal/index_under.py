# SPDX-License-Identifier: Apache-2.0
"""The index of a head, for whoever has the two signed heads: worked out again, and held against what was signed.

    head of the log of the index ──▶ its last leaf ──▶ root of the index, and which head of the log it is of
                                                          └──=?── worked out here from the label table

Invariant: what is answered from has the root that stands in the last leaf under a signed head of the log of the index.
                                                                                Specification: docs/spec/index.md §3
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from whosaw.errors import Damaged, NotCanonical, ProofFailed
from whosaw.journal.heads import CHECKPOINT, MAP, Signers, opened
from whosaw.journal.index import Index
from whosaw.journal.map_log import Mapped
from whosaw.journal.ports import Stores
from whosaw.journal.published import nodes, reading
from whosaw.journal.reader import Reader
from whosaw.journal.segments import Segments
from whosaw.journal.under import Under
from whosaw.tlog.map_leaf import MapLeaf
from whosaw.tlog.merkle import prove_inclusion
from whosaw.tlog.note import VerifierKey
from whosaw.tlog.tile import FULL, Bundle, parse_bundle


class IndexUnder:
    """Indexes under signed heads. Safe to share between threads."""

    def __init__(self, stores: Stores, signers: Signers) -> None:
        self._stores, self._signers = stores, signers
        self._public = Under(stores.public, MAP)
        self._index = Index(stores.public, stores.labels)
        self._segments = Segments(stores.private, stores.manifest)
        self._lock = threading.Lock()

    def of(self, note: bytes, map_note: bytes) -> Mapped:
        """The index of the head `note`, under `map_note`, whose last leaf is of it. Raises Damaged, Unavailable."""
        checkpoint = opened(note, self._signers.keys(), CHECKPOINT)
        of = opened(map_note, self._signers.map_keys(), f"{MAP}/{CHECKPOINT}").size
        with self._lock:
            entry = self._last(of)
            if self._covers(entry) != checkpoint.size:
                raise Damaged("the last leaf of the map log is not of the head that it was signed for", where=MAP)
            self._move(checkpoint.size, MapLeaf.parse(entry).root)
            path = prove_inclusion(nodes(self._public, of), of - 1, of)
            reader = Reader.at(self._stores, note, checkpoint, self._segments)
            return Mapped(reader, map_note, entry, tuple(path), self._index.at())

    def _last(self, size: int) -> bytes:
        bundle = Bundle((size - 1) // FULL, (size - 1) % FULL + 1)
        try:
            return parse_bundle(reading(self._public)(bundle), bundle.width, bundle.path)[-1]
        except NotCanonical as error:
            raise Damaged(str(error), where=f"{MAP}/{bundle.path}") from None

    def _covers(self, entry: bytes) -> int:
        """The size of the log that a leaf of its index is of."""
        keys: Sequence[VerifierKey] = self._signers.keys()
        try:
            return MapLeaf.parse(entry).open(keys).size
        except (NotCanonical, ProofFailed) as error:
            raise Damaged(f"a leaf of the map log is none: {error}", where=MAP) from None

    def _move(self, size: int, root: bytes) -> None:
        """Here is no index yet, or one of another size. Raises Damaged where it is not the one that was signed."""
        if self._index.size == 0:
            self._index.load(size, root)
        else:
            self._index.move(size)
        if self._index.root() != root:
            raise Damaged("the index worked out here is not the one that was signed", where="label table")
