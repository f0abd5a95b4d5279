# SPDX-License-Identifier: Apache-2.0
"""A recorded look as a question once more: what its decision was made from, in the record and in the directory as of then.

    Look, Facts ──saw──▶ LookBody.gate         at the look: what no table keeps goes into the record
    LookBody, Known ──again──▶ Look, Facts     years later: the same question, and so the same digest

Invariant: the digest of the facts says whether they are the same. Where the directory was changed behind our back, it
differs, and whoever replays says so.                                           Specification: docs/spec/facts.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from whosaw.model.access import Asked, Look
from whosaw.model.gate import QUOTAS, GateSaw
from whosaw.model.look_body import LookBody
from whosaw.policy.facts import ApprovalFacts, Facts, Known

# In place of what the record does not hold: a free text, a name that nobody knew. No purpose and no case is called so.
_NOT_WRITTEN = "-"
_MILLISECOND = timedelta(milliseconds=1)


def saw(look: Look, facts: Facts) -> GateSaw:
    """What goes into the record of `look` besides what the directory will say again."""
    known, given = facts.known, facts.approvals
    feed = None if known is None else known.feed
    offered = facts.offered.intersection(look.asked)
    return GateSaw(
        case_given=look.case is not None,
        last_look=facts.last_look,
        limit_ms=None if feed is None else feed.limit // _MILLISECOND,
        quota=_counted(facts.quota),
        approvals=(given.independent, given.stewards, given.overseers, given.legal),
        offered=None if len(offered) == len(look.asked) else tuple(sorted(offered)),
        silent=known is not None and known.case_silent,
        unread=known is None,
        owes=known is not None and known.principal is not None and known.principal.owes_review,
    )


def _counted(quota: Mapping[str, int] | None) -> tuple[int, int, int, int] | None:
    if quota is None or not all(name in quota for name in QUOTAS):
        return None
    return quota["principal"], quota["unit"], quota["purpose"], quota["person"]


def again(body: LookBody, known: Known) -> tuple[Look, Facts] | None:
    """The look that `body` records and its facts, `known` as of its time; None where it holds too little: an older one."""
    gate = body.gate
    if gate is None or body.person is None:
        return None
    asked = tuple(Asked(field, detail) for field, detail in body.asked)
    look = Look(
        look_id=body.look,
        principal=body.principal,
        person=body.person,
        asked=asked,
        purpose=body.purpose or _NOT_WRITTEN,
        case=(body.case or _NOT_WRITTEN) if gate.case_given else None,
        key=_NOT_WRITTEN,
        mode=body.mode,
        app=body.app or _NOT_WRITTEN,
        break_glass=body.break_glass,
        caller=body.caller,
    )
    limit = None if gate.limit_ms is None else gate.limit_ms * _MILLISECOND
    feed = known.feed if known.feed is None or limit is None else replace(known.feed, limit=limit)
    staff = known.principal
    # The directory does not know who owes a review of a broken glass: that is the gate's.
    staff = staff if staff is None or not gate.owes else replace(staff, owes_review=True)
    facts = Facts(
        known=None if gate.unread else replace(known, principal=staff, feed=feed, case_silent=gate.silent),
        offered=frozenset(asked if gate.offered is None else gate.offered),
        last_look=gate.last_look,
        approvals=ApprovalFacts(
            independent=gate.approvals[0],
            stewards=gate.approvals[1],
            overseers=gate.approvals[2],
            legal=gate.approvals[3],
        ),
        quota=None if gate.quota is None else dict(zip(QUOTAS, gate.quota, strict=True)),
    )
    return look, facts
