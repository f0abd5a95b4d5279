# SPDX-License-Identifier: Apache-2.0
"""A look and its facts, spelled the way the policy engine reads them; the digest is over exactly these bytes.

    Look + Facts + at ──Question.of──▶ entities, context ──▶ Cedar
                                           └── SHA-256 ──▶ Decision.facts

Invariant: nothing reaches the engine that is not under the digest, and nothing identifies anybody: principal, person
and case go by the constant names `who`, `whom` and `case`, so not even the engine's error texts can carry an id.
One spelling: keys sorted, sets sorted, no blanks, times cut to milliseconds as in records.
                                                                    Specification: policy/schema.cedarschema
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from whosaw.model.access import LADDER, Asked, Look, Mode, rung
from whosaw.model.gate import QUOTAS
from whosaw.policy.facts import NOTHING_KNOWN, ApprovalFacts, CaseFacts, Facts, Known

_DOMAIN = b"whosaw/facts/v3"
PRINCIPAL = {"type": "Principal", "id": "who"}
PERSON = {"type": "Person", "id": "whom"}
ACTION = {"type": "Action", "id": "look"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked, as two JSON texts; `digest` is SHA-256 over both, 32 bytes.

    `entities`: who looks and who is looked at, which is the same text for very many looks. `context`: all else, the case
    and the gate among it, which is another text for each.
    """

    entities: str
    context: str
    digest: bytes

    @classmethod
    def of(cls, look: Look, facts: Facts, at: datetime, purpose: str | None) -> Question:
        """`purpose`: the name of its row; None where there is no such row."""
        known = facts.known or NOTHING_KNOWN
        entities = f"[{_entity(PRINCIPAL, _principal(known))},{_entity(PERSON, _person(known))}]"
        context: dict[str, Any] = {
            "approvals": _approvals(facts.approvals),
            "asked": _asked(look.asked),
            "at": _time(at),
            "breakGlass": look.break_glass,
            "caseGiven": look.case is not None,
            "fields": sorted(str(a.field) for a in look.asked),
            "gate": _gate(look, facts, known),
            "hour": (clock := at.astimezone(UTC)).hour,
            "mode": str(look.mode),
            "weekday": clock.isoweekday(),
        }
        if purpose is not None:
            context["purpose"] = {"type": "Purpose", "id": purpose}
        if look.caller is not None:
            by = look.caller
            context["caller"] = {"name": by.name, "proof": str(by.proof), "speaks": by.speaks}
        # A case as it once was, of a system that does not answer today, is no fact.
        if known.case is not None and not known.case_silent:
            context["case"] = _case(known.case, look.mode)
        said = _one_spelling(context)
        # encode() refuses a lone surrogate: what has no bytes has no digest, and is no question.
        text = f'{{"context":{said},"entities":{entities}}}'.encode()
        return cls(entities, said, hashlib.sha256(_DOMAIN + text).digest())


# Made once: the library makes one for each call that says how it wants its text.
_one_spelling = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False).encode


def _entity(uid: dict[str, str], attrs: dict[str, Any]) -> str:
    return _one_spelling({"uid": uid, "parents": [], "attrs": attrs})


def _gate(look: Look, facts: Facts, known: Known) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "caseSilent": known.case_silent,
        "offered": _asked(facts.offered.intersection(look.asked)),
        "unavailable": facts.known is None,
    }
    if facts.last_look is not None:
        attrs["lastLook"] = _time(facts.last_look)
    if known.feed is not None:
        attrs["feed"] = {"confirmed": _time(known.feed.confirmed), "limit": _duration(known.feed.limit)}
    # A quota that is counted in part is a quota that nobody counted.
    if facts.quota is not None and all(name in facts.quota for name in QUOTAS):
        attrs["quota"] = {name: facts.quota[name] for name in QUOTAS}
    return attrs


def _approvals(approvals: ApprovalFacts) -> dict[str, int]:
    return {
        "independent": approvals.independent,
        "stewards": approvals.stewards,
        "overseers": approvals.overseers,
        "legal": approvals.legal,
    }


def _principal(known: Known) -> dict[str, Any]:
    staff = known.principal
    if staff is None:
        return {}
    return {
        "staff": {
            "function": staff.function,
            "active": staff.active,
            "suspended": staff.suspended,
            "regions": sorted(staff.regions),
            "employed": sorted(staff.regions if staff.employed is None else staff.employed),
            "onCall": staff.on_call,
            "owesReview": staff.owes_review,
        }
    }


def _person(known: Known) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    if known.person is not None:
        attrs["known"] = {"protected": known.person.protected, "staff": known.person.staff}
        if known.person.region is not None:
            attrs["known"]["region"] = known.person.region
        # Anything else that is empty would pass for "never elsewhere".
        if type(known.person.before) is not frozenset:
            raise TypeError("where somebody was before is a set")
        if known.person.before != frozenset():
            attrs["known"]["before"] = sorted(known.person.before)
    if known.relation is not None:
        attrs["relation"] = {
            "own": known.relation.own,
            "household": known.relation.household,
            "colleague": known.relation.colleague,
            "line": known.relation.line,
            "family": known.relation.family,
        }
    return attrs


def _case(case: CaseFacts, mode: Mode) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "kind": case.type,
        "opened": _time(case.opened),
        "openedBy": case.opened_by,
        "requestedByPrincipal": case.requested_by_principal,
        "assigned": case.assigned,
        "mixed": case.mixed,
        "namesLink": case.names_link,
        "drawn": case.drawn,
    }
    if mode is Mode.EXPORT:
        # Asked of no other look: digests of facts were made before it was there, and stay what they are.
        attrs["requestedByPerson"] = case.requested_by_person
    if case.closed is not None:
        attrs["closed"] = _time(case.closed)
    if case.named is not None:
        attrs["named"] = {"added": _time(case.named.added), "addedBy": case.named.by}
        if case.named.fields is not None:
            attrs["named"]["fields"] = _asked(_and_below(case.named.fields))
    return attrs


def _and_below(listed: Iterable[Asked]) -> set[Asked]:
    """What is listed, and the same less exactly."""
    return {Asked(a.field, d) for a in listed for d in LADDER[a.field][: rung(a.field, a.detail) + 1]}


def _asked(asked: Iterable[Asked]) -> list[str]:
    return sorted(f"{a.field}:{a.detail}" for a in asked)


def _time(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _duration(length: timedelta) -> int:
    return length // _MILLISECOND
