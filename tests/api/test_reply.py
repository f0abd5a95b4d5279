# SPDX-License-Identifier: Apache-2.0
"""Statuses: one for each error, and a 500 that says nothing."""

import logging

import pytest
from tests.api.client import Client, Speaks, anybody
from tests.api.conftest import LANE, URL

from whosaw.api.admitted import NotAdmitted
from whosaw.api.app import Parts, application
from whosaw.api.authzen import ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS
from whosaw.api.description import HEALTH
from whosaw.api.ports import Answer
from whosaw.api.reply import BROKEN, STATUS
from whosaw.errors import EXIT, BadInput, Busy, Damaged, IdempotencyConflict, OutcomeUnknown, Unavailable

SECRET = "mira at 203.0.113.9"
BODY = {"subject": {"type": "user", "id": "a"}, "action": {"name": "b"}, "resource": {"type": "c", "id": "d"}}


class Engine:
    """``ports.Decides``: raises what it is given."""

    pages = True

    def __init__(self, *raised):
        self.raised = list(raised)

    def evaluate(self, question, asker, key):
        error = self.raised.pop(0)
        if error is None:
            return Answer(True)
        raise error

    def evaluate_later(self, question, asker, key):
        async def later():
            return self.evaluate(question, asker, key)

        return later

    subjects = resources = actions = evaluate


def over(engine, callers=anybody, health=dict):
    return Client(application(Parts(engine=engine, callers=callers, lane=LANE, url=URL, health=health)))


def test_every_error_has_exactly_one_status():
    """None is forgotten, and none has two."""
    assert STATUS.keys() == EXIT.keys()


@pytest.mark.parametrize("kind", STATUS)
def test_each_error(kind):
    """Of what is our fault nothing is said; what is theirs is one sentence."""
    got = over(Engine(kind(SECRET, **({"needed_for": "x"} if kind.__name__ == "MissingExtra" else {})))).post(
        EVALUATION, BODY
    )
    assert got.status == STATUS[kind]
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert (SECRET in got.text) is (got.status < 500)
    assert (got.headers.get("retry-after") is not None) is (got.status == 503)
    if got.status == 500:
        assert got.text == f"{BROKEN}\n"


def test_who_was_stopped_since_is_not_told_to_ask_again():
    """Their record stands, and opens nothing any more."""
    got = over(Engine(Unavailable("nothing was shown", part="suspension"))).post(EVALUATION, BODY)
    assert (got.status, "retry-after" in got.headers, "suspended" in got.text) == (403, False, True)


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
def test_a_fault_says_nothing_to_anybody(caplog, path):
    """Neither in the reply nor in a log: its text may quote what it choked on."""
    caplog.set_level(logging.DEBUG)
    got = over(Engine(ZeroDivisionError(SECRET))).post(path, BODY)
    assert (got.status, got.text) == (500, f"{BROKEN}\n")
    assert SECRET not in caplog.text
    assert "ZeroDivisionError at test_reply.py" in caplog.text


def test_in_a_batch_each_has_its_own():
    """What goes wrong with one is said in its place; a fault is everybody's."""
    raised = [None, BadInput("x"), IdempotencyConflict("x"), Busy("x"), OutcomeUnknown("x"), Unavailable("x"), Damaged("x"),
              NotAdmitted(403, "x"), None]  # fmt: skip
    body = BODY | {"evaluations": [{}] * 9, "options": {"evaluations_semantic": "permit_on_first_permit"}}
    assert over(Engine(*raised)).post(EVALUATIONS, body).json["evaluations"] == [{"decision": True}]
    # one after the other, so that each item meets its own error
    got = over(Engine(*raised[1:])).post(EVALUATIONS, body).json["evaluations"]
    assert [each.get("context", {}).get("error", {}).get("status") for each in got] == [
        400,
        409,
        503,
        503,
        503,
        500,
        403,
        None,
    ]
    assert over(Engine(None, KeyError(SECRET))).post(EVALUATIONS, BODY | {"evaluations": [{}, {}]}).status == 500


@pytest.mark.parametrize(("status", "shown"), [(401, "Bearer"), (403, None), (503, None)])
def test_who_is_not_let_in(status, shown):
    """Before anything of the body is looked at; whoever has not said who they are is asked for it."""

    def callers(scope):
        raise NotAdmitted(status, "not you")

    got = over(Engine(), callers).post(EVALUATION, b"{")
    assert (got.status, got.text, got.headers.get("www-authenticate")) == (status, "not you\n", shown)


def test_a_key_is_the_callers_and_stands_once():
    """It goes to the engine as it is; without one, a fresh one does."""
    seen = []

    class Keys(Engine):
        def evaluate(self, question, asker, key):
            seen.append(key)
            return Answer(True)

    app = over(Keys())
    assert app.post(EVALUATION, BODY, ("Idempotency-Key", "k-1")).status == 200
    assert app.post(EVALUATION, BODY).status == app.post(EVALUATION, BODY).status == 200
    for wrong in (("",), ("x" * 65,), ("a b",), ("é",), ("a", "b")):
        assert app.post(EVALUATION, BODY, *(("Idempotency-Key", each) for each in wrong)).status == 400
    assert seen[0] == "k-1"
    assert len({*seen}) == 3


def test_each_question_of_a_batch_has_a_key_of_its_own():
    """Made of the caller's, so that the batch can be asked again as a whole."""
    seen = []

    class Keys(Engine):
        def evaluate(self, question, asker, key):
            seen.append(key)
            return Answer(False)

    body = BODY | {"evaluations": [{}, {}], "options": {"evaluations_semantic": "permit_on_first_permit"}}
    for _ in range(2):
        over(Keys()).post(EVALUATIONS, body, ("Idempotency-Key", "k-1"))
    assert seen[:2] == seen[2:]
    assert len({*seen}) == 2


def test_health():
    """Well or not for everybody; what is wrong, for who is known."""

    def nobody(scope):
        raise NotAdmitted(401, "who?")

    well, ill = {"journal": "ok"}, {"journal": "ok", "disk": "full"}
    part = {"journal": "ok", "tickets support": "no answer in time", "issuer corp": "no keys"}
    for callers, health, status, said in (
        (anybody, well, 200, {"ok": True, "parts": well}),
        (nobody, well, 200, {"ok": True}),
        (anybody, ill, 503, {"ok": False, "parts": ill}),
        (nobody, ill, 503, {"ok": False}),
        (anybody, part, 200, {"ok": False, "parts": part}),
        (nobody, part, 200, {"ok": False}),
        (anybody, part | ill, 503, {"ok": False, "parts": part | ill}),
    ):
        got = over(Engine(), callers, lambda health=health: health).get(HEALTH)
        assert (got.status, got.json) == (status, said)
    assert over(Engine(), anybody, lambda: 1 / 0).get(HEALTH).status == 500


def test_an_asker_is_asked_for_nothing_by_the_endpoint():
    """Who looks is the engine's question."""

    class Silent(Speaks):
        def looker(self, said, purpose):
            raise NotAdmitted(403, "asked")

    assert over(Engine(None), lambda scope: Silent()).post(EVALUATION, BODY).status == 200
