# SPDX-License-Identifier: Apache-2.0
"""What facts are made from: the journal's bodies in order, and the directory's rows. `wiring` brings both.

    Leaves      the journal, read only: (index, body), index by index          journal.reader
    Seal        what only this house can write                             privacy.root, below the root key
    Known       what is known of staff, cases and persons, by pseudonym        facts.known, over directory

Times are microseconds since 1970, UTC; ends are excluded, a missing one is open.

Invariant: nothing that comes through here is a name. Staff are ``e-…``, persons ``p-…``; who they are is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Frame(Protocol):
    """One leaf, opened. `body` is None where the record was erased."""

    @property
    def index(self) -> int: ...

    @property
    def body(self) -> bytes | None: ...


class Leaves(Protocol):
    """The journal, read only."""

    def frames(self, first: int = 0, last: int | None = None) -> Iterator[Frame]:
        """Every frame from index `first` on, in order, `last` excluded. Raises Damaged where the journal is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One principal for a time. `own_person`: their own private account; `household`: a digest, equal for one home. No two rows of one principal hold at the same time; where they do, the later wins."""

    who: str = field(repr=False)
    unit: str | None
    function: str
    role: str | None = None
    manager: str | None = field(default=None, repr=False)
    employer: str | None = None
    country: str | None = None
    site: str | None = None
    own_person: str | None = field(default=None, repr=False)
    household: str | None = field(default=None, repr=False)
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One person for a time, like StaffRow. `protected`: one bit, never why. `staff`: an account of our own staff."""

    person: str = field(repr=False)
    region: str | None = None
    protected: bool = False
    staff: bool = False
    household: str | None = field(default=None, repr=False)
    valid_from: int | None = None
    valid_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """What was said of one case for a time. `requester` is a person or a principal.

    `…_home`: the household of whoever it was, where one is known. `known_from`: since when it was said, None where it
    always was; `first`: nothing was said of this case before.
    """

    case: str
    type: str
    opened: int
    closed: int | None = None
    assignee: str | None = field(default=None, repr=False)
    requester: str | None = field(default=None, repr=False)
    approver: str | None = field(default=None, repr=False)
    opened_by: str | None = field(default=None, repr=False)
    queue: str | None = None
    requester_home: str | None = field(default=None, repr=False)
    opened_by_home: str | None = field(default=None, repr=False)
    known_from: int | None = None
    known_to: int | None = None
    first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePersonRow:
    """A case names a person, since `added`."""

    case: str
    person: str = field(repr=False)
    added: int | None = None
    added_by: str | None = field(default=None, repr=False)
    added_by_home: str | None = field(default=None, repr=False)
    known_from: int | None = None
    known_to: int | None = None
    first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRow:
    """A principal's standing work: a queue, a region, an account (`scope` is then a person), a case type."""

    who: str = field(repr=False)
    scope_kind: str
    scope: str = field(repr=False)
    valid_from: int | None = None
    valid_to: int | None = None
    known_from: int | None = None
    known_to: int | None = None
    first: bool = True


class Seal(Protocol):
    """A MAC under a key that whoever can write the folder of facts does not have (privacy.root.Mac)."""

    def of(self, text: bytes) -> bytes: ...


class Known(Protocol):
    """The directory's rows. None: this installation has no such table, and what needs it is off and says so.

    An empty table is another thing than none: it is known that there is nothing.
    """

    def staff(self) -> Iterable[StaffRow] | None: ...

    def persons(self) -> Iterable[PersonRow] | None: ...

    def cases(self) -> Iterable[CaseRow] | None: ...

    def case_persons(self) -> Iterable[CasePersonRow] | None: ...

    def assignments(self) -> Iterable[AssignmentRow] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Rows in memory: a directory that is nowhere else. Each table may be None."""

    staff_rows: tuple[StaffRow, ...] | None = None
    person_rows: tuple[PersonRow, ...] | None = None
    case_rows: tuple[CaseRow, ...] | None = None
    case_person_rows: tuple[CasePersonRow, ...] | None = None
    assignment_rows: tuple[AssignmentRow, ...] | None = None

    def staff(self) -> tuple[StaffRow, ...] | None:
        return self.staff_rows

    def persons(self) -> tuple[PersonRow, ...] | None:
        return self.person_rows

    def cases(self) -> tuple[CaseRow, ...] | None:
        return self.case_rows

    def case_persons(self) -> tuple[CasePersonRow, ...] | None:
        return self.case_person_rows

    def assignments(self) -> tuple[AssignmentRow, ...] | None:
        return self.assignment_rows
