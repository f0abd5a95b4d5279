# SPDX-License-Identifier: Apache-2.0
"""The system that keeps a case is asked before a look has its moment, and what cannot be kept of it forbids."""

from dataclasses import replace

import pytest
from tests.guard.gate import COMPANY, DAY, SUMMER, Gate

from whosaw.errors import Busy, Unavailable
from whosaw.guard.answer import Refused, Shown


class System:
    """``guard.ports.Cases``: takes a second to answer; `error` is raised instead."""

    def __init__(self, gate):
        self.gate, self.asked, self.why, self.error = gate, [], "", None

    def see(self, case):
        self.asked.append((case, self.gate.clock.at))
        self.gate.clock.at = self.gate.clock.at.replace(second=1)
        if self.error is not None:
            raise self.error
        return self.why


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    made.system = System(made)
    made.guard = made.another(cases=made.system)
    yield made
    made.close()


def rules(answer):
    return [rule.id for rule in answer.decision.rules]


def test_a_look_has_its_moment_when_the_system_has_answered(gate):
    """So that what it said is known at that moment, and in any replay."""
    answer = gate.guard.look(gate.ask())
    assert isinstance(answer, Shown)
    assert gate.system.asked == [("T-100", SUMMER)]
    assert gate.bodies()[-1].at == SUMMER.replace(second=1)


def test_a_retry_asks_nobody(gate):
    """The answer follows the record."""
    look = gate.ask()
    assert gate.guard.look(look) == gate.guard.look(look)
    assert len(gate.system.asked) == 1


def test_a_system_that_is_silent_refuses_and_says_so_to_the_one_who_asked(gate):
    """Why it was silent is for whoever runs this; nothing is said of the person."""
    known = gate.facts.known
    gate.facts.known = lambda *given: replace(known(*given), case=None, case_silent=True)
    gate.system.why = "support: it answered 503"
    answer = gate.guard.look(gate.ask())
    assert isinstance(answer, Refused)
    assert "case-system-silent" in rules(answer) and "case-unknown" not in rules(answer)
    assert gate.guard._policy.rules["case-system-silent"].sentence in answer.told
    assert answer.cause == "support: it answered 503"
    assert gate.bodies()[-1].decision == "refuse"


@pytest.mark.parametrize(
    "error", [Busy("full", part="directory"), Unavailable("down", part="directory"), ValueError("x")]
)
def test_what_could_not_be_kept_forbids(gate, error):
    """What the directory knows of the case meanwhile is an older word, and the attempt is on record."""
    gate.system.error = error
    answer = gate.guard.look(gate.ask())
    assert isinstance(answer, Refused) and "facts-unavailable" in rules(answer)
    assert gate.facts.asked == 0
    gate.system.error = None
    assert isinstance(gate.guard.look(gate.ask()), Shown)


@pytest.mark.parametrize(
    ("what", "rule"),
    [("own_person", "case-requested-by-principal"), ("household", "case-requested-by-principal")],
)
def test_an_account_or_a_home_that_was_taken_out_the_day_before_is_still_the_own_hand(tmp_path, what, rule):
    """A case asked for by one's own account, or by who lives there, is one's own; for thirty days after the table says nothing of it."""
    gate = Gate(tmp_path)
    try:
        with_it = {"own_person": {"own_person": "owen"}, "household": {"household": "elm 4"}}[what]
        staff = [row | (with_it if row["staff_id"] == "finn" else {}) for row in COMPANY["staff"]]
        persons = [row | ({"household": "elm 4"} if row["person"] == "owen" else {}) for row in COMPANY["persons"]]
        cases = [row | ({"requester": "owen"} if row["case_id"] == "F-201" else {}) for row in COMPANY["cases"]]
        named = [
            *COMPANY["case_persons"],
            {"case_id": "F-201", "person": "mira", "added": "2026-06-20T08:00:00Z", "added_by": "portal"},
        ]
        tables = COMPANY | {"cases": cases, "case_persons": named}
        gate.office.load(tables | {"staff": staff, "persons": persons}, regions=None)
        for days in (0, 1, 28):
            gate.clock.at += DAY * days
            gate.office.load(tables, regions=None)
            answer = gate.guard.look(gate.ask("finn", "mira", "ip:exact", "fraud_review", "F-201"))
            assert isinstance(answer, Refused), days
            assert {each.id for each in answer.decision.rules} == {rule}
        gate.clock.at += DAY * 2
        gate.office.load(tables, regions=None)
        assert isinstance(gate.guard.look(gate.ask("finn", "mira", "ip:exact", "fraud_review", "F-201")), Shown)
    finally:
        gate.close()
