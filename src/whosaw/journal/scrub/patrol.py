# SPDX-License-Identifier: Apache-2.0
"""The scrub of an open journal, in the background: a look now and then, so that a round takes a week.

    look ─▶ wait ─▶ look ─▶ …          nothing found: the round's report goes to `admin` at its end
              damage ─▶ a record at once, an error in the log of this process, a metric; the journal goes on

Invariant: it never holds up recording, and whatever becomes of a look, the next one comes.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from whosaw.errors import WhosawError
from whosaw.journal.ports import Folder
from whosaw.journal.scrub import reports
from whosaw.journal.scrub.reports import Recorder
from whosaw.journal.scrub.scrub import PERIOD, Scrub

AT_LEAST = timedelta(seconds=10)
AT_MOST = timedelta(hours=1)
_log = logging.getLogger(__name__)


class Patrol:
    """One thread that scrubs, from `start` until `close`. `found`: how many findings since it began."""

    def __init__(self, scrub: Scrub, private: Folder, journal: Recorder, period: timedelta = PERIOD) -> None:
        self._scrub, self._private, self._journal, self._period = scrub, private, journal, period
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="whosaw-scrub", daemon=True)
        self.found = 0
        self.failed: str = ""
        self.looked_at: datetime | None = None

    def start(self) -> None:
        """Record what waits to be recorded, and begin with a pause: who opens a journal for one record waits for no disk."""
        try:
            reports.record(self._private, self._journal)
        except WhosawError as error:
            self._failed(error)
        self._thread.start()

    def close(self) -> None:
        """End it, and note where it was."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """One look, and what follows from it."""
        found = self._scrub.step()
        self.looked_at = self._scrub.clock()
        for finding in found:
            _log.error("scrub: %s", finding)
        if found:
            self.found += len(found)
            reports.keep(self._private, self._scrub.body(self._scrub.at.now))
        reports.record(self._private, self._journal)

    def _run(self) -> None:
        looked = False
        while not self._ending.wait(self._pause().total_seconds()):
            try:
                self.look()
                looked, self.failed = True, ""
            except WhosawError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - a patrol that died would leave the disk silently unread
                self.failed = type(error).__name__
                _log.exception("scrub: a fault")
        if looked:
            try:
                self._scrub.save()
            except WhosawError as error:
                _log.warning("scrub: where it was is not noted: %s", error)

    def _failed(self, error: WhosawError) -> None:
        self.failed = str(error)
        _log.warning("scrub: %s", error)

    def _pause(self) -> timedelta:
        try:
            return min(AT_MOST, max(AT_LEAST, self._period / max(1, self._scrub.looks())))
        except WhosawError:
            return AT_MOST
