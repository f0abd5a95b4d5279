# SPDX-License-Identifier: Apache-2.0
"""Check 3: the published files, as an outsider reads them, and what a head beyond the checkpoint will add to them.

    up to the checkpoint   every bundle ─▶ level 0 ─▶ … ─▶ root, by the outsider's own code (``whosaw.verify``)
    up to the head         frames ─▶ the files that the next start writes: equal where they are there, untidy where not
    anything else          a stranger: no journal writes it, and nothing accounts for it

Invariant: a file is called whole only when every byte of it was held against the signed root.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Iterator

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal import edge as edges
from whosaw.journal.check_head import HEAD_DB, Pinned
from whosaw.journal.findings import Fault, Progress, Report
from whosaw.journal.ports import Folder, Stores
from whosaw.journal.published import reading
from whosaw.journal.segments import Segments
from whosaw.journal.staging import FOLDER as STAGING
from whosaw.verify.blame import blame
from whosaw.verify.folder import Listing
from whosaw.verify.steps import Failure
from whosaw.verify.tree import Rebuild
from whosaw.verify.witnessed import WITNESSED
from whosaw.verify.words import printable


class _Source:
    """``verify.source.Source`` over a folder of ours."""

    place, listed = "public", True

    def __init__(self, public: Folder, names: tuple[str, ...]) -> None:
        self._public, self._names = public, names

    def read(self, name: str, limit: int) -> bytes | None:
        raw = self._public.read(name)
        if raw is not None and len(raw) > limit:
            raise NotCanonical(f"longer than {limit:,} bytes", where=name)
        return raw

    def names(self) -> Iterator[str]:
        return iter(self._names)


def check(stores: Stores, pinned: Pinned, report: Report, progress: Progress) -> None:
    """Every published file, and what waits in staging."""
    listing = Listing.of(pinned.names, pinned.shown.size)
    if pinned.shown.size:
        _served(_Source(stores.public, pinned.names), pinned, listing, report, progress)
    _beyond(stores, pinned, listing.ahead, report)
    # Their names are whatever somebody called them: printed, not passed on.
    for name in listing.unknown:
        if name not in {"checkpoint", "genesis", WITNESSED}:
            report.find(Fault.STRANGER, printable(name), "no log has such a file")
    for name in stores.private.names(STAGING):
        report.untidy(Fault.STAGING, printable(name), "it was not removed yet")


def _served(source: _Source, pinned: Pinned, listing: Listing, report: Report, progress: Progress) -> None:
    shown = pinned.shown
    found = Rebuild(
        source, shown.size, listing.old, lambda *_: None, lambda done, of: progress("published", done, of)
    ).run()
    report.looked(3, found.bundles + found.tiles + found.old)
    _all(Fault.LEAF, found.leaf_failures, report)
    _all(Fault.PUBLISHED, found.tile_failures, report)
    _all(Fault.PUBLISHED, blame(source, found, shown.root), report)
    _all(Fault.PARTIAL, found.old_failures, report)


def _all(kind: Fault, failures: Iterator[Failure] | list[Failure], report: Report) -> None:
    for failure in failures:
        report.find(kind, failure.where, failure.sentence)


def _beyond(stores: Stores, pinned: Pinned, ahead: list[str], report: Report) -> None:
    """What a head adds that is not published yet. Any part of it may be there: that is what a crash leaves."""
    due = _due(stores, pinned, report)
    for path in ahead:
        data = due.pop(path, None)
        if data is None:
            report.find(Fault.STRANGER, path, "it is ahead of the log")
        elif stores.public.read(path) != data:
            report.find(Fault.PUBLISHED, path, "it is ahead of the checkpoint, and not what the head will publish")
    if due:
        report.untidy(Fault.PUBLISHED, next(iter(due)), f"it is not written yet, one of {len(due)}")


def _due(stores: Stores, pinned: Pinned, report: Report) -> dict[str, bytes]:
    """The files that the head needs beyond those of the checkpoint, made from frames as a start makes them."""
    shown, head = pinned.shown, pinned.head
    if shown.size == head.size:
        return {}
    with report.holding(Fault.HEAD, HEAD_DB):
        edge = edges.load(reading(stores.public), shown.size)
        frames = list(Segments(stores.private).frames(shown.size, head.size))
        grown, files = edge.grow([f.entry for f in frames], [f.leaf_hash for f in frames])
        if grown.root() != head.root:
            raise Damaged(
                f"the frames do not make the root that is signed for size {head.size}", where=f"index {shown.size}"
            )
        return dict(files)
    return {}
