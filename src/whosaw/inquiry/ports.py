# SPDX-License-Identifier: Apache-2.0
"""What an inquiry needs from outside, each with its failures. `wiring` fills them and lays them on one `Desk`.

    Journal     records, durable when it returns                     trusted to keep             (journal.journal)
    Streams     the records about one person; the ledger of steps    trusted with stream keys    (keyring, reader)
    Looks       looks with what explains them                        rebuilt from the journal    (facts, detect)
    Findings    what the detectors found                             rebuilt from the journal    (detect)
    Directory   what was known of an asker at an instant             trusted: it decides         (directory.directory)
    Staff       units and reporting lines                            trusted: it decides         (facts.known)
    Remember    an asker's pseudonym, their id kept sealed           trusted with names          (privacy.names)
    Pseudonyms  the person's pseudonym; keyed digests                trusted with the key        (privacy.pseudonym)

Nothing here opens a name: that is ``inquiry.unseal`` and what is handed to it beside the desk.

Invariant: whatever one of them raises, nothing was shown. A step may be on record all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whosaw.facts.ports import StaffRow
from whosaw.journal.submission import Recorded, Submission
from whosaw.policy.facts import Known
from whosaw.policy.independence import Chart

Clock = Callable[[], datetime]
Remember = Callable[[str], str]
Staff = Callable[[], Iterable[StaffRow]]


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded:
        """Durable when it returns. Busy: not recorded. OutcomeUnknown: may be. IdempotencyConflict: the key has others."""
        ...

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        ...


class Frame(Protocol):
    """One leaf, opened."""

    @property
    def index(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Streams(Protocol):
    """Records by stream, in order, enrolment included: everything that is durable when it is asked."""

    def person(self, person: str) -> Sequence[Frame] | None:
        """The records about this account id; None where there is no stream. Never makes one."""
        ...

    def inquiry(self) -> Sequence[Frame]:
        """The records of the named stream ``inquiry``."""
        ...


class ExplainedLook(Protocol):
    """One look by one principal, and whether it has a declared reason (``detect.looks``). `t`: microseconds since 1970."""

    @property
    def look(self) -> str: ...
    @property
    def leaf(self) -> int: ...
    @property
    def t(self) -> int: ...
    @property
    def who(self) -> str: ...
    @property
    def person(self) -> str | None:
        """None for a look at nobody in particular."""
        ...

    @property
    def asked(self) -> tuple[str, ...]:
        """`field:detail`, as recorded."""
        ...

    @property
    def decision(self) -> str | None:
        """What a gate said; None for a look that was seen in a log elsewhere."""
        ...

    @property
    def explained(self) -> bool: ...
    @property
    def sentence(self) -> str:
        """The reason in words, or why the nearest one fails."""
        ...


class Looks(Protocol):
    """The facts, brought up to everything that is durable when they are asked, judged by the declared reasons."""

    def at(self, person: str) -> Sequence[ExplainedLook]:
        """Looks at the person with this pseudonym. Raises MissingExtra where nobody can judge here."""
        ...

    def by(self, principals: Sequence[str], start: int, end: int) -> Sequence[ExplainedLook]:
        """Looks by these principals from `start` to `end`, both included, microseconds since 1970."""
        ...


class Finding(Protocol):
    """Signals joined into one thing to review. Pseudonyms only."""

    @property
    def id(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def principals(self) -> tuple[str, ...]: ...
    @property
    def persons(self) -> tuple[str, ...]: ...
    @property
    def looks(self) -> tuple[str, ...]:
        """The ids of the looks that it rests on."""
        ...

    @property
    def window(self) -> tuple[int, int]:
        """From its first look to its last, both included, microseconds since 1970."""
        ...

    @property
    def counter(self) -> tuple[str, ...]:
        """What speaks against it, in sentences."""
        ...


class Findings(Protocol):
    """The newest run of the detectors."""

    def find(self, finding: str) -> Finding | None: ...


class Directory(Protocol):
    """What is known of principal and person (by pseudonym), as it was known at `at`."""

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known: ...
    def chart(self, at: datetime, days: int) -> Chart:
        """Every unit and manager that any source said anybody had in so many days up to `at`."""
        ...

    def tied(self, principal: str, at: datetime, days: int) -> frozenset[str]:
        """Whoever shared an account or a home with them in so many days up to `at`."""
        ...


class Pseudonyms(Protocol):
    """Pure. `digest`: keyed, 32 bytes: it tells equal texts from unequal ones and is no use for guessing at them."""

    def person(self, person: str) -> str: ...
    def digest(self, text: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything an inquiry works with, on one desk."""

    journal: Journal = field(repr=False)
    streams: Streams = field(repr=False)
    looks: Looks = field(repr=False)
    findings: Findings = field(repr=False)
    directory: Directory = field(repr=False)
    staff: Staff = field(repr=False)
    remember: Remember = field(repr=False)
    pseudonyms: Pseudonyms = field(repr=False)
    clock: Clock = field(repr=False)
