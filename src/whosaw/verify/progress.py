# SPDX-License-Identifier: Apache-2.0
"""A bar on a terminal, for what takes more than two seconds. Elsewhere: nothing, so logs stay readable.

Progress(stream, clock).at(done, total)      draws at most ten times a second, and wipes itself at the end
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

QUIET = 2.0  # seconds
EVERY = 0.1
WIDTH = 30


class Progress:
    """Draws on `stream` if that is a terminal. `clock` counts seconds."""

    def __init__(self, stream: TextIO, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._what, self._clock = stream, what, clock
        self._began = self._drawn = clock()
        self._shown = False
        self._terminal = stream.isatty()

    def at(self, done: int, total: int) -> None:
        """`done` of `total` are behind us."""
        if not self._terminal or not total:
            return
        now = self._clock()
        if now - self._began < QUIET or now - self._drawn < EVERY:
            return
        full = WIDTH * done // total
        left = (now - self._began) * (total - done) / max(done, 1)
        self._stream.write(
            f"\r{self._what} [{'#' * full}{'.' * (WIDTH - full)}] {done:,} of {total:,}, about {left:.0f} s left\x1b[K"
        )
        self._stream.flush()
        self._drawn, self._shown = now, True

    def close(self) -> None:
        """Wipe the bar."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
