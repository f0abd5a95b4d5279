# SPDX-License-Identifier: Apache-2.0
"""What the directory needs from outside, each with its failures.

Pseudonyms   turns ids into pseudonyms, and never back        (privacy.pseudonym)
Remember     keeps the id behind a principal's pseudonym, sealed, for an inquiry of two    (privacy.names)
Recorder     the journal, as far as a change needs it         (journal.journal)
Elsewhere    what other tables of state.db say of a principal: suspended, owes a review
Departed     is told who left, so that sessions and approvals of theirs end
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from whosaw.journal.submission import Submission

Clock = Callable[[], datetime]

# Raises Unavailable; safe to repeat.
Remember = Callable[[str], str]

# Called with a principal's pseudonym and the instant, after they are refused already. It may be called again for the same;
# where it raises, they stay refused, and whoever told us is asked to tell us again.
Departed = Callable[[str, datetime], None]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What is said of a principal outside of the directory's own tables."""

    suspended: bool = False
    owes_review: bool = False


# Reads in the transaction of the question, as of the instant. Raises rather than guess: the look is refused then.
Elsewhere = Callable[[Connection, str, datetime], Stopped]


def nothing_elsewhere(_db: Connection, _principal: str, _at: datetime) -> Stopped:
    """Nobody else keeps anything."""
    return Stopped()


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
