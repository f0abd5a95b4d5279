# SPDX-License-Identifier: Apache-2.0
"""A warning of what is tried several times a second: said at once, and then once a minute as long as it is the same.

    no new head, no new head, no new head, …  ──▶ one line       a full disk is not made fuller by saying so

Invariant: another sentence is said at once, and so is the same one after it went well in between.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

AGAIN_S = 60.0


class Repeated:
    """Of one thread."""

    __slots__ = ("_due", "_log", "_said", "_tells")

    def __init__(self, log: logging.Logger, tells: Callable[[], float] = time.monotonic) -> None:
        """`tells`: seconds that never go back."""
        self._log, self._tells = log, tells
        self._said, self._due = "", 0.0

    def warn(self, text: str) -> None:
        at = self._tells()
        if text == self._said and at < self._due:
            return
        self._said, self._due = text, at + AGAIN_S
        self._log.warning("%s", text)

    def over(self) -> None:
        """It went well."""
        self._said = ""
