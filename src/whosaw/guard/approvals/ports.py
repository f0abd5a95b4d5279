# SPDX-License-Identifier: Apache-2.0
"""What approvals need from outside, each with its failures. `wiring` fills them and lays them on one `Desk`.

    Journal     records, durable when it returns                         trusted to keep            (journal.journal)
    Rows        what was recorded, so that it is found; who holds what    rebuilt from records       (store.sql_approvals)
    Notices     who has to be told what                                   trusted to tell            (store.sql_approvals)
    Keys        passkeys of approvers                                     trusted: it decides        (store.sql_approvals)
    Directory   staff, cases and assignments as they were known           trusted: it decides        (directory.directory)
    People      ids behind pseudonyms, pseudonyms of ids, sealed reasons  trusted with names         (guard.approvals.people)

Invariant: whatever one of them raises, nothing was approved and nothing used that is not on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from whosaw.guard.approvals.terms import Terms
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.approval_kept import Credential, Holder, Notice, RequestRow
from whosaw.policy.facts import Known
from whosaw.policy.independence import Chart
from whosaw.tlog.note import VerifierKey

Clock = Callable[[], datetime]
EVERYBODY = "*"


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded:
        """Durable when it returns. Busy: not recorded. OutcomeUnknown: may be. IdempotencyConflict: the key has others."""
        ...

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        ...


class Rows(Protocol):
    """Requests as they were recorded. Each call is durable when it returns; where it raises, it may have happened."""

    def find(self, request: str) -> RequestRow | None: ...

    def put(self, row: RequestRow) -> None:
        """Keep a request with one record more, or a new one. Nothing where it is kept so far, or further."""
        ...

    def exact(self, exact: bytes) -> Sequence[RequestRow]:
        """Every request for exactly this look, oldest first."""
        ...

    def since(self, at: datetime) -> Sequence[RequestRow]:
        """Every request that was asked at `at` or later, oldest first."""
        ...

    def open(self) -> Sequence[RequestRow]:
        """Every request that is pending or approved, or may be used again, or owes a review; oldest first."""
        ...

    def hold(self, request: str, holder: Holder) -> bool:
        """Take an approval for one look. Of two who try at once, in whatever processes, one gets it; the same again, too."""
        ...

    def let_go(self, request: str, holder: Holder) -> None:
        """Give it back: the look was refused. Nothing where another holds it."""
        ...


class Notices(Protocol):
    """A queue of what has to be said to whom."""

    def tell(self, notices: Iterable[Notice]) -> None:
        """Keep them; one that is kept stays as it is."""
        ...

    def waiting(self, whom: Sequence[str]) -> Sequence[Notice]:
        """What these have not taken yet, oldest first."""
        ...

    def taken(self, ids: Iterable[str], at: datetime) -> None: ...


class Keys(Protocol):
    """Passkeys. `add` returns what is kept under this id, which may be another's; `seen` whether the counter went up."""

    def add(self, credential: Credential) -> Credential: ...
    def find(self, id_: bytes) -> Credential | None: ...
    def of(self, principal: str) -> Sequence[Credential]: ...
    def seen(self, id_: bytes, counter: int) -> bool:
        """Raise the counter. False where it is not higher than the one kept, unless both are 0: a copy may be about."""
        ...

    def remove(self, id_: bytes, at: datetime) -> None: ...


class Directory(Protocol):
    """Facts as of an instant, and every version of every row ever known. Pseudonyms only."""

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known: ...
    def rows(self, table: str, at: datetime | None = None) -> Iterator[Mapping[str, Any]]: ...
    def chart(self, at: datetime, days: int) -> Chart:
        """Every unit and manager that any source said anybody had in so many days up to `at`."""
        ...

    def tied(self, principal: str, at: datetime) -> frozenset[str]:
        """Whoever shared an account or a home with them in the 30 days up to `at`."""
        ...


class People(Protocol):
    """Names and pseudonyms, and texts that belong to a person and die with them."""

    def principal(self, staff: str) -> str:
        """The pseudonym of a staff id, which is remembered."""
        ...

    def person(self, account: str) -> str: ...
    def account(self, pseudonym: str) -> str | None:
        """The account id behind a person's pseudonym; None where the person is erased."""
        ...

    def staff(self, pseudonym: str) -> str | None:
        """The staff id behind a principal's pseudonym."""
        ...

    def digest(self, text: bytes) -> bytes: ...
    def seal(self, account: str, at: datetime, text: str) -> bytes: ...
    def open(self, pseudonym: str, at: datetime, sealed: bytes) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """What is settled for this organisation: its overseers' keys, its relying party, how long things may take."""

    overseers: tuple[VerifierKey, ...] = ()
    rp: str = ""
    origin: str = ""
    passkeys: bool = False  # whether staff must sign with one
    answer_h: int = 12
    review_h: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything approvals work with, on one desk."""

    journal: Journal = field(repr=False)
    rows: Rows = field(repr=False)
    notices: Notices = field(repr=False)
    keys: Keys = field(repr=False)
    directory: Directory = field(repr=False)
    people: People = field(repr=False)
    clock: Clock = field(repr=False)
    terms: Mapping[str, Terms] = field(default_factory=dict, repr=False)
    house: Organisation = Organisation()
