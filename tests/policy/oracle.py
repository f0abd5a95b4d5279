# SPDX-License-Identifier: Apache-2.0
"""The same policy a second time, in plain Python, written from the design and not from the Cedar files."""

from datetime import datetime, timedelta

from tests.policy.test_matrix import MAY_NEED, WORK_OF

from whosaw.model.access import Look, Mode
from whosaw.policy.facts import Facts

CASE_TYPES = {
    "subject_request": {"subject_request", "support_request", "account_recovery"},
    "fraud_review": {"fraud_review", "fraud_report", "account_takeover", "chargeback"},
    "internal_inquiry": {"internal_inquiry"},
}


def forbids(look: Look, facts: Facts, at: datetime) -> set[str]:
    """Ids of the rules that must forbid; the look is permitted exactly if there are none."""
    names = {f"{a.field}:{a.detail}" for a in look.asked}
    fields = {str(a.field) for a in look.asked}
    purpose = look.purpose if look.purpose in MAY_NEED else None
    said = _question(look, facts, names, fields, purpose)
    if facts.last_look is not None and at < facts.last_look:
        said.add("clock-went-back")
    if facts.known is None:
        return said | {"facts-unavailable"}
    known = facts.known
    said |= _feed(known.feed, at)
    said |= _principal(known.principal, purpose)
    said |= _person(known, purpose, fields)
    said |= _case(look, known.case, at, purpose)
    return said


def _question(look, facts, names, fields, purpose):
    said = set()
    if look.mode is not Mode.READ:
        said.add("mode-not-offered")
    if not set(look.asked) <= facts.offered:
        said.add("detail-not-offered")
    if purpose is None:
        return said | {"purpose-unknown"}
    needed_fields = {name.split(":")[0] for name in MAY_NEED[purpose]}
    if not fields <= needed_fields:
        said.add("field-beyond-purpose")
    if any(name.split(":")[0] in needed_fields and name not in MAY_NEED[purpose] for name in names):
        said.add("detail-beyond-purpose")
    if look.case is None:
        said.add("case-missing")
    return said


def _feed(feed, at):
    if feed is None:
        return {"directory-never-confirmed"}
    said = set()
    if at - feed.confirmed > feed.limit:
        said.add("directory-too-old")
    if feed.confirmed > at:
        said.add("directory-from-the-future")
    return said


def _principal(principal, purpose):
    if principal is None:
        return {"principal-unknown"}
    said = set()
    if not principal.active:
        said.add("principal-inactive")
    if principal.suspended:
        said.add("principal-suspended")
    if purpose is not None and principal.function not in WORK_OF[purpose]:
        said.add("function-not-accepted")
    return said


def _person(known, purpose, fields):
    said = set()
    if known.relation is None:
        said.add("relation-unknown")
    else:
        bits = [("own", "own-data"), ("household", "own-household"), ("colleague", "own-colleague")]
        said |= {rule for bit, rule in [*bits, ("line", "own-reporting-line")] if getattr(known.relation, bit)}
    if known.person is None:
        return said | {"person-unknown"}
    if known.person.region is None:
        said.add("region-unknown")
    elif known.principal is not None and known.person.region not in known.principal.regions:
        said.add("region-differs")
    if known.person.protected:
        said.add("protected-person")
    if purpose == "internal_inquiry" and not known.person.staff:
        said.add("inquiry-about-staff-only")
        if fields & {"ip", "location", "contacts", "messages"}:
            said.add("inquiry-never-outsiders-traces")
    return said


def _case(look, case, at, purpose):
    if case is None:
        return set() if look.case is None else {"case-unknown"}
    said = set()
    age = at - case.opened
    if age < timedelta(0):
        said.add("case-not-yet-open")
    elif age < timedelta(minutes=10):
        said.add("case-just-opened")
    if case.closed is not None and case.closed <= at:
        said.add("case-closed")
    said |= {"principal": {"case-opened-by-principal"}, "unknown": {"case-opener-unknown"}}.get(case.opened_by, set())
    if case.requested_by_principal:
        said.add("case-requested-by-principal")
    if not case.assigned:
        said.add("case-not-assigned")
    if purpose is not None and case.type not in CASE_TYPES[purpose]:
        said.add("case-type-not-accepted")
    if case.named is None:
        return said | {"case-does-not-name-person"}
    if case.named.added >= at:
        said.add("person-named-too-late")
    namer = {"principal": {"person-named-by-principal"}, "unknown": {"person-namer-unknown"}}
    return said | namer.get(case.named.by, set())
