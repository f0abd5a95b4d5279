# SPDX-License-Identifier: Apache-2.0
"""A guard with everything around it: the shipped policy, a real directory on SQLite, and fakes of journal and vault.

The fakes implement the guard's ports. The vault opens only what the journal has already recorded, and says what it was
asked for.
"""

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.directory.town import DAY, HOUR, FakeJournal, Office
from tests.policy.ground import EVERYTHING, PLENTY, POLICY

from whosaw.errors import WrongReceipt
from whosaw.guard.look import Guard
from whosaw.guard.quota import Taken
from whosaw.journal.submission import Recorded, Submission
from whosaw.model.access import Asked, Look
from whosaw.model.ask import exact_digest
from whosaw.model.decision import Decision
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream
from whosaw.policy.facts import ApprovalFacts
from whosaw.vault.ports import Aside
from whosaw.vault.value import Value

# A company in two countries, in the summer of the story. Everybody is invented.
COMPANY = {
    "staff": [
        {"staff_id": "ana", "unit": "help-ie", "function": "support", "country": "IE", "manager": "lead"},
        {"staff_id": "finn", "unit": "fraud-ie", "function": "fraud", "country": "IE", "manager": "lead"},
        {"staff_id": "fay", "unit": "fraud-ie", "function": "fraud", "country": "IE", "manager": "lead"},
        {"staff_id": "lead", "unit": "lead-ie", "function": "executive", "country": "IE"},
        {"staff_id": "a1", "unit": "audit-us", "function": "audit", "country": "US", "manager": "head"},
        {"staff_id": "a2", "unit": "audit-us", "function": "audit", "country": "US", "manager": "head"},
        {"staff_id": "a3", "unit": "risk-ie", "function": "security", "country": "IE", "manager": "head"},
        {"staff_id": "a4", "unit": "risk-ie", "function": "audit", "country": "IE", "manager": "head"},
        {"staff_id": "head", "unit": "audit-us", "function": "audit", "country": "US"},
        {"staff_id": "leaker", "unit": "product", "function": "engineering", "country": "IE", "own_person": "u-leaker"},
        {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
    ],
    "persons": [
        {"person": "mira", "region": "IE"},
        {"person": "owen", "region": "IE"},
        {"person": "kate", "region": "IE", "classes": ["press"]},
        {"person": "kates-friend", "region": "IE"},
        {"person": "u-leaker", "region": "IE", "classes": ["staff"]},
    ],
    "cases": [
        {"case_id": "T-100", "type": "support_request", "opened": "2026-06-20T08:00:00Z", "queue": "help-ie",
         "requester": "mira", "opened_by": "portal"},
        {"case_id": "F-200", "type": "account_takeover", "opened": "2026-06-20T08:00:00Z", "assignee": "finn",
         "requester": "owen", "opened_by": "portal"},
        {"case_id": "F-201", "type": "account_takeover", "opened": "2026-06-20T08:00:00Z", "assignee": "finn",
         "requester": "kate", "opened_by": "portal"},
        {"case_id": "F-66", "type": "fraud_report", "opened": "2026-06-20T08:00:00Z", "assignee": "a1", "opened_by": "a1"},
        {"case_id": "I-7", "type": "internal_inquiry", "opened": "2026-06-18T08:00:00Z", "queue": "risk-ie",
         "opened_by": "head"},
    ],
    "case_persons": [
        {"case_id": "T-100", "person": "mira", "added": "2026-06-20T08:00:00Z", "added_by": "portal"},
        {"case_id": "F-200", "person": "owen", "added": "2026-06-20T08:00:00Z", "added_by": "portal"},
        {"case_id": "F-201", "person": "kate", "added": "2026-06-20T08:00:00Z", "added_by": "portal"},
        {"case_id": "F-66", "person": "kate", "added": "2026-06-20T08:05:00Z", "added_by": "a1"},
        {"case_id": "I-7", "person": "kate", "added": "2026-06-18T08:00:00Z", "added_by": "head"},
        {"case_id": "I-7", "person": "kates-friend", "added": "2026-06-18T08:00:00Z", "added_by": "head"},
        {"case_id": "I-7", "person": "u-leaker", "added": "2026-06-18T08:00:00Z", "added_by": "head"},
    ],
    "assignments": [],
}  # fmt: skip
SUMMER = datetime(2026, 6, 21, 9, 0, tzinfo=UTC)


@dataclass
class FakeVault:
    """``guard.ports.Vault``: opens for what the journal holds, and only for a permitted look of exactly this request."""

    journal: FakeJournal
    opened: list[tuple[Look, Recorded, Decision]] = field(default_factory=list)
    error: Exception | None = None

    def open(
        self, look: Look, recorded: Recorded, decision: Decision, receipt: bytes, aside: Aside
    ) -> tuple[Value, ...]:
        if recorded not in self.journal.records.values():
            raise WrongReceipt("nothing is recorded under this receipt", look=look.look_id)
        body = LookBody.decode(recorded.leaves[-1].body)
        if body.decision != "permit" or body.look != look.look_id or not decision.permitted:
            raise WrongReceipt("not a permitted look, or another one", look=look.look_id)
        if not receipt.startswith(str(decision.stage).encode() if decision.stage.rank else b""):
            raise WrongReceipt("not as far as was decided", look=look.look_id)
        if self.error is not None:
            raise self.error
        with aside():
            self.opened.append((look, recorded, decision))
        return tuple(Value(a.field, a.detail, SUMMER, "203.0.113.0/24") for a in decision.detail)


class Facts:
    """The directory's port, in front of the real one; `error` is raised instead of an answer."""

    def __init__(self, office: Office) -> None:
        self.office, self.error, self.asked = office, None, 0

    def known(self, principal, person, case, at):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.office.directory.known(principal, person, case, at)


class Signed:
    """``guard.ports.Approvals`` that a test fills: `given` for every look; `error` is raised instead."""

    def __init__(self) -> None:
        self.given, self.error, self.asked, self.glasses = ApprovalFacts(), None, [], []

    def hold(self, look, principal, person, holder, at):
        self.asked.append(exact_digest(look, principal, person))
        if self.error is not None:
            raise self.error
        return Holding(self.given)

    def let_go(self, held):
        pass

    def used(self, requests, look):
        pass

    def broken(self, look, holder, at):
        self.glasses.append(look.key)

    def owes_review(self, principal, at):
        return False


@dataclass(frozen=True)
class Holding:
    """What `Signed` gives: numbers for the decision, and nothing to write down."""

    facts: ApprovalFacts
    requests: tuple = ()
    approvals: tuple = ()


class Left:
    """``guard.ports.Quotas`` that a test fills. `taken` and `back`: what was taken and given back, in order."""

    def __init__(self) -> None:
        self.given, self.error, self.taken, self.back = dict(PLENTY), None, [], []

    def take_all(self, looks):
        if self.error is not None:
            raise self.error
        made = [Taken(self.given) for _ in looks]
        self.taken += made
        return made

    def give_back_all(self, taken):
        self.back += taken


class Gate:
    """A guard and its surroundings."""

    def __init__(self, where: Path) -> None:
        self.office = Office(where)
        self.office.clock.at = SUMMER - HOUR
        self.office.load(COMPANY, regions=None)
        self.office.clock.at = SUMMER
        self.journal, self.clock = FakeJournal(), self.office.clock
        self.vault, self.facts = FakeVault(self.journal), Facts(self.office)
        self.names, self.approvals, self.quotas = self.office.names, Signed(), Left()
        self.guard = self.another()
        self._drawn, self._lock = 0, threading.Lock()

    def another(self, **changes) -> Guard:
        """One more guard over the same journal, directory and vault."""
        parts = {
            "journal": self.journal, "vault": self.vault, "directory": self.facts, "policy": POLICY,
            "approvals": self.approvals, "quotas": self.quotas,
            "pseudonyms": self.names, "remember": self.names.remember, "offered": EVERYTHING, "clock": self.clock,
        }  # fmt: skip
        return Guard(**(parts | changes))

    def ask(
        self, principal="ana", person="mira", what="ip:network", purpose="subject_request", case="T-100", **more
    ) -> Look:
        """A look, by default one to which nothing objects."""
        with self._lock:
            self._drawn += 1
        asked = tuple(Asked.parse(one) for one in what.split())
        given = {"look_id": f"l-{self._drawn}", "key": f"k-{self._drawn}"} | more
        return Look(principal=principal, person=person, asked=asked, purpose=purpose, case=case, **given)

    def bodies(self) -> list[LookBody]:
        """Every look recorded, in order."""
        return [LookBody.decode(s.records[0].body) for s in self.journal.submissions]

    def last(self) -> tuple[Submission, LookBody]:
        return self.journal.submissions[-1], self.bodies()[-1]

    def close(self) -> None:
        self.office.close()


def stream_of(person: str) -> Stream:
    return Stream.of_person(person)


def renamed(look: Look, **changes) -> Look:
    return replace(look, **changes)


__all__ = ["COMPANY", "DAY", "HOUR", "SUMMER", "FakeVault", "Gate", "renamed", "stream_of"]
