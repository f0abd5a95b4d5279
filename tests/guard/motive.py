# SPDX-License-Identifier: Apache-2.0
"""The house of the motive case: an audit department, the journalists it is after, and everybody who could help it.

    town.begin() ─▶ forty days later, all tables as they should be, loaded three days ago and confirmed this morning
    a row        ─▶ changes what it is about, loads, and says which look is then asked for
    town.look()  ─▶ the real gate: journal, keyring, directory, vault, state.db on a disk

One house serves all rows, one after the other. Forty days lie between two rows: no quota, no favour and no list of the last
row counts any more in the next. Everybody is invented.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.directory.town import write
from tests.vault.crowds import fill

from whosaw.desks import load_directory
from whosaw.directory.kept import Outcome, Sighting, note
from whosaw.directory.load import Accepted
from whosaw.directory.tables import micros
from whosaw.directory.transaction import writing
from whosaw.guard import suspension
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.approvals import answer as answering
from whosaw.guard.approvals import glass
from whosaw.guard.approvals.ask import Asking, ask, withdraw
from whosaw.guard.approvals.gate import DeskApprovals
from whosaw.guard.approvals.life import Kept, find
from whosaw.guard.approvals.overseer import exported
from whosaw.guard.approvals.ports import Organisation as Settled
from whosaw.guard.approvals.state import No
from whosaw.guard.look import Guard
from whosaw.guard.quota import Quota
from whosaw.guard.quota_count import Counters, InMemory
from whosaw.model.access import Asked, Field, Look
from whosaw.model.approval import As, Counts
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream, parse, time_text
from whosaw.policy.rules import Policy
from whosaw.tlog.trust import TrustPolicy
from whosaw.verify.folder import Audit
from whosaw.verify.overseer import OverseerKey, SignedFile
from whosaw.verify.receipt import verify_receipt
from whosaw.verify.source import FolderSource
from whosaw.wiring import House, build, house

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
SUMMER = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
REGIONS = {"EU": ["DE", "IE"], "NA": ["US"]}

# What is sealed of each person. No piece of it may be in an answer, an error or a log, unless it was shown.
SECRETS = {
    Field.IP: "203.0.113.77",
    Field.MESSAGES: "meet me at the mill at nine",
    Field.CONTACTS: "the miller, +353 20 915 0077",
    Field.DEVICE: "a blue telephone",
    Field.PROFILE: "born in Galway",
    Field.ACTIVITY: "signed in twice",
    Field.PAYMENT: "DE02 1203 0000 0000 2020 51",
}
TRACES = ("203.0.113", "the mill", "915 0077", "blue telephone", "Galway", "signed in twice", "1203 0000")

# staff_id: unit, function, country, manager, and what else
STAFF = {
    "dora": ("board", "executive", "US", None, {}),
    "olga": ("lead-ie", "executive", "IE", "dora", {}),
    "cora": ("risk-board", "executive", "US", "dora", {}),
    "ana": ("help-ie", "support", "IE", "hana", {"own_person": "u-ana", "household": "elm street 4"}),
    "ben": ("help-ie", "support", "IE", "hana", {}),
    "hana": ("help-ie", "support", "IE", "olga", {}),
    "finn": ("fraud-ie", "fraud", "IE", "frank", {"own_person": "u-finn", "household": "mill lane 2"}),
    "fay": ("fraud-ie", "fraud", "IE", "frank", {"own_person": "u-fay"}),
    "frank": ("fraud-ie", "fraud", "IE", "olga", {"own_person": "u-frank"}),
    "tim": ("fraud-ie", "fraud", "IE", "frank", {}),
    "fritz": ("fraud-ie", "fraud", "IE", "tim", {}),
    "fred": ("fraud-us", "fraud", "US", "frida", {}),
    "frida": ("fraud-us", "fraud", "US", "dora", {}),
    "sam": ("safety-ie", "safety", "IE", "olga", {}),
    "lena": ("legal-ie", "legal", "IE", "greta", {}),
    "greta": ("legal-lead", "legal", "IE", None, {}),
    "leo": ("legal-us", "legal", "US", "gwen", {}),
    "gwen": ("legal-us", "legal", "US", None, {}),
    "a1": ("audit-us", "audit", "US", "head", {}),
    "a2": ("audit-us", "audit", "US", "head", {}),
    "a3": ("risk-ie", "security", "IE", "head", {}),
    "a4": ("risk-ie", "audit", "IE", "head", {"own_person": "u-a4", "household": "quay 9"}),
    "head": ("audit-lead", "audit", "US", "cora", {}),
    "sec": ("security-ie", "security", "IE", "sven", {}),
    "seth": ("security-ie", "security", "IE", "sven", {}),
    "sven": ("security-lead", "security", "IE", None, {}),
    "eve": ("platform", "engineering", "IE", "emil", {}),
    "emil": ("platform", "engineering", "IE", None, {}),
    "leaker": ("product", "engineering", "IE", "emil", {"own_person": "u-leaker"}),
    "pia": ("privacy-ie", "legal", "IE", "paul", {}),
    "paul": ("privacy-lead", "legal", "IE", None, {}),
    "pete": ("privacy-us", "legal", "US", "paula", {}),
    "paula": ("privacy-lead-us", "legal", "US", None, {}),
    "quinn": ("quality", "operations", "IE", "quint", {}),
    "quint": ("quality-lead", "operations", "IE", None, {}),
    "dean": ("data-ie", "data", "IE", None, {}),
    "cleo": ("press-office", "comms", "IE", None, {}),
    "adam": ("it-ie", "admin", "IE", None, {}),
    "portal": ("machines", "service", "IE", None, {}),
    "exporter": ("machines", "service", "IE", None, {}),
}
# person: region, classes, household
PERSONS = {
    "kate": ("EU", ["press"], "canal row 3"),
    "kates-son": ("EU", [], "canal row 3"),
    "kates-friend": ("EU", [], None),
    "jonas": ("EU", ["press"], None),
    "uma": ("NA", ["press"], None),
    "owen": ("EU", [], None),
    "mira": ("EU", [], None),
    "otto": ("NA", [], None),
    "u-leaker": ("EU", ["staff"], None),
    "u-ana": ("EU", [], None),
    "u-finn": ("EU", [], None),
    "u-fay": ("EU", [], None),
    "u-frank": ("EU", [], None),
    "u-a4": ("EU", [], None),
}
LINKS = [
    {"a": "kate", "b": "kates-friend", "kind": "friend"},
    {"a": "kate", "b": "kates-son", "kind": "household"},
]
ON_CALL = [{"staff_id": "sec", "scope_kind": "on_call", "scope": "security"}]
STEWARDS = [
    {"staff_id": "pia", "scope_kind": "steward", "scope": "EU"},
    {"staff_id": "pete", "scope_kind": "steward", "scope": "NA"},
]
# case: type, assignee or queue, requester, and whom it names
CASES = {
    "F-KATE": ("account_takeover", {"assignee": "finn"}, "kate", ["kate"]),
    "F-OWEN": ("account_takeover", {"assignee": "finn"}, "owen", ["owen"]),
    "F-OTTO": ("account_takeover", {"assignee": "finn"}, "otto", ["otto"]),
    "F-UMA": ("account_takeover", {"assignee": "finn"}, "uma", ["uma"]),
    "F-FRIEND": ("account_takeover", {"assignee": "finn"}, "kates-friend", ["kates-friend"]),
    "F-SON": ("account_takeover", {"assignee": "finn"}, "kates-son", ["kates-son"]),
    "F-BOTH": ("fraud_report", {"assignee": "finn"}, None, ["kate", "jonas"]),
    "F-FAY": ("account_takeover", {"assignee": "fay"}, "owen", ["owen"]),
    "F-COLLEAGUE": ("account_takeover", {"assignee": "finn"}, "u-fay", ["u-fay"]),
    "F-BOSS": ("account_takeover", {"assignee": "finn"}, "u-frank", ["u-frank"]),
    "F-STAFF": ("account_takeover", {"assignee": "finn"}, "u-leaker", ["u-leaker"]),
    "T-MIRA": ("support_request", {"queue": "help-ie"}, "mira", ["mira"]),
    "T-KATE": ("support_request", {"queue": "help-ie"}, "kate", ["kate"]),
    "S-KATE": ("safety_report", {"assignee": "sam"}, "owen", ["kate"]),
    "S-OWEN": ("safety_report", {"assignee": "sam"}, "mira", ["owen"]),
    "L-OWEN": ("legal_demand", {"assignee": "lena"}, None, ["owen"]),
    "N-1": ("incident", {"assignee": "sec"}, None, ["owen", "kate"]),
    "B-OWEN": ("bug_report", {"assignee": "eve"}, "owen", ["owen"]),
    "Q-OWEN": ("quality_sample", {"assignee": "quinn"}, None, ["owen"]),
    "I-LEAK": ("internal_inquiry", {"queue": "risk-ie"}, None, ["u-leaker", "kate", "kates-friend"]),
    "I-STAFF": ("internal_inquiry", {"queue": "risk-ie"}, None, ["u-leaker"]),
}
FIELDS_OF = {"L-OWEN": ["ip:exact", "profile"]}  # what a legal demand lists
# The works council is an overseer from outside; the other key somebody inside made for themselves.
COUNCIL = OverseerKey.make("works-council", "ed25519", lambda n: b"\1" * n)
SELF_MADE = OverseerKey.make("works-council", "ed25519", lambda n: b"\2" * n)
# What an organisation may write beside the shipped policy: a permit, and the widest purpose that there can be.
PERMIT = """@id("own-open")
@sentence("We say so.")
permit (principal, action == Action::"look", resource)
when {{ {} }};
"""
LEAK = """format = 1
[leak_hunt]
sentence = "We looked for a leak."
basis = "Our interest"
functions = ["audit", "security"]
needs_case = true
case_types = ["account_takeover", "internal_inquiry"]
most = { ip = "exact", location = "exact", contacts = "exact", messages = "exact" }
approvals = ["legal"]
persons_a_day = 366
"""


# The tables in which a change counts for longer than the row that made it.
PEOPLE = ("staff", "persons", "links", "assignments")


class Clock:
    """Goes forward by a millisecond at each reading, and to where a row turns it."""

    def __init__(self, at: datetime = SUMMER) -> None:
        self.at, self._lock = at, threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self.at += timedelta(milliseconds=1)
            return self.at


class Town:
    """One open house, and a clock."""

    def __init__(self, folder: Path, here: House, clock: Clock) -> None:
        self.folder, self.here, self.clock = folder, here, clock
        self.tables: dict[str, list[dict]] = {}
        self.against: set[str] = set()  # why those who were asked to sign could not
        self._requests: list[str] = []
        self._stopped: set[str] = set()
        self._drawn = self._days = 0
        self._latest = clock.at
        self.desk = here.approvals
        self._settled, self._cases = self.desk.house, here.guard._cases
        self._trust = TrustPolicy.parse((folder / "trust").read_bytes())

    # ── the days ──

    def begin(self) -> None:
        """Forty days later: whatever was changed, reached or owed is over, and the tables are as they should be."""
        self.clock.at = max(self.clock.at, self._latest)
        before, self.tables = self.tables, company(self.clock.at)
        if self._stopped or any(before.get(name) != self.tables[name] for name in PEOPLE):
            self.load()  # a unit that the last row moved counts for thirty days from here
        for staff in sorted(self._stopped):
            self.lift(staff, "dean", "cleo")
        self.review()
        self.clock.at += 37 * DAY
        self._days += 1
        self.tables = company(self.clock.at - HOUR, self.its)
        self.load()
        self.clock.at += 3 * DAY
        self.load()
        self.against, self._requests, self._stopped = set(), [], set()
        self._settle(self._settled)
        guard = self.here.guard
        guard._quotas, guard._directory, guard._cases = self.here.quota, self.here.directory, self._cases

    def its(self, case: str) -> str:
        """The id of a case in these forty days. Whoever once had a hand in a case keeps it, so each row has cases of its own."""
        return f"{case}.{self._days}" if case in CASES else case

    def turn(self, by: timedelta) -> None:
        self._latest = max(self._latest, self.clock.at)
        self.clock.at += by

    def ago(self, **length: float) -> str:
        return time_text(self.clock.at - timedelta(**length))

    def load(self) -> None:
        """Bring the tables into force as they are now, or confirm them."""
        write(self.folder.parent / "tables", self.tables, regions=REGIONS)
        load_directory(self.here, self.folder.parent / "tables", accepted=Accepted(dangling=True, fewer=True))

    # ── what a row changes ──

    def row(self, table: str, **where: str) -> dict:
        """The one row of a table in which these columns say this."""
        (found,) = [row for row in self.tables[table] if all(row.get(k) == v for k, v in where.items())]
        return found

    def staff(self, staff_id: str, **changes) -> None:
        self.row("staff", staff_id=staff_id).update(changes)
        self.load()

    def person(self, person: str, **changes) -> None:
        self.row("persons", person=person).update(changes)
        self.load()

    def case(self, case_id: str, **changes) -> None:
        self.row("cases", case_id=self.its(case_id)).update(changes)
        self.load()

    def named(self, case_id: str, person: str, **how) -> None:
        """Write a person into a case, or over how they came to stand there."""
        case_id = self.its(case_id)
        rows = [r for r in self.tables["case_persons"] if (r["case_id"], r["person"]) == (case_id, person)]
        if not rows:
            rows = [{"case_id": case_id, "person": person, "added": self.ago(minutes=1), "added_by": "portal"}]
            self.tables["case_persons"] += rows
        rows[0].update(how)
        self.load()

    def link(self, one: str, other: str, kind: str) -> None:
        """Two accounts that have to do with each other since yesterday."""
        self.tables["links"].append({"a": one, "b": other, "kind": kind})
        self.load()
        self.turn(DAY)
        self.load()

    def sighted(self, case_id: str, outcome: Outcome) -> None:
        """A ticket system was asked for a case just now, and its word counts for a minute."""
        self.turn(MINUTE)
        at = self.clock.at
        why = "it answered 503" if outcome is Outcome.SILENT else ""
        with writing(self.here.engine) as db:
            note(db, self.its(case_id), Sighting("desk", at, at + MINUTE, outcome, why), micros(at))

    def unnamed(self, case_id: str) -> None:
        """A case that names nobody any more."""
        self.tables["case_persons"] = [r for r in self.tables["case_persons"] if r["case_id"] != self.its(case_id)]
        self.load()

    def new_case(self, case_id: str, type_: str, whom: str, **columns) -> None:
        opened = columns.pop("opened", self.ago(minutes=0.1))
        by = columns.get("opened_by", "portal")
        self.tables["cases"].append(
            {"case_id": case_id, "type": type_, "opened": opened, "opened_by": "portal", **columns}
        )
        self.tables["case_persons"].append({"case_id": case_id, "person": whom, "added": opened, "added_by": by})
        self.load()

    # ── signatures ──

    def request(self, look: Look, *, everything: bool = False, **needs: int) -> str:
        """Ask for an approval of exactly this look; the id of the request."""
        asking = Asking(
            look=look, reason="Somebody else has her account.", needs=Counts(**needs) if needs else None,
            everything=everything,
        )  # fmt: skip
        self._requests.append(ask(self.desk, asking).request.id)
        return self._requests[-1]

    def give(self, request: str, staff: str, role: str = "independent") -> None:
        """Somebody inside signs, or cannot."""
        self._drawn += 1
        giving = answering.Giving(request=request, staff=staff, role=As(role), nonce=f"n-{self._drawn}")
        self._given(answering.give(self.desk, giving))

    def oversee(self, request: str, key: OverseerKey = COUNCIL, carried_to: str = "") -> None:
        """An overseer signs on a machine of their own. `carried_to`: the signature is brought back for another request."""
        self._drawn += 1
        signed = key.sign(exported(self.desk, find(self.desk, request), "log.example.org/whosaw"))
        signed = SignedFile(carried_to or signed.request, signed.vkey, signed.signature)
        self._given(answering.give_signed(self.desk, signed, f"n-{self._drawn}"))

    def _given(self, answer: "Kept | No | answering.Refused") -> None:
        match answer:
            case answering.Refused():
                self.against |= {reason.code for reason in answer.reasons}
            case No():
                self.against.add(answer.why)

    def signed(self, look: Look) -> Look:
        """The look, with all the signatures that anybody could ask for: a steward's of the region, and an overseer's."""
        request = self.request(look, everything=True)
        self.give(request, "pia", "steward")
        self.oversee(request)
        return look

    def again(self, look: Look) -> Look:
        """The same question, as a look of its own."""
        self._drawn += 1
        return replace(look, look_id=f"l-{self._drawn}", key=f"k-{self._drawn}")

    def withdraw(self, staff: str) -> None:
        self._given(withdraw(self.desk, self._requests[-1], staff))

    def take_back(self, staff: str) -> None:
        self._given(answering.refuse(self.desk, self._requests[-1], staff))

    def review(self, staff: str = "cleo") -> None:
        """Every broken glass that is not reviewed, by somebody of another unit."""
        for row in self.desk.rows.open():
            if row.state == "used":
                self._drawn += 1
                self._given(glass.review(self.desk, row.request, staff, fine=True, nonce=f"n-{self._drawn}"))

    def revoke(self) -> None:
        """No overseer's key counts any more."""
        self._settle(replace(self._settled, overseers=()))

    # ── quotas and suspensions ──

    def many(self, number: int) -> list[Look]:
        """So many colleagues of one inquiry, each looked at once."""
        for n in range(number):
            self.tables["persons"].append({"person": f"u-{n}", "region": "EU", "classes": ["staff"]})
            self.tables["case_persons"].append(
                {"case_id": self.its("I-STAFF"), "person": f"u-{n}", "added": self.ago(days=1), "added_by": "portal"}
            )
            self.here.vault.put(f"u-{n}", Field.ACTIVITY, SECRETS[Field.ACTIVITY], SUMMER, f"u-{n}")
        self.load()
        return [self.ask("a3", f"u-{n}", "activity", "internal_inquiry", "I-STAFF") for n in range(number)]

    def limit(self, counters: Counters | None = None, **limits: int) -> None:
        """Other quotas than the house's, from here to the end of the row; nothing is counted yet."""
        self.here.guard._quotas = Quota(
            replace(self.here.settings.quota, **limits), self.here.policy.purposes, self.here.directory.unit,
            InMemory() if counters is None else counters,
        )  # fmt: skip

    def suspend(self, staff: str, by: str = "pia") -> None:
        self._drawn += 1
        done = suspension.suspend(staff, "misuse", by, self.here.suspension, key=f"s-{self._drawn}")
        self._stopped.add(staff)
        assert isinstance(done, suspension.Done)

    def lift(self, staff: str, by: str, with_: str) -> None:
        """Two let somebody look again, or cannot."""
        self._drawn += 1
        done = suspension.lift(staff, by, with_, self.here.suspension, key=f"s-{self._drawn}")
        if isinstance(done, suspension.Refused):
            self.against |= {reason.code for reason in done.reasons}

    def _settle(self, settled: Settled) -> None:
        self.desk = replace(self.desk, house=settled)
        self.here.guard._approvals = DeskApprovals(self.desk)

    # ── a look ──

    def ask(self, who: str, whom: str, what="ip:exact", purpose="fraud_review", case="F-KATE", **more) -> Look:
        self._drawn += 1
        asked = tuple(Asked.parse(one) for one in what.split())
        drawn = {"look_id": f"l-{self._drawn}", "key": f"k-{self._drawn}"}
        case = None if case is None else self.its(case)
        return Look(principal=who, person=whom, asked=asked, purpose=purpose, case=case, **(drawn | more))

    def gate(self, policy: Policy | None = None) -> Guard:
        """One gate more over the same house, as another process has it; under another policy, if need be."""
        ours = self.here.guard
        return Guard(
            journal=self.here.journal, vault=self.here.vault, directory=self.here.directory,
            approvals=DeskApprovals(self.desk), quotas=ours._quotas, policy=policy or self.here.policy,
            pseudonyms=self.here.pseudonyms, remember=self.here.names.remember, offered=ours._offered,
            clock=self.clock,
        )  # fmt: skip

    def look(self, look: Look) -> Shown | Refused:
        return self.here.guard.look(look)

    def recorded(self, look: Look) -> LookBody:
        """The newest look in the person's own stream, read from the log with their key."""
        self.clock.at = max(self.clock.at, self._latest)  # or no head is signed before the time of the last one
        self.here.journal.publish_now()
        run = self.here.journal.reader().run(self.here.keyring.find(Stream.of_person(look.person)))
        return LookBody.decode([frame.body for frame in run if parse(frame.body)["kind"] == "look"][-1])

    def masked(self, which: Field, detail: str) -> str:
        """What is sealed, at this detail, by hand. A plain text has no parts: of it a lesser detail shows nothing."""
        if (which, detail) == (Field.IP, "network"):
            return "203.0.113.0/24"
        return SECRETS[which] if detail == "exact" else "none"

    def verified(self, receipt: bytes) -> bool:
        """The receipt of a look, checked as an outsider would: with the public folder and the trust file."""
        audit = Audit(self._trust, self.clock.at)
        report = verify_receipt(receipt, audit, FolderSource(self.folder / "public"))
        return report.exit == 0


