# SPDX-License-Identifier: Apache-2.0
"""The journal: the only writer of the log.

    submit ──▶ Recorded            durable: fdatasync has returned, the receipt says so
    wait_published ──▶ checkpoint  published: anybody can fetch a signed head over it, and the tiles below
    wait_witnessed ──▶ the same    witnessed: others have seen that head, as many as the trust file asks for
    proof ──▶ .tlog-proof          all of it in one file, for whoever was promised
    mapped ──▶ index               of the newest head: where a label stands, or that it stands nowhere

Three threads. One gives every record its place and makes it durable, group by group (``sequencer``); one makes a head
over what is durable, a few times a second (``integrate``); one signs the index of the newest head once a minute
(``map_log``). What the second and the third one do, a start does too (``recover``).

Invariant: after a failed write nothing more is taken, and nothing is read back. Callers ask again with the same
idempotency key after a start: the answer is then the same, whatever became of the first one.
                                                                              Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Self

from whosaw.config import JournalSettings
from whosaw.errors import BadInput, Unavailable, WhosawError
from whosaw.journal.core import Before, Core, nothing_before
from whosaw.journal.erase import Eraser
from whosaw.journal.heads import CHECKPOINT, Signers
from whosaw.journal.index_under import IndexUnder
from whosaw.journal.leaves import Leaves
from whosaw.journal.mail import Mail, Posted
from whosaw.journal.map_log import Mapped
from whosaw.journal.meter import Pulse
from whosaw.journal.ports import Stores, StreamKeys
from whosaw.journal.queue import Queue
from whosaw.journal.reader import Reader
from whosaw.journal.receipts import moment, receipt_at
from whosaw.journal.rekey import rekey
from whosaw.journal.segment import SEGMENT_BYTES, Erased
from whosaw.journal.segments import Segments
from whosaw.journal.state import Published
from whosaw.journal.submission import (
    Admit,
    Parked,
    Recorded,
    Submission,
    Waiting,
    check,
    found_each,
    prepare,
    together,
)
from whosaw.journal.witnessed import Witnessed
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream
from whosaw.model.stage import Stage
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import idem

PATIENCE = 30.0
_log = logging.getLogger(__name__)


class Journal:
    """An open log. Safe to share between threads; one per process and folder. Close it, or use it in a ``with``."""

    def __init__(self, core: Core, settings: JournalSettings, signers: Signers) -> None:
        """Use `open`."""
        self._under = IndexUnder(core.stores, signers)
        self._core, self._every, self._map_every = core, settings.publish_every_ms / 1000, settings.map_every_s
        self._state = core.state
        self._queue, self._mail, self._keys = Queue(), Mail(), core.keys
        self._wake, self._ending = threading.Event(), threading.Event()
        self._closing = False
        self.leaves = Leaves(core.state, core.stores)
        self._segments = Segments(core.stores.private, core.stores.manifest)
        self.eraser = Eraser(core.stores, core.sequencer, self.submit, self._published)
        self._threads = (
            threading.Thread(target=self._sequence, name="whosaw-sequencer", daemon=True),
            threading.Thread(target=self._integrate, name="whosaw-integrator", daemon=True),
            threading.Thread(target=self._map, name="whosaw-map-log", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    @classmethod
    def open(
        cls,
        *,
        stores: Stores,
        keys: StreamKeys,
        signers: Signers,
        settings: JournalSettings,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        segment_bytes: int = SEGMENT_BYTES,
        before: Before = nothing_before,
        witnesses: bool = False,
    ) -> Journal:
        """Recover the log in these folders and go on with it.

        Raises BadInput where there is none (``genesis.create`` makes one), Busy where another process has it,
        Misconfigured for other key files, Damaged or Contradiction where it is not what was written. How long a receipt
        promises stands in leaf 0 and not in the settings: it is fixed for the life of the log. `before` is called with
        both logs as their heads say they are, when nothing was written yet; what it raises ends the start. `witnesses`: it has
        some, so only heads that they have seen get an index.
        """
        core = Core.open(
            stores, keys, signers, before=before, witnesses=witnesses, clock=clock, random=random, segment_bytes=segment_bytes,
            map_every=timedelta(seconds=settings.map_every_s), behind=timedelta(hours=settings.statements_behind_h),
        )  # fmt: skip
        return cls(core, settings, signers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── recording ──

    def submit(self, submission: Submission) -> Recorded:
        """Record, durably. Raises Busy or Unavailable: nothing was recorded. OutcomeUnknown: ask `find` after a restart.
        IdempotencyConflict: the key was used for other records. BadInput, NotCanonical: not recordable.
        """
        self._state.check()
        parked = Parked(*check(submission, self._keys), submission.admit)
        self._queue.put(parked)
        return parked.wait()

    def submit_all(self, submissions: Sequence[Submission], admit: Admit | None = None) -> list[Recorded | Exception]:
        """What `submit` returns or raises for each, which is a submission of its own: one write for all, and one thread that waits.

        `admit`: as in ``Submission``, for all of them. Raises Busy or Unavailable: of none anything was recorded.
        """
        self._state.check()
        return together(submissions, self._keys, self._queue.put_all, admit)

    def enqueue(self, submission: Submission) -> Future[Recorded]:
        """The same without waiting. Raises at once what can be said at once; all else comes with the future."""
        self._state.check()
        prepared = prepare(submission, self._keys)
        self._queue.put(prepared)
        return prepared.future

    async def submit_async(self, submission: Submission) -> Recorded:
        """The same for a task: its event loop is woken once for a group. A task that is cancelled may have recorded."""
        self._state.check()
        if all(self._keys.warm(record.stream) for record in submission.records):
            checked = check(submission, self._keys)
        else:  # a query, and perhaps the proof of a new label: not while all other tasks wait
            checked = await asyncio.to_thread(check, submission, self._keys)
        posted = Posted(*checked, self._mail.box())
        self._queue.put(posted)
        return await posted.task

    def hand_in(self, group: Sequence[Waiting]) -> None:
        """Submissions that others have checked and bounded, all at once. Raises Unavailable."""
        self._state.check()
        self._queue.put_all(group, bounded=False)

    @property
    def stopped(self) -> WhosawError | None:
        """Why it records nothing more; None while it does."""
        return self._state.stopped

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        self._state.check()
        return self._core.sequencer.known(idem(caller, key))

    def find_all(self, asked: Sequence[tuple[str, str]]) -> list[Recorded | Exception | None]:
        """What `find` returns or raises for each (caller, key): one question to the head for all of them."""
        self._state.check()
        return found_each(asked, self._core.sequencer.known_all)

    # ── publishing ──

    @property
    def genesis(self) -> Genesis:
        """What leaf 0 promises."""
        return self._core.genesis

    def wait_published(self, index: int, timeout: float = PATIENCE) -> bytes:
        """The first published checkpoint that covers `index`, as soon as there is one. Raises Unavailable after `timeout`."""
        with self._state.changed:
            self._state.changed.wait_for(
                lambda: self._state.published.size > index or self._state.stopped is not None, timeout
            )
            if self._state.published.size > index:
                return self._state.published.note
        self._state.check()
        raise Unavailable(
            f"index {index} is not published yet", part="journal", hint="it is durable, and will be; ask again"
        )

    def publish_now(self, timeout: float = PATIENCE) -> bytes:
        """A checkpoint over everything that is durable at this moment, without waiting for the next round."""
        with self._state.lock:
            last = self._state.tail.end - 1
        self._wake.set()
        return self.wait_published(last, timeout)

    def show_again(self) -> None:
        """Publish the newest head once more where an older one is shown: a process that slept may have put it there."""
        with self._state.lock:
            # With nothing in the tail no head is on its way, and none can begin while we hold the lock.
            if self._state.tail.frames or self._state.stopped is not None:
                return
            ours = self._state.published
            if self._core.stores.public.read(CHECKPOINT) != ours.note:
                _log.warning("an older checkpoint is shown than the head's; publishing the head again")
                self._core.stores.public.replace(CHECKPOINT, ours.note)

    def reader(self, *, witnessed: bool = False) -> Reader:
        """The log as of the newest published checkpoint, or as of the newest that enough witnesses have seen.

        Raises Unavailable where none was witnessed yet.
        """
        published = self._witnessed_head() if witnessed else self._state.published
        checkpoint = Checkpoint.parse(parse_note(published.note).text)  # our own words: verified or signed by us
        return Reader.at(self._core.stores, published.note, checkpoint, self._segments)

    def _published(self) -> Reader:
        """The log as of a checkpoint over everything that is durable at this moment."""
        self.publish_now()
        return self.reader()

    def forget(self, stream: Stream) -> None:
        """Its key is gone: whoever records there next begins a new stream."""
        self._keys.forget(stream)

    def proof(self, index: int, *, witnessed: bool = False) -> bytes:
        """The `published` receipt of one leaf: its inclusion proof, and the durable receipt of its submission.

        `witnessed`: under a head that enough witnesses have seen. Raises BadInput for an index that is not below it.
        """
        reader = self.reader(witnessed=witnessed)
        path = reader.inclusion(index)
        frame = reader.frame(index)
        if isinstance(frame, Erased):  # that it stands there can be shown for ever; which receipt it had, nobody knows
            return TlogProof(index, tuple(path), reader.note).encode()
        recorded = self._core.sequencer.known(frame.idem)
        if recorded is None:
            raise BadInput(f"index {index} belongs to no submission", where="index")
        return TlogProof(index, tuple(path), reader.note, recorded.receipt).encode()

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float = PATIENCE) -> bytes:
        """The receipt of the last leaf of a submission at this stage, waited for. Raises Unavailable after `timeout`."""
        self._wake.set()  # somebody waits: no need to wait for the next round
        return receipt_at(self, recorded, stage, timeout)

    def rekey(self, stream: Stream) -> bool:
        """Give `stream` a new key; False where nothing was recorded in it yet. Raises what `submit` raises."""
        return rekey(stream, self._keys, self._core.stores.head, self.publish_now, self.submit)

    def mapped(self, *, witnessed: bool = False, timeout: float = PATIENCE) -> Mapped:
        """The index of the newest head that gets one, signed before it answers. Raises Unavailable, Damaged.

        `witnessed`: under a head of the map log that enough witnesses have seen; waits for them.
        """
        if not witnessed:
            return self._core.map.answer()
        end = time.monotonic() + timeout
        self._core.witnessed.wait(0, timeout)  # only a head of the log that they have seen gets an index
        return self._core.map.seen(max(0.0, end - time.monotonic()))

    def under(self, note: bytes, map_note: bytes) -> Mapped:
        """The index of an older head `note`, under `map_note`, whose last leaf is of it. Raises Damaged, Unavailable."""
        return self._under.of(note, map_note)

    # ── witnesses ──

    @property
    def witnessed(self) -> Published | None:
        """The newest head that enough witnesses have seen; None where there is none yet."""
        return self._core.witnessed.shown

    def _witnessed_head(self) -> Published:
        if self._core.witnessed.shown is None:
            raise Unavailable("no witness has seen this log yet", part="witnesses", hint="whosaw witness status")
        return self._core.witnessed.shown

    def wait_witnessed(self, index: int, timeout: float = PATIENCE) -> bytes:
        """The first witnessed checkpoint that covers `index`, as soon as there is one. Raises Unavailable after `timeout`."""
        return self._core.witnessed.wait(index, timeout)

    def stop(self, error: WhosawError) -> None:
        """Record and sign nothing more, and tell whoever asks why."""
        self._state.stop(error)

    @property
    def logs(self) -> tuple[Witnessed, Witnessed]:
        """The log and its map log, for whoever asks witnesses about them."""
        return self._core.witnessed, self._core.map.witnessed

    def pulse(self) -> Pulse:
        """How it stands at this moment, in numbers. Asks no disk, and never fails."""
        state, map_stopped = self._state, self._core.map.stopped
        with state.lock:
            waiting, published, head = len(state.tail.frames), state.published.size, state.head
        return Pulse(
            state.meter, len(self._queue), waiting, published, moment(head.signed_at), self.genesis.promise_s,
            "" if state.stopped is None else str(state.stopped), map_stopped,
        )  # fmt: skip

    def index_due(self) -> None:
        """Sign the index where its minute is over: a run of a second would never come to it. Whatever fails, fails alone."""
        try:
            self._core.map.last_step()
        except WhosawError as error:
            _log.warning("no index at the end: %s", error)

    def close(self) -> None:
        """Record what waits, publish what is durable, let go of the folder. Nothing is lost where it cannot be done."""
        self._queue.close()
        self._threads[0].join()
        with self._state.changed:
            self._closing = True
            self._state.changed.notify_all()
        self._wake.set()
        self._threads[1].join()
        self._ending.set()
        self._threads[2].join()
        self.index_due()
        self._core.close()

    # ── the three threads ──

    def _sequence(self) -> None:
        while group := self._queue.take():
            try:
                self._core.sequencer.step(group)
            finally:
                self._mail.send()

    def _integrate(self) -> None:
        """A head whenever something is durable, one in `every` seconds at most unless somebody asks for it now."""
        state = self._state
        while True:
            with state.changed:
                state.changed.wait_for(lambda: state.tail.frames or self._closing or state.stopped)
                if state.stopped or not state.tail.frames:
                    return
            try:
                made = self._core.integrator.step()
            except Exception:  # noqa: BLE001 - the state has stopped and says why to whoever asks
                return
            if made:
                self._core.witnessed.face.tell()
            if self._closing and not made:
                return
            self._wake.wait(self._every)
            self._wake.clear()

    def _map(self) -> None:
        """A leaf of the map log whenever one is due. It never holds up the other two, whatever becomes of it."""
        while not self._ending.wait(self._map_every):
            try:
                self._core.map.step()
            except Unavailable as error:
                _log.warning("no index this time: %s", error)
            except Exception:  # noqa: BLE001 - it has stopped and says why to whoever asks
                return
