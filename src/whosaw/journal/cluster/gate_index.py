# SPDX-License-Identifier: Apache-2.0
"""The index of a published head, for a gate: asked of the sequencer, and then believed for what was signed.

    wish(size) ──▶ sequencer appends a leaf to the log of the index ──▶ granted: of which head, under which head of that log

Invariant: what is granted is only where to look; ``index_under`` holds it against what was signed.
                                                                                Specification: docs/spec/index.md §3
"""

from __future__ import annotations

from whosaw.journal.cluster.pending import Pending
from whosaw.journal.heads import CHECKPOINT, Signers, opened
from whosaw.journal.index_under import IndexUnder
from whosaw.journal.map_log import Mapped
from whosaw.journal.ports import Stores


class GateIndex:
    """The index as a gate has it. Safe to share between threads."""

    def __init__(self, stores: Stores, pending: Pending, signers: Signers) -> None:
        self._pending, self._signers = pending, signers
        self._under = IndexUnder(stores, signers)

    def of(self, size: int, *, witnessed: bool) -> Mapped | None:
        """The index of a head of `size` or of a newer one; None: there is none yet. Asking makes it so, a moment later.

        `witnessed`: under a head of the log of the index that witnesses have seen. Raises Damaged, Unavailable.
        """
        granted = self._pending.wish(size, witnessed=witnessed)
        if granted is None or (witnessed and not granted.witnessed):
            return None
        if opened(granted.note, self._signers.keys(), CHECKPOINT).size < size:
            return None
        return self._under.of(granted.note, granted.map_note)
