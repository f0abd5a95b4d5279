# SPDX-License-Identifier: Apache-2.0
"""The sequencer: steps 1 and 2 of a commit. Whoever waits during one fdatasync is the next group; there is no timer.

    1 take   idempotency keys looked up; index, i, label and nonce given out         a crash leaves nothing
    2 log    all frames in one write, one fdatasync; then the callers are answered   a crash leaves frames, whole or torn

Places are given out here and nowhere else. A submission is all or nothing: its leaves have contiguous indexes, and its stream's
enrolment stands in front where there is none yet. Between the two steps nobody but this thread knows of the group.

Invariant: nobody is answered before fdatasync returned. If it does not return well, nobody knows what the disk has:
everybody who waits is told so, and the journal stops.                        Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from whosaw.errors import BadInput, Busy, Damaged, IdempotencyConflict, OutcomeUnknown, Unavailable, WhosawError
from whosaw.journal.ahead import ahead_of
from whosaw.journal.counters import Counters
from whosaw.journal.place import OF_ONE_KEY, enrolment, following, is_rekey, label_of, rekey_body, split
from whosaw.journal.ports import Placed, Stores, StreamKey
from whosaw.journal.receipts import Receipts, milliseconds
from whosaw.journal.retold import retold
from whosaw.journal.segment import Frame
from whosaw.journal.segments import Segments
from whosaw.journal.state import State
from whosaw.journal.submission import LEAF_LIMIT, Recorded, Waiting, too_many
from whosaw.tlog import leaf
from whosaw.tlog.spelling import HASH

BACKWARDS_MS = 1_000
BEHIND_LIMIT = 262_144  # leaves that may wait for a head


@dataclass(slots=True)
class Group:
    """What one write will make durable, and whom to tell. `again`: keys that are known already."""

    at: int
    first: int
    placed: list[tuple[StreamKey, int, bytes, int, bytes]] = field(default_factory=list)  # key, i, body, left, idem
    frames: list[Frame] = field(default_factory=list)  # of those
    fresh: list[tuple[Waiting, int, int]] = field(default_factory=list)  # with its slice of `frames`
    again: list[Waiting] = field(default_factory=list)
    nexts: dict[bytes, int] = field(default_factory=dict)


class Sequencer:
    """Gives every record its place. One thread calls `step`; `known` may be called from any."""

    __slots__ = (
        "_ahead", "_clock", "_counters", "_ended", "_random", "_receipts", "_rekeyed", "_segments", "_state", "_stepping", "_stores",
    )  # fmt: skip

    def __init__(
        self,
        state: State,
        stores: Stores,
        counters: Counters,
        receipts: Receipts,
        *,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._state, self._ahead, self._stores = state, ahead_of(stores), stores
        self._counters, self._receipts = counters, receipts
        self._clock, self._random = clock, random
        self._segments = Segments(stores.private, stores.manifest)
        self._stepping, self._ended = threading.Lock(), set[bytes]()
        self._rekeyed: dict[bytes, StreamKey] = {}  # keys that are newer than those of records on their way

    def step(self, submissions: Sequence[Waiting]) -> None:
        """Record these submissions and answer their callers. Whatever happens, each of them is answered."""
        with self._stepping:
            self._step([s for s in submissions if s.begin()])

    def _step(self, waiting: Sequence[Waiting]) -> None:
        try:
            self._state.check()
            group = self._take(self._going_on(waiting) if self._ended else waiting)
            if group.frames:
                self._log(group)
            self._answer(group)
        except (Unavailable, Busy) as error:
            _fail(waiting, error)  # before the write: nothing was given out
        except BaseException as error:
            self._state.stop(error)
            _fail(
                waiting,
                error if isinstance(error, WhosawError) else OutcomeUnknown("the journal failed", part="journal"),
            )
            if not isinstance(error, Exception):
                raise

    def close(self) -> None:
        """Let go of where frames are written. Nothing is written."""
        self._ahead.close()

    def end(self, handle: bytes) -> None:
        """Give out no place in this stream any more, and write no more to the segment that is active. From any thread.

        When it returns, every leaf that the stream will ever have is durable, and the next group begins a new segment.
        """
        with self._stepping:
            self._ended.add(handle)
            self._ahead.roll()

    def reopen(self, handle: bytes) -> None:
        """Its stream goes on after all. From any thread."""
        with self._stepping:
            self._ended.discard(handle)

    def let_go(self) -> None:
        """Keep nothing in memory of leaves that are under a head. From any thread."""
        with self._state.lock:
            self._state.tail.lately = {}

    def roll(self) -> None:
        """Write no more to the segment that is active. From any thread."""
        with self._stepping:
            self._ahead.roll()

    # ── 1 take ──

    def _take(self, submissions: Sequence[Waiting]) -> Group:
        state = self._state
        with state.lock:
            # Not without the lock: while the integrator drops what a head covers, the end is for a moment too small,
            # and indexes that are taken would be given out again.
            group, behind = Group(self._time(), state.tail.end), len(state.tail.frames)
        if behind > BEHIND_LIMIT:
            raise Busy("publication is behind; nothing was recorded", part="journal", hint="try again in a while")
        # Memory first, the head second. A key leaves the tail only after the head has it; asked the other way round, one
        # that moves in between would be missed by both, and recorded twice.
        known = {s.idem for s in submissions if s.idem in state.tail.placed}
        known |= self._stores.head.placed([s.idem for s in submissions if s.idem not in known]).keys()
        self._counters.load(self._rekeyed.get(key.handle, key) for s in submissions for key in s.keys)
        for submission in submissions:
            if submission.idem in known:
                group.again.append(submission)
            elif self._place(submission, group):
                known.add(submission.idem)  # the same key may come twice in one group
        self._frame(group)
        return group

    def _going_on(self, submissions: Sequence[Waiting]) -> list[Waiting]:
        """Those for streams that go on. The others are answered here: their keys are from before an erasure."""
        found = []
        for submission in submissions:
            if self._ended.isdisjoint(key.handle for key in submission.keys):
                found.append(submission)
            else:
                submission.fail(
                    Unavailable(
                        "a stream was erased while a record for it was on its way; nothing was recorded",
                        part="journal",
                        hint="ask again: the record then begins a new stream",
                    )
                )
        return found

    def _time(self) -> int:
        """Now, in milliseconds, never before the last signature."""
        at, signed = milliseconds(self._clock()), self._state.head.signed_at
        # A receipt promises a time. With a clock that was set back, the promise would be broken when it is given.
        if at < signed - BACKWARDS_MS:
            raise Unavailable(
                "the clock is behind the last signature; nothing was recorded",
                part="clock",
                hint="set the clock right; recording goes on by itself once it has caught up",
            )
        return max(at, signed)

    def _place(self, submission: Waiting, group: Group) -> bool:
        """Give the leaves of one submission their places in `group`."""
        leaves: list[tuple[StreamKey, int, bytes]] = []
        nexts: dict[bytes, int] = {}
        for given, body in zip(submission.keys, submission.bodies, strict=True):
            handle = given.handle
            key = self._rekeyed.get(handle, given)  # it may have been given a new one while the record was on its way
            i = nexts.get(handle)
            if i is None:
                i = group.nexts.get(handle)
                if i is None:
                    i = self._counters.next(handle)
            if i == 0:
                leaves.append((key, 0, enrolment(key)))
                i = 1
            if is_rekey(body):
                if refused := self._not_next(given, i, body):
                    submission.fail(refused)
                    return False
                self._rekeyed[handle] = key = given
            leaves.append((key, i, body))
            nexts[handle] = following(i, body)
        if len(leaves) > LEAF_LIMIT:
            submission.fail(too_many("enrolments included"))
            return False
        group.nexts |= nexts
        left = len(leaves)
        group.fresh.append((submission, len(group.placed), len(group.placed) + left))
        for key, i, body in leaves:
            left -= 1
            group.placed.append((key, i, body, left, submission.idem))
        return True

    def _not_next(self, key: StreamKey, place: int, body: bytes) -> WhosawError | None:
        """Why this rekey cannot stand at `place`; None where it can. Then its stream goes on under the new key."""
        rekeys = split(place)[0] + 1
        if rekeys > key.rekeys or body != rekey_body(key, rekeys):
            return BadInput(
                "its stream has another key meanwhile; nothing was recorded", where="rekey", hint="ask again"
            )
        return None

    def _frame(self, group: Group) -> None:
        """Labels and nonces for all that were given a place."""
        first, nonces = group.first, self._random(HASH * len(group.placed))
        for n, (key, i, body, left, idem) in enumerate(group.placed):
            label = leaf.label(key.key, i) if i and not (key.rekeys or i >= OF_ONE_KEY) else label_of(key, i)
            nonce = nonces[n * HASH : (n + 1) * HASH]
            group.frames.append(Frame(first + n, key.handle, i, label, nonce, body, first, left, idem))

    # ── 2 log ──

    def _log(self, group: Group) -> None:
        """One write. When this raises anything but Unavailable, nobody knows what is durable."""
        hashes = [frame.leaf_hash for frame in group.frames]
        began = perf_counter()
        written = self._ahead.write(group.frames, group.at)
        self._state.meter.wrote(len(group.frames), perf_counter() - began)
        with self._state.changed:
            self._state.tail.add(group.frames, hashes, group.at, written)
            self._counters.taken(group.nexts)
            self._state.changed.notify_all()
        for submission, start, end in group.fresh:
            made = self._receipts.recorded(group.frames[start:end], submission.idem, group.at, hashes[start:end])
            submission.answer(made)

    # ── keys that are known ──

    def _answer(self, group: Group) -> None:
        """Answer those whose key is known: with what was recorded then, or with a conflict."""
        for submission in group.again:
            try:
                made = self.known(submission.idem)
                if made is None:
                    raise Damaged("an idempotency key came and went", where="head.db")
                submission.answer(same(made, submission))
            except (IdempotencyConflict, Unavailable) as error:
                submission.fail(error)

    def known(self, idem: bytes) -> Recorded | None:
        """What was recorded under this key; None where nothing was. Raises IdempotencyConflict where nothing is left of it.

        Where only a part was erased, the leaves are those that are left, and the receipt is the one it always was.
        """
        (made,) = self.known_all([idem])
        if isinstance(made, Exception):
            raise made
        return made

    def known_all(self, idems: Sequence[bytes]) -> list[Recorded | Exception | None]:
        """What `known` returns or raises for each."""
        # Memory first, the head second, as in `_take`.
        with self._state.lock:
            here = {
                idem: (placed, self._state.tail.slice(placed))
                for idem in idems
                if (placed := self._state.tail.placed.get(idem))
            }
        there = self._stores.head.placed([idem for idem in idems if idem not in here])
        made: list[Recorded | Exception | None] = []
        for idem in idems:
            if idem in here:
                placed, leaves = here[idem]
                made.append(self._receipts.recorded(leaves, idem, placed.at))
            else:
                made.append(self._retold(there.get(idem), idem))
        return made

    def _retold(self, placed: Placed | None, idem: bytes) -> Recorded | Exception | None:
        if placed is None:
            return None
        try:
            published = self._state.published.size
            return retold(self._stores, self._segments, self._receipts, placed, idem, published=published)
        except Exception as error:  # noqa: BLE001 - it is this one's own, and said of it
            return error


def same(made: Recorded, submission: Waiting) -> Recorded:
    """`made`, if it records exactly this submission."""
    recorded = [(opened.handle, opened.body) for opened in made.leaves if opened.i > 0]
    wanted = [(key.handle, body) for key, body in zip(submission.keys, submission.bodies, strict=True)]
    if made.erased:  # what is left stands in the order in which it was handed in; the rest nobody can compare any more
        rest = iter(wanted)
        wanted = [one for one in recorded if one in rest]
    if recorded != wanted:
        raise IdempotencyConflict(
            "this idempotency key was used before, for a submission with other records",
            hint="use a new key for a new submission; a retry repeats the same records, their times included",
        )
    return made


def _fail(submissions: Sequence[Waiting], error: WhosawError) -> None:
    for submission in submissions:
        if not submission.answered:
            submission.fail(error)
