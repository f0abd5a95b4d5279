# SPDX-License-Identifier: Apache-2.0
"""Golden decisions: src/whosaw/policy/decisions.md, read like a table of cases, and what no row can say."""

from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files

import pytest
from tests.policy.ground import AT, DAY, MINUTE, MS, POLICY, changed, fitting, spoke

from whosaw.model.access import LADDER, Asked, Field
from whosaw.model.caller import Caller
from whosaw.policy.decide import decide
from whosaw.policy.golden import read_rows, run
from whosaw.policy.rules import ENGINE
from whosaw.policy.told import PLAIN, told

ALL = list(POLICY.purposes)

ROWS = read_rows(files("whosaw.policy").joinpath("decisions.md").read_text(encoding="utf-8"), "decisions.md")


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.purpose}: {row.what}" for row in ROWS])
def test_golden_decisions(row):
    """Each row of the table is decided as it says, and exactly the rules it lists have spoken."""
    decision = run(POLICY, row)
    assert sorted(rule.id for rule in decision.rules) == sorted(row.rules)
    assert decision.permitted is (row.rules == (row.purpose.replace("_", "-"),))


def test_what_is_counted_in_part_is_not_counted():
    """One of the four numbers missing, whichever it is: nobody could count."""
    look, facts = fitting()
    for name in facts.quota:
        part = {other: left for other, left in facts.quota.items() if other != name}
        assert spoke(look, changed(facts, quota=part)) == (False, ["quota-unread"])


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
        for asked in [Asked(field, d) for d in LADDER[field]]:
            permitted, rules = spoke(replace(look, asked=(asked,)), changed(facts, person__staff=False))
            assert (permitted, "inquiry-never-outsiders-traces" in rules) == (False, True)


def test_every_rule_speaks_somewhere_in_the_table():
    """No shipped rule is without a golden case."""
    said = {rule for row in ROWS for rule in row.rules}
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
    assert decision.facts.hex() == "ad3da69fda6bdcd2cfc53dbf2a59c02e208f4b9dad231887af86def057676c2d"
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
