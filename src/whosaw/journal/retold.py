# SPDX-License-Identifier: Apache-2.0
"""What was recorded, told again from the segments: the same leaves, the same time, and so the same receipt.

place in the head ──▶ its frames ──all there──▶ as on the first day
                                 ──some erased──▶ the leaves that are left, and the receipt for all of them
                                 ──none left──▶ IdempotencyConflict: a key is not used twice, not even for nothing
"""

from __future__ import annotations

from whosaw.errors import IdempotencyConflict
from whosaw.journal.entries import published_entry
from whosaw.journal.ports import Placed, Stores
from whosaw.journal.receipts import Receipts
from whosaw.journal.segment import Erased, Frame
from whosaw.journal.segments import Segments
from whosaw.journal.submission import Recorded
from whosaw.tlog import merkle


def retold(
    stores: Stores, segments: Segments, receipts: Receipts, placed: Placed, idem: bytes, *, published: int
) -> Recorded:
    """The submission that stands at `placed`. `published`: how many leaves have their bundles, for those that were erased."""
    found = segments.submission(placed.first, placed.count, idem)
    leaves = tuple(frame for frame in found if isinstance(frame, Frame))
    if len(leaves) == placed.count:
        return receipts.recorded(leaves, idem, placed.at)
    if not leaves:
        raise IdempotencyConflict(
            "what was recorded under this key was erased",
            hint="a new look needs a new key; what was erased is not recorded a second time",
        )
    # Their 65 bytes are published, or nothing would have been erased.
    entries = [published_entry(stores, f.index, published) if isinstance(f, Erased) else f.entry for f in found]
    return receipts.left(leaves, placed, idem, [merkle.leaf_hash(entry) for entry in entries])
