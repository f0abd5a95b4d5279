# SPDX-License-Identifier: Apache-2.0
"""The label table: worked out from the bundles and from nothing else, so that it can be thrown away.

    bundles ──▶ (label, index) … ──▶ labels.db          behind: caught up     ahead of the head: built again

Invariant: it covers the leaves from the first on without a gap, and no label twice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from whosaw.errors import Unavailable
from whosaw.journal.ports import Labels, Stores
from whosaw.journal.published import Reads, entries

_AT_ONCE = 65_536


def catch_up(public: Reads, labels: Labels, size: int, progress: Callable[[int, int], None] | None = None) -> None:
    """Make the table cover exactly the first `size` leaves. `progress(done, of)` is told now and then."""
    done = labels.size()
    if done > size or not _ours(public, labels, done):
        # It knows leaves that no head covers, or others than ours: another log's table, or an older head, was put here.
        labels.clear()
        done = 0
    rest = entries(public, done, size)
    while some := [label for _, label, _ in islice(rest, _AT_ONCE)]:
        labels.extend(done, some)
        done += len(some)
        if progress:
            progress(done, size)


def enrolled_in(stores: Stores) -> Callable[[bytes], bool]:
    """Whether a stream begins with this label. Raises Unavailable where the table cannot say so of a stream that was erased.

    While the table is made again it knows nothing of them. Whoever came back then would begin the erased stream a second
    time, under a first label that stands in the log.
    """
    labels = stores.labels

    def enrolled(label: bytes) -> bool:
        before = labels.size()
        if labels.find([label]):
            return True
        covered, head = min(before, labels.size()), stores.head.read()
        if head is not None and covered < head.size and any(job.first >= covered for job in stores.manifest.erasing()):
            raise Unavailable("the label table is being made again", part="labels", hint="ask again in a while")
        return False

    return enrolled


def _ours(public: Reads, labels: Labels, done: int) -> bool:
    """Whether the newest leaf that the table covers is the one in the bundle. fsck compares all of them."""
    return all(labels.find([label]) == {label: index} for index, label, _ in entries(public, max(0, done - 1), done))
