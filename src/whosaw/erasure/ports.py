# SPDX-License-Identifier: Apache-2.0
"""What an erasure needs from outside, each with its failures. `wiring` fills them and lays them on one `Desk`.

    Journal     records, reads, forgets a stream's key                 trusted to keep             (journal.journal)
    Eraser      tombstone, segments                                    trusted to erase no other   (journal.erase)
    Keys        whose row it is; how many generations there were       trusted with keys           (privacy.keyring)
    Crowd       the person's share in what is counted                  trusted to take it away     (vault.crowd)
    State       key rows, sealed values, directory: out of the file    trusted to wipe             (store.sql_erase)
    Directory   what was known of whoever orders it                    trusted: it decides         (directory.directory)
    Findings    the detectors' file; Facts  the tables                 made again from what is left

Each of them may be asked again for what it has done: after a crash a start does all of it once more.

Invariant: nothing here opens a name or a sealed value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from whosaw.inquiry.ports import Directory
from whosaw.journal.erase import Beside
from whosaw.journal.ports import Erasing, Folder, StreamKey
from whosaw.journal.reader import Reader
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.record import Stream


class Journal(Protocol):
    """The only writer of the log. Raises Unavailable, Busy: nothing was recorded; OutcomeUnknown: may be."""

    def submit(self, submission: Submission) -> Recorded: ...
    def publish_now(self) -> bytes: ...
    def reader(self) -> Reader: ...
    def forget(self, stream: Stream) -> None: ...


class Eraser(Protocol):
    """``journal.erase.Eraser`` says what each does."""

    def begin(self, key: StreamKey, basis: str, beside: Beside) -> Erasing | None: ...
    def unfinished(self) -> list[Erasing]: ...
    def rewrite(self, job: Erasing) -> None: ...
    def done(self, job: Erasing) -> None: ...


class Keys(Protocol):
    """Keys of streams. None of these makes one. Raises Unavailable."""

    def find(self, stream: Stream) -> StreamKey | None: ...
    def generations(self, stream: Stream) -> int: ...
    def pseudonym_with(self, handle: bytes) -> str | None: ...
    def forget(self, handle: bytes) -> None: ...


class State(Protocol):
    """Rows about persons."""

    def erase(self, handle: bytes | None, pseudonym: str | None) -> None:
        """Delete the stream's key and values, and what the directory says of the person, so that the bytes are gone.

        The key last; the same again is fine. Raises Unavailable: rows may be gone, and bytes not yet.
        """
        ...

    def knows(self, pseudonym: str) -> bool:
        """Whether the directory says anything of this pseudonym."""
        ...


class Crowd(Protocol):
    """Who shares networks. ``vault.crowd`` says what each does."""

    def leave(self, handle: bytes) -> None: ...


class Pseudonyms(Protocol):
    def person(self, person: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything an erasure works with, on one desk. `private` holds the findings, `facts` is the folder of tables."""

    journal: Journal = field(repr=False)
    eraser: Eraser = field(repr=False)
    keys: Keys = field(repr=False)
    crowd: Crowd = field(repr=False)
    state: State = field(repr=False)
    directory: Directory = field(repr=False)
    private: Folder = field(repr=False)
    facts: Path = field(repr=False)
    remember: Callable[[str], str] = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
