# SPDX-License-Identifier: Apache-2.0
"""What the guard needs from outside, each with its failures. `wiring` fills them; the guard knows no database.

    Remember    the principal's pseudonym, their id kept sealed       trusted with names      (privacy.names)
    Pseudonyms  the person's pseudonym                                trusted with the key    (privacy.pseudonym)
    Cases       has a case seen at the system that keeps it           trusted: it decides     (tickets.asked)
    Facts       what the directory knew at an instant                 trusted: it decides     (directory.directory)
    Approvals   how many people signed exactly this look              trusted: they permit    (guard.approvals.gate)
    Quotas      how many looks are left                               trusted: they refuse    (guard.quota)
    Journal     records, durable when it returns                      trusted to keep         (journal.journal)
    Vault       opens for a receipt of exactly this look              trusted with values     (vault.vault)

Whatever one of them raises, nothing was released: failing `Facts` and `Quotas` become a refusal on record, and so do failing
`Approvals` where some are needed; everything else goes to the caller as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from whosaw.guard.approvals.use import Held
from whosaw.guard.one import Granted
from whosaw.guard.quota import Taken
from whosaw.journal.submission import Admit, Recorded, Submission
from whosaw.model.access import Look
from whosaw.model.approval_kept import Holder
from whosaw.model.decision import Decision
from whosaw.model.stage import Stage
from whosaw.policy.facts import Known
from whosaw.vault.ports import Aside
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


class Cases(Protocol):
    """Systems that keep cases, asked before a look has its moment."""

    def see(self, case: str | None) -> str:
        """What the system said is known to `Facts` when this returns: also that it said nothing, and then returns why.

        Raises where that could not be kept: the facts cannot be read then, whatever they say.
        """
        ...


class Approvals(Protocol):
    """Signatures over looks to come. Principal and person by pseudonym."""

    def hold(self, look: Look, principal: str, person: str, holder: Holder, at: datetime) -> Held:
        """Those that are valid at `at` for exactly this look (``model.ask.exact_digest``), held for it: no other look gets
        them, and the same look, by its key, gets them again. Raises rather than guess: then there are none.
        """
        ...

    def let_go(self, held: Held) -> None:
        """The look was refused: it used nothing. Raises Unavailable; they are held then, and run out."""
        ...

    def used(self, requests: Iterable[str], look: str) -> None:
        """The record of `look` carries these. Safe to repeat. Raises Unavailable, as where another look used one; nothing is shown then."""
        ...

    def broken(self, look: Look, holder: Holder, at: datetime) -> None:
        """`look` is permitted without the approvals of its purpose: on record and told when this returns, reviewed later.
        Safe to repeat. Raises rather than let anybody look unseen.
        """
        ...

    def owes_review(self, principal: str, at: datetime) -> bool:
        """Whether a glass that they broke was not reviewed in its time. Raises rather than guess: then they do."""
        ...


class Quotas(Protocol):
    """How many looks are left."""

    def take_all(self, looks: Sequence[tuple[str, str, str, datetime]]) -> Sequence[Taken | Exception]:
        """The places of each look (principal, person, purpose, time), at once, before it is decided, the first look's first; and how
        many there were under each name of ``model.gate.QUOTAS``. An error rather than a guess: then it is refused. Where it raises,
        that is said of each.
        """
        ...

    def give_back_all(self, taken: Sequence[Taken]) -> None:
        """These looks were refused, or are not recorded. Raises nothing: where it fails the places are lost."""
        ...


class Journal(Protocol):
    """The only writer of the log."""

    def submit(self, submission: Submission) -> Recorded:
        """Durable when it returns. Busy: not recorded. OutcomeUnknown: may be, ask `find`. IdempotencyConflict: the key
        was used for other bodies.
        """
        ...

    def submit_all(
        self, submissions: Sequence[Submission], admit: Admit | None = ...
    ) -> Sequence[Recorded | Exception]:
        """What `submit` returns or raises for each; one write for all. `admit`: is given what wakes whoever waits for it.
        Where it raises, that is what became of each.
        """
        ...

    def find(self, caller: str, key: str) -> Recorded | None:
        """What `caller` recorded under `key` and is durable; None where there is nothing. Raises Unavailable."""
        ...

    def find_all(self, asked: Sequence[tuple[str, str]]) -> Sequence[Recorded | Exception | None]:
        """What `find` returns or raises for each (caller, key). Where it raises, that is what became of each."""
        ...

    def receipt(self, recorded: Recorded, stage: Stage, timeout: float) -> bytes:
        """The receipt of its last leaf at this stage, waited for if need be. Raises Unavailable after `timeout` seconds."""
        ...


class Vault(Protocol):
    """Sealed values."""

    def open(self, look: Look, recorded: Recorded, decision: Decision, receipt: bytes, aside: Aside) -> Sequence[Value]:
        """What `decision` grants, as of the look. Raises WrongReceipt unless `recorded` is exactly this look's, and
        `receipt` shows it at the stage that `decision` demands. `aside`: within it the disk is waited for.
        """
        ...

    def open_all(self, granted: Sequence[Granted], aside: Aside) -> Sequence[Sequence[Value] | Exception]:
        """What `open` returns or raises for each."""
        ...
