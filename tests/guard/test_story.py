# SPDX-License-Identifier: Apache-2.0
"""The case it must have stopped: an audit department, four people in two countries, and the journalists' addresses."""

import pytest
from tests.guard.gate import COMPANY, Gate

from whosaw.guard.answer import Refused, Shown
from whosaw.policy.purposes import FUNCTIONS


@pytest.fixture
def gate(tmp_path):
    made = Gate(tmp_path)
    yield made
    made.close()


# who, whom, what, purpose, case, and every rule that must have spoken
STORY = [
    # The audit department says what it is.
    ("a1", "kate", "ip:network", "internal_inquiry", "I-7",
     "case-not-assigned field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces region-differs protected-person"),
    ("a3", "kate", "ip:exact", "internal_inquiry", "I-7",
     "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces protected-person"),
    # It has a case of its own, of another name.
    ("a1", "kate", "ip:exact", "fraud_review", "F-66",
     "case-opened-by-principal person-named-by-principal region-differs protected-person function-not-accepted"),
    ("a4", "kate", "ip:exact", "fraud_review", "F-66",
     "case-not-assigned protected-person function-not-accepted"),
    # It borrows somebody else's case.
    ("a4", "kate", "ip:exact", "fraud_review", "F-201", "case-not-assigned protected-person function-not-accepted"),
    ("a4", "kate", "ip:network", "subject_request", "T-100",
     "case-not-assigned case-does-not-name-person protected-person function-not-accepted"),
    # It takes the people around her, who are on no list.
    ("a3", "kates-friend", "ip:exact", "internal_inquiry", "I-7",
     "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces"),
    ("a3", "kates-friend", "location:city", "internal_inquiry", "I-7",
     "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces"),
    ("a3", "kates-friend", "contacts messages", "internal_inquiry", "I-7",
     "field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces"),
    # The other side of the comparison: where the suspected employee was.
    ("a3", "u-leaker", "ip:exact", "internal_inquiry", "I-7", "field-beyond-purpose"),
    ("a3", "u-leaker", "location:exact activity", "internal_inquiry", "I-7", "field-beyond-purpose"),
    # No case, or one made up.
    ("a4", "kate", "ip:exact", "internal_inquiry", None,
     "case-missing field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces protected-person"),
    ("a4", "kate", "ip:exact", "internal_inquiry", "I-99",
     "case-unknown field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces protected-person"),
    # Their head does it herself, and a reviewer is talked into it.
    ("head", "kate", "ip:exact", "internal_inquiry", "I-7",
     "case-opened-by-principal case-not-assigned person-named-by-principal field-beyond-purpose inquiry-about-staff-only inquiry-never-outsiders-traces region-differs protected-person"),
    ("fay", "kate", "ip:exact", "fraud_review", "F-201", "case-not-assigned protected-person"),
    # And a genuine takeover of her account, in the right hands: approvals come with a later version, until then no.
    ("finn", "kate", "ip:exact", "fraud_review", "F-201", "protected-person"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "whom", "what", "purpose", "case", "spoke"), STORY)
def test_the_looks_of_the_story_are_refused(gate, who, whom, what, purpose, case, spoke):
    """Each look is refused by exactly these rules, in the words of the shipped policy, and stands in her stream."""
    answer = gate.guard.look(gate.ask(who, whom, what, purpose, case))
    assert isinstance(answer, Refused)
    # Their case brings staff and outsiders together, so one more rule speaks wherever a place is asked for under it.
    mixed = (
        {"places-of-staff-and-outsiders"}
        if case == "I-7" and {"ip", "location"} & set(what.replace(":", " ").split())
        else set()
    )
    assert {rule.id for rule in answer.decision.rules} == set(spoke.split()) | mixed
    assert len(gate.bodies()) == 1
    assert gate.bodies()[0].person == gate.names.person(whom)
    assert gate.vault.opened == []


TWINS = [
    ("ana", "mira", "ip:network device", "subject_request", "T-100"),
    ("finn", "owen", "ip:exact device payment:last4", "fraud_review", "F-200"),
    ("a3", "u-leaker", "activity", "internal_inquiry", "I-7"),
    ("a4", "u-leaker", "activity", "internal_inquiry", "I-7"),
]


@pytest.mark.parametrize(("who", "whom", "what", "purpose", "case"), TWINS)
def test_their_honest_twins_are_not(gate, who, whom, what, purpose, case):
    """A supporter whom the person asked, a reviewer of a real takeover, an inquiry into staff's own work: shown."""
    answer = gate.guard.look(gate.ask(who, whom, what, purpose, case))
    assert isinstance(answer, Shown)
    assert len(answer.values) == len(what.split())


def test_the_refusal_says_why_in_words(gate):
    """What the record, the overseer and the inquiry read is a sentence per rule, with nobody's name in it."""
    answer = gate.guard.look(gate.ask("a3", "kate", "ip:exact", "internal_inquiry", "I-7"))
    assert answer.decision.sentence == (
        "The case names accounts of staff and of outsiders, and addresses or places of the two may not be brought together. "
        "An internal inquiry may look at staff only, and the person is not staff. "
        "An internal inquiry never reaches an outsider's addresses, places, contacts or messages, whoever signs. "
        "The person is protected; a look at them needs two independent approvals, one from an overseer, and they were not "
        "given. "
        "The purpose does not need a field that was asked for."
    )


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_nobody_is_exempt(gate, function):
    """Whatever the function, the look at the protected person is decided, refused and recorded; there is no other door."""
    staff = [{**row, "function": function} if row["staff_id"] == "finn" else row for row in COMPANY["staff"]]
    gate.office.load({**COMPANY, "staff": staff}, regions=None)
    answer = gate.guard.look(gate.ask("finn", "kate", "ip:exact", "fraud_review", "F-201"))
    assert "protected-person" in {rule.id for rule in answer.decision.rules}
    assert [body.decision for body in gate.bodies()] == ["refuse"]
