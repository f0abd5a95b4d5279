# SPDX-License-Identifier: Apache-2.0
"""What the journal needs from outside, each with its failures. `store/` implements them, `wiring` chooses.

    StreamKeys   who owns keys gives the journal a stream's key, never the person's          (privacy.keyring)
    Head         the one row that decides what this log is                    trusted        (store.sql_head)
    Manifest     which segment files count, and which erasures go on          trusted        (store.sql_head)
    Labels       label ─▶ index, worked out from the bundles                  rebuilt        (store.sql_labels)
    Folder       files by name: segments, tiles, staging, checkpoint          the sequencer  (store.files)
                 trusts what it fsynced, outsiders trust nothing in it

Two errors mean different things here, and the sequencer acts on the difference:

    Unavailable      the call failed and **changed nothing**: it may be tried again
    OutcomeUnknown   the call failed and may have happened or not: stop; nothing is read back in this process, because
                     the page cache may show what the disk never got

A port's fake ships (``store.memory``) and fails in both ways: the write was lost, or it happened although it failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from whosaw.model.record import Stream

if TYPE_CHECKING:
    from whosaw.journal.ahead import WriteAhead


class StreamKey(Protocol):
    """What the journal may know of a stream; nothing here opens a sealed value.

    `handle`: 16 random bytes, the stream's name in frames. `key`: k_stream, from which its labels come, 32 bytes.
    `label_0`: the VRF output that enrols it, 32 bytes. `rekeys`: how often it was given a new key; `earlier`: the keys
    before this one, the first one first.
    """

    @property
    def handle(self) -> bytes: ...
    @property
    def generation(self) -> int: ...
    @property
    def rekeys(self) -> int: ...
    @property
    def key(self) -> bytes: ...
    @property
    def earlier(self) -> Sequence[bytes]: ...
    @property
    def label_0(self) -> bytes: ...


class StreamKeys(Protocol):
    """Keys of streams. A key is durable before `of` returns it, so no leaf can outlive the key to its label."""

    def rekey(self, stream: Stream, rekeys: int) -> StreamKey:
        """The stream with a new key, where it has had `rekeys` of them; as it is where it has had more. Durable.

        Raises Unavailable: it may have happened or not, and asking again is safe. BadInput where there is no such stream.
        """
        ...

    def of(self, stream: Stream) -> StreamKey:
        """The key of `stream`, made and stored if there is none. Raises Unavailable and has then stored all or nothing."""
        ...

    def with_handles(self, handles: Sequence[bytes]) -> Mapping[bytes, StreamKey]:
        """The keys of the streams with these handles. Those of erased ones are left out. Raises Unavailable."""
        ...

    def all(self) -> Iterator[StreamKey]:
        """Every key there is, for a check of all labels."""
        ...


@dataclass(frozen=True, slots=True)
class HeadState:
    """`note`: the signed checkpoint, its bytes. `size`: of the tree. `signed_at`: milliseconds since 1970, UTC."""

    note: bytes = field(repr=False)
    size: int
    signed_at: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a submission stands: its leaves are `first` up to `first + count`. `at`: milliseconds, as its receipt says."""

    first: int
    count: int
    at: int


