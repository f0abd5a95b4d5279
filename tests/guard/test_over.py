# SPDX-License-Identifier: Apache-2.0
"""A key is a retry for a quarter of an hour. After that it opens nothing and records nothing."""

from datetime import timedelta

import pytest
from tests.guard.gate import Gate

from whosaw.errors import IdempotencyConflict
from whosaw.guard.answer import Shown


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def test_a_retry_is_answered_for_a_while_and_then_refused(gate):
    """The same answer until then, one sentence after it, and no record either time; a new key is a new look."""
    look = gate.ask()
    first = gate.guard.look(look)
    assert isinstance(first, Shown)
    gate.clock.at += timedelta(minutes=15)
    assert gate.guard.look(look).values == first.values
    recorded = len(gate.journal.submissions)
    gate.clock.at += timedelta(milliseconds=2)
    for asked in (gate.guard.look, gate.guard.evaluate):
        with pytest.raises(IdempotencyConflict, match="a look that is over") as told:
            asked(look)
        assert "a key of its own" in told.value.hint
    assert len(gate.journal.submissions) == recorded
    assert isinstance(gate.guard.look(gate.ask()), Shown)
