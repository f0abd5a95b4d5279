# SPDX-License-Identifier: Apache-2.0
"""The shipped policy, and one look to which nothing objects; every test changes what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

from whosaw.model.access import LADDER, Asked, Field, Look, Mode
from whosaw.model.gate import QUOTAS
from whosaw.policy.decide import decide
from whosaw.policy.facts import (
    ApprovalFacts,
    CaseFacts,
    Facts,
    FeedFacts,
    Known,
    NamedFacts,
    PersonFacts,
    PrincipalFacts,
    RelationFacts,
)
from whosaw.policy.rules import Policy

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY, HOUR, MINUTE, MS = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)
EVERYTHING = frozenset(Asked(f, d) for f in Field for d in LADDER[f])


def texts() -> dict[str, str]:
    """The policy's files, as wiring reads them."""
    package = files("whosaw.policy")
    names = ["schema.cedarschema", "purposes.toml"]
    found = {name: package.joinpath(name).read_text(encoding="utf-8") for name in names}
    for file in package.joinpath("shipped").iterdir():
        found[file.name] = file.read_text(encoding="utf-8")
    return found


POLICY = Policy.load(texts())

PLENTY = dict.fromkeys(QUOTAS, 1000)
# Per purpose: a function whose work it is, a case type that does, one thing it may need, and is the person staff?
FITTING = {
    "subject_request": ("support", "support_request", "ip:network", False),
    "service_repair": ("engineering", "bug_report", "device", False),
    "fraud_review": ("fraud", "fraud_report", "ip:exact", False),
    "safety_review": ("safety", "safety_report", "messages", False),
    "legal_demand": ("legal", "legal_demand", "ip:exact", False),
    "incident_response": ("security", "incident", "ip:exact", False),
    "quality_sampling": ("support", "quality_sample", "messages", False),
    "internal_inquiry": ("audit", "internal_inquiry", "activity", True),
}
# What these purposes need besides: approvals, what the case says.
SIGNED = {
    "legal_demand": ApprovalFacts(independent=2, legal=1),
    "incident_response": ApprovalFacts(independent=1),
}


def fitting(purpose: str = "fraud_review") -> tuple[Look, Facts]:
    """A look for `purpose` that is permitted, and its facts."""
    function, case_type, asked, staff = FITTING[purpose]
    look = Look("l-1", "s-1", "u-1", (Asked.parse(asked),), purpose, "c-1", "k-1")
    known = Known(
        principal=PrincipalFacts(function=function, active=True, suspended=False, regions=frozenset({"IE", "EU"})),
        person=PersonFacts(region="EU", protected=False, staff=staff),
        relation=RelationFacts(own=False, household=False, colleague=False, line=False),
        case=CaseFacts(
            type=case_type,
            opened=AT - 3 * DAY,
            closed=None,
            opened_by="other",
            requested_by_principal=False,
            assigned=True,
            named=NamedFacts(added=AT - 2 * DAY, by="other", fields=EVERYTHING if purpose == "legal_demand" else None),
            drawn=purpose == "quality_sampling",
        ),
        feed=FeedFacts(confirmed=AT - HOUR, limit=DAY),
    )
    approvals = SIGNED.get(purpose, ApprovalFacts())
    return look, Facts(known=known, offered=EVERYTHING, last_look=AT - MINUTE, approvals=approvals, quota=PLENTY)


def changed(facts: Facts, **changes) -> Facts:
    """`facts` with some of it changed: `person__protected=True`, `case=None`, `last_look=…`, `quota__unit=0`."""
    for path, value in changes.items():
        part, _, attribute = path.partition("__")
        known = facts.known
        if part == "quota" and attribute:
            facts = replace(facts, quota={**facts.quota, attribute: value})
        elif part == "approvals" and attribute:
            facts = replace(facts, approvals=replace(facts.approvals, **{attribute: value}))
        elif part in ("known", "offered", "last_look", "approvals", "quota"):
            facts = replace(facts, **{part: value})
        elif not attribute:
            facts = replace(facts, known=replace(known, **{part: value}))
        elif attribute.startswith("named__"):
            named = replace(known.case.named, **{attribute.removeprefix("named__"): value})
            facts = replace(facts, known=replace(known, case=replace(known.case, named=named)))
        else:
            facts = replace(facts, known=replace(known, **{part: replace(getattr(known, part), **{attribute: value})}))
    return facts


def spoke(look: Look, facts: Facts, at: datetime = AT, policy: Policy = POLICY) -> tuple[bool, list[str]]:
    """Permitted or not, and the ids of the rules that spoke, sorted."""
    decision = decide(policy, look, facts, at)
    return decision.permitted, sorted(rule.id for rule in decision.rules)


def mode(look: Look, how: Mode) -> Look:
    return replace(look, mode=how)
