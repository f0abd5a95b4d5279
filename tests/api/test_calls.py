# SPDX-License-Identifier: Apache-2.0
"""Pseudonyms and counts over HTTP: admitted, guarded, counted and recorded as the commands do it; refused in words about the question alone."""

import json
import re

import pytest
from tests.api.client import Client, Speaks, bearer
from tests.api.conftest import LANE, ROOT, URL
from tests.guard.counts.test_counts import InMemory
from tests.guard.pseudonyms.test_desk import ADDRESSES, KEY, SMALL, Office
from tests.nudge.day import House, certain, row
from tests.policy.ground import POLICY

from whosaw.api.answers import CallRefused, Counted, PseudonymsMade
from whosaw.api.app import Parts, application
from whosaw.api.counts import COUNTS, Counting
from whosaw.api.nudges import ANSWER, QUESTIONS, Nudges
from whosaw.api.pseudonyms import BEHIND, PSEUDONYMS, Pseudonyms
from whosaw.api.question import BehindQuestion, CountQuestion, PseudonymQuestion
from whosaw.errors import Unavailable
from whosaw.guard.counts.desk import Counts
from whosaw.model.caller import Caller, Proof
from whosaw.model.count_body import CountBody
from whosaw.model.pseudonym_body import Variant
from whosaw.nudge.ask import round_
from whosaw.privacy.fields.kind import NOWHERE
from whosaw.privacy.headings import Headings
from whosaw.privacy.ipcrypt.keys import cipher
from whosaw.settings.counts import CountSettings

WHY = {"principal": "finn", "purpose": "fraud_review", "case": "F-200"}
MADE = WHY | {"addresses": ADDRESSES}
ASKED = WHY | {"field": "ip:network", "headings": ["203.0.113.0/24", "192.0.2.0/24"], "period": "2026-W24"}
KEYED = ("Idempotency-Key", "k-1")


class CountVault:
    """A vault in which one account is under the first heading, and no noise is added."""

    def counts(self):
        return self

    def headings(self, asked, texts):
        return Headings(asked, texts, NOWHERE)

    def caveat(self, asked, *, again):
        return "An address is no place."

    def counted(self, recorded, question, headings, noise):
        assert CountBody.decode(recorded.leaves[-1].body).question == question.digest
        return (1, *(0 for _ in headings.texts[1:]))


def calls_of(office):
    """The handlers over this office's desk, and over a desk for counts beside it."""
    counts = Counts(
        CountSettings(epsilon_a_period="0.2"), InMemory(), office.journal, CountVault(), directory=office.gate.facts, policy=POLICY,
        remember=office.gate.names.remember, clock=office.clock, random=office.random, noise=lambda counts, epsilon: counts,
    )  # fmt: skip
    day = House(row(1, who="ana", intimate=True), numbers=certain())
    round_(day.desk)
    nudges = Nudges(day.desk)
    two = Pseudonyms(office.desk, office.gate.guard, SMALL.batch)
    return {
        PSEUDONYMS: two.pseudonyms,
        BEHIND: two.behind,
        COUNTS: Counting(counts, office.clock).counts,
        QUESTIONS: nudges.questions,
        ANSWER: nudges.answer,
    }


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.gate.close()


def over(office, asker=None, callers=None):
    return Client(
        application(
            Parts(engine=None, callers=callers or (lambda scope: asker or Speaks()), lane=LANE, url=URL, health=dict, calls=calls_of(office))
        )
    )  # fmt: skip


def test_pseudonyms_are_made_on_record_with_the_tool_that_asked(office):
    """In their order, in two batches of a session; the call and its end stand in the log, and no address does."""
    got = over(office).post(PSEUDONYMS, MADE | {"addresses": ADDRESSES * 20}).json
    made = [cipher(KEY, "fraud_review", "2026-06", Variant.PFX).encrypt(each) for each in ADDRESSES]
    assert (got["permitted"], got["epoch"], got["kind"], got["pseudonyms"]) == (True, "2026-06", "pfx", made * 20)
    call, spent = office.bodies()
    assert (call.addresses, call.permitted, call.caller) == (60, True, Caller("desk", Proof.MTLS, True))
    assert (spent.what, spent.addresses) == ("spent", 60)
    assert "192.0.2" not in str([s.records[0].body for s in office.journal.submissions])
    ndx = over(office).post(PSEUDONYMS, MADE | {"kind": "ndx"}).json
    assert len(set(ndx["pseudonyms"])) == 3


def test_they_are_counted_as_everywhere(office):
    """The day of a principal ends, whatever way its calls came; a refusal says why, and is on record."""
    assert over(office).post(PSEUDONYMS, MADE | {"addresses": ADDRESSES * 33}).json["permitted"]
    got = over(office).post(PSEUDONYMS, MADE).json
    assert (got["permitted"], [why["code"] for why in got["reasons"]]) == (False, ["pseudonyms-quota"])
    assert "pseudonyms" not in got
    got = over(office).post(PSEUDONYMS, {**MADE, "case": "F-999"}).json
    assert "case-unknown" in [why["code"] for why in got["reasons"]]
    assert [body.permitted for body in office.bodies() if body.what == "call"] == [True, False, False]
    assert len(office.desk.shown(office.gate.names.principal("finn"), office.clock())) == 2