def company(at: datetime, its: Callable[[str], str] = str) -> dict[str, list[dict]]:
    """The tables, with cases opened the day before `at`. `its`: the id that a case has."""
    opened = time_text(at - DAY)
    tables: dict[str, list[dict]] = {
        "staff": [
            {"staff_id": who, "unit": unit, "function": function, "country": country, "manager": boss, **more}
            for who, (unit, function, country, boss, more) in STAFF.items()
        ],
        "persons": [
            {"person": person, "region": region, "classes": classes, "household": home}
            for person, (region, classes, home) in PERSONS.items()
        ],
        "cases": [
            {"case_id": its(case), "type": type_, "opened": opened, "opened_by": "portal", "requester": by, **whose}
            for case, (type_, whose, by, _) in CASES.items()
        ],
        "case_persons": [
            {"case_id": its(case), "person": whom, "added": opened, "added_by": "portal", "fields": FIELDS_OF.get(case)}
            for case, (_, _, _, named) in CASES.items()
            for whom in named
        ],
        "links": LINKS,
        "assignments": [*ON_CALL, *STEWARDS],
    }
    return copy.deepcopy(tables)


@contextmanager
def motive_house(where: Path, settings: str = "", clock: Clock | None = None) -> Iterator[Town]:
    """The house, built and opened once; `settings`: more for its whosaw.toml."""
    folder, clock = where / "data", clock or Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    with (folder / "whosaw.toml").open("a") as file:
        file.write(f'\n[[overseer]]\nvkey = "{COUNCIL.vkey}"\n{settings}')
    with house(folder, clock=clock) as here:
        for person in PERSONS:
            for which, value in SECRETS.items():
                here.vault.put(person, which, value, SUMMER - DAY, f"{person} {which}")
                if which is Field.IP:
                    fill(here.vault._crowd, value, SUMMER - DAY)
        yield Town(folder, here, clock)


__all__ = ["DAY", "HOUR", "MINUTE", "SECRETS", "STAFF", "TRACES", "Town", "motive_house"]
