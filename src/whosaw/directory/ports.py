# SPDX-License-Identifier: Apache-2.0
"""What the directory needs from outside, each with its failures.

Pseudonyms   turns ids into pseudonyms, and never back        (privacy.pseudonym)
Remember     keeps the id behind a principal's pseudonym, sealed, for an inquiry of two    (privacy.names)
Recorder     the journal, as far as a load needs it           (journal.journal)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from whosaw.journal.submission import Submission

Clock = Callable[[], datetime]

# Raises Unavailable; safe to repeat.
Remember = Callable[[str], str]


class Pseudonyms(Protocol):
    """Pure: the same id has the same pseudonym for ever. Raises BadInput for what is no id."""

    def person(self, person: str) -> str: ...
    def principal(self, principal: str) -> str: ...
    def digest(self, text: bytes) -> bytes:
        """32 bytes that tell equal texts from unequal ones, and are of no use for guessing at them."""
        ...


class Leaf(Protocol):
    @property
    def index(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Recorded(Protocol):
    @property
    def leaves(self) -> Sequence[Leaf]: ...


class Recorder(Protocol):
    """The journal. `submit` is durable when it returns; where it raises, ask `find` with the same key before anything."""

    def submit(self, submission: Submission) -> Recorded: ...
    def find(self, caller: str, key: str) -> Recorded | None: ...