class Head(Protocol):
    """The newest signed checkpoint of one log, with what must change together with it.

    Reading raises Unavailable. Safe to share between threads; another process may read beside the one that swaps.
    """

    def read(self) -> HeadState | None:
        """The head, or None where no log was ever made. Never makes anything."""
        ...

    def create(self, state: HeadState, placed: Mapping[bytes, Placed]) -> None:
        """The first head. Raises Contradiction if there is one, Unavailable, OutcomeUnknown."""
        ...

    def swap(self, old: bytes, new: HeadState, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        """Replace the note `old` by `new`, and set stream positions and idempotency rows, in one transaction.

        Durable when it returns. Raises Contradiction where the head is not `old` (another sequencer: stop),
        Unavailable where the transaction did not begin, OutcomeUnknown where it may or may not be stored.
        """
        ...

    def positions(self, handles: Sequence[bytes]) -> dict[bytes, int]:
        """The next i of each stream as of the head. A stream not enrolled yet is left out."""
        ...

    def placed(self, idems: Sequence[bytes]) -> dict[bytes, Placed]:
        """Where the submissions with these idempotency keys stand, as of the head. Unknown ones are left out."""
        ...

    def all_positions(self) -> Iterator[tuple[bytes, int]]:
        """Every stream's handle and next i, for a check."""
        ...

    def all_placed(self) -> Iterator[tuple[bytes, Placed]]:
        """Every submission, for a check."""
        ...

    def check(self) -> None:
        """Raises Damaged where the store itself is not whole, whatever it says. Fine where there is none."""
        ...


@runtime_checkable
class Mendable(Protocol):
    """A head whose two tables can be made again from the log. Only `journal.repair` asks, under the lock."""

    def mend(self, note: bytes, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        """Make the tables exactly these, in one transaction; the head stays as it is, which is `note`.

        Raises Contradiction where it is another one, Unavailable, OutcomeUnknown.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A segment that gets no more frames. Its file is that of `generation`; what follows its first `bytes` does not exist."""

    first: int
    count: int
    bytes: int
    generation: int

    @property
    def end(self) -> int:
        """The index after its last."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure: of these leaves, all those of the stream `handle`. `tombstone`: the record that says so, once it is there.

    Once it is done the handle is empty. The list stays: whoever brings back an old segment has to erase them again.
    """

    indexes: tuple[int, ...] = field(repr=False)
    handle: bytes = field(default=b"", repr=False)
    tombstone: int | None = None

    @property
    def first(self) -> int:
        """The enrolment's index: no two erasures share it."""
        return self.indexes[0]

    @property
    def digest(self) -> bytes:
        """What the tombstone says of the list: SHA-256 of the sorted indexes, 8 bytes each."""
        return sha256(b"".join([index.to_bytes(8) for index in self.indexes])).digest()

    @property
    def done(self) -> bool:
        return not self.handle


class Manifest(Protocol):
    """Which file of each sealed segment counts, and the erasures. It stands beside the head, and goes where the head goes.

    Each call is one transaction, durable when it returns. Reading raises Unavailable; writing raises Unavailable where
    the transaction did not begin, OutcomeUnknown where it may or may not be stored. Where a journal has no manifest yet
    (one of an older layout), reading finds nothing. A segment without a row is of generation 0, and its file counts up
    to where the next segment begins.
    """

    def sealed(self) -> dict[int, Sealed]:
        """Every row, by first index."""
        ...

    def seal(self, rows: Sequence[Sealed]) -> None:
        """Add these rows. One whose segment has a row already is left out. Contradiction where that counts other frames."""
        ...

    def rewrite(self, old: Sealed, new: Sealed) -> None:
        """Put `new` in the place of `old`. Raises Contradiction where the row is not `old`."""
        ...

    def erasing(self) -> list[Erasing]:
        """Every erasure, done or not, in the order of their first indexes."""
        ...

    def intend(self, job: Erasing) -> None:
        """Keep the list before its tombstone is written, so that a start knows what it was about. The same again is fine.

        It takes the place of one that was never put on record. Contradiction where another one is.
        """
        ...

    def begin(self, job: Erasing) -> None:
        """Its tombstone is on record: from here on a restart finishes it. The position of its stream is dropped with it.

        Raises Contradiction where it was not intended, or is under another tombstone.
        """
        ...

    def forget(self, job: Erasing) -> None:
        """It was intended and never put on record. Nothing of it is left."""
        ...

    def done(self, job: Erasing) -> None:
        """Nothing is left to do; the handle is forgotten. The same again is fine."""
        ...


LabelRange = tuple[bytes, bytes | None]
"""Labels from the first on, below the second (None: to the end)."""


class Labels(Protocol):
    """label ─▶ index of every leaf below `size`. Worked out from the bundles, so losing it loses nothing.

    All raise Unavailable; `extend` and `clear` raise OutcomeUnknown too.
    """

    def size(self) -> int:
        """How many leaves it covers: all of them, from the first on."""
        ...

    def find(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        """The indexes of these labels. Unknown ones are left out."""
        ...

    def rows(self, ranges: Sequence[LabelRange], size: int) -> list[bytes]:
        """Sorted, label ‖ u64be(index) of each label in one of these ranges whose index is below `size`.

        The ranges are sorted and do not overlap; there may be thousands, and what is asked for at once is read at once.
        """
        ...

    def extend(self, first: int, labels: Sequence[bytes]) -> None:
        """The labels of leaves `first`, `first` + 1, …, all of them or none. Contradiction where one is known already, or `first` is not `size`."""
        ...

    def clear(self) -> None:
        """Forget everything, also where the store is not whole: it is worked out, and is made anew then."""
        ...

    def check(self) -> None:
        """Raises Damaged where the store itself is not whole, or does not hold as many labels as it covers leaves."""
        ...


class SegmentFile(Protocol):
    """An append-only file, open for one writer."""

    def append(self, data: bytes) -> None:
        """Write `data` at the end, in one piece, and make it durable. Raises OutcomeUnknown: then stop."""
        ...

    def close(self) -> None: ...


class Held(Protocol):
    """A lock that is held until it is released or the process ends."""

    def release(self) -> None: ...


class Folder(Protocol):
    """Files by relative name. Names use ``/`` and never leave the folder.

    Every write is durable, its folder too, when the call returns. Temporary files are never among `names`.

    `reads_durable`: what is read is what is kept, so an unknown outcome is found out by doing the same again. Never so
    on a disk, whose cache may show what it never got; so in an object store.
    """

    @property
    def reads_durable(self) -> bool: ...

    def fresh(self) -> Folder:
        """The same folder for a sequencer that begins now: what it remembers of earlier ones is not its own."""
        ...

    def read(self, name: str) -> bytes | None:
        """The bytes, or None where there is no such file. Raises Unavailable."""
        ...

    def read_part(self, name: str, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start` on; fewer at the end. Raises Unavailable, also where there is no file."""
        ...

    def length(self, name: str) -> int | None:
        """How many bytes the file has; None where there is none. Raises Unavailable."""
        ...

    def modified(self, name: str) -> datetime | None:
        """When the file was written, UTC; None where there is none. Raises Unavailable."""
        ...

    def names(self, under: str = "") -> Iterator[str]:
        """Every file below `under`, sorted folder by folder. Raises Unavailable."""
        ...

    def create_or_compare(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files that never change, in this order. The same bytes already there: fine. Others: Contradiction, untouched.

        Where it raises, any number of them may be there, each of them whole. Raises Unavailable only if none is.
        """
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Replace one file at once: readers see the old or the new bytes, never a third."""
        ...

    def delete(self, *names: str) -> None:
        """Remove files or empty folders, in this order; one that is not there is fine. Durable with the next write beside it.

        Where it raises Unavailable, any of them may be gone.
        """
        ...

    def append_to(self, name: str) -> SegmentFile:
        """A new file to append to. Raises Contradiction where it exists: no segment is reopened for appending."""
        ...

    def hold(self, name: str) -> Held:
        """The lock `name`, for this process alone. Raises Busy where another holds it."""
        ...


@runtime_checkable
class Forgetful(Protocol):
    """A folder that can be told not to answer from a cache. Only the scrub asks."""

    def forget(self, name: str, start: int = 0, count: int = 0) -> None:
        """Have the next read of these bytes come from the disk; `count` 0: up to the end. A courtesy, and never an error."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Where one log lives. `public` is served as it is, `private` is not. `map_head`: of the log of its index.

    `ahead`: where frames are durable before a head covers them; the newest segment where there is none.
    """

    public: Folder
    private: Folder
    head: Head
    manifest: Manifest
    labels: Labels
    map_head: Head
    ahead: WriteAhead | None = None
