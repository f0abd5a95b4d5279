# SPDX-License-Identifier: Apache-2.0
"""Steps 8 and 9 of a commit that a crash cut short, taken up by a start. The same for both logs.

    checkpoint = head                      nothing to do
    checkpoint older than the head         staging, or what makes it again ──apply, publish──▶ checkpoint = head
    checkpoint newer, or of another root   somebody else signed with our keys, or the head is an old copy: stop

Invariant: what is published was held against the head's root before it is shown. Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal import edge as edges
from whosaw.journal.edge import Edge
from whosaw.journal.heads import CHECKPOINT, opened
from whosaw.journal.ports import Folder, HeadState, Labels
from whosaw.journal.publish import apply, publish
from whosaw.journal.published import nodes, reading
from whosaw.journal.staging import Staged, staged_name
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import EMPTY_ROOT, root_at
from whosaw.tlog.note import VerifierKey

_log = logging.getLogger(__name__)


def shown_under(public: Folder, signed: Checkpoint, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The published checkpoint, of size 0 where there is none. Raises Damaged where the head cannot have led to it.

    It reads and writes nothing, and comes before anything is written: an old head database that was put back must leave
    the folder as it is, or the right one would find other files than its own.
    """
    note = public.read(CHECKPOINT)
    shown = Checkpoint(signed.origin, 0, EMPTY_ROOT) if note is None else opened(note, keys, CHECKPOINT)
    # Size 0 has one root; it is signed anew by whoever makes the log a second time after a crash.
    if shown.size > signed.size or (shown.size == signed.size and shown.root != signed.root):
        raise Damaged(
            f"the published checkpoint (size {shown.size}) is not of the history that the head database knows "
            f"(size {signed.size})",
            where=CHECKPOINT,
            hint="the head database may be an old copy; do not start this log again from it",
        )
    return shown


def bring_up(
    public: Folder,
    private: Folder,
    head: HeadState,
    signed: Checkpoint,
    keys: Sequence[VerifierKey],
    *,
    labels: Labels | None,
    rebuild: Callable[[Checkpoint], Staged],
) -> None:
    """Make the checkpoint the head's, with everything below it there before. `signed`: what the head says.

    `rebuild` gives what staging held, from the checkpoint that is shown up to the head, where there is no staging.
    """
    if public.read(CHECKPOINT) == head.note:
        return
    shown = shown_under(public, signed, keys)
    _log.info("checkpoint: bringing size %d to %d", shown.size, signed.size)
    if signed.size:
        apply(public, labels, _staged(private, signed) or rebuild(shown))
    if shown.size and root_at(nodes(public, signed.size), shown.size) != shown.root:
        raise Damaged(f"the published checkpoint (size {shown.size}) is not under the head", where=CHECKPOINT)
    edge_of(public, signed)
    publish(public, head)


def _staged(private: Folder, signed: Checkpoint) -> Staged | None:
    """The staging file of this head, if it is there and whole."""
    name = staged_name(signed.size, signed.root)
    raw = private.read(name)
    if raw is None:
        return None
    try:
        found = Staged.parse(raw, name)
    except NotCanonical:
        _log.warning("staging: not whole, building it again")
        return None
    return found if (found.size, found.root) == (signed.size, signed.root) else None


def edge_of(public: Folder, signed: Checkpoint) -> Edge:
    """The right edge of this head, from disk. Raises Damaged."""
    edge = edges.load(reading(public), signed.size)
    if edge.root() != signed.root:
        raise Damaged(
            f"the tiles at the right edge have not the root that was signed for size {signed.size}",
            where=f"tile, size {signed.size}",
            hint="run `whosaw journal fsck` to find the file",
        )
    return edge
