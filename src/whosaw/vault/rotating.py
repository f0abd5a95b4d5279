# SPDX-License-Identifier: Apache-2.0
"""A new epoch while a gate serves: whoever wants one leaves word in the key table, and the gate that writes the log does it.

    `whosaw vault rotate` ──folder in use──▶ wish ◀──looks every few seconds── Rotating ──▶ rotate ──▶ fulfilled

Looks go on: rows are re-wrapped in pages, and a key in use stays in use until its own row is written anew. Closing the gate
stops between two pages; the wish stands, and the next gate, or the command, goes on.

Invariant: the wish is taken away only when the epoch is whole. A crash right before that begins one epoch more, which harms
nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from whosaw.errors import WhosawError
from whosaw.journal.repeated import Repeated
from whosaw.privacy.keyring import Keyring
from whosaw.vault.rotate import Journal, rotate

EVERY = 5.0
_PATIENCE = 30.0
_log = logging.getLogger(__name__)


class _Closing(Exception):
    """The gate closes: stop between two pages."""


class Rotating:
    """A thread that looks for a wish and fulfils it. Close it before the house."""

    def __init__(
        self, keyring: Keyring, journal: Journal, clock: Callable[[], datetime], *, every: float = EVERY
    ) -> None:
        self._keyring, self._journal, self._clock, self._every = keyring, journal, clock, every
        self._ending = threading.Event()
        self._begun: int | None = None
        self._thread = threading.Thread(target=self._run, name="whosaw-epochs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        waits = Repeated(_log)
        while not self._ending.wait(self._every):
            try:
                self._look()
                waits.over()
            except _Closing:
                return
            except WhosawError as error:
                waits.warn(f"an epoch of keys waits: {error}")
            except Exception as error:  # noqa: BLE001  its text may quote what it choked on
                waits.warn(f"an epoch of keys waits ({type(error).__name__})")

    def _look(self) -> None:
        by = self._keyring.wishes.wished()
        if by is None:
            return
        done = rotate(self._keyring, self._journal, by, self._clock(), progress=self._at)
        if not done.older:
            self._keyring.wishes.fulfilled()
            _log.warning("epoch %d of keys is in use, and the older keys are deleted", done.epoch)

    def _at(self, _done: int, _total: int) -> None:
        if self._ending.is_set():
            raise _Closing
