# SPDX-License-Identifier: Apache-2.0
"""Why somebody may not have a count: the rules of a look that have no person in them, what the purpose is for, and the budget.

As for pseudonyms (docs/adr/0122), each rule has the id and the sentence of the policy. A count needs a case where its purpose does.

Invariant: what is not known forbids. Every reason that speaks is returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from whosaw.guard.pseudonyms.reasons import UNAVAILABLE, asker, reason
from whosaw.model.access import Asked
from whosaw.policy.decide import explain
from whosaw.policy.facts import Known
from whosaw.policy.purposes import Purpose
from whosaw.policy.rules import Policy

SPENT, UNREAD = "counts-budget-spent", "counts-budget-unread"

REASONS: Mapping[str, str] = {
    "purpose-without-field": "The purpose does not need this field in this detail, so it needs no count of it.",
    SPENT: "So much has been told about these days, for this purpose, that another answer would tell of single accounts.",
    UNREAD: "It could not be read what has been told about these days, so nothing more is.",
}
"""What only counts can be refused for."""


def sentence(policy: Policy, id_: str) -> str:
    return REASONS.get(id_) or explain(policy, id_)


def against(
    known: Known | None, purpose: Purpose | None, asked: Asked, case: str | None, at: datetime
) -> tuple[str, ...]:
    """The ids of all that speaks against it, but for the budget; none: it may be."""
    if known is None:
        return (UNAVAILABLE,)
    without = case is None and purpose is not None and not purpose.needs_case
    return (
        *asker(known, purpose, at),
        *_purpose(purpose, asked),
        *(() if without else reason(known, purpose, case, at)),
    )


def _purpose(purpose: Purpose | None, asked: Asked) -> Iterator[str]:
    if purpose is None:
        yield "purpose-unknown"
    elif asked not in purpose.needs:
        yield "purpose-without-field"
