# SPDX-License-Identifier: Apache-2.0
"""An approvals desk with everything around it: a real state.db and directory, a journal that fails on demand, invented people.

boss ─┬─ hd-ie ── ana, ben (help-ie)        who asks: ana         ana's case F-1, opened by the portal
      ├─ hd-us ── una (help-us)             sister unit of help-ie under boss
chief ─── lea (legal-ie)                    another line: legal
prime ─── rae (risk-us)                     a third line
vera ──── sam (trust-ie)                    a fourth: a steward of IE
"""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine
from tests.directory.town import HOUR, FakeNames, Office
from tests.guard.approvals.authenticator import RP

from whosaw.guard.approvals.answer import Giving, give
from whosaw.guard.approvals.ask import Asking, ask
from whosaw.guard.approvals.life import find
from whosaw.guard.approvals.ports import Desk, Organisation
from whosaw.guard.approvals.terms import Terms
from whosaw.model.access import Asked, Look
from whosaw.model.approval import As, Counts
from whosaw.model.record import parse
from whosaw.store.sql_approvals import SqlApprovals, SqlCredentials, SqlNotices
from whosaw.verify.overseer import OverseerKey

COMPANY = {
    "staff": [
        {"staff_id": "ana", "unit": "help-ie", "function": "support", "country": "IE", "manager": "hd-ie"},
        {"staff_id": "ben", "unit": "help-ie", "function": "support", "country": "IE", "manager": "hd-ie"},
        {"staff_id": "hd-ie", "unit": "help-ie", "function": "support", "country": "IE", "manager": "boss"},
        {"staff_id": "una", "unit": "help-us", "function": "support", "country": "US", "manager": "hd-us"},
        {"staff_id": "hd-us", "unit": "help-us", "function": "support", "country": "US", "manager": "boss"},
        {"staff_id": "boss", "unit": "board", "function": "executive", "country": "IE"},
        {"staff_id": "lea", "unit": "legal-ie", "function": "legal", "country": "IE", "manager": "chief"},
        {"staff_id": "sam", "unit": "trust-ie", "function": "safety", "country": "IE", "manager": "vera",
         "own_person": "u-sam"},
        {"staff_id": "vera", "unit": "trust", "function": "executive", "country": "IE"},
        {"staff_id": "chief", "unit": "counsel", "function": "legal", "country": "IE"},
        {"staff_id": "rae", "unit": "risk-us", "function": "security", "country": "US", "manager": "prime"},
        {"staff_id": "prime", "unit": "risk", "function": "executive", "country": "US"},
        {"staff_id": "left", "unit": "risk-us", "function": "security", "country": "US", "manager": "prime",
         "valid_to": "2026-02-01T00:00:00Z"},
        {"staff_id": "stopped", "unit": "risk-us", "function": "security", "country": "US", "suspended": "true"},
        {"staff_id": "portal", "unit": "machines", "function": "service", "country": "IE"},
    ],
    "persons": [
        {"person": "mira", "region": "IE"},
        {"person": "kate", "region": "IE", "classes": ["press"]},
        {"person": "u-sam", "region": "IE", "classes": ["staff"]},
        {"person": "ken", "region": "US"},
    ],
    "cases": [
        {"case_id": "F-1", "type": "fraud_report", "opened": "2026-03-01T10:00:00Z", "assignee": "ana", "requester": "mira",
         "opened_by": "portal"},
        {"case_id": "F-2", "type": "fraud_report", "opened": "2026-03-01T10:00:00Z", "assignee": "ana", "opened_by": "rae"},
        {"case_id": "I-1", "type": "internal_inquiry", "opened": "2026-03-01T10:00:00Z", "assignee": "ana",
         "opened_by": "prime"},
    ],
    "case_persons": [
        {"case_id": "F-1", "person": "mira", "added": "2026-03-01T10:00:00Z", "added_by": "portal"},
        {"case_id": "F-1", "person": "kate", "added": "2026-03-01T10:00:00Z", "added_by": "portal"},
    ],
    "assignments": [
        {"staff_id": "sam", "scope_kind": "steward", "scope": "IE"},
        {"staff_id": "chief", "scope_kind": "steward", "scope": "EU"},
        {"staff_id": "rae", "scope_kind": "steward", "scope": "US"},
    ],
}  # fmt: skip
REGIONS = {"EU": ["DE", "IE"]}
COUNCIL = OverseerKey.make("works-council", "ed25519", lambda n: b"\1" * n)
MONITOR = OverseerKey.make("monitor", "ml-dsa-44", lambda n: b"\2" * n)
TERMS = {
    "fraud_review": Terms(window_h=48),
    "legal_demand": Terms(needs=Counts(independent=2, legal=1)),
    "incident_response": Terms(needs=Counts(independent=1), break_glass=True),
    "internal_inquiry": Terms(needs=Counts(independent=1)),
}


