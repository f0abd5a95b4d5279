# SPDX-License-Identifier: Apache-2.0
"""The guard behind the endpoints: every question is on record before it is answered, and no search tells what a question would not."""

import itertools
import json
import re

import pytest
from tests.api.client import Client, Speaks
from tests.api.conftest import LANE, ROOT, URL
from tests.guard.gate import Gate
from tests.policy.ground import EVERYTHING, POLICY

from whosaw.api.app import Parts, application
from whosaw.api.authzen import ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS
from whosaw.api.description import LOOK
from whosaw.api.guarded import Guarded
from whosaw.api.looks import Looks
from whosaw.errors import Unavailable
from whosaw.guard.search import Searches
from whosaw.model.access import LADDER, Asked, Field
from whosaw.model.caller import Caller, Proof
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind
from whosaw.privacy.detail import IP_PROVES

PLAIN = "This look is not permitted."
WHY = {"purpose": "subject_request", "case": "T-100"}


class Proven(Speaks):
    """``ports.Asker``: a tool that handed on a token."""

    def __init__(self, principal, sees_admin=False):
        super().__init__(sees_admin)
        self.principal = principal

    def looker(self, said, purpose):
        return self.principal, Caller("desk", Proof.JWT, False)


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def over(gate, asker=None, callers=None, calls=None):
    searches = Searches(
        journal=gate.journal, policy=POLICY, remember=gate.names.remember, clock=gate.clock,
        random=lambda n, c=itertools.count(): next(c).to_bytes(n, "big"),
    )  # fmt: skip
    parts = Parts(
        engine=Guarded(gate.guard, searches, POLICY.purposes), callers=callers or (lambda scope: asker or Speaks()), lane=LANE, url=URL,
        health=dict, look=Looks(gate.guard.look_async, False).look, calls=calls or {},
    )  # fmt: skip
    return Client(application(parts))


def question(field="ip", detail="network", person="mira", who="ana", context=WHY):
    return {
        "subject": {"type": "principal", "id": who},
        "action": {"name": "read", "properties": {"field": field, "detail": detail}},
        "resource": {"type": "person", "id": person},
        "context": context,
    }


def test_permitted(gate):
    """Yes, on record as a look of the person, and no value was opened."""
    got = over(gate).post(EVALUATION, question()).json
    _, body = gate.last()
    assert got == {
        "decision": True,
        "context": {"look": body.look, "leaf": got["context"]["leaf"], "caveats": [IP_PROVES]},
    }
    assert (body.kind, body.decision, body.asked) == (Kind.LOOK, "permit", (("ip", "network"),))
    assert (body.app, body.caller) == ("desk", Caller("desk", Proof.MTLS, True))
    assert gate.vault.opened == []


def test_refused(gate):
    """No, in the words for whoever asks; the rules only for a tool that may see them."""
    body = question(detail="exact")
    assert over(gate).post(EVALUATION, body).json["context"]["reason_user"] == {
        "en": "The purpose does not need a field in as much detail as was asked for."
    }
    assert "reason_admin" not in over(gate).post(EVALUATION, body).json["context"]
    seen = over(gate, Speaks(sees_admin=True)).post(EVALUATION, body).json["context"]["reason_admin"]
    assert "detail-beyond-purpose" in seen["rules"].split()
    assert [each.decision for each in gate.bodies()] == ["refuse"] * 3


PERSONS = {"protected": "kate", "of another case": "owen", "unknown": "nobody", "a colleague's friend": "kates-friend"}


def test_whatever_the_person_is_the_answer_is_the_same(gate):
    """To the letter, but for the look's own number."""
    answers = set()
    for person in PERSONS.values():
        for case in ("T-100", "F-201"):
            got = over(gate).post(EVALUATION, question(person=person, context=WHY | {"case": case})).json
            del got["context"]["look"], got["context"]["leaf"]
            answers.add(json.dumps(got))
    assert len(answers) == 1
    assert PLAIN in answers.pop()


def test_what_cannot_be_recorded_is_not_answered(gate):
    """503, and no decision."""
    for fate in ("busy", "lost", "late", "down"):
        gate.journal.fate = fate
        got = over(gate).post(EVALUATION, question())
        assert (got.status, "decision" in got.text) == (503, False)


def test_what_cannot_be_read_forbids(gate):
    """And says so; what it was goes to whoever may see it."""
    gate.facts.error = Unavailable("the directory is down", part="directory")
    context = over(gate, Speaks(sees_admin=True)).post(EVALUATION, question()).json["context"]
    assert context["reason_user"] == {"en": "Something that the decision needs could not be read."}
    assert context["reason_admin"]["cause"] == "the directory is down"
    assert "cause" not in json.dumps(over(gate).post(EVALUATION, question()).json)


