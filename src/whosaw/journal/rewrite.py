# SPDX-License-Identifier: Apache-2.0
"""A segment written anew without some of its records; and one out of a backup, brought to what the tombstones say.

    generation 1   │ 0 1 2 3 4 │   erased(2, 4) ──▶ generation 2   │ 0 1 ▯ 3 ▯ │       all others byte for byte
    generation 2 is missing, 1 was put back     ──▶ the same again, from the lists that were kept

Invariant: what comes out has as many frames as went in, and for a segment put back exactly the bytes of its row.
                                                                       Specification: docs/spec/erasure.md §2 and §6
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal.ports import Stores
from whosaw.journal.segment import Erased, Mark, Order, parse_frame, segment_name
from whosaw.journal.segments import listed

_log = logging.getLogger(__name__)


def erased(raw: bytes, mark: Mark, count: int, tombs: Mapping[int, int], handle: bytes | None) -> bytes:
    """The first `count` frames of a segment, those of `tombs` (index ─▶ tombstone) erased. Raises Damaged.

    `handle`: the stream that all of them are of; None where they are of several, and were erased before.
    """
    made, order, at = bytearray(), Order(mark.first), 0
    for _ in range(count):
        try:
            frame, end = parse_frame(raw, at, mark)
        except NotCanonical as error:
            raise Damaged(
                f"{mark.name} does not hold the {count} frames of its row: {error}", where=mark.name
            ) from None
        order.follow(frame, mark.name)
        if frame.index in tombs and not isinstance(frame, Erased):
            if handle is not None and frame.handle != handle:
                raise Damaged("a record of another stream stands where one is to be erased", where=mark.name)
            made += Erased(frame.index, frame.left, tombs[frame.index]).encode(mark)
        else:
            made += raw[at:end]
        at = end
    return bytes(made)


def replay(stores: Stores) -> None:
    """Erase again what a backup brought back: where the file that counts is missing, and one of before is there.

    Raises Damaged where it does not come to what the manifest says; nothing was changed then.
    """
    generations: defaultdict[int, list[int]] = defaultdict(list)
    for first, generation in listed(stores.private):
        generations[first].append(generation)
    tombs = {
        index: job.tombstone for job in stores.manifest.erasing() if job.tombstone is not None for index in job.indexes
    }
    for row in stores.manifest.sealed().values():
        older = [g for g in generations[row.first] if g < row.generation]
        if row.generation in generations[row.first] or not older:
            continue
        mark = Mark(row.first, max(older))
        data = erased(stores.private.read(mark.name) or b"", mark, row.count, tombs, None)
        if len(data) != row.bytes:
            raise Damaged(
                f"{mark.name} is not what the segment was made of that belongs there",
                where=mark.name,
                hint="restore the segment from another backup",
            )
        _log.warning("segments: erasing again what a backup brought back")
        stores.private.replace(segment_name(row.first, row.generation), data)
