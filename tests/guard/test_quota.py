# SPDX-License-Identifier: Apache-2.0
"""Quotas at the gate: what is taken, what is given back, what a start remembers, and what a refused asker is told."""

import threading
from dataclasses import replace

import pytest
from tests.directory.town import DAY, HOUR, MINUTE
from tests.guard.gate import Gate
from tests.policy.ground import POLICY

from whosaw.config import QuotaSettings
from whosaw.errors import Busy, OutcomeUnknown, Unavailable
from whosaw.guard.answer import Refused, Shown
from whosaw.guard.quota import Quota
from whosaw.guard.quota_count import InMemory
from whosaw.guard.quota_start import looks_since

SMALL = QuotaSettings(looks_an_hour=3, looks_a_day=5, attempts_an_hour=6, unit_looks_a_day=7, person_looks_a_day=4)


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


def counted(gate: Gate, limits: QuotaSettings = SMALL) -> Quota:
    """The gate, counting by these limits."""
    quota = Quota(limits, POLICY.purposes, gate.office.directory.unit, InMemory())
    gate.guard = gate.another(quotas=quota)
    return quota


def left(gate: Gate, quota: Quota, principal: str = "ana") -> dict[str, int]:
    return {name: n for name, _, n in quota.shown(gate.names.principal(principal), gate.clock())}


def rules(answer) -> list[str]:
    return [rule.id for rule in answer.decision.rules]


def test_the_fourth_look_of_an_hour_is_refused_and_told_why(gate):
    """Three are shown; the fourth says that none is left, is on record, and takes nothing but an attempt."""
    quota = counted(gate)
    assert all(isinstance(gate.guard.look(gate.ask()), Shown) for _ in range(3))
    answer = gate.guard.look(gate.ask())
    assert rules(answer) == ["quota-principal"]
    assert answer.told == POLICY.rules["quota-principal"].sentence
    assert gate.last()[1].gate.quota[0] == 0
    assert (left(gate, quota)["day"], left(gate, quota)["attempts"]) == (2, 2)
    gate.clock.at += HOUR + MINUTE
    assert isinstance(gate.guard.look(gate.ask()), Shown)


def test_what_is_refused_is_given_back_and_an_attempt_is_an_attempt(gate):
    """Five looks without a case take no look; the sixth attempt is the last of the hour, for a good look, too."""
    quota = counted(gate)
    for _ in range(5):
        assert isinstance(gate.guard.look(gate.ask(case=None)), Refused)
    assert (left(gate, quota)["hour"], left(gate, quota)["attempts"]) == (3, 1)
    assert isinstance(gate.guard.look(gate.ask()), Shown)
    assert rules(gate.guard.look(gate.ask())) == ["quota-principal"]


def test_a_retry_takes_nothing(gate):
    """The same key ten times is one look and one attempt."""
    quota = counted(gate)
    look = gate.ask()
    for _ in range(10):
        assert isinstance(gate.guard.look(look), Shown)
    assert (left(gate, quota)["hour"], left(gate, quota)["attempts"]) == (2, 5)


def test_the_unit_shares_its_quota(gate):
    """Two of one unit: what one took the other has not."""
    quota = counted(gate, replace(SMALL, unit_looks_a_day=3))
    for _ in range(3):
        gate.guard.look(gate.ask())
    assert left(gate, quota, "ana")["unit"] == 0
    assert left(gate, quota, "finn")["unit"] == 3


def test_a_person_is_looked_at_so_often_and_the_asker_is_not_told(gate):
    """Whoever looked: the fifth look at one person in a day is refused in the plain words that say nothing of the person."""
    counted(gate, replace(SMALL, looks_an_hour=100, looks_a_day=100, attempts_an_hour=100, unit_looks_a_day=100))
    for _ in range(4):
        assert isinstance(gate.guard.look(gate.ask()), Shown)
    answer = gate.guard.look(gate.ask())
    assert rules(answer) == ["quota-person"]
    assert answer.told == "This look is not permitted."


