# SPDX-License-Identifier: Apache-2.0
"""One step of an inquiry: asked by somebody, decided, recorded, and only then answered.

    asker, subject, key ──▶ Asking ──find──▶ recorded before? ──▶ the answer follows that record
                                     └ no ─▶ decide ──▶ submit ──▶ durable ─┘

Invariant: the same asker, subject and key are the same step, whatever became of the first answer. Without a key each
call is a step of its own.                                                  Design: docs/adr/0050
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from whosaw.errors import BadInput, Damaged, IdempotencyConflict, NotCanonical
from whosaw.inquiry.ports import Clock, Desk, Journal
from whosaw.inquiry.record import Step, exactly
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.record import Json, time_text
from whosaw.policy.independence import Reason

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PSEUDONYM = re.compile(r"[pe]-[a-z2-7]{16}$")


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and recorded all the same. `step`: its id in the record, `index`: its leaf, `receipt` promises it."""

    step: str
    reasons: tuple[Reason, ...]
    receipt: bytes = field(repr=False)
    index: int

    @property
    def sentence(self) -> str:
        """Every reason, in one line."""
        return " ".join(reason.sentence for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Asking:
    """A step before it is recorded. `caller` and `key` are what the journal knows it by, `digest` what it asks."""

    at: datetime
    asker: str = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, desk: Desk, asker: str, key: str | None, said: Mapping[str, Json]) -> Asking:
        """`asker`: a staff id. `said`: what is asked, with pseudonyms. Raises BadInput for what is no id or no key."""
        if key is not None and (not key.isprintable() or not 1 <= len(key.encode()) <= 64):
            raise BadInput("an idempotency key has 1 to 64 printable bytes of UTF-8", where="key")
        at, who = moment(desk.clock), desk.remember(asker)
        own = {"key": None, "at": time_text(at)} if key is None else {"key": key, "at": None}
        return cls(at, who, exactly(desk.pseudonyms, {**said, **own, "asker": who}))

    @property
    def caller(self) -> str:
        # Scoped by the asker: nobody can take, or find, another's step.
        return f"inquiry/{self.asker}"

    @property
    def key(self) -> str:
        return self.digest.hex()


def record_once(journal: Journal, caller: str, key: str, records: Callable[[], tuple[Record, ...]]) -> Recorded:
    """What is recorded under this key, after all. Raises what the journal raises; nothing may be answered then."""
    found = journal.find(caller, key)
    if found is not None:
        return found
    try:
        return journal.submit(Submission(caller, key, records()))
    except IdempotencyConflict:
        # The same step, twice at the same moment: the other one is recorded, and its record is our answer.
        found = journal.find(caller, key)
        if found is None:
            raise
        return found


def plain(finding: str) -> str:
    """`finding` where it is a plain id. Raises BadInput: ids of findings are recorded as they are."""
    if not _PLAIN.fullmatch(finding) or _PSEUDONYM.match(finding):
        raise BadInput("1 to 64 of the letters A to Z, digits and . _ -; no pseudonym", where="finding")
    return finding


def moment(clock: Clock) -> datetime:
    """Now, as it will be recorded: cut to milliseconds."""
    now = clock().astimezone(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def stepped(recorded: Recorded) -> Step:
    """The step in its record. Raises Damaged for a record that is none."""
    try:
        return Step.decode(recorded.leaves[-1].body)
    except NotCanonical as error:
        raise Damaged("what is recorded under this key is not a step of an inquiry", where="journal") from error
