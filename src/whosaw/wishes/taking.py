# SPDX-License-Identifier: Apache-2.0
"""A gate that serves takes up wishes: a thread that looks every fraction of a second, and does one after the other.

Invariant: it outlives whatever a wish does wrong. Close it before the house: a wish that was begun is ended first.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from whosaw.errors import WhosawError
from whosaw.journal.repeated import Repeated
from whosaw.wishes.wish import Doer, Wishes

EVERY = 0.2
_PATIENCE = 30.0
_log = logging.getLogger(__name__)


class Taking:
    """Takes up wishes from when it is made until it is closed."""

    def __init__(self, wishes: Wishes, doers: Mapping[str, Doer], *, every: float = EVERY) -> None:
        self._wishes, self._doers, self._every = wishes, doers, every
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="whosaw-wishes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        waits = Repeated(_log)
        while not self._ending.wait(self._every):
            try:
                self._wishes.take_up(self._doers)
                waits.over()
            except WhosawError as error:
                waits.warn(f"a wish waits: {error}")
            except Exception as error:  # noqa: BLE001  its text may quote what it choked on
                waits.warn(f"a wish waits ({type(error).__name__})")
