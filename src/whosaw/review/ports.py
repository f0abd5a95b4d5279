# SPDX-License-Identifier: Apache-2.0
"""What a review needs from outside, each with its failures. `reviewing` fills them and lays them on one `Desk`.

    Journal     records, durable when it returns                       trusted to keep             (journal.journal)
    Steps       the stream `reviews`, in its order                     the state is made of it     (keyring, reader)
    Findings    what the detectors found, newest run                   kept beside the facts       (desks)
    Directory   what was known of somebody at an instant               trusted: it decides         (directory.directory)
    Staff       units, functions, lines, of all times                  trusted: it decides         (facts.known)
    Approvals   who approved for whom; who approved which look         trusted: it decides         (guard.approvals)
    Notes       texts of reviewers                                     kept beside the findings    (stores)

Invariant: whatever one of them raises, nothing was done with a finding that is not on record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whosaw.detect.defaults import Reviewing
from whosaw.detect.finding import Findings
from whosaw.facts.ports import PersonRow, StaffRow
from whosaw.inquiry.ports import Clock, Directory, Journal, Remember
from whosaw.policy.independence import Approved
from whosaw.review.notes import Note
from whosaw.review.record import Step
from whosaw.review.rule import RuleStep

__all__ = ["Approvals", "Clock", "Desk", "Directory", "Journal", "Notes"]


class Approvals(Protocol):
    """What was approved."""

    def since(self, at: datetime) -> Sequence[Approved]:
        """Who approved for whom, for requests since `at`, whatever became of them."""
        ...

    def of_looks(self, looks: Collection[str]) -> frozenset[str]:
        """Whoever approved one of these looks."""
        ...


class Notes(Protocol):
    """Texts. Durable when `keep` returns."""

    def all(self) -> tuple[Note, ...]: ...
    def keep(self, note: Note) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that a review works with, on one desk. `digest`: keyed, 32 bytes. `fresh`: a key that was never used."""

    journal: Journal = field(repr=False)
    steps: Callable[[], Sequence[Step | RuleStep]] = field(repr=False)
    findings: Callable[[], Findings | None] = field(repr=False)
    directory: Directory = field(repr=False)
    staff: Callable[[], Iterable[StaffRow]] = field(repr=False)
    persons: Callable[[], Iterable[PersonRow]] = field(repr=False)
    approvals: Approvals = field(repr=False)
    notes: Notes = field(repr=False)
    remember: Remember = field(repr=False)
    digest: Callable[[bytes], bytes] = field(repr=False)
    fresh: Callable[[], str] = field(repr=False)
    clock: Clock = field(repr=False)
    numbers: Reviewing
    reviewers: tuple[str, ...]
