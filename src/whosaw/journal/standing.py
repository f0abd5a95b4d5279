# SPDX-License-Identifier: Apache-2.0
"""How a log stands when a start finds it: what its head says, with the tree below, read and not written.

    head.db ──▶ size, root        the tree   public/ + what was staged for this head and is not shown yet
                  └── witnesses are asked about exactly this ──▶ only then is anything settled, applied, shown

Between the swap and the last rename of a commit the head is newer than what is shown. Its tiles are then in the staging
file, or follow from the frames; they are laid over the folder in memory, and applied once the witnesses had their say.

Invariant: nothing here writes. A start that is refused with what it finds here leaves every file as it is.
                                                                          Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from whosaw.errors import Damaged, NotCanonical
from whosaw.journal import edge as edges
from whosaw.journal.edge import Edge
from whosaw.journal.face import SignedHead
from whosaw.journal.heads import CHECKPOINT, opened
from whosaw.journal.ports import Folder, HeadState
from whosaw.journal.published import Reads, nodes, reading
from whosaw.journal.staging import Staged, staged_name
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import EMPTY_ROOT, root_at
from whosaw.tlog.note import VerifierKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """One log, before anything of it was settled. `state`: the head's row, `signed`: what its note says.

    `staged`: what is still to be applied before the head can be shown; None where it is shown.
    """

    keys: Sequence[VerifierKey]
    state: HeadState
    signed: Checkpoint
    public: Folder = field(repr=False)
    staged: Staged | None = field(repr=False)

    @property
    def reads(self) -> Reads:
        """The published folder as it will be."""
        return self.public if self.staged is None else _Over(dict(self.staged.files), self.public)

    def head(self) -> SignedHead:
        """The head, with its tree: what witnesses are asked about."""
        return SignedHead(self.signed, self.state.note, nodes(self.reads, self.signed.size))


@dataclass(frozen=True, slots=True)
class _Over:
    """Files in memory over a folder."""

    files: dict[str, bytes]
    below: Reads

    def read(self, name: str) -> bytes | None:
        found = self.files.get(name)
        return self.below.read(name) if found is None else found


def stand(
    public: Folder,
    private: Folder,
    state: HeadState,
    signed: Checkpoint,
    *,
    keys: Sequence[VerifierKey],
    rebuild: Callable[[Checkpoint], Staged],
) -> Standing:
    """How this log stands. Raises Damaged where its files are not what this head was signed over. Writes nothing.

    `rebuild` gives what staging held, from the checkpoint that is shown up to the head, where there is no staging.
    """
    shown = _shown(public, signed, keys)
    staged = None
    if public.read(CHECKPOINT) != state.note:
        staged = _staged(private, signed) or rebuild(shown) if signed.size else Staged(0, 0, signed.root, ())
    made = Standing(keys, state, signed, public, staged)
    edge_of(made.reads, signed)
    if shown.size and root_at(nodes(made.reads, signed.size), shown.size) != shown.root:
        raise Damaged(f"the published checkpoint (size {shown.size}) is not under the head", where=CHECKPOINT)
    return made


def _shown(public: Folder, signed: Checkpoint, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The published checkpoint, of size 0 where there is none. Raises Damaged where the head cannot have led to it."""
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


def edge_of(public: Reads, signed: Checkpoint) -> Edge:
    """The right edge of this head, from disk. Raises Damaged."""
    edge = edges.load(reading(public), signed.size)
    if edge.root() != signed.root:
        raise Damaged(
            f"the tiles at the right edge have not the root that was signed for size {signed.size}",
            where=f"tile, size {signed.size}",
            hint="run `whosaw journal fsck` to find the file",
        )
    return edge
