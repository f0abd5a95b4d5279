# SPDX-License-Identifier: Apache-2.0
"""decide: a look and its facts in, a decision out. No clock, no disk, no network: it can be replayed years later.

    permits, forbids, failed = what Cedar says
    permitted  =  Allow  and  a permit spoke  and  no forbid spoke  and  nothing failed

Cedar alone would skip a `forbid` whose condition fails, and answer NoDecision for a question it cannot read. Here what
cannot be read, forbids. And no short circuit: the decision names every rule that spoke, because an inquiry needs them
all.                                                                   Specification: policy/shipped/*.cedar
"""

from __future__ import annotations

import re
from datetime import datetime

import cedarpy

from whosaw.model.access import Look
from whosaw.model.decision import Decision, Rule
from whosaw.model.stage import Stage
from whosaw.policy.alike import Spoken
from whosaw.policy.facts import Facts
from whosaw.policy.question import ACTION, PERSON, PRINCIPAL, Question
from whosaw.policy.rules import Policy

UNREADABLE = Rule("question-unreadable", "The facts do not have the form that the rules are written for.")
NOTHING_PERMITS = Rule("nothing-permits", "No rule permits this look.")
_OURS = {rule.id: rule for rule in (UNREADABLE, NOTHING_PERMITS)}
FAILED = "failed/"
_FAILED = re.compile(r"while evaluating policy `([a-z0-9-]+)`")


def decide(policy: Policy, look: Look, facts: Facts, at: datetime) -> Decision:
    """Permit or refuse `look` at the instant `at`, from `facts` alone."""
    try:
        question = Question.of(look, facts, at, policy.row(look))
    except (AttributeError, TypeError, ValueError):
        return Decision(False, (UNREADABLE,), (), bytes(32), policy.digest)
    spoke = _ask(policy, question)
    if spoke is None:
        return Decision(False, (UNREADABLE,), (), question.digest, policy.digest)
    allowed, rules, failed = spoke
    permitted = allowed and bool(rules) and not failed
    if not permitted and allowed:
        # Permits spoke, but a rule that might have forbidden could not be evaluated: only that is the reason.
        rules = frozenset()
    named = [policy.rules[id_] for id_ in sorted(rules, key=policy.order.__getitem__)]
    named += [_failure(id_) for id_ in sorted(failed)]
    detail = tuple(sorted(look.asked)) if permitted else ()
    purpose = policy.purposes.get(look.purpose)
    stage = Stage.DURABLE if purpose is None else purpose.stage
    return Decision(permitted, tuple(named) or (NOTHING_PERMITS,), detail, question.digest, policy.digest, stage)


def _ask(policy: Policy, question: Question) -> Spoken | None:
    """Cedar's answer, to this question or to one that is alike. None: it could not read us."""
    # Checked against the schema here, and entities where they are parsed: without it Cedar lets unknown attributes pass in silence.
    blank = policy.blanks.of(question.blank, len(question.numbers))
    if blank is None:
        return None
    shape = question.blank, blank.kept(question.numbers)
    key = policy.alike.key(question.entities, shape, blank.counted(question.numbers))

    def ask() -> Spoken | None:
        fits = policy.form.fit(question.context)
        return None if fits is None else _engine(policy, fits, question.entities)

    return ask() if key is None else policy.alike.said(key, ask)


def _engine(policy: Policy, context: str, entities: str) -> Spoken | None:
    """Cedar's answer: Allow or not, the rules that spoke for it, the rules that failed."""
    try:
        result = cedarpy.is_authorized(
            {"principal": PRINCIPAL, "action": ACTION, "resource": PERSON, "context": context},
            policy.policies,
            policy.parsed.of(entities),
        )
    except (ValueError, TypeError):
        return None
    if result.decision is cedarpy.Decision.NoDecision:
        return None
    reasons = list(result.diagnostics.reasons)
    failed = {name for error in result.diagnostics.errors for name in _FAILED.findall(error) or ["unnamed"]}
    if not policy.rules.keys() >= set(reasons):
        failed.add("unnamed")
        reasons = [id_ for id_ in reasons if id_ in policy.rules]
    return result.decision is cedarpy.Decision.Allow, frozenset(reasons), frozenset(failed)


def explain(policy: Policy, id_: str) -> str:
    """The sentence of a recorded rule id, in the words of `policy`."""
    if (rule := policy.rules.get(id_) or _OURS.get(id_)) is not None:
        return rule.sentence
    if id_.startswith(FAILED):
        return _failure(id_.removeprefix(FAILED)).sentence
    return f"A rule of an earlier policy, {id_!r}."


def _failure(id_: str) -> Rule:
    # Don't quote Cedar's own text: it shows the values that it failed on.
    return Rule(FAILED + id_, f"The rule {id_!r} could not be evaluated, and what cannot be read, forbids.")