def test_a_key_makes_it_the_same_look(gate):
    """One record, the same answer; of another question, a conflict."""
    key = ("Idempotency-Key", "k-1")
    first, again = (over(gate).post(EVALUATION, question(), key).json for _ in range(2))
    assert first == again
    assert len(gate.bodies()) == 1
    assert over(gate).post(EVALUATION, question(detail="country"), key).status == 409
    assert len(gate.bodies()) == 1


def test_the_least_that_serves(gate):
    """From least to most, up to the first permit: what came after it is not on record."""
    rungs = [question(detail=each)["action"] for each in ("country", "network", "exact")]
    body = question() | {"evaluations": [{"action": a} for a in rungs]}
    body["options"] = {"evaluations_semantic": "permit_on_first_permit"}
    got = over(gate).post(EVALUATIONS, body).json["evaluations"]
    assert [each["decision"] for each in got] == [True]
    assert [each.asked for each in gate.bodies()] == [(("ip", "country"),)]


def test_each_question_of_a_batch_is_a_look(gate):
    """On its own record, under its own key; what is none is no look."""
    items = [{"action": question(detail=each)["action"]} for each in ("network", "exact")] + [
        {"action": {"name": "fly"}}
    ]
    got = over(gate).post(EVALUATIONS, question() | {"evaluations": items}).json["evaluations"]
    assert [each["decision"] for each in got] == [True, False, False]
    assert sorted(each.decision for each in gate.bodies()) == ["permit", "refuse"]
    assert len({each.look for each in gate.bodies()}) == 2


def action_search(person="mira", who="ana", context=WHY, resource=None):
    return {
        "subject": {"type": "principal", "id": who},
        "resource": resource or {"type": "person", "id": person},
        "context": context,
    }


def test_a_search_for_actions_is_questions(gate):
    """Exactly what evaluations permit, each of them on record, and what was refused as well."""
    found = over(gate).post(ACTIONS, action_search()).json["results"]
    asked = [each.asked[0] for each in gate.bodies()]
    purpose = POLICY.purposes["subject_request"]
    expected = [(a.field, d) for a in purpose.most for d in LADDER[a.field][: LADDER[a.field].index(a.detail) + 1]]
    assert asked == expected
    assert [(each["properties"]["field"], each["properties"]["detail"]) for each in found] == expected
    for each in found:
        body = question() | {"action": each}
        assert over(gate).post(EVALUATION, body).json["decision"]


def test_a_search_for_actions_ends_where_it_is_refused(gate):
    """One refusal for each field: no more was asked than it takes to say no."""
    assert over(gate).post(ACTIONS, action_search("kate")).json == {
        "results": [],
        "page": {"next_token": "", "count": 0},
    }
    assert [each.decision for each in gate.bodies()] == ["refuse"] * len(POLICY.purposes["subject_request"].most)


def test_a_search_for_actions_on_a_field(gate):
    """Only that field's."""
    resource = {"type": "field", "id": "ip", "properties": {"person": "mira"}}
    found = over(gate).post(ACTIONS, action_search(resource=resource)).json["results"]
    assert found == [{"name": "read", "properties": {"detail": d}} for d in ("country", "region", "network")]


def test_a_search_for_actions_passes_over_what_is_not_offered(gate):
    """Without a database of places there is no ip:country, and ip:network is found all the same."""
    gate.guard._offered = EVERYTHING - {Asked(Field.IP, "country"), Asked(Field.IP, "region")}
    resource = {"type": "field", "id": "ip", "properties": {"person": "mira"}}
    assert over(gate).post(ACTIONS, action_search(resource=resource)).json["results"] == [
        {"name": "read", "properties": {"detail": "network"}}
    ]
    assert len(gate.bodies()) == 1


def test_a_search_for_no_purpose_is_400(gate):
    for context in ({}, {"purpose": "curiosity"}):
        assert over(gate).post(ACTIONS, action_search(context=context)).status == 400
    assert gate.bodies() == []


@pytest.mark.parametrize("said", [True, 1, "no", None])
def test_a_search_breaks_no_glass(gate, said):
    """It would be broken for each question of it."""
    context = WHY | {"break_glass": said}
    for path, body in ((ACTIONS, action_search()), (SUBJECTS, subject_search()), (RESOURCES, question())):
        assert over(gate).post(path, body | {"context": context}).status == 400
    assert gate.bodies() == []


def subject_search(person="mira", **more):
    return question(person=person) | {"subject": {"type": "principal"}} | more


def test_a_search_for_subjects_finds_whoever_asks(gate):
    """If they may: one look, of theirs. An id in the request is ignored."""
    app = over(gate, Proven("ana"))
    assert app.post(SUBJECTS, subject_search(subject={"type": "principal", "id": "finn"})).json["results"] == [
        {"type": "principal", "id": "ana"}
    ]
    assert over(gate, Proven("finn")).post(SUBJECTS, subject_search()).json["results"] == []
    assert [each.principal for each in gate.bodies()] == [gate.names.principal(who) for who in ("ana", "finn")]


