# SPDX-License-Identifier: Apache-2.0
"""The contract of ``api.ports.Decides``, against the guard and against a fixture: the same promises, whoever decides."""

import itertools
from dataclasses import dataclass

import pytest
from tests.api.client import Speaks
from tests.api.conftest import ROOT
from tests.guard.gate import Gate
from tests.policy.ground import POLICY

from whosaw.api.fixture import Fixture
from whosaw.api.guarded import Guarded
from whosaw.api.ports import Decides
from whosaw.api.question import ActionSearch, Evaluation, ResourceSearch, SubjectSearch
from whosaw.errors import BadInput
from whosaw.guard.search import Searches
from whosaw.model.caller import Caller, Proof

ALICE, RECORD = {"type": "user", "id": "alice"}, {"type": "record", "id": "record-1"}
ANA, MIRA = {"type": "principal", "id": "ana"}, {"type": "person", "id": "mira"}


class Ana(Speaks):
    """A tool with Ana's token."""

    def looker(self, said, purpose):
        return "ana", Caller("desk", Proof.JWT, False)


@dataclass
class Case:
    """An engine, a question that it permits, one that it refuses, and one that is none."""

    engine: Decides
    yes: dict
    no: dict
    none: dict


@pytest.fixture(params=["guard", "fixture"])
def case(request, tmp_path):
    if request.param == "fixture":
        yes = {"subject": ALICE, "action": {"name": "read"}, "resource": RECORD, "context": {}}
        engine = Fixture.load(ROOT / "docs/spec/certification")
        yield Case(engine, yes, yes | {"action": {"name": "fly"}}, yes | {"resource": {"type": "x", "id": "y"}})
        return
    gate = Gate(tmp_path)
    searches = Searches(
        journal=gate.journal, policy=POLICY, remember=gate.names.remember, clock=gate.clock,
        random=lambda n, c=itertools.count(): next(c).to_bytes(n, "big"),
    )  # fmt: skip
    yes = {
        "subject": ANA, "action": {"name": "read", "properties": {"field": "ip", "detail": "network"}}, "resource": MIRA,
        "context": {"purpose": "subject_request", "case": "T-100"},
    }  # fmt: skip
    no = yes | {"context": {"purpose": "subject_request"}}
    yield Case(Guarded(gate.guard, searches, POLICY.purposes), yes, no, yes | {"resource": {"type": "x", "id": "y"}})
    gate.close()


def asked(case, body, key):
    return case.engine.evaluate(Evaluation.of(body), Ana(), key)


def test_yes_and_no(case):
    """No is an answer, with a sentence for whoever asked."""
    assert asked(case, case.yes, "k-1").permitted is True
    no = asked(case, case.no, "k-2")
    assert no.permitted is False
    assert no.context["reason_user"]["en"]


def test_the_same_key_has_the_same_answer(case):
    assert asked(case, case.yes, "k-1") == asked(case, case.yes, "k-1")


def test_what_is_no_question_is_never_permitted(case):
    """BadInput, or no."""
    try:
        assert asked(case, case.none, "k-1").permitted is False
    except BadInput:
        pass


def test_what_a_search_finds_an_evaluation_permits(case):
    """Each of it, asked on its own."""
    keys = (f"k-{n}" for n in itertools.count())
    left = {name: {k: v for k, v in case.yes[name].items() if k != "id"} for name in ("subject", "resource")}
    found = [
        *(case.yes | {"subject": one} for one in
          case.engine.subjects(SubjectSearch.of(case.yes | {"subject": left["subject"]}), Ana(), next(keys)).results),
        *(case.yes | {"resource": one} for one in
          case.engine.resources(ResourceSearch.of(case.yes | {"resource": left["resource"]}), Ana(), next(keys)).results),
        *(case.yes | {"action": one} for one in case.engine.actions(ActionSearch.of(case.yes), Ana(), next(keys)).results),
    ]  # fmt: skip
    assert len(found) >= 3
    assert all(asked(case, body, next(keys)).permitted for body in found)
