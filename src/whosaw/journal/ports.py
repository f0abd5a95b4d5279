# SPDX-License-Identifier: Apache-2.0
"""What the journal needs from outside, each with its failures. `store/` implements them, `wiring` chooses.

    StreamKeys   who owns keys gives the journal a stream's key, never the person's          (privacy.keyring)
    Head         the one row that decides what this log is                    trusted        (store.sql)
    Folder       files by name: segments, tiles, staging, checkpoint          the sequencer  (store.files)
                 trusts what it fsynced, outsiders trust nothing in it

A port's fake ships (``store.memory``) and fails in both ways: the write was lost, or it happened although it failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from whosaw.model.record import Stream


@dataclass(frozen=True, slots=True)
class StreamKey:
    """What the journal may know of a stream. `label_0` is the VRF output that enrols it; `handle` is random.

    `handle` 16 bytes, `key` (k_stream) and `label_0` 32 bytes. Nothing here opens a sealed value.
    """

    handle: bytes
    generation: int
    rekeys: int
    key: bytes = field(repr=False)
    label_0: bytes = field(repr=False)


class StreamKeys(Protocol):
    """Keys of streams. A key is durable before `of` returns it, so no leaf can outlive the key to its label."""

    def of(self, stream: Stream) -> StreamKey:
        """The key of `stream`, made and stored if there is none. Raises Unavailable and has then stored all or nothing."""
        ...

    def all(self) -> Iterator[StreamKey]:
        """Every key there is, for a check of all labels."""
        ...


class Head(Protocol):
    """The newest signed checkpoint of one log, with what must change together with it."""

    def read(self) -> HeadState | None:
        """The head, or None where no log was ever made."""
        ...

    def create(self, state: HeadState) -> None:
        """The first head. Raises Contradiction if there is one."""
        ...

    def swap(self, old: bytes, new: HeadState, positions: dict[bytes, int], idem: dict[bytes, tuple[int, int]]) -> None:
        """Replace the note `old` by `new`, and set stream positions and idempotency rows, in one transaction.

        Durable when it returns. Raises Contradiction where the head is not `old` (another sequencer: stop), and
        OutcomeUnknown where the outcome is not known: it may or may not be stored; stop, and read back after a restart.
        """
        ...

    def position(self, handle: bytes) -> int | None:
        """The next i of a stream as of the head; None for a stream not enrolled yet."""
        ...

    def find(self, idem: bytes) -> tuple[int, int] | None:
        """First index and count of the submission with this idempotency key, as of the head."""
        ...


@dataclass(frozen=True, slots=True)
class HeadState:
    """`note`: the signed checkpoint, its bytes. `size`: of the tree. `signed_at`: milliseconds since 1970, UTC."""

    note: bytes
    size: int
    signed_at: int


class SegmentFile(Protocol):
    """An append-only file, open for one writer."""

    def append(self, data: bytes) -> None:
        """Write `data` at the end and make it durable. When it raises, nobody knows what the disk has: stop."""
        ...

    def close(self) -> None: ...


class Folder(Protocol):
    """Files by relative name. Every write is durable, its folder too, when the call returns.

    All raise OutcomeUnknown where the outcome is not known. Names use ``/`` and never leave the folder.
    """

    def read(self, name: str) -> bytes | None:
        """The bytes, or None."""
        ...

    def names(self, under: str = "") -> Iterator[str]:
        """Every file below `under`, sorted; not temporary files."""
        ...

    def create_or_compare(self, name: str, data: bytes) -> None:
        """Write a file that never changes. The same bytes already there: fine. Others: Contradiction, untouched."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Replace one file at once: readers see the old or the new bytes, never a third."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is fine."""
        ...

    def append_to(self, name: str) -> SegmentFile:
        """A new file to append to. Raises Contradiction where it exists: no segment is reopened for appending."""
        ...
