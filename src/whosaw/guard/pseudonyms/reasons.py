# SPDX-License-Identifier: Apache-2.0
"""Why somebody may not have pseudonyms: the rules of a look, as far as there is no person in it.

    known, purpose, case, at ──▶ ids of every rule that speaks      in the words of the policy, where it has the rule

It is not asked of Cedar, whose rules are about one look at one person. Each rule that is here has the id and the sentence that it
has there. Being somebody opens nothing: there is no role in this file, but the functions that a purpose is for.

Invariant: what is not known forbids. Every reason that speaks is returned.         Decided in: docs/adr/0122
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from whosaw.model.access import Field
from whosaw.policy.decide import explain
from whosaw.policy.facts import CaseFacts, Known
from whosaw.policy.purposes import Purpose
from whosaw.policy.rules import Policy

UNAVAILABLE, QUOTA, UNREAD = "facts-unavailable", "pseudonyms-quota", "quota-unread"
_JUST = timedelta(minutes=10)

REASONS: Mapping[str, str] = {
    "purpose-without-addresses": "The purpose needs no IP address, so it needs no pseudonyms of them.",
    QUOTA: "There are not so many pseudonyms left for today, to the one who asks or to the house.",
}
"""What only this call can be refused for."""


def sentence(policy: Policy, id_: str) -> str:
    return REASONS.get(id_) or explain(policy, id_)


def against(known: Known | None, purpose: Purpose | None, case: str | None, at: datetime) -> tuple[str, ...]:
    """The ids of all that speaks against it; none: it may be."""
    if known is None:
        return (UNAVAILABLE,)
    return (*asker(known, purpose, at), *_purpose(purpose), *reason(known, purpose, case, at))


def asker(known: Known, purpose: Purpose | None, at: datetime) -> Iterator[str]:
    """What speaks against whoever asks: also where counts are asked for."""
    yield from _feed(known, at)
    yield from _principal(known, purpose)


def _feed(known: Known, at: datetime) -> Iterator[str]:
    if known.feed is None:
        yield "directory-never-confirmed"
    elif at - known.feed.confirmed > known.feed.limit:
        yield "directory-too-old"
    elif known.feed.confirmed > at:
        yield "directory-from-the-future"


def _principal(known: Known, purpose: Purpose | None) -> Iterator[str]:
    who = known.principal
    if who is None:
        yield "principal-unknown"
        return
    if not who.active:
        yield "principal-inactive"
    if who.suspended:
        yield "principal-suspended"
    if purpose is not None and who.function not in purpose.functions:
        yield "function-not-accepted"


def _purpose(purpose: Purpose | None) -> Iterator[str]:
    if purpose is None:
        yield "purpose-unknown"
    elif not any(each.field is Field.IP for each in purpose.most):
        yield "purpose-without-addresses"


def reason(known: Known, purpose: Purpose | None, given: str | None, at: datetime) -> Iterator[str]:
    """What speaks against the case that was given."""
    # Whatever the purpose says: a reason that somebody else can check is needed for every call.
    if given is None:
        yield "case-missing"
    elif known.case_silent:
        yield "case-system-silent"
    elif known.case is None:
        yield "case-unknown"
    else:
        yield from _known_case(known.case, purpose, at)


def _known_case(case: CaseFacts, purpose: Purpose | None, at: datetime) -> Iterator[str]:
    said = {
        "case-not-yet-open": case.opened > at,
        "case-just-opened": case.opened <= at < case.opened + _JUST,
        "case-closed": case.closed is not None and case.closed <= at,
        "case-opened-by-principal": case.opened_by == "principal",
        "case-opener-unknown": case.opened_by == "unknown",
        "case-requested-by-principal": case.requested_by_principal,
        "case-not-assigned": not case.assigned,
        "case-type-not-accepted": purpose is not None and case.type not in purpose.case_types,
        "places-of-staff-and-outsiders": case.mixed,
    }
    yield from (id_ for id_, speaks in said.items() if speaks)
