# SPDX-License-Identifier: Apache-2.0
"""Handing a statement out: on record first, so that the statement says itself that it was handed out.

    account known?  yes ──▶ record in the account's own stream ──published──▶ statement
                    no  ──▶ record in the stream ``exports``, of nobody ─────▶ statement that there is nothing

Invariant: a question about an account that nobody knows gives it no stream, and no record outside a person's own stream
says whom it was about.                                                      Specification: docs/spec/statement.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Kind, Stream, canonical, time_text
from whosaw.oversight.statement import StatementMaterial, size_of, state

CALLER = "oversight"


class Journal(Protocol):
    """The only writer of the log. Both raise Unavailable, and nothing is handed out then."""

    def submit(self, submission: Submission) -> Recorded: ...

    def wait_published(self, index: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A statement's bytes, how many records it opens (enrolments not counted), and the size of its log.

    `erased`: how many generations of the account were erased, `withheld`: how many of the records wait, `older`: by how
    many hours everybody's statements are older by rule.
    """

    raw: bytes = field(repr=False)
    records: int
    size: int
    erased: int = 0
    withheld: int = 0
    older: int = 0


def export_body(principal: str, at: datetime) -> bytes:
    """The record that a statement was handed out. `principal`: pseudonym of whoever asked for it."""
    return canonical(
        {"v": 1, "kind": str(Kind.EXPORT), "at": time_text(at), "what": "statement", "principal": principal}
    )


def hand_out(
    person_id: str,
    principal: str,
    *,
    known: Callable[[str], bool],
    journal: Journal,
    material: Callable[[], StatementMaterial],
    clock: Callable[[], datetime],
    key: str,
    rekey: Callable[[Stream], object] | None = None,
    older: int = 0,
) -> HandedOut:
    """The statement of an account, handed out to `principal` (a pseudonym). `material` is asked after the record.

    `known`: whether an account has a stream; asking opens none. `key`: idempotency key, 1 to 64 bytes. `rekey`: gives the stream a new key, so that the one in this statement does not show when
    something is recorded next. Raises BadInput, Unavailable, Damaged, and has then handed nothing out.
    """
    stream = Stream.of_person(person_id) if known(person_id) else Stream.named("exports")
    recorded = journal.submit(Submission(CALLER, key, (Record(stream, export_body(principal, clock())),)))
    journal.wait_published(recorded.leaves[-1].index)
    ready = material()
    made, raw = state(person_id, ready, clock(), older)
    if rekey is not None and made.open:
        rekey(stream)  # before anybody has the old key; a statement that could not be followed by it is not handed out
    return HandedOut(raw, len(made.records), size_of(ready), len(made.erased), len(made.withheld), older)
