# SPDX-License-Identifier: Apache-2.0
"""Threads for tasks whose look has to wait for more than the disk: a ticket system, a witness, a glass that is broken.

Invariant: what was begun is done to its end, even where nobody waits for it any more: its record may stand already.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context, copy_context

from whosaw.errors import Unavailable

MOST = 256  # at once; more wait for one of these
WAITING = 4096  # so many, where a ticket system or a witness is slow
_Done = Future[BaseException | None]


class Elsewhere:
    """Starts a thread when one is needed."""

    __slots__ = ("_here", "_lock", "_threads")

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, "whosaw-elsewhere")
        self._lock, self._here = threading.Lock(), 0

    async def do(self, work: Callable[[], None]) -> None:
        """What `work` raises, done on a thread that nobody else waits for. Raises Unavailable where it was not begun, and then it
        never is: too much waits, this is closed, or no thread can be started.
        """
        done = self._enter()
        try:
            self._threads.submit(_do, done, copy_context(), work)
        except RuntimeError as none:
            # Where no thread could be started it stands in the queue all the same, and one that becomes free would do it later.
            if done.cancel():
                raise _not_begun(f"no thread works for this look: {none}") from None
        if (error := await asyncio.wrap_future(done)) is not None:
            raise error

    def close(self) -> None:
        """Take nothing more, and wait for what was taken."""
        self._threads.shutdown()

    def _enter(self) -> _Done:
        with self._lock:
            if self._here >= MOST + WAITING:
                raise _not_begun("too many looks wait")
            self._here += 1
        done = _Done()
        done.add_done_callback(self._leave)
        return done

    def _leave(self, _: object) -> None:
        with self._lock:
            self._here -= 1


def _not_begun(why: str) -> Unavailable:
    return Unavailable(f"{why}; nothing was shown", part="guard", hint="ask again with the same key")


def _do(done: _Done, context: Context, work: Callable[[], None]) -> None:
    """`work`, unless nobody waits for it any more. What it raises is said as it is: a future takes no StopIteration, and its task would
    wait for ever.
    """
    if not done.set_running_or_notify_cancel():
        return
    try:
        context.run(work)
    except BaseException as error:  # noqa: BLE001 - whoever waits gets it
        done.set_result(error)
    else:
        done.set_result(None)
