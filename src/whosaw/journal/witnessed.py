# SPDX-License-Identifier: Apache-2.0
"""`checkpoint.witnessed`: the newest head of a log of ours that a quorum of witnesses has seen.

    published ──whoever asks the witnesses──▶ the same head with cosignatures ──keep──▶ checkpoint.witnessed ──▶ waiters

It lags behind `checkpoint`, and never leads it. Who asks the witnesses, and how many are enough, is decided outside: here
it is only made sure that the note is ours, of this history, and not older than the one that stands.

A file that is ahead of the head is how a restored head database gives itself away without any network.

Invariant: what is shown as witnessed is a head that this log published, with every signature of its own.
                                                                          Specification: docs/spec/checkpoint.md §3
"""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.errors import Damaged, Unavailable
from whosaw.journal.face import Face
from whosaw.journal.heads import opened
from whosaw.journal.standing import Standing
from whosaw.journal.state import Published
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.merkle import Node, root_at
from whosaw.tlog.note import VerifierKey
from whosaw.verify.witnessed import WITNESSED


def witnessed_in(
    raw: bytes, keys: Sequence[VerifierKey], newest: Checkpoint, node: Node, where: str = WITNESSED
) -> Checkpoint:
    """The head in a file of that name: signed by every key of ours, and the beginning of `newest`. Raises Damaged."""
    found = opened(raw, keys, where)
    if found.size > newest.size:
        raise Damaged(
            f"{where}: witnesses have seen size {found.size}, and the head database knows {newest.size}",
            where=where,
            hint="the head database may be an old copy; do not start this log again from it",
        )
    if root_at(node, found.size) != found.root:
        raise Damaged(f"{where}: what witnesses have seen (size {found.size}) is not of this history", where=where)
    return found


def check_witnessed(stood: Standing, folder: str) -> None:
    """What an earlier process showed as witnessed is of this log, found out before a start writes. Raises Damaged."""
    raw = stood.public.read(WITNESSED)
    if raw is not None:
        witnessed_in(raw, stood.keys, stood.signed, stood.head().node, f"{folder}{WITNESSED}")


class Witnessed:
    """The witnessed head of one open log. Safe to share between threads."""

    __slots__ = ("_where", "face", "shown")

    def __init__(self, face: Face) -> None:
        """Finds what an earlier process showed. Raises Damaged where it is not of this log."""
        self.face, self._where = face, f"{face.folder}{WITNESSED}"
        self.shown: Published | None = None
        raw = face.public.read(WITNESSED)
        if raw is not None:
            head = face.head()
            self.shown = Published(witnessed_in(raw, face.keys, head.checkpoint, head.node, self._where).size, raw)

    def keep(self, note: bytes) -> None:
        """Show `note`. A smaller size than the one that stands changes nothing. One thread at a time.

        Raises Damaged where it is no head that this log has published, Unavailable or OutcomeUnknown where it could
        not be written: then the old one or the new one stands, and either is true.
        """
        size = opened(note, self.face.keys, self._where).size
        if size > self.face.published().size:
            raise Damaged(f"size {size} was never published", where=self._where)
        if self.shown is not None and size < self.shown.size:
            return
        self.face.public.replace(WITNESSED, note)
        with self.face.changed:
            self.shown = Published(size, note)
            self.face.changed.notify_all()

    def wait(self, index: int, timeout: float) -> bytes:
        """The first witnessed head that covers `index`, as soon as there is one. Raises Unavailable after `timeout`."""

        def there() -> bool:
            if not self._covers(index):
                self.face.check()
                return False
            return True

        with self.face.changed:
            self.face.changed.wait_for(there, timeout)
            if self.shown is not None and self.shown.size > index:
                return self.shown.note
        raise Unavailable(
            f"index {index} is not witnessed yet",
            part="witnesses",
            hint="it is durable; `whosaw witness status` says for whom it waits. Ask again",
        )

    def _covers(self, index: int) -> bool:
        return self.shown is not None and self.shown.size > index
