# SPDX-License-Identifier: Apache-2.0
"""One commit of one log: steps 5 to 9, from built files to a checkpoint that anybody can fetch.

     5 stage      one durable file with all of them                         a crash leaves an orphan
     6 sign       only with a clock that is not behind the last signature   a signature nobody saw, on the only root
     7 swap       the head row: **from here on this head is the truth**
     8 apply      bundles, level 0, upper tiles, create-or-compare          some files; the next start applies the rest
     9 publish    the checkpoint, in one rename                             visible, nobody told

The journal's log and the log of its index both grow by this code and by no other.

Invariant: Unavailable means that the same may be tried again: before the swap nothing happened that counts, after it 8
and 9 are still to be done, and nothing else is begun before they are. After any other error only a start goes on.
                                                                              Specification: docs/spec/checkpoint.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from whosaw.journal.heads import signed, signing_time
from whosaw.journal.ports import Folder, Head, HeadState, Labels, Placed
from whosaw.journal.publish import apply, publish
from whosaw.journal.staging import Staged
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import Signer

_NOTHING: Mapping[bytes, int] = {}
_NOBODY: Mapping[bytes, Placed] = {}


def _nothing_more() -> None:
    """Only the log itself has frames."""


@dataclass(slots=True)
class Commits:
    """How one log grows. `labels`: the table that follows its leaves; None for a log without one.

    `unshown`: a head that was swapped and could not be published yet. It is what the same `staged` is tried again for.
    """

    public: Folder
    private: Folder
    head: Head
    labels: Labels | None
    origin: str
    signers: Sequence[Signer]
    clock: Callable[[], datetime]
    unshown: HeadState | None = None

    def check_clock(self, old: HeadState) -> None:
        """Raise Unavailable where the clock is behind the last signature, before anything is built or staged."""
        signing_time(self.clock(), old.signed_at)

    def commit(
        self,
        old: HeadState,
        staged: Staged,
        positions: Mapping[bytes, int] = _NOTHING,
        placed: Mapping[bytes, Placed] = _NOBODY,
        covered: Callable[[], None] = _nothing_more,
    ) -> HeadState:
        """Make `staged` the head after `old`, and publish it. Whoever gets Unavailable tries the same again.

        `covered` is called in between: what it makes is not shown before.
        """
        new = self.unshown or self._swap(old, staged, positions, placed)
        self.unshown = new
        covered()
        apply(self.public, self.labels, staged)
        publish(self.public, new)
        self.unshown = None
        return new

    def _swap(
        self, old: HeadState, staged: Staged, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]
    ) -> HeadState:
        self.private.replace(staged.name, staged.encode())
        at = signing_time(self.clock(), old.signed_at)
        new = signed(Checkpoint.of(self.origin, staged.size, staged.root), self.signers, at)
        # Unavailable up to here, and from the swap: the transaction did not begin. An orphan is left, nothing else.
        self.head.swap(old.note, new, positions, placed)
        return new
