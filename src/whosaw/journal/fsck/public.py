# SPDX-License-Identifier: Apache-2.0
"""Check 3: the published files of the log, each leaf in them, and what waits in staging.

What a head adds to its checkpoint is made again from frames, as a start makes it: staging is a shortcut and no more.

Invariant: it reads, and nothing more.                                    Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal import edge as edges
from whosaw.journal.entries import entries
from whosaw.journal.fsck.files import Files
from whosaw.journal.fsck.findings import Fault, Progress, Report
from whosaw.journal.fsck.head import MAIN, Pinned
from whosaw.journal.ports import Stores
from whosaw.journal.published import reading
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.tlog.leaf import parse_entry
from whosaw.tlog.merkle import leaf_hash
from whosaw.verify.words import printable


def check(stores: Stores, pinned: Pinned, report: Report, progress: Progress) -> None:
    """Every published file, and what waits in staging."""

    def see(index: int, entry: bytes) -> None:
        try:
            parse_entry(entry)
        except NotCanonical as error:
            report.find(Fault.LEAF, f"index {index}", str(error))

    files = Files(MAIN, stores.public, pinned, report, _due(stores, pinned, report))
    files.check(see, lambda done, of: progress("published", done, of))
    for name in stores.private.names(STAGING):
        report.untidy(Fault.STAGING, printable(name), "it was not removed yet")


def _due(stores: Stores, pinned: Pinned, report: Report) -> dict[str, bytes]:
    """The files that the head needs beyond those of the checkpoint."""
    shown, head = pinned.shown, pinned.head
    if shown.size == head.size:
        return {}
    with report.holding(Fault.HEAD, MAIN.database):
        edge = edges.load(reading(stores.public), shown.size)
        leaves = list(entries(stores, shown.size, head.size, shown.size))
        grown, files = edge.grow(leaves, [leaf_hash(entry) for entry in leaves])
        if grown.root() != head.root:
            raise Damaged(
                f"the frames do not make the root that is signed for size {head.size}", where=f"index {shown.size}"
            )
        return dict(files)
    return {}