class FakePeople(FakeNames):
    """``ports.People`` without keys: it remembers whom it was asked about."""

    def __init__(self):
        super().__init__()
        self.behind, self.erased = {}, set()

    def principal(self, staff):
        made = super().principal(staff)
        self.behind[made] = staff
        return made

    def person(self, account):
        made = super().person(account)
        self.behind[made] = account
        return made

    def account(self, pseudonym):
        return None if pseudonym in self.erased else self.behind.get(pseudonym)

    def staff(self, pseudonym):
        return self.behind.get(pseudonym)

    def seal(self, account, at, text):
        return text.encode()[::-1]

    def open(self, pseudonym, at, sealed):
        return None if self.account(pseudonym) is None else sealed[::-1].decode()


class Room:
    """The desk, and short words for what people do at it."""

    def __init__(self, where: Path, engine: Engine | None = None):
        fresh = not (where / "state.db").exists()
        self.office = Office(where)
        if fresh:
            self.office.load(COMPANY, regions=REGIONS)
        self.clock = self.office.clock
        self.journal, self.people = self.office.journal, FakePeople()
        self.engine = engine or self.office.engine
        vkeys = tuple(key_of(key) for key in (COUNCIL, MONITOR))
        self.desk = Desk(
            journal=self.journal, rows=SqlApprovals(self.engine), notices=SqlNotices(self.engine),
            keys=SqlCredentials(self.engine), directory=self.office.directory, people=self.people, clock=self.clock,
            terms=TERMS, house=Organisation(overseers=vkeys, rp=RP, origin=f"https://{RP}"),
        )  # fmt: skip
        self.drawn = 0

    def e(self, staff):
        return self.people.principal(staff)

    def p(self, account):
        return self.people.person(account)

    def house(self, **changes):
        self.desk = replace(self.desk, house=replace(self.desk.house, **changes))

    def load(self, **tables):
        self.office.load(COMPANY | tables, regions=REGIONS)

    def look(self, principal="ana", person="mira", what="ip:exact", purpose="fraud_review", case="F-1", **more):
        self.drawn += 1
        given = {"look_id": f"l-{self.drawn}", "key": f"k-{self.drawn}"} | more
        asked = tuple(Asked.parse(one) for one in what.split())
        return Look(principal=principal, person=person, asked=asked, purpose=purpose, case=case, **given)

    def ask(self, look=None, reason="She cannot sign in.", **more):
        return ask(self.desk, Asking(look=look or self.look(), reason=reason, **more))

    def give(self, kept, staff="lea", role=As.INDEPENDENT, assertion=None):
        self.drawn += 1
        return give(
            self.desk,
            Giving(request=kept.request.id, staff=staff, role=role, assertion=assertion, nonce=f"n-{self.drawn}"),
        )

    def now(self, kept):
        """The request as it stands."""
        return find(self.desk, kept.request.id)

    def recorded(self, ledger=False):
        """What of each record of approvals, in order, of the person's stream or the ledger's."""
        bodies = [parse(record.body) for s in self.journal.submissions for record in s.records]
        return [body["what"] for body in bodies if body["kind"] == "approval" and body.get("ledger", False) == ledger]

    def told(self, staff):
        """What waits for somebody, by pseudonym or by name."""
        return [notice.what for notice in self.desk.notices.waiting([self.e(staff), staff])]

    def close(self):
        self.office.close()


def key_of(key: OverseerKey):
    from whosaw.tlog.note import VerifierKey

    return VerifierKey.parse(key.vkey)


__all__ = ["COMPANY", "COUNCIL", "HOUR", "MONITOR", "REGIONS", "TERMS", "FakePeople", "Room", "key_of"]
