# SPDX-License-Identifier: Apache-2.0
"""The form of a question is checked here as the engine checks it: the engine, given the schema, is the oracle."""

import copy
import json
from dataclasses import replace

import cedarpy
import pytest
from tests.policy.ground import AT, FITTING, POLICY, fitting, texts

from whosaw.errors import Misconfigured
from whosaw.model.caller import Caller, Proof
from whosaw.policy.form import Form
from whosaw.policy.question import ACTION, PERSON, PRINCIPAL, Question
from whosaw.policy.rules import Policy

OTHER = (
    None,
    True,
    0,
    -5,
    2**63 - 1,
    2**63,
    1.5,
    "",
    'a "b" \\ \u00fc\n,}',
    [],
    ["x", "y"],
    [1],
    {},
    {"type": "Purpose", "id": "x"},
)


def spelled(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def whole():
    """A question in which everything is there that may be, and its entities."""
    look, facts = fitting("legal_demand")
    look = replace(look, caller=Caller("tool", Proof.LOCAL, speaks=False))
    facts = replace(facts, known=replace(facts.known, case=replace(facts.known.case, closed=AT)))
    question = Question.of(look, facts, AT, look.purpose)
    context = json.loads(question.context)
    context["case"]["requestedByPerson"] = False
    return context, POLICY.parsed.of(question.entities)


def by_schema(context, entities):
    """What the engine says with the schema: a decision and its reasons; None where it is no question."""
    return said({"context": spelled(context)}, entities, POLICY.schema)


def by_form(context, entities):
    """The same, with the form in place of the schema."""
    fits = POLICY.form.fit(spelled(context))
    return None if fits is None else said({"context": fits}, entities, None)


def said(context, entities, schema):
    request = {"principal": PRINCIPAL, "action": ACTION, "resource": PERSON, **context}
    try:
        found = cedarpy.is_authorized(request, POLICY.policies, entities, schema)
    except ValueError:
        return None
    if found.decision is cedarpy.Decision.NoDecision:
        return None
    return found.decision, sorted(found.diagnostics.reasons), sorted(found.diagnostics.errors)


def places(value, path=()):
    """Every place in a JSON value, that of the whole left out."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield (*path, step)
        yield from places(below, (*path, step))


def changed():
    """The whole question with one thing otherwise: taken away, added, or of another kind."""
    context, _ = whole()
    for path in places(context):
        for change in ("gone", "more", *OTHER):
            made = copy.deepcopy(context)
            holder = made
            for step in path[:-1]:
                holder = holder[step]
            if change == "gone":
                del holder[path[-1]]
            elif change == "more":
                # A purpose is called by kind and id. The engine passes over what else stands there; here it does not fit.
                if not isinstance(holder, dict) or "id" in holder:
                    continue
                holder[f"{path[-1]}x"] = holder[path[-1]]
            else:
                holder[path[-1]] = change
            yield made


def test_what_fits_is_what_the_engine_accepts_with_the_schema_and_is_decided_alike():
    """More than a thousand questions, each with one thing otherwise."""
    _, entities = whole()
    answers = [(by_form(context, entities), by_schema(context, entities)) for context in changed()]
    assert [ours for ours, _ in answers] == [theirs for _, theirs in answers]
    accepted = sum(ours is not None for ours, _ in answers)
    assert 100 < accepted < len(answers) - 100


@pytest.mark.parametrize("purpose", FITTING)
def test_every_purpose_is_decided_as_with_the_schema(purpose):
    question = Question.of(*fitting(purpose), AT, purpose)
    entities, context = POLICY.parsed.of(question.entities), json.loads(question.context)
    assert by_form(context, entities) == by_schema(context, entities)
    assert by_form(context, entities)[0] is cedarpy.Decision.Allow


@pytest.mark.parametrize("mode", ['"purpose":{"id":"x","type":"Purpose"}', "{", "\\", "\u2028", "}" * 9])
def test_no_text_passes_for_structure(mode):
    """Whatever a text holds, it is one text: the engine reads the purpose that was asked for and no other."""
    context, entities = whole()
    context["mode"] = mode
    assert by_form(context, entities) == by_schema(context, entities) is not None


@pytest.mark.parametrize(
    "wrong",
    ["type Case = ", "type Case = {", "type Case = Decimal;", "namespace X {", "entity E = { a String };", "§", ""],
)
def test_a_schema_that_is_not_read_to_its_end_makes_no_policy(wrong):
    with pytest.raises((ValueError, StopIteration)):
        Form.of(wrong)


def test_a_schema_beyond_what_is_read_here_is_said_at_the_start():
    schema = texts()["schema.cedarschema"].replace("mode: String", "mode: __cedar::String")
    with pytest.raises(Misconfigured, match="not as ours is written"):
        Policy.load(texts() | {"schema.cedarschema": schema})
