# SPDX-License-Identifier: Apache-2.0
"""Where nobody set a quota and nobody can sign: no limit, said in numbers, and no approval.

The guard asks its ports all the same, so there is no look for which nothing was counted.

Invariant: what is missing here only ever forbids (approvals), or is said to be without limit (quotas).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from whosaw.model.access import Look
from whosaw.model.gate import QUOTAS
from whosaw.policy.facts import NO_APPROVALS, ApprovalFacts

ENDLESS = 1_000_000_000  # looks: more than anybody lives to ask


class NoLimit:
    """``guard.ports.Quotas`` where no limit is set."""

    def left(self, principal: str, person: str, purpose: str, at: datetime) -> Mapping[str, int]:  # noqa: ARG002
        return dict.fromkeys(QUOTAS, ENDLESS)


class NoneGiven:
    """``guard.ports.Approvals`` where nobody can sign."""

    def facts(self, look: Look, principal: str, person: str, at: datetime) -> ApprovalFacts:  # noqa: ARG002
        return NO_APPROVALS
