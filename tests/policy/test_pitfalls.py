# SPDX-License-Identifier: Apache-2.0
"""What Cedar does that one must know, each shown on Cedar itself, and then what becomes of it here."""

import json
import re
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import cedarpy
import pytest
from tests.policy.ground import AT, POLICY, fitting, texts

from whosaw.model.access import Asked, Field
from whosaw.policy.decide import UNREADABLE, decide
from whosaw.policy.question import ACTION, PERSON, PRINCIPAL, Question
from whosaw.policy.rules import ENGINE, Parsed, Policy

ROOT = Path(__file__).parents[2]
FAILS = "context.at + 9223372036854775807 < context.at"
WHO = {"principal": PRINCIPAL, "action": ACTION, "resource": PERSON}


def asked(policies, context, entities="[]", schema=None):
    """Cedar's own answer."""
    return cedarpy.is_authorized({**WHO, "context": json.dumps(context)}, policies, entities, schema)


def test_a_forbid_that_fails_is_skipped():
    """Cedar says Allow, and the error stands in the diagnostics; here the same rule refuses, by its name."""
    rules = "permit (principal, action, resource); forbid (principal, action, resource) when { context.n + 9223372036854775807 > 0 };"
    said = asked(rules, {"n": 1})
    assert (said.decision, len(said.diagnostics.errors)) == (cedarpy.Decision.Allow, 1)
    own = f'@id("fails") @sentence("Never heard.") forbid (principal, action, resource) when {{ context has case && {FAILS} }};'
    policy = Policy.load(texts() | {"own/fails.cedar": own})
    decision = decide(policy, *fitting(), AT)
    assert (decision.permitted, [rule.id for rule in decision.rules]) == (False, ["failed/fails"])


def test_unknown_attributes_pass_in_silence_without_a_schema():
    """A misspelled fact is simply not there for Cedar, so a `forbid` about it never speaks; here each question is held against the schema (``policy.form``)."""
    rules = "permit (principal, action, resource); forbid (principal, action, resource) when { context has protected };"
    assert asked(rules, {"protectd": True}).decision is cedarpy.Decision.Allow
    schema = texts()["schema.cedarschema"]
    question = Question.of(*fitting(), AT, fitting()[0].purpose)
    context = json.loads(question.context) | {"protectd": True}
    with_schema = cedarpy.is_authorized(
        {**WHO, "context": json.dumps(context)},
        POLICY.policies,
        POLICY.base.with_added_json_str(question.entities, POLICY.schema),
        POLICY.schema,
    )
    assert with_schema.decision is cedarpy.Decision.NoDecision
    assert "protectd" not in schema


def test_a_question_that_does_not_fit_gets_no_decision_and_no_exception(monkeypatch):
    """`NoDecision` is neither Allow nor Deny; here it is a refusal that says so."""
    question = Question.of(*fitting(), AT, fitting()[0].purpose)
    context, blank = (text.replace('"mode":"read"', '"mode":7') for text in (question.context, question.blank))
    broken = replace(question, context=context, blank=blank)
    assert broken.context != question.context
    monkeypatch.setattr(Question, "of", lambda *_: broken)
    decision = decide(POLICY, *fitting(), AT)
    assert (decision.permitted, decision.rules) == (False, (UNREADABLE,))


def test_reasons_are_numbers_of_the_parser():
    """The first rule of a text is `policy0`, whatever its @id; here it goes by its own, so a rule put in front renames none."""
    named = '@id("first") permit (principal, action, resource);'
    assert asked(named, {}).diagnostics.reasons == ["policy0"]
    assert [rule.id for rule in decide(POLICY, *fitting(), AT).rules] == ["fraud-review"]
    files = texts()
    before = files["permits.cedar"].replace('@id("subject-request")', '@id("zero") @sentence("No.") forbid (principal, action, '
        'resource) when { context.mode == "x" };\n@id("subject-request")')  # fmt: skip
    assert [rule.id for rule in decide(Policy.load(files | {"permits.cedar": before}), *fitting(), AT).rules] == [
        "fraud-review"
    ]


def test_an_entity_that_is_not_there_is_an_error_and_not_a_no():
    """Whatever is referred to must exist, or every rule that reads it fails; here that refuses, whichever rules they were."""
    ghost = replace(POLICY, purposes={**POLICY.purposes, "ghost": POLICY.purposes["fraud_review"]})
    look, facts = fitting()
    decision = decide(ghost, replace(look, purpose="ghost"), facts, AT)
    assert not decision.permitted
    assert any(rule.id.startswith("failed/") for rule in decision.rules)


def test_what_is_parsed_for_every_question_costs_many_times_more():
    """Schema, rules and purposes are parsed once, and handles are kept."""
    assert isinstance(POLICY.policies, cedarpy.PolicySet)
    assert isinstance(POLICY.schema, cedarpy.Schema)
    assert isinstance(POLICY.base, cedarpy.Entities)
    look, facts = fitting()
    question = Question.of(look, facts, AT, look.purpose)
    entities = POLICY.base.with_added_json_str(question.entities, POLICY.schema)
    rules = "\n".join(text for name, text in texts().items() if name.endswith(".cedar"))
    request = {**WHO, "context": question.context}

    def fastest(policies, schema):
        took = []
        for _ in range(7):
            start = time.process_time()
            said = cedarpy.is_authorized(request, policies, entities, schema)
            took.append(time.process_time() - start)
            assert said.decision is cedarpy.Decision.Allow
        return min(took)

    assert fastest(rules, texts()["schema.cedarschema"]) > 3 * fastest(POLICY.policies, POLICY.schema)


def test_the_engine_is_pinned_exactly():
    """To one release, in the project and in the digest of the policy, since semantics changed between patch releases."""
    pinned = [
        d for d in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"] if "cedarpy" in d
    ]
    assert pinned == [ENGINE.replace(" ", "==")]


@pytest.mark.parametrize("text", ["ip", "IP:network", "ip:network ", "ip:exact"])
def test_a_set_of_texts_knows_no_spelling_but_its_own(text):
    """`containsAll` compares texts; so facts are spelled in one place, from values that have only one spelling."""
    rules = 'permit (principal, action, resource) when { ["ip:network"].containsAll(context.asked) };'
    assert asked(rules, {"asked": [text]}).decision is cedarpy.Decision.Deny
    look, facts = fitting()
    question = Question.of(replace(look, asked=(Asked(Field.IP, "network"),)), facts, AT, look.purpose)
    assert re.findall(r'"asked":\[([^\]]*)\]', question.context) == ['"ip:network"']


def test_texts_that_came_before_are_parsed_once_and_mean_the_same():
    """Decided twice: the same decision and digest; what was kept is what would be parsed; what does not fit is not kept."""
    look, facts = fitting()
    assert decide(POLICY, look, facts, AT) == decide(POLICY, look, facts, AT)
    question, parsed = Question.of(look, facts, AT, look.purpose), Parsed(POLICY.base, POLICY.schema)
    whole = POLICY.base.with_added_json_str(question.entities, POLICY.schema)
    assert parsed.of(question.entities) is parsed.of(question.entities)
    said = [sorted(json.loads(str(each)), key=json.dumps) for each in (whole, parsed.of(question.entities))]
    assert said[0] == said[1]
    with pytest.raises(ValueError):
        parsed.of('[{"attrs":{"more":1},"parents":[],"uid":{"id":"whom","type":"Person"}}]')
    assert list(parsed._known) == [question.entities]
