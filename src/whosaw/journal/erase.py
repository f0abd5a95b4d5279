# SPDX-License-Identifier: Apache-2.0
"""Erasing a stream: its bodies and nonces go, its leaves stay, and a record says how many and which.

    end       no place in the stream is given out any more; every leaf of it is published
    intend    the list of its indexes, kept                            a crash: forgotten, unless the record is there
    record    the tombstone, durable: from here on it will be done     a crash: taken up by the next start
    begin     the list under its tombstone; the stream's position goes
      ···     whoever owns the keys deletes them now                   (erasure.erase)
    rewrite   each segment concerned: next generation durable ─▶ manifest ─▶ old file unlinked
    done      nothing is left to do

The list is kept before the record and not after it: a record is for ever, and of its digest alone no start could tell
whose leaves it means. What a crash tore and a start kept aside may hold pieces of bodies, nobody can say whose: all of it
goes. It was put on record, length and digest, by the start that kept it.

Invariant: nothing is erased before its tombstone is durable; and nothing but the leaves it counts.
                                                                              Specification: docs/spec/erasure.md
"""

from __future__ import annotations

import logging
import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace

from whosaw.errors import Busy, Damaged, Unavailable
from whosaw.journal import tail
from whosaw.journal.ahead import ahead_of
from whosaw.journal.manifest import seal, strays
from whosaw.journal.place import is_rekey, split
from whosaw.journal.ports import Erasing, Sealed, Stores, StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.rewrite import erased
from whosaw.journal.segment import AnyFrame, Frame, Mark, segment_name
from whosaw.journal.sequencer import Sequencer
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Kind, Stream, canonical
from whosaw.tlog.receipt import idem

CALLER = "erasure"
_log = logging.getLogger(__name__)

Beside = Callable[[Erasing], Sequence[Record]]
"""What is recorded in one submission with a tombstone."""


def nothing_beside(_job: Erasing) -> Sequence[Record]:
    return ()


