# SPDX-License-Identifier: Apache-2.0
"""What asking witnesses needs of the log it is done for, and where it puts what it learns. `wiring` fills both.

    Log      the journal, seen from outside its commit path: newest head, `checkpoint.witnessed`, the way to stop it
    Keep     evidence and the state of each witness, for whoever looks later

Nothing here may hold up a record: whatever fails is tried again, and is visible until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from whosaw.witness.fork import Ours


class Log(Protocol):
    """A log of ours. Safe between threads."""

    def ours(self) -> Ours:
        """The newest published head with its tree, and the keys."""
        ...

    def listen(self, told: Callable[[], None]) -> None:
        """Call `told` after each new published head, quickly and from any thread."""
        ...

    def keep_witnessed(self, note: bytes) -> None:
        """Show `note`, a head of ours with a quorum of cosignatures, to everybody. Raises Unavailable, OutcomeUnknown."""
        ...

    def stop(self, sentence: str) -> None:
        """Take and sign nothing more: another history of this log exists under its keys."""
        ...


class Keep(Protocol):
    """What is kept beside the log, privately. Both raise Unavailable or OutcomeUnknown."""

    def evidence(self, kind: str, raw: bytes) -> str:
        """Keep a file of evidence; `kind` is `fork` or `claim`. Returns its name."""
        ...

    def state(self, raw: bytes) -> None:
        """The state of all witnesses, in the place of the one before."""
        ...
