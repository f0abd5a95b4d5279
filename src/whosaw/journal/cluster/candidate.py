# SPDX-License-Identifier: Apache-2.0
"""A candidate: it stands for election as long as its process runs, and while it is elected it is the sequencer.

    stand ──elected──▶ recover, as any start ──▶ Journal ◀── rows that wait        until the term ends: another was
      ▲                (witnesses asked first)                                     elected, the database went away, or a
      └────────────────────────── term over ◀─────────────────────────────────────write failed; never by a restart

    pulse    says once a second that it is alive; what it is told there ends the term
    takes    the rows that wait, group by group, and hands them to the journal; the journal assigns, and gates see it
    grants   an index whenever a gate wishes for one

Each term opens a journal of its own, from the head, the rows and the staging, exactly as a start does. What a term did
that nobody knows the outcome of is settled by then: an election waits for every transaction of the term before.

Invariant: nothing is written after the term in which it was decided. The database sees to that, and not this file.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

import itertools
import logging
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from whosaw.errors import BadInput, Busy, Contradiction, IdempotencyConflict, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.cluster.pending import ERASED, Asked, Desk, Ear, Election, Granted, Office
from whosaw.journal.journal import Journal
from whosaw.journal.ports import StreamKeys
from whosaw.journal.submission import Parked

PULSE = 1.0
STAND_EVERY = 0.5
_LOOK_EVERY = 0.05
_LONG = 2.0  # to wait for witnesses in one go
_LONGEST = 30.0  # between two terms of a candidate that does not get through a start
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Led:
    """What one term works with."""

    journal: Journal
    desk: Desk


Lead = Callable[[Office], AbstractContextManager[Led]]
"""Opens the journal of a term, with its witnesses, and closes it at the end."""


class Candidate:
    """Stands for election until it is closed. `trouble`: why its last term ended, where that needs a person."""

    def __init__(self, election: Election, lead: Lead, keys: StreamKeys, stand_every: float = STAND_EVERY) -> None:
        self._election, self._lead, self._keys, self._every = election, lead, keys, stand_every
        self._ending, self._stood = threading.Event(), threading.Event()
        self._changed = threading.Condition()
        self._led: Led | None = None  # while it takes rows
        self._insists = False
        self.epoch: int | None = None  # while it is elected
        self.trouble: WhosawError | None = None
        self._thread = threading.Thread(target=self._stand_on, name="whosaw-candidate", daemon=True)
        self._thread.start()

    def first(self, timeout: float) -> None:
        """Wait until it has stood for election once, and recovered the log if it was elected. Raises what it found wrong.

        Whoever opens a gate is told what a start tells: another history of this log, damage, other key files.
        """
        self._stood.wait(timeout)
        if self.trouble is not None:
            raise self.trouble

    def lead(self, timeout: float) -> Led:
        """What its term works with: if another is elected, that one is succeeded. Raises Unavailable after `timeout`."""
        with self._changed:
            self._insists = self._led is None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._led is not None or self._ending.is_set(), timeout)
            self._insists = False
            if self._led is not None:
                return self._led
        if self.trouble is not None:
            raise self.trouble
        raise Unavailable("this process was not elected in time", part="sequencer", hint="ask again")

    def close(self) -> None:
        """End the term, if there is one: what waits is recorded and published first, where that can be done."""
        self._ending.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()

    def _stand_on(self) -> None:
        wait = self._every
        while not self._ending.is_set():
            office = None
            insists = self._insists
            with suppress(Unavailable):
                office = self._election.stand(insists=insists)
            if office is not None:
                wait = self._every if self._serve(office) else min(2 * wait, _LONGEST)
            self._stood.set()
            # No two candidates in step. Who insists waits for nobody, but does not spin where a start fails.
            pause = _LOOK_EVERY if insists and office is None else wait * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            self._wait(pause, insists)

    def _wait(self, seconds: float, insisted: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ending.is_set() or self._insists > insisted, seconds)

    def _works_with(self, led: Led | None) -> None:
        with self._changed:
            self._led = led
            self._changed.notify_all()

    def _serve(self, office: Office) -> bool:
        """One term. Whether it may be tried again at once."""
        self.epoch = office.epoch
        _log.info("elected: epoch %d", office.epoch)
        pulse = Pulse(office)
        try:
            with self._lead(office) as led:
                self.trouble = None
                self._stood.set()
                self._works_with(led)
                try:
                    _Term(led, self._keys, pulse).run(self._ending)
                finally:
                    self._works_with(None)
        except WhosawError as error:
            # Who was succeeded while it slept finds a log that is ahead of what it read. That is no damage.
            succeeded = _succeeded(office)
            known = succeeded or isinstance(error, Unavailable | Contradiction | OutcomeUnknown)
            self.trouble = None if known else error
            _log.warning("epoch %d has ended: %s", office.epoch, "another was elected" if succeeded else error)
            return succeeded
        except Exception:  # noqa: BLE001 - whatever it was, it ends a term and not the process
            _log.exception("epoch %d has ended", office.epoch)
            return False
        else:
            return True
        finally:
            self.epoch = None
            pulse.close()
            office.resign()


def _succeeded(office: Office) -> bool:
    try:
        office.beat()
    except WhosawError:
        return True
    return False


class Pulse:
    """Says that the sequencer is alive, from its election on: a start may take longer than others are patient."""

    def __init__(self, office: Office) -> None:
        self._office, self._ending = office, threading.Event()
        self.lost: WhosawError | None = None
        self._thread = threading.Thread(target=self._beat_on, name="whosaw-pulse", daemon=True)
        self._thread.start()

    def _beat_on(self) -> None:
        while not self._ending.wait(PULSE):
            try:
                self._office.beat()
            except WhosawError as error:
                self.lost = error
                return

    def close(self) -> None:
        self._ending.set()
        self._thread.join()


class _Term:
    """The rows of gates, while the term lasts."""

    def __init__(self, led: Led, keys: StreamKeys, pulse: Pulse) -> None:
        self._journal, self._desk, self._keys, self._pulse = led.journal, led.desk, keys, pulse
        self._answered: set[bytes] = set()
        self._over = threading.Event()

    def run(self, ending: threading.Event) -> None:
        """Until `ending`. Raises why the term has ended."""
        grants = threading.Thread(target=self._grant_on, name="whosaw-grants", daemon=True)
        grants.start()
        ear: Ear | None = None
        said = ""
        try:
            while not ending.is_set():
                self._check()
                try:
                    ear = ear or self._desk.ear()
                    if not self._take():
                        ear.wait(_LOOK_EVERY)
                except (Busy, Unavailable, OutcomeUnknown) as error:
                    if str(error) != said:  # once, and not twenty times a second
                        _log.warning("sequencer: %s", error)
                    said = str(error)
                    if ear is not None:
                        ear.close()
                        ear = None
                    ending.wait(_LOOK_EVERY)
        except WhosawError as error:
            self._journal.stop(error)
            raise
        finally:
            self._over.set()
            if ear is not None:
                ear.close()
            grants.join()

    def _check(self) -> None:
        over = self._pulse.lost or self._journal.stopped
        if over is not None:
            raise over

    def _take(self) -> bool:
        """One group. Whether there was any."""
        rows = self._desk.waiting()
        again = [row.idem for row in rows if row.idem in self._answered]
        if again:
            # Their key had been recorded before. The row goes, and then gates find what the head has under it.
            self._desk.discard(again)
            self._answered.difference_update(again)
            return True
        self._answered = set()
        if rows:
            self._record(rows)
        return bool(rows)

    def _record(self, rows: Sequence[Asked]) -> None:
        known = self._keys.with_handles(sorted({handle for row in rows for handle in row.handles}))
        group: list[tuple[Asked, Parked]] = []
        for row in rows:
            if known.keys() >= set(row.handles):
                group.append((row, Parked(row.idem, [known[handle] for handle in row.handles], row.bodies)))
            else:
                self._desk.refuse(row.idem, ERASED)
        self._journal.hand_in([parked for _, parked in group])
        down: WhosawError | None = None
        for row, parked in group:
            try:
                parked.wait()
            except BadInput as error:
                self._desk.refuse(row.idem, str(error))
            except IdempotencyConflict:
                self._answered.add(row.idem)  # the gate will see for itself what stands there
            except WhosawError as error:
                down = error
            else:
                self._answered.add(row.idem)
        if down is not None:
            raise down

    def _grant_on(self) -> None:
        """An index for whoever wishes for one. The first of a term may take a while, and holds up nobody else."""
        for look in itertools.count():
            if self._over.wait(_LOOK_EVERY * 2):
                return
            try:
                if look % 10 == 0:
                    self._journal.show_again()
                wished = self._desk.wished()
                if wished is not None:
                    size, witnessed = wished
                    made = self._journal.mapped(witnessed=witnessed, timeout=_LONG)
                    if made.reader.size >= size:
                        self._desk.grant(Granted(made.reader.note, made.checkpoint, witnessed))
            except (Unavailable, OutcomeUnknown) as error:
                _log.info("no index granted: %s", error)
            except WhosawError as error:
                self._journal.stop(error)
                return
