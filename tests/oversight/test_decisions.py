# SPDX-License-Identifier: Apache-2.0
"""Recorded decisions, made again: the same facts to the last bit, or it is said that they are not."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from tests.guard.gate import COMPANY, DAY, Gate
from tests.policy.ground import EVERYTHING, POLICY
from tests.policy.test_own import with_own

from whosaw.directory.tables import PERSONS
from whosaw.errors import Unavailable
from whosaw.model.access import Asked, Field, Mode
from whosaw.model.caller import Caller, Proof
from whosaw.oversight.decisions import decided_again


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def again(gate, policy=POLICY):
    """The newest look, made again."""
    return decided_again(7, gate.last()[1], policy, gate.office.directory)


def looks(gate):
    """Looks of every kind, each with what is odd about the gate at that moment."""
    yield gate.ask(), {}
    yield gate.ask("finn", "owen", "ip:exact device", "fraud_review", "F-200"), {}
    yield gate.ask("finn", "kate", "ip:exact", "fraud_review", "F-201"), {}
    yield gate.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-7"), {}
    yield gate.ask(purpose="is mira at it again?", case="mira's house"), {}
    yield gate.ask(case=None), {}
    yield gate.ask("nobody", "nobody either"), {}
    yield gate.ask(mode=Mode.SEARCH), {}
    yield gate.ask(break_glass=True), {}
    yield gate.ask(caller=Caller("desk", Proof.JWT, True)), {}
    yield gate.ask(), {"directory": Unavailable("down", part="directory")}
    yield gate.ask(), {"offered": EVERYTHING - {Asked(Field.IP, "network")}}


def test_every_kind_of_decision_is_made_again(gate):
    """Whatever was asked and whatever the gate could not read: a day later, from record and directory, it is the same."""
    for look, odd in looks(gate):
        gate.facts.error = odd.get("directory")
        guard = gate.another(offered=odd["offered"]) if "offered" in odd else gate.guard
        answer = guard.look(look)
        gate.facts.error = None
        made = again(gate)
        assert (made.facts, made.policy, made.replayed, made.turned) == ("same", True, True, False), look
        assert made.rules == tuple(rule.id for rule in answer.decision.rules)
        assert made.permitted is answer.decision.permitted
    gate.clock.turn(DAY)
    gate.office.load({**COMPANY, "cases": [], "case_persons": [], "persons": COMPANY["persons"][:1]}, regions=None)
    for body in gate.bodies():
        assert decided_again(1, body, POLICY, gate.office.directory).replayed


def test_a_directory_that_was_changed_behind_our_back_is_found_out(gate):
    """A row of the past written over: the facts are not those of the record, which counts; what would come out is said."""
    gate.guard.look(gate.ask())
    assert again(gate).facts == "same"
    with gate.office.engine.begin() as db:
        db.execute(update(PERSONS).values(protected=True))
    made = again(gate)
    assert (made.facts, made.replayed, made.permitted, made.turned) == ("differ", False, True, True)
    assert made.rules == ("protected-person",)


def test_a_look_of_an_older_version_says_so(gate):
    """Without what no table keeps nothing is guessed."""
    gate.guard.look(gate.ask())
    body = replace(gate.last()[1], gate=None)
    made = decided_again(7, body, POLICY, gate.office.directory)
    assert (made.facts, made.decision, made.replayed, made.turned) == ("older", None, False, False)


def test_a_new_policy_turns_what_it_forbids_and_the_facts_stay(gate):
    """Another policy is another digest and other decisions, of the very same facts; also where it has no such purpose."""
    rule = '@id("no-networks") @sentence("No.") forbid (principal, action, resource) when { context.asked.contains("ip:network") };'
    gate.guard.look(gate.ask())
    made = again(gate, with_own(networks=rule))
    assert (made.facts, made.policy, made.turned, made.rules) == ("same", False, True, ("no-networks",))
    purposes = {code: p for code, p in POLICY.purposes.items() if code != "subject_request"}
    made = again(gate, replace(POLICY, purposes=purposes, digest=bytes(32)))
    assert (made.facts, made.turned, made.rules) == ("same", True, ("purpose-unknown",))
