# SPDX-License-Identifier: Apache-2.0
"""The same policy a second time, in plain Python, written from the design and not from the Cedar files."""

from datetime import datetime, timedelta

from whosaw.model.access import LADDER, Look, Mode
from whosaw.policy.facts import Facts

# By hand, from the design's table of purposes; not read from purposes.toml.
MAY_NEED = {
    "subject_request": {
        "profile:public", "profile:exact", "device:kind", "device:model", "device:exact",
        "activity:day", "activity:hour", "activity:exact", "ip:country", "ip:region", "ip:network", "location:country",
    },
    "service_repair": {
        "device:kind", "device:model", "device:exact", "activity:day", "activity:hour", "activity:exact",
        "ip:country", "ip:region", "ip:network",
    },
    "fraud_review": {
        "profile:public", "profile:exact", "device:kind", "device:model", "device:exact", "payment:kind", "payment:last4",
        "activity:day", "activity:hour", "activity:exact", "ip:country", "ip:region", "ip:network", "ip:exact",
        "location:country", "location:region", "location:city",
    },
    "safety_review": {
        "profile:public", "profile:exact", "messages:count", "messages:times", "messages:metadata", "messages:exact",
        "contacts:count", "contacts:relation", "ip:country", "ip:region", "ip:network",
        "location:country", "location:region", "location:city",
    },
    "legal_demand": {f"{field}:{detail}" for field, rungs in LADDER.items() for detail in rungs},
    "incident_response": {
        "ip:country", "ip:region", "ip:network", "ip:exact", "device:kind", "device:model", "device:exact",
    },
    "quality_sampling": {"profile:public", "messages:count", "messages:times", "messages:metadata", "messages:exact"},
    "internal_inquiry": {"activity:day", "activity:hour", "activity:exact"},
}  # fmt: skip
# What an export hands out besides, with one approval at least.
EXPORTED = {
    "payment:kind", "payment:last4", "contacts:count", "contacts:relation", "contacts:exact", "messages:count", "messages:times",
    "messages:metadata", "messages:exact", "location:region", "location:city", "location:exact",
}  # fmt: skip
WORK_OF = {
    "subject_request": {"support"},
    "service_repair": {"engineering", "operations"},
    "fraud_review": {"fraud"},
    "safety_review": {"safety"},
    "legal_demand": {"legal"},
    "incident_response": {"engineering", "security"},
    "quality_sampling": {"operations", "support"},
    "internal_inquiry": {"audit", "legal", "security"},
}
CASE_TYPES = {
    "subject_request": {"subject_request", "support_request", "account_recovery"},
    "service_repair": {"service_repair", "bug_report", "outage"},
    "fraud_review": {"fraud_review", "fraud_report", "account_takeover", "chargeback"},
    "safety_review": {"safety_review", "safety_report", "abuse_report"},
    "legal_demand": {"legal_demand"},
    "incident_response": {"incident"},
    "quality_sampling": {"quality_sample"},
    "internal_inquiry": {"internal_inquiry"},
}
MUST_BE_SIGNED_BY = {"legal_demand": 2, "incident_response": 1}
GLASS_MAY_BE_BROKEN = {"incident_response"}


def forbids(look: Look, facts: Facts, at: datetime) -> set[str]:
    """Ids of the rules that must forbid; the look is permitted exactly if there are none."""
    names = {f"{a.field}:{a.detail}" for a in look.asked}
    fields = {str(a.field) for a in look.asked}
    purpose = look.purpose if look.purpose in MAY_NEED else None
    wide = look.mode is Mode.EXPORT and purpose == "subject_request" and not names <= MAY_NEED[purpose]
    needs = None if purpose is None else MAY_NEED[purpose] | (EXPORTED if wide else set())
    said = _question(look, facts, names, fields, purpose, needs)
    if facts.last_look is not None and at < facts.last_look:
        said.add("clock-went-back")
    principal = None if facts.known is None else facts.known.principal
    said |= _approvals(look, facts.approvals, principal, purpose, wide)
    said |= _quota(facts)
    if facts.known is None:
        return said | {"facts-unavailable"}
    known = facts.known
    said |= _feed(known.feed, at)
    said |= _principal(known.principal, purpose)
    said |= _person(known, facts.approvals, purpose, fields)
    if known.case_silent:
        return said | {"case-system-silent"}
    return said | _case(look, known.case, at, purpose, names, fields)


