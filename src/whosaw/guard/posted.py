# SPDX-License-Identifier: Apache-2.0
"""What a task has put down for a thread to work on, and how it hears of it: one wake-up of its loop for all of a group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

Work = Callable[[Sequence[Any]], None]


class Posted:
    """A task that waits for what is to become of `what`: for None, or for what `work` raised. `gone`: it waits no longer."""

    __slots__ = ("future", "gone", "loop", "what", "work")

    def __init__(self, loop: asyncio.AbstractEventLoop, what: Any, work: Work) -> None:
        self.loop, self.what, self.work, self.gone = loop, what, work, False
        self.future: asyncio.Future[BaseException | None] = loop.create_future()


def deliver(tasks: Sequence[Posted], fault: BaseException | None) -> None:
    """One wake-up for each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[Posted]] = {}
    for each in tasks:
        loops.setdefault(each.loop, []).append(each)
    for loop, theirs in loops.items():
        with suppress(RuntimeError):  # the loop was closed, and with it whoever waited
            loop.call_soon_threadsafe(_tell, theirs, fault)


def _tell(tasks: Sequence[Posted], fault: BaseException | None) -> None:
    """On the loop's thread. Whoever gave up waiting is told nothing."""
    for each in tasks:
        if not each.future.done():
            each.future.set_result(fault)
