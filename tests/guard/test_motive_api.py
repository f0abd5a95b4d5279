# SPDX-License-Identifier: Apache-2.0
"""The motive case over HTTP: a tool, an employee's token, and everything that a body, a header or a batch could forge.

    insider ──their own token──▶ a registered tool ──certificate──▶ the application of a whole house ──▶ journal, vault

Invariant: no status, header or body says more of a journalist than of anybody; no piece of a value is in any of them, unless
it was asked for as it ought to be; and whoever names somebody else than their token is on record.
"""

import json

import pytest
from tests.api.ca import Authority
from tests.api.client import Client
from tests.api.conftest import LANE
from tests.api.idp import AUDIENCE, Idp
from tests.guard.motive import HOUR, TRACES, Clock, motive_house

from whosaw.api.app import application
from whosaw.api.callers import house as callers_house
from whosaw.api.callers.registered import Registered
from whosaw.api.house import parts_of
from whosaw.api.nudges import ANSWER, QUESTIONS
from whosaw.journal.submission import Record, Submission
from whosaw.model.look_body import LookBody
from whosaw.model.record import Stream, parse
from whosaw.nudge.record import Chosen, Fate, Question, Round
from whosaw.settings.callers import CallerSettings

PLAIN = "This look is not permitted."
LOOK, ONE, MANY = "/v1/look", "/access/v1/evaluation", "/access/v1/evaluations"
SUBJECTS, RESOURCES, ACTIONS = (f"/access/v1/search/{what}" for what in ("subject", "resource", "action"))


class Served:
    """The town behind an application. `fraud-desk` hands on tokens, `loud-desk` says itself who looks."""

    def __init__(self, town, door, idp, where) -> None:
        self.town, self.idp, self.keys = town, idp, 0
        ca = Authority(at=town.clock())
        self.certs = {name: ca.issue() for name in ("fraud-desk", "loud-desk", "stranger")}
        desk = callers_house.desk_of(town.here)
        by = town.here.names.remember("portal")
        for name, speaks in (("fraud-desk", False), ("loud-desk", True)):
            said = CallerSettings(
                name=name, how="mtls", purposes=("fraud_review",), paths=("/v1", "/access/v1"), pins=(self.certs[name].pin,),
                tokens=() if speaks else ("staff",), speaks=speaks,
            )  # fmt: skip
            desk.add(Registered.of(said, lambda _: b""), by)
        parts = parts_of(town.here, door, LANE, "https://gate.example.org", health=dict, metrics=bytes, mounted={})
        self.app = application(parts)

    def post(self, path, body, *, token="finn", tool="fraud-desk", headers=(), key=None):
        """One request of a tool, with an employee's token."""
        self.keys += 1
        told = {} if tool is None else {"client_cert_chain": [self.certs[tool].pem]}

        async def with_certificate(scope, receive, send):
            await self.app({**scope, "extensions": {"tls": told}}, receive, send)

        lines = [("idempotency-key", key or f"h-{self.keys}"), *headers]
        lines += [("whosaw-principal", self.idp.token(sub=token))] if token else []
        return Client(with_certificate).post(path, body, *lines)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    where, clock = tmp_path_factory.mktemp("served"), Clock()
    idp = Idp(clock)
    (where / "staff.jwks").write_bytes(idp.jwks())
    settings = (
        f'\n[[issuer]]\nname = "staff"\nurl = "{idp.url}"\naudience = "{AUDIENCE}"\nkeys = "{where}/staff.jwks"\n'
    )
    with motive_house(where, settings, clock) as town, callers_house.door(town.here) as door:
        town.begin()
        yield Served(town, door, idp, where)


@pytest.fixture(autouse=True)
def _begin(served):
    served.town.limit(attempts_an_hour=100_000)


def asked(served, person="kate", case="F-KATE", what=("ip:exact",), **more):
    return {"person": person, "fields": list(what), "purpose": "fraud_review", "case": served.town.its(case)} | more


def question(served, person="kate", case="F-KATE", detail="exact", **more):
    return {
        "subject": {"type": "principal", "id": "finn"},
        "action": {"name": "read", "properties": {"field": "ip", "detail": detail}},
        "resource": {"type": "person", "id": person},
        "context": {"purpose": "fraud_review", "case": served.town.its(case)},
    } | more


