# SPDX-License-Identifier: Apache-2.0
"""Between a look and its record: what is written down of it, and what is read back from there.

    Look ──two pseudonyms──▶ Request ──facts, decision──▶ LookBody ──journal──▶ LookBody ──▶ Decision, as recorded

Invariant: no identifier and no free text gets into a body, and what is released follows from what is read back here.
                                                                                    Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from whosaw.errors import BadInput, Damaged, NotCanonical
from whosaw.model.access import Asked, Look
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import ask_digest
from whosaw.model.decision import Decision, Rule
from whosaw.model.look_body import LookBody, Withhold
from whosaw.model.record import Kind
from whosaw.policy.again import saw
from whosaw.policy.decide import explain
from whosaw.policy.facts import Facts
from whosaw.policy.rules import Policy

SOURCE = "guard"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


@dataclass(frozen=True, slots=True)
class Request:
    """A look with its two pseudonyms. `caller` scopes the idempotency key: nobody can take, or find, another's."""

    look: Look
    principal: str
    person: str

    @property
    def caller(self) -> str:
        return f"{SOURCE}/{self.principal}"

    @property
    def holder(self) -> Holder:
        return Holder(self.caller, self.look.key)


def only_names(look: Look) -> None:
    """Raises BadInput unless look id and app are plain names: both are recorded as they are."""
    for where, text in (("look_id", look.look_id), ("app", look.app)):
        if not _NAME.fullmatch(text):
            raise BadInput("1 to 64 of the letters A to Z, digits and . _ / -", where=where)


def body_of(request: Request, policy: Policy, facts: Facts, decision: Decision, at: datetime) -> LookBody:
    """What is recorded. A purpose outside the list and a case that nobody knows are free text, and free text can be
    a name: they are not written down. The rules say that they were given, and `ask` commits to what they were.
    """
    look = request.look
    case_known = facts.known is not None and facts.known.case is not None
    return LookBody(
        kind=Kind.LOOK,
        look=look.look_id,
        origin="asked",
        at=at,
        principal=request.principal,
        person=request.person,
        asked=tuple([(a.field, a.detail) for a in sorted(look.asked)]),
        mode=look.mode,
        source=SOURCE,
        purpose=look.purpose if look.purpose in policy.purposes else None,
        case=look.case if case_known else None,
        app=look.app,
        decision="permit" if decision.permitted else "refuse",
        rules=tuple([rule.id for rule in decision.rules]),
        ask=ask_digest(look, request.principal, request.person),
        facts=decision.facts,
        policy=decision.policy,
        stage=decision.stage,
        withheld=_withheld(policy, look.purpose, at),
        break_glass=look.break_glass,
        caller=look.caller,
        gate=saw(look, facts),
    )


def _withheld(policy: Policy, code: str, at: datetime) -> Withhold | None:
    """From when on the person's statements open this look, where its purpose lets it wait. Fixed now, and in the record."""
    purpose = policy.purposes.get(code)
    if purpose is None or purpose.withhold is None:
        return None
    reason, days = purpose.withhold
    return Withhold(reason, at + timedelta(days=days))


def recorded_look(body: bytes) -> LookBody:
    try:
        return LookBody.decode(body)
    except NotCanonical as error:
        raise Damaged("what is recorded under this key is not a look", where="journal") from error


def recorded_decision(policy: Policy, body: LookBody) -> Decision:
    """The decision as it was recorded, in the words of today's policy."""
    permitted = body.decision == "permit"
    return Decision(
        permitted=permitted,
        rules=tuple([policy.rules.get(id_) or Rule(id_, explain(policy, id_)) for id_ in body.rules]),
        detail=tuple([Asked(field, detail) for field, detail in body.asked]) if permitted else (),
        facts=body.facts or b"",
        policy=body.policy or b"",
        stage=body.stage,
    )
