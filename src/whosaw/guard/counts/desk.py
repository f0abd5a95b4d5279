# SPDX-License-Identifier: Apache-2.0
"""The desk where numbers are asked for: decide, take from the budget, record, and only then let the vault count.

    ask ──decide──▶ ledger: answered before? room? ──▶ record in `aggregate` ──durable──▶ permitted? ─ no ─▶ Refused
                             known answer ◀─ yes, before ─┴─ yes, now ─▶ vault counts, with noise ──▶ ledger keeps ──▶ Answer

Invariant: nothing is counted before the record of its question is durable, and no number is told that the ledger does not keep: of
two gates that count the same at once both tell the same. A crash on the way has spent, and told nothing; asking again then costs
nothing.                                                                        Decided in: docs/adr/0125
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

from whosaw.errors import BadInput, WhosawError
from whosaw.guard.counts.ask import Answer, Ask, Refused
from whosaw.guard.counts.ledger import Ledger, LedgerRows, Taken
from whosaw.guard.counts.noise import need_opendp, opendp_noise
from whosaw.guard.counts.reasons import SPENT, UNREAD, against, sentence
from whosaw.guard.ports import Cases, Clock, Facts, Remember
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.count_body import CountBody, Question
from whosaw.model.record import Stream
from whosaw.policy.facts import Known
from whosaw.policy.rules import Policy
from whosaw.privacy.ipcrypt.epochs import bounds
from whosaw.privacy.root import Random
from whosaw.settings.counts import CountSettings
from whosaw.vault.counted import Counted, Noise

CALLER = "guard/counts"
_NOBODY = ""  # as for pseudonyms: the question is about the principal and the case alone


class Journal(Protocol):
    """The only writer of the log. `submit` is durable when it returns."""

    def submit(self, submission: Submission) -> Recorded: ...


class Vault(Protocol):
    def counts(self) -> Counted: ...


class Counts:
    """Answers questions. Safe to share between threads. `noise`: without one, OpenDP's."""

    def __init__(
        self,
        settings: CountSettings,
        rows: LedgerRows,
        journal: Journal,
        vault: Vault,
        *,
        directory: Facts,
        policy: Policy,
        remember: Remember,
        clock: Clock,
        random: Random,
        cases: Cases | None = None,
        noise: Noise | None = None,
        told: Callable[[], Iterable[bytes]] = tuple,
    ) -> None:
        """`told`: what the stream `aggregate` has. It is read before the first question of this process, not at its start."""
        self._ledger, self._journal, self._vault = Ledger(rows, settings), journal, vault
        self._directory, self._policy, self._remember = directory, policy, remember
        self._clock, self._random, self._cases, self._noise = clock, random, cases, noise
        self._told, self._read, self._reading = told, False, threading.Lock()

    def __repr__(self) -> str:
        return "Counts(…)"

    def ask(self, ask: Ask) -> Answer | Refused:
        """How many accounts there are under each heading. Raises BadInput, MissingExtra, and nothing is on record then;
        Unavailable, Damaged where it cannot be counted.
        """
        if self._noise is None:
            need_opendp()
        vault = self._vault.counts()
        headings = vault.headings(ask.asked, ask.headings)
        question = Question(ask.asked, ask.period, headings.texts)
        if bounds(ask.period)[1] > self._clock():
            raise BadInput("this period is not over, and what is answered now stays the answer", where="period")
        who = self._remember(ask.principal)
        known, cause, at = self._known(who, ask.case)
        reasons = against(known, self._policy.purposes.get(ask.purpose), ask.asked, ask.case, at)
        taken = None
        if not reasons:
            taken, reasons, cause = self._taken(question, ask.purpose, at, cause)
        body = CountBody(
            count=self._random(8).hex(), at=at, principal=who,
            purpose=ask.purpose if ask.purpose in self._policy.purposes else None,
            case=ask.case if known is not None and known.case is not None else None,
            asked=ask.asked, period=ask.period, headings=len(headings.texts), question=question.digest,
            epsilon=taken.epsilon if taken else 0, charged=taken.charged if taken else 0,
            again=taken is not None and taken.numbers is not None,
            permitted=taken is not None, reasons=reasons, caller=ask.caller,
        )  # fmt: skip
        recorded = self._submit(body)
        index = recorded.leaves[-1].index
        if taken is None:
            said = tuple((id_, sentence(self._policy, id_)) for id_ in reasons)
            return Refused(said, index, recorded.receipt, cause)
        numbers = taken.numbers
        if numbers is None:
            made = vault.counted(recorded, question, headings, self._noise or opendp_noise)
            numbers = self._ledger.keep(question, made)
        return Answer(
            question, numbers, taken.epsilon, taken.charged, taken.left, body.again, index, recorded.receipt,
            vault.caveat(question.asked, again=body.again),
        )  # fmt: skip

    def _taken(
        self, question: Question, purpose: str, at: datetime, cause: str
    ) -> tuple[Taken | None, tuple[str, ...], str]:
        try:
            with self._reading:
                if not self._read:
                    self._ledger.told(self._told())
                    self._read = True
            taken = self._ledger.take(question, purpose, at)
        except WhosawError as error:
            return None, (UNREAD,), str(error)
        return taken, () if taken else (SPENT,), cause

    def _known(self, who: str, case: str | None) -> tuple[Known | None, str, datetime]:
        """What the directory knows at this instant; or why nobody can say."""
        try:
            fault = self._cases.see(case) if self._cases else ""
        except WhosawError as error:
            return None, str(error), self._now()
        except Exception as error:  # noqa: BLE001  what cannot be read, forbids, and an attempt leaves a record
            return None, type(error).__name__, self._now()
        at = self._now()
        try:
            return self._directory.known(who, _NOBODY, case, at), fault, at
        except WhosawError as error:
            return None, str(error), at
        except Exception as error:  # noqa: BLE001  as above
            return None, type(error).__name__, at

    def _now(self) -> datetime:
        """As a record has it: of whole milliseconds."""
        now = self._clock().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def _submit(self, body: CountBody) -> Recorded:
        record = Record(Stream.named("aggregate"), body.encode())
        return self._journal.submit(Submission(f"{CALLER}/{body.principal}", body.count, (record,)))