def silent(got):
    """No piece of a value, no word of why, no name."""
    text = got.text + json.dumps(got.headers)
    assert [trace for trace in (*TRACES, "protect", "journalist", "press", "overseer") if trace in text] == []
    return got


def refused(served, got):
    """200, no, the one sentence; and a record that says who asked and through which tool."""
    said = silent(got).json
    assert (got.status, said["permitted"], said["told"]) == (200, False, PLAIN)
    served.town.here.journal.publish_now()
    body = LookBody.decode(served.town.here.journal.reader().frame(said["leaf"]).body)
    assert (body.look, body.decision) == (said["look"], "refuse")
    return body


def test_the_twin_over_http(served):
    """finn looks at owen's account through the tool, with his own token: values; and AuthZEN says yes."""
    got = served.post(LOOK, asked(served, "owen", "F-OWEN"))
    assert [value["value"] for value in got.json["values"]] == ["203.0.113.77"]
    assert served.post(ONE, question(served, "owen", "F-OWEN")).json["decision"] is True


def test_her_twin_over_http(served):
    """Her own takeover, with a steward's and an overseer's signature over exactly this look: shown, once."""
    town = served.town
    town.signed(town.ask("finn", "kate"))
    assert served.post(LOOK, asked(served)).json["values"][0]["value"] == "203.0.113.77"
    assert refused(served, served.post(LOOK, asked(served))).rules == ("protected-person",)


def test_she_is_not_shown_and_the_record_says_through_what(served):
    """The tool, how it proved itself, whose token; and the one reason, for the record alone."""
    body = refused(served, served.post(LOOK, asked(served)))
    assert (body.caller.name, body.caller.speaks, body.rules) == ("fraud-desk", False, ("protected-person",))
    assert body.principal == served.town.here.pseudonyms.principal("finn")


FORGED = [  # what of a request is changed, the status, and the code of the attempt in the stream `admin`
    ("a body that names a colleague", {"principal": "fay"}, {}, 403, "contradicts"),
    ("a body that names one's boss", {"principal": "frank"}, {}, 403, "contradicts"),
    ("no token, and a body that names somebody", {"principal": "finn"}, {"token": None}, 403, "may-not-speak"),
    ("no token, and nobody named", {}, {"token": None}, 403, "no-service-account"),
    ("a purpose that the tool is not registered for", {"purpose": "internal_inquiry"}, {}, 403, "purpose"),
    ("no certificate", {}, {"tool": None}, 401, None),
    ("a certificate of nobody", {}, {"tool": "stranger"}, 401, None),
    ("a tool that takes no tokens, and somebody's token", {}, {"tool": "loud-desk"}, 403, None),
    ("signatures in the body", {"approvals": {"overseers": 1, "independent": 2}}, {}, 400, None),
    ("a function in the body", {"function": "fraud"}, {}, 400, None),
    ("a detail that no field has", {"fields": ["ip:street"]}, {}, 400, None),
    ("a field twice", {"fields": ["ip:exact", "ip:network"]}, {}, 400, None),
    ("no fields", {"fields": []}, {}, 400, None),
    ("all fields by a star", {"fields": ["*"]}, {}, 400, None),
    ("persons in a list", {"person": ["owen", "kate"]}, {}, 400, None),
    ("her name in half a letter", {"person": "kate\ud800"}, {}, 400, None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "how", "status", "code"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED])
def test_what_is_forged_reaches_nobody(served, body, how, status, code):
    """The status, not a word of her; and whoever was named in vain stands in `admin`."""
    got = silent(served.post(LOOK, asked(served) | body, **how))
    assert got.status == status, got.text
    assert "kate" not in got.text
    if code is not None:
        here = served.town.here
        here.journal.publish_now()
        last = parse(here.journal.reader().run(here.keyring.find(Stream.named("admin")))[-1].body)
        assert (last["event"], last["why"]) == ("refused", code)


