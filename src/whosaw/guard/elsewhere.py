# SPDX-License-Identifier: Apache-2.0
"""Threads for tasks whose look has to wait for more than the disk: a ticket system, a witness, a glass that is broken.

Invariant: what was begun is done to its end, even where nobody waits for it any more: its record may stand already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from whosaw.errors import Unavailable

MOST = 256  # at once; more wait for one of these


class Elsewhere:
    """Starts a thread when one is needed."""

    __slots__ = ("_threads",)

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST, "whosaw-elsewhere")

    async def do(self, work: Callable[[], None]) -> None:
        """What `work` raises, done on a thread that nobody else waits for. Raises Unavailable once it is closed."""
        try:
            begun = self._threads.submit(copy_context().run, work)
        except RuntimeError:
            raise Unavailable("the gate is closed; nothing was shown", part="guard") from None
        await asyncio.wrap_future(begun)

    def close(self) -> None:
        """Take nothing more, and wait for what was taken."""
        self._threads.shutdown()
