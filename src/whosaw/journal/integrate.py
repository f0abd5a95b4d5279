# SPDX-License-Identifier: Apache-2.0
"""Integration: steps 3 to 10 of a commit, from durable frames to a checkpoint that anybody can fetch.

     3 read back  frames from the file, leaf hashes worked out again, compared with memory
     4 build      bundles and tiles from the cached right edge, whose root must be the head's
     5 stage … 9 publish   see ``commit``                                    whatever it says there
    10 tell       waiters; staging removed; old partial tiles collected     a leftover

Only synced frames are integrated, in order, so a size determines its root: a signature that was thrown away cannot
contradict a later one. Nothing derived is visible before what it commits to, and the checkpoint is last.

Invariant: `apply` and `publish` are what a start runs, too: recovery is no second way to write.
                                                                              Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.errors import Damaged, Unavailable
from whosaw.journal.ahead import ahead_of
from whosaw.journal.commit import Commits
from whosaw.journal.edge import Edge
from whosaw.journal.partials import Partials
from whosaw.journal.ports import HeadState, Stores
from whosaw.journal.repeated import Repeated
from whosaw.journal.staging import Staged
from whosaw.journal.state import Batch, Published, State
from whosaw.tlog.merkle import leaf_hash
from whosaw.tlog.note import Signer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    """What one head covers, what the log is then, and what has to be written for it."""

    batch: Batch
    edge: Edge
    staged: Staged


class Integrator:
    """Makes heads. One thread calls `step`."""

    __slots__ = ("_ahead", "_begun", "_commits", "_dropped", "_partials", "_state")

    def __init__(
        self, state: State, stores: Stores, origin: str, signers: Sequence[Signer], clock: Callable[[], datetime]
    ) -> None:
        self._state, self._ahead = state, ahead_of(stores)
        self._commits = Commits(stores.public, stores.private, stores.head, stores.labels, origin, signers, clock)
        self._partials = Partials(stores.public, clock)
        self._begun: _Round | None = None
        self._dropped = Repeated(_log)

    def step(self) -> bool:
        """One head for everything in the tail. False where there was nothing, or the round was dropped.

        A round that was dropped before the swap changed nothing that counts; the next one covers its leaves too. One whose
        head could not be published is carried through before another begins. Any other failure stops the journal.
        """
        try:
            made = self._round()
        except Unavailable as error:
            self._dropped.warn(f"no new head this time: {error}")
            return False
        except BaseException as error:
            self._state.stop(error)
            raise
        self._dropped.over()
        return made

    def _round(self) -> bool:
        self._state.check()
        # A head that is swapped and not shown says what is not there: it is shown before anything is built upon it.
        made = self._begun if self._commits.unshown else self._begin()
        if made is None:
            return False
        self._begun = made
        batch = made.batch
        new = self._commits.commit(
            self._state.head, made.staged, batch.positions(), batch.placed,
            covered=lambda: self._ahead.covered(batch.first, batch.frames),
        )  # fmt: skip
        self._tell(made, new)
        self._tidy(made.staged)
        return True

    def _begin(self) -> _Round | None:
        with self._state.lock:
            batch = self._state.tail.batch()
        if not batch.frames:
            return None
        self._commits.check_clock(self._state.head)  # or every dropped round would leave an orphan
        return _Round(batch, *self._build(batch, self._read_back(batch)))

    def _read_back(self, batch: Batch) -> list[bytes]:
        """The entries of the batch, from the file and not from memory. What differs is a broken disk or a broken machine."""
        return list(self._ahead.entries(batch.first, batch.writes))

    def _build(self, batch: Batch, entries: Sequence[bytes]) -> tuple[Edge, Staged]:
        hashes = [leaf_hash(entry) for entry in entries]
        if hashes != list(batch.hashes):
            raise Damaged("a segment does not hold what was written to it", where=f"index {batch.first} and on")
        edge, root = self._state.edge, self._state.root
        if (edge.size, edge.root()) != (self._state.head.size, root):
            raise Damaged("the right edge in memory is not the head's", where=f"size {edge.size}")
        grown, files = edge.grow(entries, hashes)
        return grown, Staged(edge.size, grown.size, grown.root(), tuple(files))

    def _tell(self, made: _Round, new: HeadState) -> None:
        with self._state.changed:
            self._state.head, self._state.edge, self._state.root = new, made.edge, made.staged.root
            self._state.tail.drop(made.batch)
            self._state.published = Published(new.size, new.note)
            self._state.changed.notify_all()

    def _tidy(self, staged: Staged) -> None:
        """What may as well be left lying: a start does it."""
        try:
            self._ahead.released(staged.size)
            self._commits.private.delete(staged.name)
            self._partials.completed(path for path, _ in staged.files)
            self._partials.collect(staged.size)
        except Unavailable as error:
            _log.warning("left lying: %s", error)
