# SPDX-License-Identifier: Apache-2.0
"""Submissions: what callers hand in, all of it or nothing, and what they get back.

    Submission(caller, key, records) ──prepare──▶ Prepared ──sequencer──▶ Recorded(receipt, leaves)
                                     caller's thread          its own

A record names its stream and nothing else: index, i, label and nonce are the sequencer's. Where a stream is not
enrolled yet, its enrolment is the first leaf of it, in the same submission and in front of the records.

Invariant: a Recorded is made only of leaves that are on stable storage. Its receipt is signed when it is first asked
for: the promise is in the leaves and the time, which are fixed, and the signature is deterministic, so every asking
gives the same bytes.                                                       Specification: docs/spec/receipt.md
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from whosaw.errors import BadInput, NotCanonical, OutcomeUnknown, WhosawError
from whosaw.journal.ports import StreamKey, StreamKeys
from whosaw.model.record import LIMIT as BODY_LIMIT
from whosaw.model.record import Body, Stream, parse
from whosaw.tlog import leaf, merkle
from whosaw.tlog.receipt import idem

LEAF_LIMIT = 16_384
BYTE_LIMIT = 16 * 1024 * 1024
_PARTS = "number it and hand it in in parts"
_UNSAID = OutcomeUnknown("woken without an answer", part="journal")


Admit = Callable[[Callable[[], None]], None]
"""Is given what wakes a thread that waits, and calls it when that thread may go on."""


@dataclass(frozen=True, slots=True)
class Record:
    """One body, for one stream."""

    stream: Stream
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """Records that are recorded together. `key`: 1 to 64 bytes, chosen by `caller`; the same key is the same submission.

    `admit`: is given what wakes the thread that waits for it, and calls it when that thread may go on; None: at once.
    """

    caller: str
    key: str = field(repr=False)
    records: tuple[Record, ...]
    admit: Admit | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A durable leaf with what opens it. `i` is its position in the stream `handle`, 0 for the enrolment."""

    index: int
    handle: bytes
    i: int
    label: bytes
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def commitment(self) -> bytes:
        return leaf.commitment(self.nonce, self.body)

    @property
    def entry(self) -> bytes:
        """The 65 bytes in the log."""
        return leaf.entry_of(self.label, self.nonce, self.body)

    @property
    def leaf_hash(self) -> bytes:
        return merkle.leaf_hash(self.entry)


class Promise:
    """A durable receipt: what it says is fixed, and it is signed when somebody asks for it. Holds none of its leaves."""

    __slots__ = ("_sign", "signed")

    def __init__(self, sign: Callable[[], bytes], signed: bytes | None = None) -> None:
        self._sign = sign
        self.signed = signed  # None: until somebody asks

    @property
    def receipt(self) -> bytes:
        """The receipt, a signed note."""
        # Two threads may both sign: it is the same signature.
        if self.signed is None:
            self.signed = self._sign()
        return self.signed

    def __reduce__(self) -> tuple[Callable[[bytes], Promise], tuple[bytes]]:
        """A copy of it, or what is written of an answer that leaves the process: signed, and no way to who signs."""
        return _signed, (self.receipt,)


def _signed(receipt: bytes) -> Promise:
    return Promise(lambda: receipt, receipt)


class Recorded:
    """The durable leaves of one submission, in order, enrolments first, and the receipt for them.

    `erased`: how many of them are not here any more. The receipt is for all of them all the same.
    """

    __slots__ = ("erased", "leaves", "promise")

    def __init__(self, leaves: tuple[Opened, ...], sign: Callable[[], bytes], erased: int = 0) -> None:
        self.leaves, self.erased = leaves, erased
        self.promise = Promise(sign)

    @property
    def first(self) -> int:
        """Index of the first leaf that is left."""
        return self.leaves[0].index

    @property
    def receipt(self) -> bytes:
        """The durable receipt, a signed note."""
        return self.promise.receipt

    @property
    def signed(self) -> bytes | None:
        """The same, where somebody has asked for it; None else."""
        return self.promise.signed

    def __repr__(self) -> str:
        return f"Recorded(first={self.first}, count={len(self.leaves)})"


class Waiting(ABC):
    """A checked submission on its way to the sequencer, with the keys of its streams; somebody waits for the answer.

    Who waits, and how he is woken, is for those derived from it: `Prepared` and `Parked` here, ``mail.Posted`` for tasks.
    """

    __slots__ = ("bodies", "idem", "keys", "size")

    def __init__(self, name: bytes, keys: Sequence[StreamKey], bodies: Sequence[bytes]) -> None:
        self.idem, self.keys, self.bodies = name, keys, bodies
        self.size = sum(map(len, bodies))

    def begin(self) -> bool:
        """Whether it is to be recorded. From here on it cannot be taken back."""
        return True

    @property
    @abstractmethod
    def answered(self) -> bool:
        """Whether `answer` or `fail` was called, each of which may be called once."""

    @abstractmethod
    def answer(self, made: Recorded) -> None:
        """It is durable."""

    @abstractmethod
    def fail(self, error: WhosawError) -> None:
        """It is not, or nobody knows."""


class Prepared(Waiting):
    """A submission with a future: of somebody who waits later, elsewhere, or for several at once."""

    __slots__ = ("future",)

    def __init__(self, name: bytes, keys: Sequence[StreamKey], bodies: Sequence[bytes]) -> None:
        super().__init__(name, keys, bodies)
        self.future: Future[Recorded] = Future()

    def begin(self) -> bool:
        return self.future.set_running_or_notify_cancel()

    @property
    def answered(self) -> bool:
        return self.future.done()

    def answer(self, made: Recorded) -> None:
        self.future.set_result(made)

    def fail(self, error: WhosawError) -> None:
        self.future.set_exception(error)


