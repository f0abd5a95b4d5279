# SPDX-License-Identifier: Apache-2.0
"""How far a look's record must have come: by its purpose, or by its caller where that is more; and what waiting in vain is."""

import itertools
from dataclasses import replace

import pytest
from tests.guard.gate import DAY, Gate
from tests.policy.ground import POLICY

from whosaw.errors import Unavailable
from whosaw.guard.answer import Refused, Shown
from whosaw.model.look_body import Withhold
from whosaw.model.stage import Stage


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def demanding(stage):
    """The shipped policy, with a purpose that waits."""
    purposes = {code: replace(one, stage=stage) for code, one in POLICY.purposes.items()}
    return replace(POLICY, purposes=purposes)


@pytest.mark.parametrize(("purpose", "caller"), [*itertools.product(Stage, Stage)])
def test_the_greater_of_both_demands_is_waited_for_and_recorded(gate, purpose, caller):
    """Neither can take anything from the other; the caller gets the receipt of that stage."""
    guard, stage = gate.another(policy=demanding(purpose)), purpose.or_more(caller)
    gate.journal.reached = set(Stage)
    answer = guard.look(gate.ask(), caller)
    assert isinstance(answer, Shown)
    assert gate.last()[1].stage is stage
    assert answer.receipt == (b"receipt 1" if stage is Stage.DURABLE else b"%s of receipt 1" % stage.encode())
    assert gate.journal.waited == ([] if stage is Stage.DURABLE else [(stage, 30.0)])


def test_waiting_in_vain_shows_nothing_and_may_be_tried_again(gate):
    """Recorded, as permitted and as waiting for witnesses; not opened. The same key opens it later, without a new record."""
    guard, look = gate.another(policy=demanding(Stage.WITNESSED), patience_s=0.5), gate.ask()
    for _ in range(2):
        with pytest.raises(
            Unavailable, match="nothing was shown: leaf 1 records the look, and is not witnessed yet"
        ) as told:
            guard.look(look)
        assert "same key" in told.value.hint
        assert told.value.part == "witnesses"
    assert gate.vault.opened == []
    assert (gate.last()[1].decision, gate.last()[1].stage) == ("permit", Stage.WITNESSED)
    gate.journal.reached = {Stage.WITNESSED}
    assert isinstance(guard.look(look), Shown)
    assert len(gate.journal.submissions) == 1
    assert len(gate.vault.opened) == 1


def test_a_retry_demands_no_less_than_its_record(gate):
    """Not by a policy that has become lenient meanwhile, and not by its caller; more it may."""
    look = gate.ask()
    with pytest.raises(Unavailable):
        gate.another(policy=demanding(Stage.WITNESSED)).look(look)
    gate.journal.reached = {Stage.PUBLISHED}
    for wait in Stage:
        with pytest.raises(Unavailable, match="not witnessed yet"):
            gate.guard.look(look, wait)
    later = gate.ask()
    assert isinstance(gate.guard.look(later), Shown)
    with pytest.raises(Unavailable, match="not witnessed yet"):
        gate.guard.look(later, Stage.WITNESSED)
    assert isinstance(gate.guard.look(later, Stage.PUBLISHED), Shown)


def test_a_refusal_waits_for_nobody(gate):
    """It opens nothing, so it is told at once, under its durable receipt; the record says what it would have waited for."""
    answer = gate.another(policy=demanding(Stage.WITNESSED)).look(gate.ask(person="owen"))
    assert isinstance(answer, Refused)
    assert answer.receipt == b"receipt 1"
    assert gate.journal.waited == []
    assert gate.last()[1].stage is Stage.WITNESSED


def test_a_purpose_that_lets_a_look_wait(gate):
    """From when on statements open it is fixed in its record, refused or not; other purposes' looks do not wait."""
    purposes = {code: replace(one, withhold=("pending_matter", 7)) for code, one in POLICY.purposes.items()}
    guard = gate.another(policy=replace(POLICY, purposes=purposes))
    for look in (gate.ask(), gate.ask(person="owen")):
        guard.look(look)
        body = gate.last()[1]
        assert body.withheld == Withhold("pending_matter", body.at + 7 * DAY)
    gate.guard.look(gate.ask())
    assert gate.last()[1].withheld is None
    guard.look(gate.ask(purpose="curiosity"))
    assert gate.last()[1].withheld is None
