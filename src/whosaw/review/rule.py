# SPDX-License-Identifier: Apache-2.0
"""A rule that hides findings: what it hides, whose it is, until when; and the records that make it. In the stream `reviews`.

    add ──▶ asked ──approve, by an independent other──▶ in force ──end, or its last day──▶ over
                                                           └──hid──▶ which findings it hid in a watch, each time

Invariants: a rule names a signal and a unit, never a principal or a person; it is made by one and approved by another, and has an
end. What it hid is on record. ``decode(encode(x)) == x``; anything else is NotCanonical.   Specification: docs/review.md
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from whosaw.errors import Damaged, NotCanonical
from whosaw.model.parsed import count_of, text_of, texts_of
from whosaw.model.record import Json, Kind, canonical, parse, parse_time, time_text
from whosaw.review.record import Step

Outcome = Literal["done", "refused"]

WHY: Mapping[str, str] = {
    "reason-undeclarable": "It is work whose reason cannot be declared yet.",
    "source-fault": "A source tells what is not so, and is being mended.",
    "migration": "A migration does it, and ends.",
}


class Did(StrEnum):
    """What happened to a rule."""

    ADD = "add"
    APPROVE = "approve"
    END = "end"
    HID = "hid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule hides: findings by `signal` alone, about `unit` alone; and of these, where it is given, only `app`, `purpose`,
    `template` (the id of a reason, or `none`).
    """

    signal: str
    unit: str
    app: str | None = None
    purpose: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStep:
    """One step. `findings`: of HID, what it hides from this watch on; none: nothing any more."""

    at: datetime
    rule: str
    number: int
    did: Did
    by: str = field(repr=False)
    scope: Scope | None = None
    why: str | None = None
    until: datetime | None = None
    findings: tuple[str, ...] = ()
    outcome: Outcome = "done"
    reasons: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """Canonical bytes."""
        scope = self.scope
        said: Json = None
        if scope is not None:
            said = {
                "signal": scope.signal, "unit": scope.unit, "app": scope.app, "purpose": scope.purpose,
                "template": scope.template,
            }  # fmt: skip
        return canonical(
            {
                "v": 1,
                "kind": str(Kind.SUPPRESSION),
                "at": time_text(self.at),
                "rule": self.rule,
                "number": self.number,
                "what": str(self.did),
                "by": self.by,
                "scope": said,
                "why": self.why,
                "until": None if self.until is None else time_text(self.until),
                "findings": list(self.findings),
                "outcome": self.outcome,
                "reasons": list(self.reasons),
            }
        )

    @classmethod
    def decode(cls, body: bytes, where: str = "suppression") -> RuleStep:
        """The step that `body` spells. Raises NotCanonical for everything else."""
        value = parse(body, where)
        try:
            scope = value["scope"]
            made = cls(
                at=parse_time(text_of(value["at"]), where),
                rule=text_of(value["rule"]),
                number=count_of(value["number"]),
                did=Did(text_of(value["what"])),
                by=text_of(value["by"]),
                scope=None if scope is None else _scope(scope),
                why=_perhaps(value["why"]),
                until=None if value["until"] is None else parse_time(text_of(value["until"]), where),
                findings=texts_of(value["findings"]),
                outcome="refused" if value["outcome"] == "refused" else "done",
                reasons=texts_of(value["reasons"]),
            )
            again = made.encode()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotCanonical("not a step of a rule", where=where) from None
        if again != body:
            raise NotCanonical("not the one spelling of a step", where=where)
        return made


def of_stream(body: bytes) -> Step | RuleStep | None:
    """What stands in the stream `reviews`: a step with a finding, or one of a rule; None for its enrolment. Raises NotCanonical."""
    match parse(body)["kind"]:
        case Kind.REVIEW:
            return Step.decode(body)
        case Kind.SUPPRESSION:
            return RuleStep.decode(body)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where a rule is. `hides`: what it hid in the newest watch; `ever`: in all of them."""

    id: str
    number: int
    scope: Scope
    owner: str = field(repr=False)
    why: str
    made: datetime
    until: datetime
    approver: str | None = field(default=None, repr=False)
    ended: datetime | None = None
    hides: tuple[str, ...] = ()
    ever: frozenset[str] = frozenset()

    def in_force(self, at: datetime) -> bool:
        """Whether it hides anything at this instant; its end is excluded."""
        return self.approver is not None and self.ended is None and at < self.until

    def state(self, at: datetime) -> str:
        if self.ended is not None:
            return "ended"
        if at >= self.until:
            return "over"
        return "asked" if self.approver is None else "in force"


def rules(steps: Iterable[RuleStep]) -> dict[str, Rule]:
    """Every rule, by id. Raises Damaged for steps that cannot follow each other."""
    found: dict[str, Rule] = {}
    for step in steps:
        if step.outcome == "done":
            found[step.rule] = _after(found.get(step.rule), step)
    return found


def _after(before: Rule | None, step: RuleStep) -> Rule:
    if before is None:
        if step.did is not Did.ADD or step.number != 1 or step.scope is None or step.why is None or step.until is None:
            raise Damaged("a rule begins with what nobody asked for", where="reviews")
        return Rule(
            id=step.rule, number=1, scope=step.scope, owner=step.by, why=step.why, made=step.at, until=step.until
        )
    if step.number != before.number + 1:
        raise Damaged("the steps of a rule do not follow each other", where="reviews")
    made = replace(before, number=step.number)
    match step.did:
        case Did.APPROVE if before.approver is None:
            return replace(made, approver=step.by)
        case Did.END if before.ended is None:
            return replace(made, ended=step.at, hides=())
        case Did.HID if before.approver is not None:
            return replace(made, hides=step.findings, ever=before.ever | frozenset(step.findings))
    raise Damaged("a step of a rule that cannot be", where="reviews")


def _scope(value: Json) -> Scope:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return Scope(
        signal=text_of(value["signal"]), unit=text_of(value["unit"]), app=_perhaps(value["app"]),
        purpose=_perhaps(value["purpose"]), template=_perhaps(value["template"]),
    )  # fmt: skip


def _perhaps(value: Json) -> str | None:
    return None if value is None else text_of(value)
