# SPDX-License-Identifier: Apache-2.0
"""Questions that are alike have one answer: the engine, asked each of them, is the oracle."""

import json
from dataclasses import replace
from random import Random

import pytest
from tests.policy.ground import AT, DAY, FITTING, HOUR, MINUTE, MS, POLICY, changed, fitting, texts

from whosaw.model.gate import APPROVALS
from whosaw.policy import decide as deciding
from whosaw.policy.alike import Alike
from whosaw.policy.decide import _ask, _engine
from whosaw.policy.facts import ApprovalFacts
from whosaw.policy.question import Question
from whosaw.policy.rules import Policy

# Whatever an organisation may do with a number: add, negate, multiply to overflow, compare as a value, ask only whether it is there.
OWN = """
@id("own-night") @sentence("At night nobody looks.")
forbid (principal, action, resource) when { context.hour < 6 || context.hour >= 22 };
@id("own-weekend") @sentence("Not on a weekend.")
forbid (principal, action, resource) when { context.weekday == 6 || [7, 8].contains(context.weekday) };
@id("own-long") @sentence("Nothing overflows.")
forbid (principal, action, resource) when { context has case && context.case.opened * 5000000 + context.at > 3 };
@id("own-negative") @sentence("Not so much later.")
forbid (principal, action, resource) when { context has case && -context.case.opened + context.at > 172800000 };
@id("own-one") @sentence("Another number decides.")
forbid (principal, action, resource) when { (if context.approvals.legal > 0 then context.at else 5) == 5 && context.mode == "search" };
@id("own-all") @sentence("The quota as one value.")
forbid (principal, action, resource)
when { context.gate has quota && context.gate.quota == {person: 1, principal: 1, purpose: 1, unit: 1} };
@id("own-record") @sentence("A record whose attributes are called like words of the language.")
forbid (principal, action, resource)
when { context.gate has lastLook && {"Value": context.gate.lastLook, "has": 1} == {"Value": 7, "has": 1} };
"""
STRICT = Policy.load(texts() | {"own/numbers.cedar": OWN})


@pytest.fixture(autouse=True)
def nothing_was_asked(monkeypatch):
    """Others in this process have asked the same policy, thousands of questions."""
    for policy in (POLICY, STRICT):
        monkeypatch.setattr(policy.alike, "_said", {})


def questions(policy, seed, many):
    """Looks for every purpose, in which times, counts and what else a fact may be stand on either side of every border."""
    random = Random(seed)
    when = [by for step in (DAY, HOUR, 10 * MINUTE, 3 * DAY) for by in (step, -step, step + MS, step - MS)]
    for _ in range(many):
        look, facts = fitting(random.choice(list(FITTING)))
        at = AT + random.choice([0 * MS, *when, *(n * HOUR for n in range(24))])

        def near(at=at):
            return at + random.choice([0 * MS, MS, -MS, *when])

        facts = changed(
            facts,
            case__opened=near(), case__named__added=near(), last_look=random.choice([None, near()]), feed__confirmed=near(),
            feed__limit=random.choice([DAY, HOUR]), approvals=ApprovalFacts(**{name: random.randrange(3) for name in APPROVALS}),
            quota={name: random.choice([-1, 0, 1, 2, 2**63 - 1, 2**63]) for name in facts.quota},
        )  # fmt: skip
        facts = changed(facts, case__closed=random.choice([None, near()]), person__protected=random.random() < 0.2)
        if random.random() < 0.2:
            facts = changed(facts, case=None)
        yield Question.of(replace(look, break_glass=random.random() < 0.2), facts, at, policy.row(look))


@pytest.mark.parametrize("policy", [POLICY, STRICT], ids=["shipped", "own"])
def test_whatever_was_asked_before_the_answer_is_the_engines(policy):
    """Hundreds of questions, in which many are alike and some only nearly so: each is answered as if nothing was kept."""
    for question in questions(policy, 5, 500):
        found = policy.form.read(question.context)
        assert _ask(policy, question) == _engine(policy, policy.form.text(found), question.entities)
    assert 0 < len(policy.alike._said) < 450


def test_what_rules_do_not_compare_alone_stays_in_the_shape():
    """Of our own rules only one count is compared with what stands elsewhere; of those above, more is read in other ways."""
    left = {path for path, taken in zip(POLICY.form.numbers, POLICY.alike.taken, strict=True) if not taken}
    assert left == {("approvals", "independent")}
    left = {path for path, taken in zip(STRICT.form.numbers, STRICT.alike.taken, strict=True) if not taken}
    quota = {("gate", "quota", name) for name in ("person", "principal", "purpose", "unit")}
    assert left == {("approvals", "independent"), ("at",), ("gate", "lastLook"), ("weekday",), *quota}


def test_a_rule_that_reads_all_of_the_context_leaves_every_number_where_it_is():
    rule = {
        "conditions": [{"kind": "when", "body": {"==": {"left": {"Var": "context"}, "right": {"Var": "principal"}}}}]
    }
    assert Alike.of([rule], POLICY.form.numbers).taken == (False,) * len(POLICY.form.numbers)


def test_the_same_look_a_minute_later_asks_the_engine_nothing(monkeypatch):
    """Another time, another number of looks left: alike. When nothing is left it is another question."""
    look, facts = fitting()
    first = deciding.decide(POLICY, look, facts, AT)
    monkeypatch.setattr(deciding, "_engine", lambda *_: pytest.fail("asked"))
    later = deciding.decide(POLICY, look, changed(facts, last_look=AT, quota__unit=3), AT + MINUTE)
    assert (later.permitted, later.rules) == (first.permitted, first.rules)
    assert later.facts != first.facts
    with pytest.raises(pytest.fail.Exception):
        deciding.decide(POLICY, look, changed(facts, quota__unit=0), AT + MINUTE)


def test_no_text_takes_the_place_of_a_number():
    """Two contexts that differ in a text are not alike, whatever digits or signs for a number stand in it."""
    blanks = set()
    for kind in ("a", "a:1", 'a","opened":5,"x":"', "\\u0000", "%d", "%%d", "%(at)s", "%"):
        look, facts = fitting()
        question = Question.of(look, changed(facts, case__type=kind), AT, look.purpose)
        assert json.loads(question.context)["case"]["kind"] == kind
        assert POLICY.blanks.of(question.blank, len(question.numbers)) is not None
        blanks.add(question.blank)
    assert len(blanks) == 8


def test_a_number_stands_where_the_form_reads_it():
    """What is found out once for all contexts of a kind is what reading each of them says, of each of its numbers."""
    for question in questions(STRICT, 6, 300):
        blank = STRICT.blanks.of(question.blank, len(question.numbers))
        counted = STRICT.form.counted(STRICT.form.read(question.context))
        assert blank.counted(question.numbers) == counted
        left = [n for n, out in zip(counted, STRICT.alike.taken, strict=True) if not out and n is not None]
        assert list(blank.kept(question.numbers)) == left


def test_what_does_not_fit_the_form_fits_with_no_numbers():
    blank = Question.of(*fitting(), AT, "fraud_review").blank
    assert POLICY.blanks.of(blank.replace('"hour":%d', '"hour":"%d"'), blank.count("%d")) is None
    assert POLICY.blanks.of(blank.replace('"mode":"read"', '"mode":%d'), blank.count("%d") + 1) is None
