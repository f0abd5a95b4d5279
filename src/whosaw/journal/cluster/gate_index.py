# SPDX-License-Identifier: Apache-2.0
"""The index of a published head, for a gate: asked of the sequencer, and then believed for what was signed.

    wish(size) ──▶ sequencer appends a leaf to the log of the index ──▶ granted: of which head, under which head of that log
    its last leaf ──▶ root of the index at that size ──=?── worked out here from the label table

Invariant: what is answered from has the root that stands in the last leaf under a signed head of the log of the index.
                                                                                Specification: docs/spec/index.md §3
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from whosaw.errors import Damaged, NotCanonical, ProofFailed
from whosaw.journal.cluster.pending import Pending
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


class GateIndex:
    """The index as a gate has it. Safe to share between threads."""

    def __init__(self, stores: Stores, pending: Pending, signers: Signers) -> None:
        self._stores, self._pending, self._signers = stores, pending, signers
        self._public = Under(stores.public, MAP)
        self._index = Index(stores.public, stores.labels)
        self._segments = Segments(stores.private, stores.manifest)
        self._lock = threading.Lock()

    def of(self, size: int, *, witnessed: bool) -> Mapped | None:
        """The index of a head of `size` or of a newer one; None: there is none yet. Asking makes it so, a moment later.

        `witnessed`: under a head of the log of the index that witnesses have seen. Raises Damaged, Unavailable.
        """
        granted = self._pending.wish(size, witnessed=witnessed)
        if granted is None or (witnessed and not granted.witnessed):
            return None
        checkpoint = opened(granted.note, self._signers.keys(), CHECKPOINT)
        if checkpoint.size < size:
            return None
        of = opened(granted.map_note, self._signers.map_keys(), f"{MAP}/{CHECKPOINT}").size
        with self._lock:
            entry = self._last(of)
            if self._covers(entry) != checkpoint.size:
                raise Damaged("the last leaf of the map log is not of the head that it was granted for", where=MAP)
            self._move(checkpoint.size, MapLeaf.parse(entry).root)
            path = prove_inclusion(nodes(self._public, of), of - 1, of)
            reader = Reader.at(self._stores, granted.note, checkpoint, self._segments)
            return Mapped(reader, granted.map_note, entry, tuple(path), self._index.at())

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
        """Here is no index yet, or an older one. Raises Damaged where it is not the one that was signed."""
        if self._index.size == 0:
            self._index.load(size, root)
        else:
            self._index.move(size)
        if self._index.root() != root:
            raise Damaged("the index worked out here is not the one that was signed", where="label table")
