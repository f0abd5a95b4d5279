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


def apply(public: Folder, labels: Labels | None, staged: Staged) -> None:
    """Write what `staged` holds, and know its labels, where there is a table. Any part may have been done before."""
    with _asked_again(public):
        public.create_or_compare(staged.files)
    if labels is not None:
        catch_up(public, labels, staged.size)


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
