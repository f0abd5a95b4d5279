# SPDX-License-Identifier: Apache-2.0
"""From a swapped head to a published one: steps 8 and 9, for the integrator and for a start alike.

Everything here can be done again. Files that never change are created or compared, the label table is caught up to a
size, the checkpoint is replaced by the note of the head. Whoever finds other bytes in place stops and leaves them.

Invariant: the checkpoint comes last. At no moment can anybody fetch a checkpoint whose tiles are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from whosaw.errors import OutcomeUnknown, Unavailable
from whosaw.journal.heads import CHECKPOINT
from whosaw.journal.labels import catch_up
from whosaw.journal.ports import Folder, HeadState, Labels
from whosaw.journal.staging import Staged
from whosaw.tlog.tile import Bundle, cut_bundle, parse_path


def apply(public: Folder, labels: Labels | None, staged: Staged) -> None:
    """Write what `staged` holds, and know its labels, where there is a table. Any part may have been done before."""
    with _asked_again(public):
        public.create_or_compare(staged.files)
    if labels is not None:
        catch_up(_Written(public, staged), labels, staged.size)


class _Written:
    """What is published, without asking for bundles that were written a moment ago: each question may be a request."""

    __slots__ = ("_bundles", "_public")

    def __init__(self, public: Folder, staged: Staged) -> None:
        known = ((parse_path(path), data) for path, data in staged.files)
        self._public, self._bundles = public, {b.index: (b.width, data) for b, data in known if isinstance(b, Bundle)}

    def read(self, name: str) -> bytes | None:
        wanted = parse_path(name)
        width, data = self._bundles.get(wanted.index, (0, b""))
        if not isinstance(wanted, Bundle) or wanted.width > width:
            return self._public.read(name)
        return cut_bundle(data, wanted.width, name)


def publish(public: Folder, head: HeadState) -> None:
    """Show the head to everybody."""
    with _asked_again(public):
        public.replace(CHECKPOINT, head.note)


@contextmanager
def _asked_again(public: Folder) -> Iterator[None]:
    """Where what is read is what is kept, an unknown outcome is only one that is not found out yet."""
    try:
        yield
    except OutcomeUnknown as error:
        if not public.reads_durable:
            raise
        raise Unavailable(str(error), part=error.part, hint=error.hint) from error
