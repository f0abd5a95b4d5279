# SPDX-License-Identifier: Apache-2.0
"""The certification scenario of AuthZEN 1.0, all levels, against the fixture of docs/spec/certification.

Numbers are those of its sections. What the scenario checks of a structure is checked of every reply in `post`.
"""

import pytest
from tests.api.client import Client, anybody, bearer
from tests.api.conftest import LANE, ROOT, URL, over

from whosaw.api.app import Parts, application
from whosaw.api.authzen import ACTIONS, EVALUATION, EVALUATIONS, METADATA, RESOURCES, SUBJECTS
from whosaw.api.fixture import Fixture

ALICE, BOB = ({"type": "user", "id": name} for name in ("alice", "bob"))
ADMIN = {**BOB, "properties": {"role": "admin"}}
ONE, TWO = ({"type": "record", "id": f"record-{n}"} for n in (1, 2))
ACTIVE = {**ONE, "properties": {"status": "active"}}
ARCHIVED = {**TWO, "properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}


def delete(soft):
    return {"name": "delete", "properties": {"soft": soft}}


def question(subject, action, resource, **more):
    return {"subject": subject, "action": action, "resource": resource, **more}


DECISIONS = [
    (ALICE, READ, ONE, True),
    (ALICE, WRITE, ONE, True),
    (BOB, READ, ONE, True),
    (BOB, WRITE, ONE, False),
    (ALICE, WRITE, ARCHIVED, False),
    (ADMIN, WRITE, ARCHIVED, True),
    (ALICE, delete(True), ONE, True),
    (ALICE, delete(False), ONE, False),
]
TIME = {"time": "2025-06-27T18:03-07:00", "ip": "192.0.2.1"}


def decide(app, body, *headers):
    got = app.post(EVALUATION, body, *headers)
    assert got.status == 200
    assert type(got.json["decision"]) is bool
    assert type(got.json.get("context", {})) is dict
    return got.json["decision"]


@pytest.mark.parametrize(("subject", "action", "resource", "expected"), DECISIONS)
@pytest.mark.parametrize("more", [{}, {"context": TIME}])
def test_the_eight_decisions(certified, subject, action, resource, expected, more):
    """1.4, 2.2.1–2.2.7: each of them, with and without a context."""
    assert decide(certified, question(subject, action, resource, **more)) is expected


def test_what_is_not_needed_is_accepted(certified):
    """2.2.8, 2.2.9: more properties, and members that nobody knows."""
    more = question(
        {**ALICE, "properties": {"department": "Sales", "role": "manager"}},
        {**READ, "properties": {"method": "GET"}},
        {**ONE, "properties": {"status": "active", "owner": "bob"}},
        foo="bar", futureField={"nested": True},
    )  # fmt: skip
    assert decide(certified, more)


WHOLE = question(ALICE, READ, ONE)
BROKEN = [
    *({name: value for name, value in WHOLE.items() if name != left} for left in WHOLE),
    question({"id": "alice"}, READ, ONE),
    question({"type": "user"}, READ, ONE),
    question(ALICE, {}, ONE),
    question(ALICE, READ, {"id": "record-1"}),
    question(ALICE, READ, {"type": "record"}),
    question("alice", READ, ONE),
    question(ALICE, {"name": 123}, ONE),
    question({"type": "user", "id": 7}, READ, ONE),
    question(ALICE, READ, ONE, context="now"),
    question(ALICE, READ, ONE, context=None),
    question({**ALICE, "properties": []}, READ, ONE),
    question({"type": "", "id": "alice"}, READ, ONE),
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_a_question_that_is_none_is_400(certified, path, body):
    """2.4.1, 2.4.2, 2.4.6, at both endpoints."""
    got = certified.post(path, body)
    assert (got.status, got.headers["content-type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx", None])
def test_another_content_type_is_400(certified, media):
    """2.4.3."""
    headers = () if media is None else (("content-type", media),)
    assert certified.call("POST", EVALUATION, b"{}", headers).status == 400


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]", b'"x"', b"{}{}", b"\xff", b"{'a': 1}"])
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
def test_what_is_no_object_is_400(certified, raw, path):
    """2.4.4, 2.4.5."""
    assert certified.post(path, raw).status == 400


def test_the_request_id_comes_back(certified):
    """2.5.1, 2.5.2: with every status."""
    for status, path, body in ((200, EVALUATION, WHOLE), (400, EVALUATION, {}), (404, "/access/v2", {})):
        got = certified.post(path, body, ("X-Request-ID", "bfe9eb29-ab87"))
        assert (got.status, got.headers["x-request-id"]) == (status, "bfe9eb29-ab87")
    assert "x-request-id" not in certified.post(EVALUATION, WHOLE).headers


def test_the_same_question_has_the_same_answer(certified):
    """2.6."""
    assert {decide(certified, WHOLE) for _ in range(5)} == {True}


def decided(app, body):
    got = app.post(EVALUATIONS, body)
    assert got.status == 200
    assert "decision" not in got.json
    assert all(type(each["decision"]) is bool for each in got.json["evaluations"])
    return [each["decision"] for each in got.json["evaluations"]]


BATCHES = [
    ({"subject": BOB, "resource": ONE, "evaluations": [{"action": READ}, {"action": WRITE}]}, [True, False]),
    ({"subject": ALICE, "action": WRITE, "evaluations": [{"resource": ACTIVE}, {"resource": ARCHIVED}]}, [True, False]),
    ({"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]}, [False, True]),
    ({"evaluations": [question(ALICE, READ, ONE), question(BOB, WRITE, ONE)]}, [True, False]),
    ({"subject": ALICE, "action": WRITE, "resource": {"type": "record"},
      "evaluations": [{"resource": {"id": "record-1", "properties": {"status": "active"}}}, {"resource": ARCHIVED}]},
     [True, False]),
    ({"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {}]}, [True, False]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), BATCHES)
def test_batches(certified, body, expected):
    """3.2.2–3.2.5, 3.2.7, 3.4.1: in their order, each on its own, with what it leaves out filled in."""
    assert decided(certified, body) == expected


def test_a_batch_with_a_context(certified):
    """3.2.1, 3.2.6, 3.3.1: as many answers as questions."""
    items = [{"resource": ONE}, {"resource": TWO, "context": {"source": "batch-override"}}]
    assert len(decided(certified, {"subject": ALICE, "action": READ, "context": TIME, "evaluations": items})) == 2


def test_an_item_that_cannot_be_read_says_so(certified):
    """3.4.1: in its place."""
    got = certified.post(EVALUATIONS, {"subject": ALICE, "action": READ, "evaluations": [{}]}).json
    assert got == {
        "evaluations": [
            {"decision": False, "context": {"error": {"status": 400, "message": "resource: missing"}}}
        ]
    }  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_without_a_list_it_is_one_question(certified, more):
    """3.4.2, 3.4.3."""
    assert certified.post(EVALUATIONS, {**WHOLE, **more}).json == {"decision": True}


SEMANTICS = [
    ("execute_all", [True, False, True, False], [True, False, True, False]),
    ("deny_on_first_deny", [True, False, True], [True, False]),
    ("deny_on_first_deny", [True, True], [True, True]),
    ("permit_on_first_permit", [False, True, False], [False, True]),
    ("permit_on_first_permit", [False, False], [False, False]),
]


@pytest.mark.parametrize(("semantic", "asked", "expected"), SEMANTICS)
def test_the_three_semantics(certified, semantic, asked, expected):
    """7.1.2.1 of the specification: to the end, or to the first that decides it, that one included."""
    items = [{"action": READ if each else WRITE} for each in asked]
    body = {
        "subject": BOB,
        "resource": ONE,
        "evaluations": items,
        "options": {"evaluations_semantic": semantic, "x": 1},
    }
    assert decided(certified, body) == expected


@pytest.mark.parametrize("options", [None, [], {"evaluations_semantic": "any"}, {"evaluations_semantic": 1}])
def test_other_options_are_400(certified, options):
    """A way to stop that nobody knows is no way."""
    assert certified.post(EVALUATIONS, {**WHOLE, "evaluations": [{}], "options": options}).status == 400


@pytest.mark.parametrize("given", ["all", {}, [1], [None], [{}] * 101])
def test_other_lists_are_400(certified, given):
    """Neither a list of something else nor one without end."""
    assert certified.post(EVALUATIONS, {**WHOLE, "evaluations": given}).status == 400


SEARCHES = [
    (SUBJECTS, question({"type": "user"}, READ, ONE), [ALICE, BOB]),
    (SUBJECTS, question({"type": "user"}, READ, ONE, context=TIME), [ALICE, BOB]),
    (SUBJECTS, question({"type": "user", "id": "ignored"}, WRITE, ARCHIVED), [BOB]),
    (RESOURCES, question(ALICE, READ, {"type": "record"}), [ONE, TWO]),
    (RESOURCES, question(ADMIN, WRITE, {"type": "record"}), [TWO]),
    (ACTIONS, {"subject": ALICE, "resource": ONE}, [READ, WRITE]),
    (ACTIONS, {"subject": ALICE, "resource": ONE, "context": TIME}, [READ, WRITE]),
    (ACTIONS, {"subject": ADMIN, "resource": ARCHIVED}, [READ, WRITE]),
    (ACTIONS, {"subject": {"type": "user", "id": "nonexistent-user"}, "resource": ONE}, []),
    (SUBJECTS, question({"type": "spaceship"}, READ, ONE), []),
    (RESOURCES, question(ALICE, READ, {"type": "spaceship"}), []),
]


@pytest.mark.parametrize(("path", "body", "expected"), SEARCHES)
def test_searches(certified, path, body, expected):
    """4.2–4.4, 4.6: everything that fits, and nothing where nothing does."""
    got = certified.post(path, body)
    assert got.status == 200
    assert got.json["results"] == expected
    assert got.json["page"] == {"next_token": "", "count": len(expected), "total": len(expected)}


def test_pages(certified):
    """4.5: one at a time, up to the end, and each of them once."""
    body = question({"type": "user"}, READ, ONE)
    first = certified.post(SUBJECTS, {**body, "page": {"limit": 1}}).json
    token = first["page"]["next_token"]
    second = certified.post(SUBJECTS, {**body, "page": {"token": token}}).json
    assert first["results"] + second["results"] == [ALICE, BOB]
    assert (type(token), second["page"]["next_token"]) == (str, "")
    none = certified.post(SUBJECTS, {**body, "page": {"limit": 0}}).json
    assert (none["results"], bool(none["page"]["next_token"])) == ([], True)


def test_a_token_is_for_its_own_question(certified):
    """Of another question, damaged or invented, it is refused."""
    body = question({"type": "user"}, READ, ONE)
    token = certified.post(SUBJECTS, {**body, "page": {"limit": 1}}).json["page"]["next_token"]
    wrong = [token[:-1], token + "=", "A" * 28, "é", token.swapcase(), "x" * 201]
    assert {certified.post(SUBJECTS, {**body, "page": {"token": each}}).status for each in wrong} == {400}
    other = question({"type": "user"}, WRITE, ONE)
    assert certified.post(SUBJECTS, {**other, "page": {"token": token}}).status == 400
    assert certified.post(SUBJECTS, {**body, "page": {"limit": -1}}).status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SUBJECTS, {"subject": {"type": "user"}, "resource": ONE}),
        (RESOURCES, {"action": READ, "resource": {"type": "record"}}),
        (ACTIONS, {"subject": ALICE}),
        (SUBJECTS, question({"type": "user"}, READ, {"type": "record"})),
        (RESOURCES, question({"type": "user"}, READ, {"type": "record"})),
    ],
)
def test_a_search_that_is_none_is_400(certified, path, body):
    """4.7."""
    assert certified.post(path, body).status == 400


def test_discovery(certified):
    """6: where everything is."""
    got = certified.get(METADATA)
    assert got.status == 200
    assert got.json.pop("policy_decision_point") == URL
    paths = {name: url.removeprefix(URL) for name, url in got.json.items() if name != "policy_decision_point"}
    assert paths == {
        "access_evaluation_endpoint": EVALUATION, "access_evaluations_endpoint": EVALUATIONS,
        "search_subject_endpoint": SUBJECTS, "search_resource_endpoint": RESOURCES, "search_action_endpoint": ACTIONS,
    }  # fmt: skip


def test_discovery_below_a_path():
    """6.1: the well-known name stands between the host and the path."""
    parts = Parts(Fixture.load(ROOT / "docs/spec/certification"), anybody, LANE, f"{URL}/tenant1", dict)
    got = Client(application(parts)).get(f"{METADATA}/tenant1")
    assert (got.status, got.json["access_evaluation_endpoint"]) == (200, f"{URL}/tenant1{EVALUATION}")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (b"gate.example.org", "gate.example.org"), (b"Gate.Example.org:8443", "gate.example.org:8443"), (b"[2001:db8::1]:443", "[2001:db8::1]:443"),
        (b"gate.example.org/path", None), (b"me@gate.example.org", None), (b"", None), (b"a b", None), (b"gate:1:2", None), (None, None),
    ],
)  # fmt: skip
def test_discovery_says_the_host_that_was_asked(host, said):
    """6.2: where the settings name no address; what is no host is not repeated, and two hosts are none."""
    parts = Parts(Fixture.load(ROOT / "docs/spec/certification"), anybody, LANE, URL, dict, named=False)
    app = Client(application(parts))
    scheme = URL.partition(":")[0]
    got = app.call("GET", METADATA, b"", () if host is None else (("host", host.decode()),))
    assert got.json["policy_decision_point"] == (URL if said is None else f"{scheme}://{said}")
    twice = app.call("GET", METADATA, b"", (("host", "a.example"), ("host", "b.example")))
    assert twice.json["policy_decision_point"] == URL


def test_who_is_not_known_is_401():
    """The caller, not the subject: before anything of the question is read."""
    app = over(ROOT / "docs/spec/certification", bearer("secret"))
    got = app.post(EVALUATION, b"no question at all")
    assert (got.status, got.headers["www-authenticate"]) == (401, "Bearer")
    assert decide(app, WHOLE, ("authorization", "Bearer secret"))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY", "post"])
def test_other_methods_are_405(certified, method):
    """And say which one would do; no header makes another method of it."""
    got = certified.call(method, EVALUATION, b"", (("x-http-method-override", "POST"),))
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert certified.call("POST", METADATA).status == 405


@pytest.mark.parametrize(
    "path", ["/", EVALUATION + "/", "/access/v1", "/access/v1/search", "//access/v1/evaluation", "/docs"]
)
def test_other_paths_are_404(certified, path):
    """A path has one spelling, and there is no page about it."""
    assert certified.post(path, WHOLE).status == 404
