# SPDX-License-Identifier: Apache-2.0
"""What the one who asked is told of a refusal: what is wrong with the question, never anything about the person.

    record, overseer, inquiry ◀── every rule that spoke
    the one who asked         ◀── told(policy, decision)

Invariant: the same words for every cause that lies in the person, known or not, protected or not, related or not.
Whoever could read the causes there would use the gate to find out who is on a list.     Screens: employee, /look
"""

from __future__ import annotations

from whosaw.model.decision import Decision
from whosaw.policy.rules import Policy

PLAIN = "This look is not permitted."


def told(policy: Policy, decision: Decision) -> str:
    """One line for the one who asked: the sentences marked `@asker("told")`, else one plain sentence."""
    if decision.permitted:
        return "This look is permitted."
    said = [policy.rules[rule.id].sentence for rule in decision.rules if rule.id in policy.told]
    return " ".join(said) or PLAIN