def test_more_persons_than_the_purpose_allows(gate):
    """`persons_a_day` counts different persons; one of them again is none more."""
    purpose = replace(POLICY.purposes["subject_request"], persons_a_day=2)
    quota = Quota(
        QuotaSettings(), {**POLICY.purposes, "subject_request": purpose}, gate.office.directory.unit, InMemory()
    )
    ana, at = gate.names.principal("ana"), gate.clock()
    took = [quota.take(ana, gate.names.person(p), "subject_request", at).left["purpose"] for p in "abaab"]
    assert took == [2, 1, 1, 1, 1]
    assert quota.take(ana, gate.names.person("c"), "subject_request", at).left["purpose"] == 0
    assert quota.take(ana, gate.names.person("c"), "fraud_review", at).left["purpose"] >= 1


def test_what_cannot_be_counted_is_refused(gate):
    """A table that does not answer: quota-unread, on record, with its cause; and shown again as soon as it answers."""
    gate.quotas.error = Unavailable("the quotas cannot be read", part="quotas")
    answer = gate.guard.look(gate.ask())
    assert rules(answer) == ["quota-unread"]
    assert answer.cause == "the quotas cannot be read"
    gate.quotas.error = None
    assert isinstance(gate.guard.look(gate.ask()), Shown)


@pytest.mark.parametrize(
    ("fate", "error", "back"), [("busy", Busy, True), ("lost", OutcomeUnknown, False), ("late", OutcomeUnknown, False)]
)
def test_a_look_that_is_not_recorded_gives_back_and_one_that_may_be_does_not(gate, fate, error, back):
    """Not recorded for certain: given back. Perhaps recorded: kept, and a retry that finds the record takes nothing."""
    gate.journal.fate = fate
    look = gate.ask()
    with pytest.raises(error):
        gate.guard.look(look)
    assert (len(gate.quotas.taken), len(gate.quotas.back)) == (1, int(back))
    assert isinstance(gate.guard.look(look), Shown)
    assert len(gate.quotas.taken) == (1 if fate == "late" else 2)


def test_the_last_place_goes_to_one_of_many(gate):
    """Twenty threads, twenty keys, three places: three are shown, all are recorded."""
    counted(gate, replace(SMALL, attempts_an_hour=100))
    answers = []
    looks = [gate.ask() for _ in range(20)]
    threads = [threading.Thread(target=lambda look=look: answers.append(gate.guard.look(look))) for look in looks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(answer, Shown) for answer in answers) == 3
    assert len(gate.bodies()) == 20


class Log:
    """As much of a reader as a start asks for."""

    def __init__(self, gate: Gate) -> None:
        self.leaves = [leaf for recorded in gate.journal.records.values() for leaf in recorded.leaves]
        self.size = len(self.leaves)

    def frames(self, start, end):
        return self.leaves[start:end]


def test_a_start_counts_what_the_journal_says(gate):
    """Permitted and refused, over days: a new process has left exactly what the old one had."""
    quota = counted(gate, QuotaSettings())
    for n in range(40):
        gate.guard.look(gate.ask(person="mira", case="T-100" if n % 3 else None))
        gate.guard.look(gate.ask("finn", "owen", "ip:exact", "fraud_review", "F-200"))
        gate.clock.at += HOUR
        if n == 20:
            gate.clock.at += DAY / 24
        gate.office.load_folder()  # confirms that all this is still so
    before = {who: left(gate, quota, who) for who in ("ana", "finn")}
    again = counted(gate, QuotaSettings())
    again.told(looks_since(Log(gate), gate.clock()))
    assert {who: left(gate, again, who) for who in ("ana", "finn")} == before
    assert before["ana"]["day"] < 600


def test_whose_unit_is_not_known_shares_one(gate):
    """Strangers are refused by other rules; they count together."""
    quota = counted(gate)
    assert rules(gate.guard.look(gate.ask("nobody-here")))[0] != "quota-unread"
    assert left(gate, quota, "nobody-here")["unit"] == 7