class Parked(Waiting):
    """A submission of a thread that does nothing else meanwhile. A lock wakes it for a tenth of what a future costs."""

    __slots__ = ("_admit", "_error", "_held", "_made")

    def __init__(
        self,
        name: bytes,
        keys: Sequence[StreamKey],
        bodies: Sequence[bytes],
        admit: Admit | None = None,
    ) -> None:
        super().__init__(name, keys, bodies)
        self._admit = admit
        self._made: Recorded | None = None
        self._error: WhosawError | None = None
        self._held = threading.Lock()
        self._held.acquire()

    @property
    def answered(self) -> bool:
        return self._made is not None or self._error is not None

    def answer(self, made: Recorded) -> None:
        self._made = made
        self._wake()

    def fail(self, error: WhosawError) -> None:
        self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._admit is None:
            self._held.release()
        else:
            self._admit(self._held.release)

    def wait(self) -> Recorded:
        """What was recorded, once it is durable. Raises what became of it otherwise."""
        with self._held:
            if self._made is None:
                raise self._error or OutcomeUnknown("woken without an answer", part="journal")
            return self._made


class Shared(Waiting):
    """One of several that one thread waits for: the last to be answered wakes it. Answered by one thread at a time."""

    __slots__ = ("_all", "made")

    def __init__(self, name: bytes, keys: Sequence[StreamKey], bodies: Sequence[bytes], all_: Several) -> None:
        super().__init__(name, keys, bodies)
        self._all = all_
        self.made: Recorded | WhosawError | None = None

    @property
    def answered(self) -> bool:
        return self.made is not None

    def answer(self, made: Recorded) -> None:
        self.made = made
        self._all.one_less()

    def fail(self, error: WhosawError) -> None:
        self.made = error
        self._all.one_less()


class Several:
    """Waits until each of several submissions is answered."""

    __slots__ = ("_admit", "_held", "_left")

    def __init__(self, left: int, admit: Admit | None) -> None:
        self._left, self._admit = left, admit
        self._held = threading.Lock()
        self._held.acquire()

    def one_less(self) -> None:
        self._left -= 1
        if not self._left:
            if self._admit is None:
                self._held.release()
            else:
                self._admit(self._held.release)

    def wait(self) -> None:
        """Until the last one is answered."""
        self._held.acquire()


def check(submission: Submission, keys: StreamKeys) -> tuple[bytes, list[StreamKey], list[bytes]]:
    """What a `Waiting` is made of: the idempotency key, a stream's key for each body, the bodies.

    Fetching keys may prove a label and take a while: never in the sequencer. Raises BadInput or NotCanonical, and has
    then changed nothing.
    """
    records = submission.records
    if not 1 <= len(records) <= LEAF_LIMIT:
        raise too_many("and at least one")
    for number, record in enumerate(records):
        if len(record.body) > BODY_LIMIT:
            raise NotCanonical(f"longer than {BODY_LIMIT:,} bytes", where=f"body {number}")
        if type(record.body) is not Body:
            parse(record.body, f"body {number}")
    if sum([len(record.body) for record in records]) > BYTE_LIMIT:
        raise BadInput(f"a submission has at most {BYTE_LIMIT:,} bytes", where="records", hint=_PARTS)
    name = idem(submission.caller, submission.key)
    return name, [keys.of(record.stream) for record in records], [record.body for record in records]


def together(
    submissions: Sequence[Submission],
    keys: StreamKeys,
    put_all: Callable[[Sequence[Waiting]], None],
    admit: Admit | None,
) -> list[Recorded | Exception]:
    """What becomes of each, with one thread that waits for all: `put_all` hands in those that can be."""
    made: list[Recorded | Exception] = []
    checked: list[tuple[int, tuple[bytes, list[StreamKey], list[bytes]]]] = []
    for submission in submissions:
        try:
            checked.append((len(made), check(submission, keys)))
            made.append(_UNSAID)
        except Exception as error:  # noqa: BLE001 - it is this one's own, and said of it
            made.append(error)
    if checked:
        several = Several(len(checked), admit)
        group = [Shared(*each, several) for _, each in checked]
        put_all(group)
        several.wait()
        for (place, _), each in zip(checked, group, strict=True):
            made[place] = each.made or _UNSAID
    return made


def found_each(
    asked: Sequence[tuple[str, str]], known: Callable[[Sequence[bytes]], Sequence[Recorded | Exception | None]]
) -> list[Recorded | Exception | None]:
    """What is recorded under each (caller, key): `known` is asked once for all of them that can be one."""
    names: list[bytes | BadInput] = []
    for caller, key in asked:
        try:
            names.append(idem(caller, key))
        except BadInput as error:  # it is this one's own, and said of it
            names.append(error)
    found = iter(known([name for name in names if isinstance(name, bytes)]))
    return [next(found) if isinstance(name, bytes) else name for name in names]


def prepare(submission: Submission, keys: StreamKeys) -> Prepared:
    """`check` a submission and give it a future."""
    return Prepared(*check(submission, keys))


def too_many(what: str) -> BadInput:
    """A submission of too many leaves. Nothing of it was recorded."""
    return BadInput(f"a submission has at most {LEAF_LIMIT:,} leaves, {what}", where="records", hint=_PARTS)