def test_of_a_strange_type_nothing_is_found(gate):
    """And nothing is asked."""
    strange = {"type": "spaceship", "id": "x"}
    for path, body in (
        (SUBJECTS, subject_search(subject=strange)), (SUBJECTS, subject_search(resource=strange)),
        (ACTIONS, action_search() | {"subject": strange}), (ACTIONS, action_search(resource=strange)),
        (RESOURCES, question() | {"resource": strange}), (RESOURCES, question() | {"subject": strange}),
    ):  # fmt: skip
        assert over(gate).post(path, body).json == {"results": [], "page": {"next_token": "", "count": 0}}
    assert gate.bodies() == []


def test_no_search_tells_people_apart(gate):
    """For whoever has no case of theirs, protected, unknown and ordinary people give the same bytes."""
    answers = set()
    for person in ("kate", "owen", "nobody", "kates-friend", "u-leaker"):
        app = over(gate, Proven("ana"))
        got = [app.post(SUBJECTS, subject_search(person)).json, app.post(ACTIONS, action_search(person)).json]
        got[0]["context"] = got[0]["context"]["reason_user"]
        answers.add(json.dumps(got))
    assert len(answers) == 1


@pytest.mark.parametrize("properties", [{}, {"ip": "203.0.113.9"}, {"city": "Cork"}, {"case": "T-100"}])
def test_people_are_not_searched_for(gate, properties):
    """Refused with 200, on record as nobody's, and what was searched for is not written down."""
    body = question() | {"resource": {"type": "person", "properties": properties}}
    got = over(gate).post(RESOURCES, body).json
    assert (got["results"], got["page"]) == ([], {"next_token": "", "count": 0})
    assert "one person" in got["context"]["reason_user"]["en"]
    raw = gate.journal.submissions[-1].records[0]
    made = LookBody.decode(raw.body)
    assert (made.kind, str(made.mode), made.person, made.decision, made.rules) == (
        Kind.BULK, "search", None, "refuse", ("mode-not-offered",),
    )  # fmt: skip
    assert raw.stream.id == "bulk"
    assert not any(value.encode() in raw.body for value in properties.values())
    assert gate.facts.asked == 0


def whole(**more):
    return {"principal": "ana", "person": "mira", "fields": ["ip:network"], **WHY} | more


def test_a_whole_look(gate):
    """Values, receipt, index; refused: what is told."""
    key = ("Idempotency-Key", "k-1")
    shown = over(gate).post(LOOK, whole(), key).json
    assert shown["permitted"] is True
    assert [(v["field"], v["detail"], v["value"]) for v in shown["values"]] == [("ip", "network", "203.0.113.0/24")]
    assert over(gate).post(LOOK, whole(), key).json["look"] == shown["look"]
    assert len(gate.bodies()) == 1
    refused = over(gate).post(LOOK, whole(person="kate"), ("Idempotency-Key", "k-2")).json
    assert (refused["permitted"], refused["told"], "rules" in refused) == (False, PLAIN, False)
    seen = over(gate, Speaks(sees_admin=True)).post(LOOK, whole(person="kate"), ("Idempotency-Key", "k-3")).json
    assert "protected-person" in seen["rules"]


@pytest.mark.parametrize(
    "more",
    [{"fields": []}, {"fields": ["ip"]}, {"fields": "ip"}, {"extra": 1}, {"case": ""}, {"case": 1}, {"wait": "soon"},
     {"wait": "witnessed"}, {"break_glass": 1}, {"person": None}, {"purpose": None}, {"mode": "search"}],
)  # fmt: skip
def test_a_look_that_is_none_is_400(gate, more):
    assert over(gate).post(LOOK, whole(**more), ("Idempotency-Key", "k-1")).status == 400
    assert gate.bodies() == []


def test_a_look_needs_a_key(gate):
    assert over(gate).post(LOOK, whole()).status == 400
    assert gate.bodies() == []


PAGE = (ROOT / "docs/authzen.md").read_text().replace("T-1", "T-100")


def test_the_page_says_what_is(gate):
    """The requests of docs/authzen.md, as they stand there: those that are written out are permitted."""
    asked = re.findall(
        r"^POST (\S+)\n((?:[\w-]+: [^\n]*\n)*)\n?(\{.*?\}\}?)\n(?=\n|```)", PAGE, re.MULTILINE | re.DOTALL
    )
    whole = [(path, json.loads(body)) for path, _, body in asked if "…" not in body]
    assert [path for path, _ in whole[:2]] == [EVALUATION, LOOK]  # the others: test_calls.py
    assert over(gate).post(EVALUATION, whole[0][1]).json["decision"] is True
    got = over(gate, Proven("ana")).post(LOOK, whole[1][1], ("Idempotency-Key", "k-1")).json
    assert got["permitted"] is True
    shortened = next(body for path, _, body in asked if path == EVALUATIONS).replace("{…, ", "{")
    got = over(gate).post(EVALUATIONS, whole[0][1] | json.loads(shortened)).json["evaluations"]
    assert [each["decision"] for each in got] == [True]
