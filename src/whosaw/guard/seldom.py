# SPDX-License-Identifier: Apache-2.0
"""A probe that is asked seldom, whoever asks us: /health answers everybody, and a token locks after a few wrong PINs.

    /health, /health, /health ──▶ what was said within the minute        one question at a time, and none again that is of no use

Invariant: how often others ask us does not decide how often we ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from whosaw.errors import Misconfigured, Unavailable, WhosawError

STANDS_S = 60.0


class Seldom:
    """What it said stands for a minute; where asking again is of no use, until the process ends. While one asks, others hear what was said before."""

    def __init__(self, probe: Callable[[], object], tells: Callable[[], float] = time.monotonic) -> None:
        """`tells`: seconds that never go back."""
        self._probe, self._tells = probe, tells
        self._asking, self._due = Lock(), float("-inf")
        self._said: WhosawError | None = Unavailable("it is being asked for the first time", part="health")

    def __call__(self) -> None:
        if self._tells() >= self._due and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        if self._said is not None:
            raise self._said.with_traceback(None)

    def _ask(self) -> None:
        # Before: what the question raises that is no error of ours stands for a while, too.
        self._due = self._tells() + STANDS_S
        try:
            self._probe()
        except WhosawError as error:
            self._said = error
            if isinstance(error, Misconfigured):
                self._due = float("inf")
        else:
            self._said = None