def test_who_is_not_admitted_asks_nothing(office):
    strict = over(office, callers=bearer("secret"))
    for path, body in ((PSEUDONYMS, MADE), (COUNTS, ASKED), (BEHIND, {**WHY, "person": "owen", "pseudonym": "x"})):
        assert strict.post(path, body, KEYED).status == 401
        assert strict.post(path, body, KEYED, ("Authorization", "Bearer wrong")).status == 401
    assert office.journal.submissions == []


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        (PSEUDONYMS, MADE | {"addresses": ["192.0.2.1", "192.0.2.256"]}, "addresses.1"),
        (PSEUDONYMS, MADE | {"addresses": []}, "addresses"),
        (PSEUDONYMS, MADE | {"addresses": ["192.0.2.1"] * 10_001}, "addresses"),
        (PSEUDONYMS, MADE | {"kind": "nd"}, "kind"),
        (PSEUDONYMS, MADE | {"epoch": "2031-01"}, "epoch"),
        (PSEUDONYMS, MADE | {"person": "owen"}, "person"),
        (COUNTS, ASKED | {"field": "ip:exact"}, "field"),
        (COUNTS, ASKED | {"headings": ["203.0.113.7/32"]}, "headings"),
        (COUNTS, ASKED | {"period": "2031-01"}, "period"),
        (COUNTS, {**WHY, "field": "ip:network"}, "headings"),
        (BEHIND, {**WHY, "person": "owen", "pseudonym": "no"}, ""),
    ],
)
def test_what_is_no_question_is_no_call(office, path, body, where):
    """400 with the member, without what stood in it; nothing is on record and nothing is taken."""
    got = over(office).post(path, body, KEYED)
    assert got.status == 400
    assert where in got.text
    assert not [word for word in ("192.0.2.256", "203.0.113.7", "2031") if word in got.text]
    assert office.journal.submissions == []


def test_the_address_behind_one_is_a_look_at_the_person(office):
    """Refused as a look, with nothing of why; permitted, it opens the vault for exactly that look."""
    pseudonym = cipher(KEY, "fraud_review", "2026-06", Variant.PFX).encrypt("203.0.113.77")
    body = {**WHY, "person": "kate", "pseudonym": pseudonym}
    refused = over(office).post(BEHIND, body, KEYED).json
    assert refused["permitted"] is False
    assert refused["told"]
    assert over(office).post(BEHIND, body).status == 400  # a look needs its key
    look = office.gate.last()[1]
    assert (look.asked, look.purpose, look.decision) == ((("ip", "exact"),), "fraud_review", "refuse")


def test_counts_are_answered_once_and_until_the_budget_ends(office):
    """The same for the same question, in any order; 0.2 are two questions, and the third is no, on record."""
    first = over(office)
    got = first.post(COUNTS, ASKED).json
    assert got["numbers"] == [{"heading": "192.0.2.0/24", "accounts": 1}, {"heading": "203.0.113.0/24", "accounts": 0}]
    assert (got["epsilon"], got["charged"], got["left"], got["again"]) == ("0.1", "0.1", "0.1", False)
    assert got["notes"][-1] == "An address is no place."
    again = first.post(COUNTS, ASKED | {"headings": ASKED["headings"][::-1]}).json
    assert (again["numbers"], again["charged"], again["again"]) == (got["numbers"], "0", True)
    assert first.post(COUNTS, ASKED | {"headings": ["10.0.0.0/8"]}).json["left"] == "0"
    no = first.post(COUNTS, ASKED | {"headings": ["11.0.0.0/8"]}).json
    assert (no["permitted"], [why["code"] for why in no["reasons"]]) == (False, ["counts-budget-spent"])
    bodies = [CountBody.decode(s.records[0].body) for s in office.journal.submissions]
    assert [(b.permitted, b.charged) for b in bodies] == [(True, 100), (True, 0), (True, 100), (False, 0)]
    assert bodies[0].caller == Caller("desk", Proof.MTLS, True)
    assert over(office).post(COUNTS, {k: v for k, v in ASKED.items() if k != "period"}).json["period"] == "2026-W24"


def test_what_could_not_be_read_is_for_who_may_see_it(office):
    office.gate.facts.error = Unavailable("the directory is down", part="directory")
    for path, body in ((PSEUDONYMS, MADE), (COUNTS, ASKED)):
        told = over(office).post(path, body).json
        assert [why["code"] for why in told["reasons"]] == ["facts-unavailable"]
        assert "directory is down" not in json.dumps(told)
        assert over(office, Speaks(sees_admin=True)).post(path, body).json["cause"] == "the directory is down"


@pytest.mark.parametrize("fate", ["busy", "lost", "late", "down"])
def test_what_cannot_be_recorded_is_not_answered(office, fate):
    for path, body in ((PSEUDONYMS, MADE), (COUNTS, ASKED)):
        office.journal.fate = fate
        got = over(office).post(path, body)
        assert (got.status, "permitted" in got.text) == (503, False)


def test_the_page_asks_what_is_read():
    """The requests of docs/authzen.md are questions, member by member, and its answers have the members of the shapes."""
    page = (ROOT / "docs/authzen.md").read_text()
    shapes = {PSEUDONYMS: PseudonymQuestion, COUNTS: CountQuestion, BEHIND: BehindQuestion}
    for path, shape in shapes.items():
        (body,) = re.findall(rf"^POST {path}\n(?:[\w-]+: [^\n]*\n)*(\{{.*?\}})\n\n", page, re.MULTILINE | re.DOTALL)
        assert shape.of(json.loads(body)).model_fields_set == set(json.loads(body))
    for shape, sign in ((PseudonymsMade, '"pseudonyms"'), (Counted, '"within"'), (CallRefused, '"reasons"')):
        (said,) = [
            each
            for each in re.findall(r"^200 (\{.*?\})\n(?=200|```|\n)", page, re.MULTILINE | re.DOTALL)
            if sign in each
        ]
        shape.model_validate(json.loads(said))