def test_the_question_of_the_day_is_answered_by_whoever_looked(served):
    """finn's look, asked about: to him and no colleague, with his own token and through no tool that speaks for him; once, on record."""
    here = served.town.here
    leaf = served.post(LOOK, asked(served, "owen", "F-OWEN")).json["leaf"]
    at, who = here.clock(), here.pseudonyms.principal("finn")
    round_ = Round(number=1, at=at, first=0, end=leaf + 1, root=bytes(32), looks=1, stale=0, nobody=0)
    question = Question(
        id="n-000001", at=at, who=who, leaf=leaf, day=0, due=at + HOUR, fate=Fate.ASKED, chosen=Chosen.LOT, explained=True, repeat=False
    )  # fmt: skip
    stream = Stream.named("nudges")
    here.journal.submit(
        Submission("nudges", "round/1", (Record(stream, round_.encode()), Record(stream, question.encode())))
    )
    (one,) = served.post(QUESTIONS, {}).json["questions"]
    assert (one["question"], "owen" in one["asked"], "ip:exact of one person" in one["asked"]) == (
        "n-000001",
        False,
        True,
    )
    assert served.post(QUESTIONS, {}, token="fay").json["questions"] == []
    said = {"question": "n-000001", "said": "unit"}
    assert served.post(ANSWER, said, token="fay").json["answered"] is False
    for more in ({"tool": "loud-desk", "token": None}, {"token": None}):
        got = served.post(ANSWER, said, **more)
        assert (got.status, "token of an employee" in got.text) == (403, True)
        here.journal.publish_now()
        assert (
            parse(here.journal.reader().run(here.keyring.find(Stream.named("admin")))[-1].body)["why"] == "no-employee"
        )
    assert served.post(ANSWER, said | {"principal": "finn"}, tool="loud-desk", token=None).status == 400
    leaf = served.post(ANSWER, said).json["leaf"]
    here.journal.publish_now()
    body = parse(here.journal.reader().frame(leaf).body)
    assert (body["what"], body["by"], body["said"]) == ("answer", who, "unit")
    assert served.post(QUESTIONS, {}).json["questions"] == []
    served.town.suspend("finn")
    assert [served.post(path, body).status for path, body in ((QUESTIONS, {}), (ANSWER, said))] == [403, 403]
    served.town.lift("finn", "dean", "cleo")
    assert served.post(QUESTIONS, {}).status == 200


def test_two_answers_to_one_question_of_who_looks(served):
    """The same header twice, and a body with her name twice: whoever wrote the second has not the last word."""
    twice = served.post(LOOK, asked(served), headers=[("whosaw-principal", served.idp.token(sub="fay"))])
    assert silent(twice).status == 401
    whole = json.dumps(asked(served, "owen", "F-OWEN"))
    both = served.post(LOOK, (whole[:-1] + ', "person": "kate"}').encode())
    assert silent(both).status == 400


def test_tokens_that_do_not_count(served):
    """Of another issuer, for another audience, run out, signed by oneself, of no algorithm."""
    clock, idp = served.town.clock, served.idp
    old = int((clock() - HOUR).timestamp())
    elsewhere = Idp(clock, url="https://id.example.com/own")
    lies = [
        idp.token(aud="payroll"),
        idp.token(iat=old, exp=old + 300),
        elsewhere.token(sub="finn"),
        Idp(clock).token(sub="finn"),
    ]
    for lie in (*lies, "x.y.z", ""):
        got = served.post(LOOK, asked(served), token=None, headers=[("whosaw-principal", lie)])
        assert (silent(got).status, got.text.count("kate")) == (401, 0)


def test_a_tool_that_speaks_says_so_in_the_record(served):
    """What it says of who looks is believed, as it is registered to; the look is refused all the same, and says that it spoke."""
    got = served.post(LOOK, asked(served, principal="finn"), token=None, tool="loud-desk")
    assert refused(served, got).caller.speaks is True


def test_the_key_of_a_look_that_was_shown(served):
    """409 for the same key with her name; the key says nothing of what it was used for."""
    assert served.post(LOOK, asked(served, "owen", "F-OWEN"), key="mine").status == 200
    got = silent(served.post(LOOK, asked(served), key="mine"))
    assert (got.status, "owen" in got.text) == (409, False)


