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
from datetime import datetime, timedelta
from typing import Any

from whosaw.model.access import Asked, Look
from whosaw.model.record import time_text
from whosaw.policy.facts import NOTHING_KNOWN, CaseFacts, Facts, FeedFacts, Known

_DOMAIN = b"whosaw/facts/v1"
PRINCIPAL = {"type": "Principal", "id": "who"}
PERSON = {"type": "Person", "id": "whom"}
ACTION = {"type": "Action", "id": "look"}
_CASE = {"type": "Case", "id": "case"}
_GATE = {"type": "Gate", "id": "gate"}
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked, as two JSON texts; `digest` is SHA-256 over both, 32 bytes."""

    entities: str
    context: str
    digest: bytes

    @classmethod
    def of(cls, look: Look, facts: Facts, at: datetime, purpose_known: bool) -> Question:
        known = facts.known or NOTHING_KNOWN
        entities = [
            {"uid": _GATE, "parents": [], "attrs": _gate(look, facts, known.feed)},
            {"uid": PRINCIPAL, "parents": [], "attrs": _principal(known)},
            {"uid": PERSON, "parents": [], "attrs": _person(known)},
        ]
        context: dict[str, Any] = {
            "asked": _asked(look.asked),
            "at": _time(at),
            "caseGiven": look.case is not None,
            "fields": sorted(str(a.field) for a in look.asked),
            "gate": _GATE,
            "mode": str(look.mode),
        }
        if purpose_known:
            context["purpose"] = {"type": "Purpose", "id": look.purpose}
        if known.case is not None:
            context["case"] = _CASE
            entities.append({"uid": _CASE, "parents": [], "attrs": _case(known.case)})
        both = _one_spelling(entities), _one_spelling(context)
        # encode() refuses a lone surrogate: what has no bytes has no digest, and is no question.
        text = f'{{"context":{both[1]},"entities":{both[0]}}}'.encode()
        return cls(*both, hashlib.sha256(_DOMAIN + text).digest())


def _one_spelling(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _gate(look: Look, facts: Facts, feed: FeedFacts | None) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "offered": _asked(facts.offered.intersection(look.asked)),
        "unavailable": facts.known is None,
    }
    if facts.last_look is not None:
        attrs["lastLook"] = _time(facts.last_look)
    if feed is not None:
        attrs["feed"] = {"confirmed": _time(feed.confirmed), "limit": _duration(feed.limit)}
    return attrs


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
        }
    }


def _person(known: Known) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    if known.person is not None:
        attrs["known"] = {"protected": known.person.protected, "staff": known.person.staff}
        if known.person.region is not None:
            attrs["known"]["region"] = known.person.region
    if known.relation is not None:
        attrs["relation"] = {
            "own": known.relation.own,
            "household": known.relation.household,
            "colleague": known.relation.colleague,
            "line": known.relation.line,
        }
    return attrs


def _case(case: CaseFacts) -> dict[str, Any]:
    attrs: dict[str, Any] = {
        "kind": case.type,
        "opened": _time(case.opened),
        "openedBy": case.opened_by,
        "requestedByPrincipal": case.requested_by_principal,
        "assigned": case.assigned,
    }
    if case.closed is not None:
        attrs["closed"] = _time(case.closed)
    if case.named is not None:
        attrs["named"] = {"added": _time(case.named.added), "addedBy": case.named.by}
    return attrs


def _asked(asked: Iterable[Asked]) -> list[str]:
    return sorted(f"{a.field}:{a.detail}" for a in asked)


def _time(at: datetime) -> dict[str, Any]:
    return {"__extn": {"fn": "datetime", "arg": time_text(at)}}


def _duration(length: timedelta) -> dict[str, Any]:
    return {"__extn": {"fn": "duration", "arg": f"{length // _MILLISECOND}ms"}}
