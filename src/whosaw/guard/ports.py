# SPDX-License-Identifier: Apache-2.0
"""What the guard needs from outside, each with its failures. `wiring` fills them; the guard knows no database.

    Remember    the principal's pseudonym, their id kept sealed       trusted with names      (privacy.names)
    Pseudonyms  the person's pseudonym                                trusted with the key    (privacy.pseudonym)
    Facts       what the directory knew at an instant                 trusted: it decides     (directory.directory)
    Journal     records, durable when it returns                      trusted to keep         (journal.journal)
    Vault       opens for a receipt of exactly this look              trusted with values     (vault.vault)

Whatever one of them raises, nothing was released: a failing `Facts` becomes a refusal on record, everything else goes
to the caller as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from whosaw.journal.submission import Recorded, Submission
from whosaw.model.access import Look
from whosaw.model.decision import Decision
from whosaw.model.stage import Stage
from whosaw.policy.facts import Known
from whosaw.vault.value import Value

Clock = Callable[[], datetime]
Remember = Callable[[str], str]


class Pseudonyms(Protocol):
    """Pure: the same id has the same pseudonym for ever."""

    def person(self, person: str) -> str: ...


class Facts(Protocol):
    """What is known of principal and person (by pseudonym) and of a case, as it was known at `at`."""

    def known(self, principal: str, person: str, case: str | None, at: datetime) -> Known:
        """Raises rather than guess: the guard refuses, whatever is raised."""
        ...


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded:
        """Durable when it returns. Busy: not recorded. OutcomeUnknown: may be, ask `find`. IdempotencyConflict: the key
        was used for other bodies.
        """
        ...

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        ...

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float) -> bytes:
        """The receipt of its last leaf at this stage, waited for if need be. Raises Unavailable after `timeout` seconds."""
        ...


class Vault(Protocol):
    """Sealed values."""

    def open(self, look: Look, recorded: Recorded, decision: Decision, receipt: bytes) -> Sequence[Value]:
        """What `decision` grants, as of the look. Raises WrongReceipt unless `recorded` is exactly this look's, and
        `receipt` shows it at the stage that `decision` demands.
        """
        ...
