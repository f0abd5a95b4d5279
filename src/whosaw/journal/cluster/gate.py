# SPDX-License-Identifier: Apache-2.0
"""A gate: an open log that another process writes, or this one, whichever is elected. ``journal.open_log.OpenLog``.

    submit ──▶ Asking ──▶ the table ──▶ sequencer                     answered from the table, by anybody's retry too
    reader, wait_published ──▶ checkpoint, tiles, segments            as they are published
    mapped ──▶ a wish in the table ──▶ sequencer ──▶ the log of the index, read back and worked out again

Receipts are signed here, after the COMMIT that gave the submission its place and its time: from the same leaves, key and
time every gate signs the same bytes.

Invariant: nothing is believed that is not committed in the database or signed by every key of the log.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Self, TypeVar

from whosaw.errors import BadInput, Unavailable, WhosawError
from whosaw.journal.cluster.asking import PATIENCE as ASKING
from whosaw.journal.cluster.asking import Asking
from whosaw.journal.cluster.gate_index import GateIndex
from whosaw.journal.cluster.pending import Assigned, Pending
from whosaw.journal.cluster.recent import Recent
from whosaw.journal.heads import CHECKPOINT, Signers, opened
from whosaw.journal.index_under import IndexUnder
from whosaw.journal.mail import Posted
from whosaw.journal.map_log import Mapped
from whosaw.journal.ports import Placed, Stores, StreamKeys
from whosaw.journal.reader import Reader
from whosaw.journal.receipts import Receipts, receipt_at
from whosaw.journal.recover import genesis_of, no_journal
from whosaw.journal.rekey import rekey
from whosaw.journal.retold import retold
from whosaw.journal.segment import Erased
from whosaw.journal.segments import Segments
from whosaw.journal.state import Published
from whosaw.journal.submission import Admit, Parked, Recorded, Submission, check, found_each, prepare, together
from whosaw.journal.warm import WarmKeys
from whosaw.journal.witnessed import witnessed_in
from whosaw.model.genesis import Genesis
from whosaw.model.record import Stream
from whosaw.model.stage import Stage
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import parse_note
from whosaw.tlog.proof import TlogProof
from whosaw.tlog.receipt import idem
from whosaw.verify.witnessed import WITNESSED

PATIENCE = 30.0
_LOOK_EVERY = 0.02
_Found = TypeVar("_Found")


class Gate:
    """One process's view of a log that is written together. Safe to share between threads. Close it."""

    def __init__(
        self, stores: Stores, pending: Pending, keys: StreamKeys, signers: Signers, *, patience: float = ASKING
    ) -> None:
        """Raises BadInput where there is no log, Misconfigured for other key files. `patience`: of a submission."""
        if stores.head.read() is None:
            raise no_journal()
        self._stores, self._pending, self._keys, self._signers = stores, pending, WarmKeys(keys), signers
        self.genesis: Genesis = genesis_of(stores, signers)
        self._receipts = Receipts(self.genesis.origin, signers.receipts, self.genesis.promise_s)
        self._segments, self._recent = Segments(stores.private, stores.manifest), Recent(pending, stores)
        self._index, self._under = GateIndex(stores, pending, signers), IndexUnder(stores, signers)
        self._published = Published(0, b"")
        self._witnessed: Published | None = None
        self._lock = threading.Lock()
        self._asking = Asking(pending, self._assigned, self._placed, self._keys.forget_all, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the answers that are due, and ask for nothing more."""
        self._asking.close()

    # ── recording ──

    @property
    def stopped(self) -> WhosawError | None:
        """Nothing: a gate writes nothing itself, and another sequencer is elected where one has stopped."""
        return None

    def submit(self, submission: Submission) -> Recorded:
        """Record, durably. Raises Busy or Unavailable: nothing was recorded, and nothing will be. OutcomeUnknown: ask
        again with the same key. IdempotencyConflict, BadInput, NotCanonical as ``journal.Journal`` does.
        """
        parked = Parked(*check(submission, self._keys), submission.admit)
        self._asking.put(parked)
        return parked.wait()

    def submit_all(self, submissions: Sequence[Submission], admit: Admit | None = None) -> list[Recorded | Exception]:
        """What `submit` returns or raises for each: rows of one COMMIT, and one thread that waits. `admit`: as in ``Submission``,
        for all of them.
        """
        return together(submissions, self._keys, self._asking.ask_all, admit)

    def enqueue(self, submission: Submission) -> Future[Recorded]:
        """The same without waiting."""
        prepared = prepare(submission, self._keys)
        self._asking.put(prepared)
        return prepared.future

    async def submit_async(self, submission: Submission) -> Recorded:
        """The same for a task."""
        if all(self._keys.warm(record.stream) for record in submission.records):
            checked = check(submission, self._keys)
        else:
            checked = await asyncio.to_thread(check, submission, self._keys)
        posted = Posted(*checked, self._asking.mail.box())
        self._asking.put(posted)
        return await posted.task

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        (made,) = self._known_all([idem(caller, key)])
        if isinstance(made, Exception):
            raise made
        return made

    def find_all(self, asked: Sequence[tuple[str, str]]) -> list[Recorded | Exception | None]:
        """The same of each (caller, key), with one question to each table for all of them."""
        return found_each(asked, self._known_all)

    def _known_all(self, names: Sequence[bytes]) -> list[Recorded | Exception | None]:
        rows, there = self._pending.known(names)
        here = {name: row.assigned for name, row in rows.items() if row.assigned is not None}
        made: list[Recorded | Exception | None] = []
        for name in names:
            try:
                made.append(self._assigned(name, here[name]) if name in here else self._retold(name, there.get(name)))
            except Exception as error:  # noqa: BLE001 - it is this one's own, and said of it
                made.append(error)
        return made

    def _assigned(self, name: bytes, assigned: Assigned) -> Recorded:
        self._recent.see(assigned.frames)
        return self._receipts.recorded(assigned.frames, name, assigned.at)

    def _placed(self, name: bytes) -> Recorded | None:
        return self._retold(name, self._stores.head.placed([name]).get(name))

    def _retold(self, name: bytes, placed: Placed | None) -> Recorded | None:
        if placed is None:
            return None
        published = self._head().size
        return retold(self._stores, self._segments, self._receipts, placed, name, published=published)

    @property
    def leaves(self) -> Recent:
        """Durable leaves by label."""
        return self._recent

    def forget(self, stream: Stream) -> None:
        """``journal.Journal.forget``, for this gate. Others find out when the sequencer refuses the key that they keep."""
        self._keys.forget(stream)

    # ── publishing ──

    def wait_published(self, index: int, timeout: float = PATIENCE) -> bytes:
        """A published checkpoint that covers `index`, as soon as there is one. Raises Unavailable after `timeout`."""
        found = _wait(lambda: self._head() if self._head().size > index else None, timeout)
        if found is None:
            raise Unavailable(
                f"index {index} is not published yet", part="journal", hint="it is durable, and will be; ask again"
            )
        return found.note

    def publish_now(self, timeout: float = PATIENCE) -> bytes:
        """A checkpoint over everything that is durable at this moment."""
        return self.wait_published(self._pending.end() - 1, timeout)

    def _head(self) -> Published:
        """The newest published head. One that is older than one that was seen here is not looked at."""
        note = self._stores.public.read(CHECKPOINT)
        if note is None:
            raise no_journal()
        with self._lock:
            if note != self._published.note:
                size = opened(note, self._signers.keys(), CHECKPOINT).size
                if size >= self._published.size:
                    self._published = Published(size, note)
            return self._published

    def reader(self, *, witnessed: bool = False) -> Reader:
        """The log as of the newest published checkpoint, or as of the newest that enough witnesses have seen."""
        head = self._witnessed_head() if witnessed else self._head()
        return Reader.at(self._stores, head.note, Checkpoint.parse(parse_note(head.note).text))

    def proof(self, index: int, *, witnessed: bool = False) -> bytes:
        """The `published` receipt of one leaf."""
        reader = self.reader(witnessed=witnessed)
        path = reader.inclusion(index)
        frame = reader.frame(index)
        if isinstance(frame, Erased):
            return TlogProof(index, tuple(path), reader.note).encode()
        recorded = self._placed(frame.idem)
        if recorded is None:
            raise BadInput(f"index {index} belongs to no submission", where="index")
        return TlogProof(index, tuple(path), reader.note, recorded.receipt).encode()

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float = PATIENCE) -> bytes:
        """``journal.Journal.receipt``."""
        return receipt_at(self, recorded, stage, timeout)

    def rekey(self, stream: Stream) -> bool:
        """``journal.Journal.rekey``."""
        return rekey(stream, self._keys, self._stores.head, self.publish_now, self.submit)

    def mapped(self, *, witnessed: bool = False, timeout: float = PATIENCE) -> Mapped:
        """The index of the newest head that gets one, signed before it answers. Raises Unavailable, Damaged.

        `witnessed`: under a head of the map log that enough witnesses have seen; waits for them.
        """
        size = (self._witnessed_head() if witnessed else self._head()).size
        found = _wait(lambda: self._index.of(size, witnessed=witnessed), timeout)
        if found is None:
            raise Unavailable("no sequencer has signed the index yet", part="map log", hint="ask again")
        return found

    def under(self, note: bytes, map_note: bytes) -> Mapped:
        """``journal.Journal.under``."""
        return self._under.of(note, map_note)

    # ── witnesses ──

    @property
    def witnessed(self) -> Published | None:
        """The newest head that enough witnesses have seen; None where there is none yet."""
        raw = self._stores.public.read(WITNESSED)
        if raw is None or (self._witnessed is not None and raw == self._witnessed.note):
            return self._witnessed
        log = self.reader()
        self._witnessed = Published(witnessed_in(raw, self._signers.keys(), log.checkpoint, log.node).size, raw)
        return self._witnessed

    def _witnessed_head(self) -> Published:
        found = self.witnessed
        if found is None:
            raise Unavailable("no witness has seen this log yet", part="witnesses", hint="whosaw witness status")
        return found

    def wait_witnessed(self, index: int, timeout: float = PATIENCE) -> bytes:
        """A witnessed checkpoint that covers `index`, as soon as there is one. Raises Unavailable after `timeout`."""

        def covers() -> Published | None:
            found = self.witnessed
            return found if found is not None and found.size > index else None

        found = _wait(covers, timeout)
        if found is None:
            raise Unavailable(
                f"index {index} is not witnessed yet",
                part="witnesses",
                hint="it is durable; `whosaw witness status` says for whom it waits. Ask again",
            )
        return found.note


def _wait(look: Callable[[], _Found | None], timeout: float) -> _Found | None:
    """What `look` finds, as soon as it finds something; None after `timeout` seconds."""
    until = time.monotonic() + timeout
    while (found := look()) is None and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
    return found
