# SPDX-License-Identifier: Apache-2.0
"""What collect needs from outside, each with its failures. `wiring` fills the ports; collect knows no database and no key.

Reader       bytes of one file ──▶ records ──▶ looks          one of ours, for each kind of log
Journal      records, durable when its future says so         trusted to keep          (journal.journal)
Pseudonyms   the person's pseudonym, and keyed digests        trusted with the key     (privacy.pseudonym)
Remember     the principal's pseudonym, their id kept sealed  trusted with names       (privacy.names)
Keep         one value of a person, sealed                    trusted with values      (vault.vault)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whosaw.collect.gaps import Gap
from whosaw.collect.observed import Outcome, Piece, Where
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.access import Field

Clock = Callable[[], datetime]
Remember = Callable[[str], str]


class Reader(Protocol):
    """Reads one kind of log by one map. The same instance may read several files of one run, one after the other."""

    source: str

    @property
    def map_digest(self) -> bytes:
        """SHA-256 of the map's bytes: it decides what is watched, and is recorded with every file."""
        ...

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The records of one file. Raises BadInput for a file that is no such log, before any look."""
        ...

    def read(self, raw: bytes, where: Where) -> Outcome:
        """One record. Raises nothing, whatever the bytes are."""
        ...

    def gaps(self) -> tuple[Gap, ...]:
        """Holes so far, where the source numbers its records."""
        ...


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded:
        """Durable when it returns. Busy, Unavailable: not recorded. OutcomeUnknown: may be, ask `find`.
        IdempotencyConflict: the key was used for other bodies.
        """
        ...

    def enqueue(self, submission: Submission) -> Future[Recorded]:
        """The same without waiting: what cannot be said at once comes with the future."""
        ...

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        ...


class Pseudonyms(Protocol):
    """Pure: the same input has the same answer for ever."""

    def person(self, person: str) -> str:
        """`p-…`"""
        ...

    def digest(self, text: bytes) -> bytes:
        """32 bytes, of no use for guessing at the text."""
        ...


class Keep(Protocol):
    """Takes values in, sealed under their person's key."""

    def put(self, person: str, field: Field, value: str, seen: datetime, source_id: str) -> bool:
        """True if it is new, False if `source_id` was taken in before. Raises BadInput for what is no such value,
        Unavailable where the store is down.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What an intake needs, filled by wiring."""

    journal: Journal = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)
    remember: Remember = field(repr=False)
    purposes: frozenset[str]
    known_case: Callable[[str], bool] = field(repr=False)
    """A case that nobody knows is free text, may be a name, and is not written down."""
    clock: Clock = field(repr=False)
