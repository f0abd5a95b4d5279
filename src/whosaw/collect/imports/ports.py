# SPDX-License-Identifier: Apache-2.0
"""What an import reads from, and what it brings rows to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from whosaw.collect.imports.row import Cell
from whosaw.collect.observed import No
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.access import Field

Numbered = tuple[int, Sequence[Cell] | No]


class Rows(Protocol):
    """A file or a table. Read twice, and the same both times, or `digest` differs."""

    form: str

    def read(self, after: int = 0) -> Iterator[Numbered]:
        """Rows by number, those up to `after` passed over. Raises BadInput where nothing of it can be read at all."""
        ...

    @property
    def broken(self) -> str | None:
        """Why what was read last could not be read to its end; None where it was."""
        ...

    def digest(self) -> bytes:
        """SHA-256 of all that was read last."""
        ...

    def at(self) -> tuple[int, int]:
        """How far the reading is, of how much."""
        ...


class Heap(Protocol):
    """Rows that wait to be durable together."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def full(self) -> bool:
        """Whether more should not wait."""
        ...

    def add(self, person: str, field: Field, value: str, seen: datetime, source: str) -> None:
        """One more. Raises BadInput."""
        ...

    def settle(self) -> int:
        """Seal them all, durable, and begin anew; how many are new. Where it raises, some may be: again, it completes."""
        ...


class Keeps(Protocol):
    """The vault."""

    def gathered(self) -> Heap:
        """An empty heap."""
        ...

    def mark(self, source: bytes, behind: int) -> None:
        """Up to this row an import is done with."""
        ...

    def reached(self, source: bytes) -> int:
        """Up to which row an import came."""
        ...


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded: ...
    def find(self, caller: str, key: str) -> Recorded | None: ...


class Digests(Protocol):
    """Keyed digests: of no use for guessing at a text."""

    def digest(self, text: bytes) -> bytes: ...
