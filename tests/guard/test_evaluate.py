# SPDX-License-Identifier: Apache-2.0
"""A look whose values are fetched elsewhere, and a search for people: both on record like any look, and neither opens anything."""

import itertools

import pytest
from tests.guard.gate import Gate
from tests.policy.ground import POLICY

from whosaw.errors import IdempotencyConflict, OutcomeUnknown
from whosaw.guard.answer import Permitted, Refused, Shown
from whosaw.guard.search import Searches
from whosaw.model.caller import Caller, Proof
from whosaw.model.look_body import LookBody
from whosaw.model.record import Kind

DESK = Caller("desk", Proof.MTLS, True)


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def test_the_same_record_as_a_look(gate):
    """What is recorded does not tell the two apart: whoever was permitted may have seen."""
    made = gate.guard.evaluate(gate.ask())
    evaluated = gate.last()[1]
    shown = gate.guard.look(gate.ask())
    looked = gate.last()[1]
    assert (type(made), type(shown), made.decision.permitted) == (Permitted, Shown, True)
    differ = {name for name in LookBody.__slots__ if getattr(evaluated, name) != getattr(looked, name)}
    assert differ <= {"look", "ask", "facts", "gate", "at"}
    assert len(gate.vault.opened) == 1


def test_refused_alike(gate):
    """The same words and the same rules."""
    one, two = gate.guard.evaluate(gate.ask(person="kate")), gate.guard.look(gate.ask(person="kate"))
    assert isinstance(one, Refused)
    assert (one.told, one.decision.rules) == (two.told, two.decision.rules)


def test_the_record_comes_first(gate):
    """What cannot be recorded is not permitted; asked again, the record answers."""
    look = gate.ask()
    gate.journal.fate = "late"
    with pytest.raises(OutcomeUnknown):
        gate.guard.evaluate(look)
    assert isinstance(gate.guard.evaluate(look), Permitted)
    assert len(gate.bodies()) == 1


def test_under_its_key_it_goes_on_to_be_a_look(gate):
    """It is the same look: the values open under the record that permitted it, and under no other question."""
    look = gate.ask()
    permitted, shown = gate.guard.evaluate(look), gate.guard.look(look)
    assert (permitted.look_id, permitted.index) == (shown.look_id, shown.index)
    assert len(gate.bodies()) == 1
    with pytest.raises(IdempotencyConflict):
        gate.guard.evaluate(gate.ask(person="owen", key=look.key))


def test_a_search_is_refused_and_on_record(gate):
    """Whoever asks: a leaf of nobody, in the stream of bulk looks; each time anew."""
    searches = Searches(
        journal=gate.journal, policy=POLICY, remember=gate.names.remember, clock=gate.clock,
        random=lambda n, c=itertools.count(1): next(c).to_bytes(n, "big"),
    )  # fmt: skip
    for who, purpose in (("ana", "subject_request"), ("head", "Where was Kate?")):
        made = searches.refuse(who, DESK, purpose)
        assert (made.decision.permitted, made.told) == (False, POLICY.rules["mode-not-offered"].sentence)
        record = gate.journal.submissions[-1].records[0]
        body = LookBody.decode(record.body)
        assert (record.stream.id, body.kind, body.person, body.decision) == ("bulk", Kind.BULK, None, "refuse")
        assert (body.principal, body.caller, body.app) == (gate.names.principal(who), DESK, "desk")
        assert body.purpose == (purpose if purpose in POLICY.purposes else None)
        assert b"Kate" not in record.body
    assert len({body.look for body in gate.bodies()}) == 2
