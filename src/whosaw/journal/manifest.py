# SPDX-License-Identifier: Apache-2.0
"""Sealing: a segment that gets no more frames gets its row in the manifest.

    rolled over      the next write went to another segment            once a head covers it            (ahead)
    a start          no segment is reopened for appending              all of them below the head
    an erasure       the active segment is closed first                all of them, before one is written anew

A row is a promise about a file: so many frames, in so many bytes, of this generation. It is made of frames that a head
covers, so nothing that a crash may still take back is in it. A crash before the row leaves a segment without one: it
is read as before, and the next start seals it.

Invariant: sealing reads segments and writes rows. It never touches a file.      Specification: docs/spec/erasure.md §2
"""

from __future__ import annotations

from itertools import pairwise

from whosaw.journal.ports import Sealed, Stores
from whosaw.journal.segment import segment_name
from whosaw.journal.segments import Segments, listed, look


def seal(stores: Stores, size: int) -> None:
    """Give a row to every segment that ends at a head of `size` or below it. No segment there may be open for appending."""
    segments, known = Segments(stores.private, stores.manifest), stores.manifest.sealed()
    firsts = [mark.first for mark in segments.marks() if mark.first < size]
    rows = []
    for first, end in pairwise([*firsts, size]):
        if first not in known:
            _, length = segments.start_of(end)
            rows.append(Sealed(first, end - first, length, 0))
    stores.manifest.seal(rows)


def strays(stores: Stores) -> list[str]:
    """Files of generations that do not count: made by an erasure that did not come to its end, or left by one that did."""
    _, marks = look(stores.private, stores.manifest)
    counted = {mark.first: mark.generation for mark in marks}
    # Where the file that counts is missing, the others stay: somebody must look at that, and they may be all there is.
    return [
        segment_name(first, generation)
        for first, generation in listed(stores.private)
        if generation != counted.get(first, generation)
    ]