IGNORED = [
    {"subject": {"type": "principal", "id": "finn", "properties": {"function": "overseer", "role": "admin"}}},
    {"subject": {"type": "user", "id": "finn"}},
    {"approvals": {"overseers": 1, "independent": 2}},
    {"options": {"evaluations_semantic": "permit_on_first_permit"}},
]


@pytest.mark.parametrize("more", IGNORED, ids=lambda more: next(iter(more)))
def test_members_of_an_evaluation_that_permit_nothing(served, more):
    """Roles, signatures and options that a body makes up are nobody's."""
    got = silent(served.post(ONE, question(served, **more)))
    assert (got.status, got.json["decision"]) == (200, False)
    made_up = question(served)
    made_up["context"] |= {"overseers": 1, "approvals": ["overseer"], "time": "2020-01-01T00:00:00Z", "last_look": None}
    assert silent(served.post(ONE, made_up)).json["decision"] is False


@pytest.mark.parametrize("mode", ["search", "export", "aggregate", "impersonate"])
def test_other_modes_over_authzen(served, mode):
    asks = question(served)
    asks["action"]["name"] = mode
    assert silent(served.post(ONE, asks)).json["decision"] is False


def test_another_person_behind_the_resource(served):
    """owen in front and her in the properties, or the other way round: it is not guessed which of them is meant."""
    for front, behind in (("owen", "kate"), ("kate", "owen")):
        resource = {"type": "person", "id": front, "properties": {"person": behind}}
        assert silent(served.post(ONE, question(served, resource=resource))).status == 400


@pytest.mark.parametrize("semantic", ["execute_all", "deny_on_first_deny", "permit_on_first_permit"])
def test_her_in_a_batch_of_others(served, semantic):
    """She is among people who may be looked at: no for her, in each semantic; and no other no than that for somebody unknown."""
    her, unknown = question(served), question(served, "nobody-of-this-name")
    fine = question(served, "owen", "F-OWEN")
    for one in (her, unknown):
        got = silent(
            served.post(MANY, {"evaluations": [one, fine, one], "options": {"evaluations_semantic": semantic}})
        )
        assert got.json["evaluations"][0]["decision"] is False
        decided = [each["decision"] for each in got.json["evaluations"]]
        assert decided in ([False, True, False], [False], [False, True])
    said = [served.post(ONE, one).json["context"] for one in (her, unknown)]
    assert {json.dumps(each["reason_user"]) for each in said} == {json.dumps({"en": PLAIN})}
    assert said[0].keys() == said[1].keys()


def test_the_least_detail_that_serves_is_none(served):
    """From the country up to the address, until one is permitted: none is."""
    steps = [question(served, detail=detail) for detail in ("country", "network", "exact")]
    got = silent(
        served.post(MANY, {"evaluations": steps, "options": {"evaluations_semantic": "permit_on_first_permit"}})
    )
    assert [each["decision"] for each in got.json["evaluations"]] == [False] * 3


def test_searches_find_nobody(served):
    """Who may see her: nobody is named; whom finn may see: nobody; what finn may do with her: nothing."""
    her = question(served)
    without = {name: value for name, value in her.items() if name != "subject"} | {"subject": {"type": "principal"}}
    assert silent(served.post(SUBJECTS, without)).json["results"] == []
    people = {name: value for name, value in her.items() if name != "resource"} | {"resource": {"type": "person"}}
    assert silent(served.post(RESOURCES, people)).json["results"] == []
    actions = {name: value for name, value in her.items() if name != "action"}
    assert silent(served.post(ACTIONS, actions)).json["results"] == []


def test_what_is_told_is_the_same_for_everybody(served):
    """The same request about her, a friend, a colleague, somebody abroad, and somebody who does not exist: byte for byte."""
    answers = set()
    for whom in ("kate", "jonas", "kates-friend", "u-fay", "uma", "u-finn", "nobody-of-this-name"):
        got = silent(served.post(LOOK, asked(served, whom, "F-OWEN")))
        said = {name: value for name, value in got.json.items() if name not in ("look", "leaf", "receipt")}
        kept = {name: value for name, value in got.headers.items() if name not in ("x-request-id", "content-length")}
        answers.add(json.dumps([got.status, said, kept], sort_keys=True))
    assert len(answers) == 1