def _question(look, facts, names, fields, purpose, needs):
    said = set()
    if look.mode is not Mode.READ and (look.mode is not Mode.EXPORT or purpose != "subject_request"):
        said.add("mode-not-offered")
    if not set(look.asked) <= facts.offered:
        said.add("detail-not-offered")
    if purpose is None:
        return said | {"purpose-unknown"}
    needed_fields = {name.split(":")[0] for name in needs}
    if not fields <= needed_fields:
        said.add("field-beyond-purpose")
    if any(name.split(":")[0] in needed_fields and name not in needs for name in names):
        said.add("detail-beyond-purpose")
    if look.case is None:
        said.add("case-missing")
    if look.mode is Mode.SEARCH and fields & {"ip", "device", "location"}:
        said |= set() if purpose in ("fraud_review", "incident_response") else {"reverse-look-up"}
    return said


def _approvals(look, given, principal, purpose, wide):
    said = set()
    breaks = look.break_glass and purpose in GLASS_MAY_BE_BROKEN
    breaks = breaks and principal is not None and principal.on_call and not principal.owes_review
    if given.independent < max(MUST_BE_SIGNED_BY.get(purpose, 0), int(wide)) and not breaks:
        said.add("approvals-missing")
    if purpose == "legal_demand" and given.legal == 0:
        said.add("approval-of-legal-missing")
    if look.break_glass:
        if purpose is not None and purpose not in GLASS_MAY_BE_BROKEN:
            said.add("break-glass-not-for-purpose")
        if principal is not None and not principal.on_call:
            said.add("break-glass-not-on-call")
        if principal is not None and principal.owes_review:
            said.add("break-glass-owes-review")
    return said


def _quota(facts):
    names = ("principal", "unit", "purpose", "person")
    if facts.quota is None or not set(names) <= set(facts.quota):
        return set() if facts.known is None else {"quota-unread"}
    return {f"quota-{name}" for name in names if facts.quota[name] <= 0}


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


def _person(known, given, purpose, fields):
    said = set()
    if known.relation is None:
        said.add("relation-unknown")
    else:
        bits = [("own", "own-data"), ("household", "own-household"), ("colleague", "own-colleague")]
        bits += [("line", "own-reporting-line"), ("family", "own-family")]
        said |= {rule for bit, rule in bits if getattr(known.relation, bit)}
    if known.person is None:
        return said | {"person-unknown"}
    here = known.person.region
    if here is None:
        said.add("region-unknown")
    elif known.principal is not None:
        employed = known.principal.regions if known.principal.employed is None else known.principal.employed
        if not (here in known.principal.regions and here in employed) and given.stewards == 0:
            said.add("region-differs")
    if known.principal is not None and known.person.before:
        employed = known.principal.regions if known.principal.employed is None else known.principal.employed
        if not known.person.before <= known.principal.regions & employed and given.stewards == 0:
            said.add("region-differed")
    if known.person.protected and not (given.independent >= 2 and given.overseers >= 1):
        said.add("protected-person")
    if purpose == "internal_inquiry" and not known.person.staff:
        said.add("inquiry-about-staff-only")
        if fields & {"ip", "location", "contacts", "messages"}:
            said.add("inquiry-never-outsiders-traces")
    return said


def _case(look, case, at, purpose, names, fields):
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
    if look.mode is Mode.EXPORT and not case.requested_by_person:
        said.add("export-not-requested")
    if not case.assigned:
        said.add("case-not-assigned")
    if purpose is not None and case.type not in CASE_TYPES[purpose]:
        said.add("case-type-not-accepted")
    if case.mixed and fields & {"ip", "location"}:
        said.add("places-of-staff-and-outsiders")
    if purpose == "quality_sampling" and not case.drawn:
        said.add("sample-not-drawn")
    return said | _named(case, at, purpose, names)


def _named(case, at, purpose, names):
    if case.named is None:
        return set() if purpose == "fraud_review" and case.names_link else {"case-does-not-name-person"}
    said = set()
    if case.named.added >= at:
        said.add("person-named-too-late")
    namer = {"principal": {"person-named-by-principal"}, "unknown": {"person-namer-unknown"}}
    said |= namer.get(case.named.by, set())
    if case.named.fields is not None:
        listed = {f"{a.field}:{d}" for a in case.named.fields for d in LADDER[a.field] if _less(a, d)}
        said |= set() if names <= listed else {"field-not-listed-in-case"}
    elif purpose == "legal_demand":
        said.add("demand-lists-nothing")
    return said


def _less(listed, detail):
    ladder = LADDER[listed.field]
    return ladder.index(detail) <= ladder.index(listed.detail)
