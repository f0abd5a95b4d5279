# SPDX-License-Identifier: Apache-2.0
"""The queue in front of the sequencer: bounded, first come, first served, and no timer.

Whoever comes while one group is being written is in the next one. Beyond `LIMIT` waiting submissions the answer is Busy
at once: the guard then refuses the look, which is better than a look that waits for its record for minutes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from whosaw.errors import Busy, Unavailable
from whosaw.journal.submission import BYTE_LIMIT, Waiting

LIMIT = 4_096


class Queue:
    """Submissions on their way to the sequencer."""

    __slots__ = ("_closed", "_some", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._some = threading.Condition()
        self._closed = False

    def put(self, submission: Waiting) -> None:
        """Queue up. Raises Busy where too many wait, Unavailable where the journal was closed."""
        with self._some:
            if self._closed:
                raise Unavailable("the journal is closed", part="journal")
            if len(self._waiting) >= LIMIT:
                raise _busy()
            self._waiting.append(submission)
            if len(self._waiting) == 1:
                self._some.notify()

    def put_all(self, group: Sequence[Waiting], *, bounded: bool = True) -> None:
        """Queue up together: they are taken together. Raises Unavailable where the journal was closed, Busy where too many wait.

        `bounded`: False for those whom somebody else has counted.
        """
        with self._some:
            if self._closed:
                raise Unavailable("the journal is closed", part="journal")
            if bounded and len(self._waiting) >= LIMIT:
                raise _busy()
            self._waiting.extend(group)
            self._some.notify()

    def take(self) -> list[Waiting]:
        """The next group: all that wait, up to 16 MiB or one submission. Empty once the queue is closed and drained."""
        with self._some:
            while not self._waiting and not self._closed:
                self._some.wait()
            group: list[Waiting] = []
            size = 0
            while self._waiting and (not group or size + self._waiting[0].size <= BYTE_LIMIT):
                group.append(self._waiting.popleft())
                size += group[-1].size
            return group

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """Take nothing more; what waits is still handed out."""
        with self._some:
            self._closed = True
            self._some.notify_all()


def _busy() -> Busy:
    return Busy("too many submissions are waiting", part="journal", hint="nothing was recorded; try again")
