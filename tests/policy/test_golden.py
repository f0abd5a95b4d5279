# SPDX-License-Identifier: Apache-2.0
"""Golden decisions: what is asked, in one line, and every rule that must speak. Read it like a table of cases.

An upgrade of the engine that changes one line here is not an upgrade.
"""

from dataclasses import replace
from importlib.metadata import version

import pytest
from tests.policy.ground import AT, DAY, HOUR, MINUTE, MS, POLICY, changed, fitting, spoke

from whosaw.model.access import Asked, Field, Mode
from whosaw.model.caller import Caller
from whosaw.policy.decide import decide
from whosaw.policy.facts import ApprovalFacts
from whosaw.policy.rules import ENGINE
from whosaw.policy.told import PLAIN, told

ALL = list(POLICY.purposes)

NONE, BOTH = ApprovalFacts(), ApprovalFacts(independent=2, overseers=1)
GLASS, CALL = {"break_glass": True}, {"principal__on_call": True}
LISTS_NETWORK = {"case__named__fields": frozenset({Asked(Field.IP, "network")})}

# purpose, what is different about it, look changes, fact changes, rules that speak
TABLE = [
    ("subject_request", "nothing: a person asked for help", {}, {}, ["subject-request"]),
    ("fraud_review", "nothing: a reported fraud", {}, {}, ["fraud-review"]),
    ("internal_inquiry", "nothing: staff's own work activity", {}, {}, ["internal-inquiry"]),
    ("service_repair", "nothing: something is broken", {}, {}, ["service-repair"]),
    ("safety_review", "nothing: something was reported", {}, {}, ["safety-review"]),
    ("legal_demand", "nothing: two signed, one of legal", {}, {}, ["legal-demand"]),
    ("incident_response", "nothing: one signed", {}, {}, ["incident-response"]),
    ("quality_sampling", "nothing: a sample that was drawn", {}, {}, ["quality-sampling"]),
    # the ground
    ("fraud_review", "the directory cannot be read", {}, {"known": None}, ["facts-unavailable"]),
    ("fraud_review", "nobody looked before", {}, {"last_look": None}, ["fraud-review"]),
    ("fraud_review", "the last look was at this very moment", {}, {"last_look": AT}, ["fraud-review"]),
    ("fraud_review", "the last look was a millisecond later", {}, {"last_look": AT + MS}, ["clock-went-back"]),
    ("fraud_review", "the directory was never confirmed", {}, {"feed": None}, ["directory-never-confirmed"]),
    ("fraud_review", "it was confirmed exactly a day ago", {}, {"feed__confirmed": AT - DAY}, ["fraud-review"]),
    ("fraud_review", "and a millisecond longer ago", {}, {"feed__confirmed": AT - DAY - MS}, ["directory-too-old"]),
    ("fraud_review", "it is confirmed in the future", {}, {"feed__confirmed": AT + MS}, ["directory-from-the-future"]),
    ("fraud_review", "a search", {"mode": Mode.SEARCH}, {}, ["mode-not-offered"]),
    ("fraud_review", "an export", {"mode": Mode.EXPORT}, {}, ["mode-not-offered"]),
    ("fraud_review", "a search for an address", {"mode": Mode.SEARCH}, {}, ["mode-not-offered"]),
    ("service_repair", "a search for a device", {"mode": Mode.SEARCH}, {}, ["mode-not-offered", "reverse-look-up"]),
    ("fraud_review", "looking as somebody else", {"mode": Mode.IMPERSONATE}, {}, ["mode-not-offered"]),
    ("fraud_review", "an aggregate", {"mode": Mode.AGGREGATE}, {}, ["mode-not-offered"]),
    ("fraud_review", "what this house cannot show", {}, {"offered": frozenset()}, ["detail-not-offered"]),
    # the one who looks
    ("fraud_review", "unknown here", {}, {"principal": None}, ["principal-unknown"]),
    ("fraud_review", "left the house", {}, {"principal__active": False}, ["principal-inactive"]),
    ("fraud_review", "suspended", {}, {"principal__suspended": True}, ["principal-suspended"]),
    ("fraud_review", "of support", {}, {"principal__function": "support"}, ["function-not-accepted"]),
    ("fraud_review", "an administrator", {}, {"principal__function": "admin"}, ["function-not-accepted"]),
    ("subject_request", "an auditor", {}, {"principal__function": "audit"}, ["function-not-accepted"]),
    ("subject_request", "works nowhere known", {}, {"principal__regions": frozenset()}, ["region-differs"]),
    ("subject_request", "works here, employed elsewhere", {}, {"principal__employed": frozenset({"US"})}, ["region-differs"]),
    ("subject_request", "employed nowhere known", {}, {"principal__employed": frozenset()}, ["region-differs"]),
    # how many looks
    ("fraud_review", "nobody could count", {}, {"quota": None}, ["quota-unread"]),
    ("fraud_review", "counted in part", {}, {"quota": {"principal": 9, "unit": 9}}, ["quota-unread"]),
    ("fraud_review", "the last look of the day", {}, {"quota__principal": 1}, ["fraud-review"]),
    ("fraud_review", "no looks left", {}, {"quota__principal": 0}, ["quota-principal"]),
    ("fraud_review", "none left to the unit", {}, {"quota__unit": 0}, ["quota-unit"]),
    ("fraud_review", "enough people for the day", {}, {"quota__purpose": 0}, ["quota-purpose"]),
    ("fraud_review", "at whom enough looked", {}, {"quota__person": -3}, ["quota-person"]),
    # approvals
    ("incident_response", "nobody signed", {}, {"approvals": NONE}, ["approvals-missing"]),
    ("legal_demand", "nobody signed", {}, {"approvals": NONE}, ["approval-of-legal-missing", "approvals-missing"]),
    ("legal_demand", "two signed, none of legal", {}, {"approvals__legal": 0}, ["approval-of-legal-missing"]),
    ("legal_demand", "legal alone signed", {}, {"approvals__independent": 1}, ["approvals-missing"]),
    ("fraud_review", "abroad, a steward signed", {}, {"person__region": "FR", "approvals__stewards": 1}, ["fraud-review"]),
    ("fraud_review", "abroad, others signed", {}, {"person__region": "FR", "approvals__independent": 3}, ["region-differs"]),
    ("fraud_review", "protected, all signed", {}, {"person__protected": True, "approvals": BOTH}, ["fraud-review"]),
    (
        "fraud_review", "protected, an overseer alone", {},
        {"person__protected": True, "approvals__overseers": 1, "approvals__independent": 1}, ["protected-person"],
    ),
    (
        "fraud_review", "protected, and ten colleagues signed", {},
        {"person__protected": True, "approvals__independent": 10}, ["protected-person"],
    ),
    # going without
    ("incident_response", "on call, in a hurry", GLASS, {"approvals": NONE, **CALL}, ["incident-response"]),
    ("incident_response", "in a hurry, and signed", GLASS, CALL, ["incident-response"]),
    ("incident_response", "not on call", GLASS, {"approvals": NONE}, ["approvals-missing", "break-glass-not-on-call"]),
    (
        "incident_response", "on call, and owes a review", GLASS, {"approvals": NONE, **CALL, "principal__owes_review": True},
        ["approvals-missing", "break-glass-owes-review"],
    ),
    ("incident_response", "owes a review, in no hurry", {}, {"principal__owes_review": True}, ["incident-response"]),
    ("fraud_review", "in a hurry", GLASS, CALL, ["break-glass-not-for-purpose"]),
    (
        "legal_demand", "in a hurry", GLASS, {"approvals": NONE, **CALL},
        ["approval-of-legal-missing", "approvals-missing", "break-glass-not-for-purpose"],
    ),
    ("incident_response", "in a hurry, protected", GLASS, {**CALL, "person__protected": True}, ["protected-person"]),
    ("incident_response", "in a hurry, abroad", GLASS, {**CALL, "person__region": "FR"}, ["region-differs"]),
    ("incident_response", "in a hurry, oneself", GLASS, {**CALL, "relation__own": True}, ["own-data"]),
    ("incident_response", "in a hurry, no looks left", GLASS, {**CALL, "quota__principal": 0}, ["quota-principal"]),
    # the person
    ("fraud_review", "unknown here", {}, {"person": None}, ["person-unknown"]),
    ("fraud_review", "of an unknown relation", {}, {"relation": None}, ["relation-unknown"]),
    ("fraud_review", "oneself", {}, {"relation__own": True}, ["own-data"]),
    ("fraud_review", "of one's household", {}, {"relation__household": True}, ["own-household"]),
    ("fraud_review", "a colleague", {}, {"relation__colleague": True}, ["own-colleague"]),
    ("fraud_review", "one's manager or report", {}, {"relation__line": True}, ["own-reporting-line"]),
    ("fraud_review", "family", {}, {"relation__family": True}, ["own-family"]),
    ("fraud_review", "of another country", {}, {"person__region": "FR"}, ["region-differs"]),
    ("fraud_review", "of one's own country", {}, {"person__region": "IE"}, ["fraud-review"]),
    ("fraud_review", "of no known region", {}, {"person__region": None}, ["region-unknown"]),
    ("fraud_review", "protected", {}, {"person__protected": True}, ["protected-person"]),
    ("subject_request", "protected, and asked for help", {}, {"person__protected": True}, ["protected-person"]),
    # the purpose
    ("fraud_review", "free text", {"purpose": "just checking"}, {}, ["purpose-unknown"]),
    ("fraud_review", "in other letters", {"purpose": "Fraud_Review"}, {}, ["purpose-unknown"]),
    ("fraud_review", "messages", {"asked": (Asked(Field.MESSAGES, "exact"),)}, {}, ["field-beyond-purpose"]),
    ("fraud_review", "the exact place", {"asked": (Asked(Field.LOCATION, "exact"),)}, {}, ["detail-beyond-purpose"]),
    ("fraud_review", "the city", {"asked": (Asked(Field.LOCATION, "city"),)}, {}, ["fraud-review"]),
    ("subject_request", "the exact address", {"asked": (Asked(Field.IP, "exact"),)}, {}, ["detail-beyond-purpose"]),
    (
        "subject_request", "too much of one thing, and another thing",
        {"asked": (Asked(Field.IP, "exact"), Asked(Field.PAYMENT, "exact"))}, {},
        ["detail-beyond-purpose", "field-beyond-purpose"],
    ),
    # the case
    ("fraud_review", "no case", {"case": None}, {"case": None}, ["case-missing"]),
    ("fraud_review", "a case that nobody knows", {}, {"case": None}, ["case-unknown"]),
    ("fraud_review", "opened a millisecond later", {}, {"case__opened": AT + MS}, ["case-not-yet-open"]),
    ("fraud_review", "opened at this moment", {}, {"case__opened": AT}, ["case-just-opened"]),
    ("fraud_review", "opened just under ten minutes ago", {}, {"case__opened": AT - 10 * MINUTE + MS}, ["case-just-opened"]),
    ("fraud_review", "opened ten minutes ago", {}, {"case__opened": AT - 10 * MINUTE}, ["fraud-review"]),
    ("fraud_review", "closed yesterday", {}, {"case__closed": AT - DAY}, ["case-closed"]),
    ("fraud_review", "closed at this moment", {}, {"case__closed": AT}, ["case-closed"]),
    ("fraud_review", "to be closed in an hour", {}, {"case__closed": AT + HOUR}, ["fraud-review"]),
    ("fraud_review", "opened by oneself", {}, {"case__opened_by": "principal"}, ["case-opened-by-principal"]),
    ("fraud_review", "opened by who knows whom", {}, {"case__opened_by": "unknown"}, ["case-opener-unknown"]),
    ("fraud_review", "at one's own request", {}, {"case__requested_by_principal": True}, ["case-requested-by-principal"]),
    ("fraud_review", "somebody else's", {}, {"case__assigned": False}, ["case-not-assigned"]),
    ("fraud_review", "of another type", {}, {"case__type": "support_request"}, ["case-type-not-accepted"]),
    ("fraud_review", "about others", {}, {"case__named": None}, ["case-does-not-name-person"]),
    ("fraud_review", "named at this moment", {}, {"case__named__added": AT}, ["person-named-too-late"]),
    ("fraud_review", "named afterwards", {}, {"case__named__added": AT + HOUR}, ["person-named-too-late"]),
    ("fraud_review", "named just before", {}, {"case__named__added": AT - MS}, ["fraud-review"]),
    ("fraud_review", "named by oneself", {}, {"case__named__by": "principal"}, ["person-named-by-principal"]),
    ("fraud_review", "named by who knows whom", {}, {"case__named__by": "unknown"}, ["person-namer-unknown"]),
    ("fraud_review", "whose system is silent", {}, {"case_silent": True}, ["case-system-silent"]),
    ("fraud_review", "of a silent system, and unknown", {}, {"case": None, "case_silent": True}, ["case-system-silent"]),
    ("fraud_review", "about a link", {}, {"case__named": None, "case__names_link": True}, ["fraud-review"]),
    ("safety_review", "about a link", {}, {"case__named": None, "case__names_link": True}, ["case-does-not-name-person"]),
    ("fraud_review", "of staff and outsiders", {}, {"case__mixed": True}, ["places-of-staff-and-outsiders"]),
    ("safety_review", "of both, for messages", {}, {"case__mixed": True}, ["safety-review"]),
    ("fraud_review", "that lists the network", {}, LISTS_NETWORK, ["field-not-listed-in-case"]),
    ("fraud_review", "that lists it", {"asked": (Asked(Field.IP, "country"),)}, LISTS_NETWORK, ["fraud-review"]),
    ("legal_demand", "that lists nothing", {}, {"case__named__fields": None}, ["demand-lists-nothing"]),
    ("legal_demand", "that lists something else", {}, LISTS_NETWORK, ["field-not-listed-in-case"]),
    ("quality_sampling", "picked by hand", {}, {"case__drawn": False}, ["sample-not-drawn"]),
    # the internal inquiry
    ("internal_inquiry", "an outsider's activity", {}, {"person__staff": False}, ["inquiry-about-staff-only"]),
    (
        "internal_inquiry", "an outsider's address",
        {"asked": (Asked(Field.IP, "network"),)}, {"person__staff": False},
        ["field-beyond-purpose", "inquiry-about-staff-only", "inquiry-never-outsiders-traces"],
    ),
    ("internal_inquiry", "staff's address", {"asked": (Asked(Field.IP, "network"),)}, {}, ["field-beyond-purpose"]),
    ("internal_inquiry", "nobody knows whether staff", {}, {"person": None}, ["person-unknown"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("purpose", "what", "look_changes", "fact_changes", "rules"), TABLE, ids=[f"{row[0]}: {row[1]}" for row in TABLE]
)
def test_golden_decisions(purpose, what, look_changes, fact_changes, rules):
    """Each case of the table is decided as it says, and exactly the rules it lists have spoken."""
    look, facts = fitting(purpose)
    look, facts = replace(look, **look_changes), changed(facts, **fact_changes)
    assert spoke(look, facts) == (rules == [purpose.replace("_", "-")], rules)


@pytest.mark.parametrize("function", ["audit", "security", "legal"])
@pytest.mark.parametrize("purpose", ALL)
@pytest.mark.parametrize("detail", ["country", "network", "exact"])
def test_the_journalists_of_the_story_stay_out_of_reach(function, purpose, detail):
    """Whatever the audit department claims, a journalist's address is refused as protected, and by more than one rule.

    Whoever's work it is may be refused by that one rule alone.
    """
    look, facts = fitting(purpose)
    look = replace(look, asked=(Asked(Field.IP, detail),))
    facts = changed(facts, principal__function=function, person__staff=False, person__protected=True)
    permitted, rules = spoke(look, facts)
    assert not permitted
    assert "protected-person" in rules
    if purpose == "internal_inquiry":
        assert "inquiry-never-outsiders-traces" in rules
    elif function not in POLICY.purposes[purpose].functions:
        assert "function-not-accepted" in rules


def test_a_case_of_ones_own_helps_nobody():
    """A fraud reviewer who opens, requests and fills a case for one journalist is told off by every rule of it."""
    look, facts = fitting()
    facts = changed(
        facts,
        person__protected=True,
        case__opened_by="principal",
        case__opened=AT - MINUTE,
        case__requested_by_principal=True,
        case__named__by="principal",
        case__named__added=AT,
    )
    assert spoke(look, facts) == (
        False,
        [
            "case-just-opened",
            "case-opened-by-principal",
            "case-requested-by-principal",
            "person-named-by-principal",
            "person-named-too-late",
            "protected-person",
        ],
    )


def test_people_linked_to_the_journalists_are_out_of_reach_of_an_inquiry():
    """Somebody without any protection, but outside the house, is no less out of an internal inquiry's reach."""
    look, facts = fitting("internal_inquiry")
    for field in (Field.IP, Field.LOCATION, Field.CONTACTS, Field.MESSAGES):
        for asked in [Asked(field, d) for d in ("exact", "network", "city", "country") if (field, d) in _RUNGS]:
            permitted, rules = spoke(replace(look, asked=(asked,)), changed(facts, person__staff=False))
            assert (permitted, "inquiry-never-outsiders-traces" in rules) == (False, True)


_RUNGS = (
    {(Field.IP, d) for d in ("exact", "network", "country")}
    | {(Field.LOCATION, d) for d in ("exact", "city", "country")}
    | {(Field.CONTACTS, "exact"), (Field.MESSAGES, "exact")}
)


def test_every_rule_speaks_somewhere_in_the_table():
    """No shipped rule is without a golden case."""
    said = {rule for *_, rules in TABLE for rule in rules}
    assert said == set(POLICY.rules)


def test_the_detail_granted_is_the_detail_asked():
    """A permit grants exactly what was asked, in one order; a refusal grants nothing."""
    look, facts = fitting()
    asked = (Asked(Field.PROFILE, "exact"), Asked(Field.IP, "network"), Asked(Field.DEVICE, "exact"))
    decision = decide(POLICY, replace(look, asked=asked), facts, AT)
    assert (decision.permitted, decision.detail) == (True, tuple(sorted(asked)))
    assert decide(POLICY, look, changed(facts, case=None), AT).detail == ()


def test_a_decision_has_the_digests_of_all_it_was_made_from():
    """The same question has the same digest to the last bit; one that differs in anything has another."""
    look, facts = fitting()
    decision = decide(POLICY, look, facts, AT)
    assert decision.policy == POLICY.digest
    # The spelling that is hashed is frozen: a change here makes every old decision impossible to replay.
    assert decision.facts.hex() == "bd6d12d93917f328bd84f3762c6edf3d06e90d3b9ef5ec4a834b77d25fef9dff"
    others = [
        (replace(look, purpose="subject_request"), facts, AT),
        (replace(look, asked=(Asked(Field.IP, "network"),)), facts, AT),
        (replace(look, case=None), facts, AT),
        (look, changed(facts, person__region="IE"), AT),
        (look, changed(facts, case__opened=AT - 4 * DAY), AT),
        (look, changed(facts, feed__limit=2 * DAY), AT),
        (look, changed(facts, last_look=None), AT),
        (look, changed(facts, quota__person=7), AT),
        (look, changed(facts, approvals__stewards=1), AT),
        (look, changed(facts, case_silent=True), AT),
        (look, changed(facts, principal__employed=frozenset({"IE"})), AT),
        (replace(look, break_glass=True), facts, AT),
        (replace(look, caller=Caller("desk", "mtls", False)), facts, AT),
        (replace(look, caller=Caller("desk", "mtls", True)), facts, AT),
        (replace(look, caller=Caller("desk", "jwt", True)), facts, AT),
        (look, facts, AT + MS),
    ]
    digests = {decide(POLICY, *other).facts for other in others} | {decision.facts}
    assert len(digests) == len(others) + 1


def test_a_decision_can_be_replayed_without_the_names():
    """The ids of principal, person and case are no part of what is decided from."""
    look, facts = fitting()
    again = replace(look, look_id="l-9", principal="e-abc", person="p-xyz", case="c-9", key="k-9")
    assert decide(POLICY, look, facts, AT) == decide(POLICY, again, facts, AT)


def test_the_pinned_engine_is_the_one_that_decides():
    """The engine that is named in the policy's digest is the one installed."""
    assert f"cedarpy {version('cedarpy')}" == ENGINE


def test_the_one_who_asked_hears_nothing_about_the_person():
    """Whatever is true of the person, the one who asked is told the same words; what is wrong with the question is said."""
    look, facts = fitting()
    about_the_person = [
        {"person": None}, {"relation": None}, {"relation__own": True}, {"relation__household": True},
        {"person__region": None}, {"person__region": "FR"}, {"person__protected": True}, {"case__named": None},
        {"relation__family": True}, {"quota__person": 0}, {"case__mixed": True},
        {"case__named__fields": frozenset()},
    ]  # fmt: skip
    heard = {told(POLICY, decide(POLICY, look, changed(facts, **each), AT)) for each in about_the_person}
    assert heard == {PLAIN}
    both = changed(facts, person__protected=True, feed__confirmed=AT - 2 * DAY)
    assert told(POLICY, decide(POLICY, look, both, AT)) == POLICY.rules["directory-too-old"].sentence