class Eraser:
    """The erasures of one open journal. Safe to share between threads; one at a time."""

    __slots__ = ("_lock", "_publish", "_record", "_sequencer", "_stores")

    def __init__(
        self,
        stores: Stores,
        sequencer: Sequencer,
        record: Callable[[Submission], Recorded],
        publish: Callable[[], Reader],
    ) -> None:
        """`record` makes durable; `publish` gives the log as of a checkpoint over all that is durable."""
        self._stores, self._sequencer, self._record, self._publish = stores, sequencer, record, publish
        self._lock = threading.RLock()

    def begin(self, key: StreamKey, basis: str, beside: Beside = nothing_beside) -> Erasing | None:
        """Put on record that the stream of `key` is erased on this `basis`, and begin. `beside`: recorded with it.

        None where nothing is recorded in it; and nothing will be, under this key. Raises Unavailable, Busy: nothing was
        begun. OutcomeUnknown: a start finds out. What is begun must be finished: key deleted, then `rewrite`, then `done`.
        """
        with self._lock:
            self._sequencer.end(key.handle)
            try:
                reader = self._publish()
                indexes = reader.places(key)
                if not indexes:
                    return None
                _whole(reader.frame(indexes[-1]), key)
                job = Erasing(tuple(indexes), key.handle)
                tombstone = self._on_record(job, basis, beside)
            except (Unavailable, Busy):  # nothing was begun
                self._sequencer.reopen(key.handle)
                raise
            return self._begun(job, tombstone)

    def unfinished(self) -> list[Erasing]:
        """The erasures that a crash cut short, begun anew. Ask at a start, before anything else is recorded."""
        with self._lock:
            found = []
            for job in self._stores.manifest.erasing():
                if job.done:
                    continue
                recorded = self._sequencer.known(idem(CALLER, _key(job)))
                if recorded is None:
                    _log.info("erasure: forgetting one that was never put on record")
                    self._stores.manifest.forget(job)
                    continue
                _log.info("erasure: going on with one of %d records", len(job.indexes))
                self._sequencer.end(job.handle)
                found.append(self._begun(job, _index_of(recorded)))
            return found

    def rewrite(self, job: Erasing) -> None:
        """Erase the frames of `job`, segment by segment, and every byte beside frames. Any part may have been done before."""
        with self._lock:
            stores, wanted = self._stores, set(job.indexes)
            self._sequencer.roll()
            size, ahead = self._publish().size, ahead_of(stores)
            seal(stores, ahead.closed_below(size))
            ahead.wipe(job.handle, size)
            self._sequencer.let_go()
            for row in stores.manifest.sealed().values():
                here = {index for index in range(row.first, row.end) if index in wanted}
                # Where none was ever appended to, nothing can stand behind a last frame, and there are many to ask.
                if here or ahead.appends:
                    self._segment(row, here, job)
            for name in [*strays(stores), *stores.private.names(tail.KEPT)]:
                stores.private.delete(name)

    def done(self, job: Erasing) -> None:
        """Nothing of it is left to do."""
        self._stores.manifest.done(job)

    # ── pieces ──

    def _on_record(self, job: Erasing, basis: str, beside: Beside) -> int:
        """The index of the record that says it: made now, or by an attempt before this one."""
        self._stores.manifest.intend(job)
        recorded = self._sequencer.known(idem(CALLER, _key(job)))
        if recorded is None:
            record = Record(Stream.named("erasure"), tombstone_body(job, basis))
            try:
                recorded = self._record(Submission(CALLER, _key(job), (record, *beside(job))))
            except (Unavailable, Busy):
                self._stores.manifest.forget(job)
                raise
        return _index_of(recorded)

    def _begun(self, job: Erasing, tombstone: int) -> Erasing:
        self._publish()  # the tombstone is under a head before anything cites it
        begun = replace(job, tombstone=tombstone)
        self._stores.manifest.begin(begun)
        return begun

    def _segment(self, row: Sealed, wanted: set[int], job: Erasing) -> None:
        """One segment, where it holds any of `wanted`, or more than its frames."""
        private, name = self._stores.private, segment_name(row.first, row.generation)
        if not wanted and private.length(name) == row.bytes:
            return
        raw = private.read(name) or b""
        if job.tombstone is None:
            raise ValueError("nothing is erased that is not on record")
        tombs = dict.fromkeys(wanted, job.tombstone)
        data = erased(raw, Mark(row.first, row.generation), row.count, tombs, job.handle)
        if data == raw:
            return
        new = replace(row, bytes=len(data), generation=row.generation + 1)
        private.replace(segment_name(new.first, new.generation), data)
        self._stores.manifest.rewrite(row, new)
        private.delete(name)


def tombstone_body(job: Erasing, basis: str) -> bytes:
    """What stands in the log for ever: how many, and the digest of which. No name, no pseudonym, no label."""
    frames = b64encode(job.digest).decode()
    return canonical({"v": 1, "kind": str(Kind.ERASURE), "basis": basis, "count": len(job.indexes), "frames": frames})


def _whole(last: AnyFrame, key: StreamKey) -> None:
    """Raise Unavailable where the stream goes on under a key that `key` does not know of: what stands there would be left."""
    if isinstance(last, Frame) and is_rekey(last.body) and split(last.i)[0] >= key.rekeys:
        raise Unavailable(
            "the stream was given a new key meanwhile; nothing was begun", part="journal", hint="ask again"
        )


def _key(job: Erasing) -> str:
    return job.digest.hex()


def _index_of(recorded: Recorded) -> int:
    mark = f'"kind":"{Kind.ERASURE}"'.encode()
    found = [leaf.index for leaf in recorded.leaves if mark in leaf.body]
    if len(found) != 1:
        raise Damaged("what is recorded under the key of an erasure is none", where=f"index {recorded.first}")
    return found[0]
