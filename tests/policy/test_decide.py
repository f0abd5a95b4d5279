# SPDX-License-Identifier: Apache-2.0
"""decide against the oracle on random looks and facts, and with facts missing, malformed, or a rule that fails."""

import dataclasses
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.policy.ground import AT, EVERYTHING, HOUR, MINUTE, POLICY, changed, fitting, spoke, texts
from tests.policy.oracle import CASE_TYPES, forbids

from whosaw.model.access import LADDER, Asked, Field, Look, Mode
from whosaw.model.gate import QUOTAS
from whosaw.policy.decide import decide, explain
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

# Mostly harmless, so that a look is often refused by one rule alone and sometimes by none.
MS = timedelta(milliseconds=1)
MOSTLY = st.sampled_from([False] * 9 + [True])
WHOSE = st.sampled_from(["other"] * 8 + ["principal", "unknown"])
TIMES = st.sampled_from(
    [AT - 5 * HOUR] * 6
    + [AT + d for d in (-25 * HOUR, -10 * MINUTE - MS, -10 * MINUTE, MS - 10 * MINUTE, -MS, 0 * MS, MS)]
)


def mostly(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Something, and one time in ten nothing."""
    return st.integers(0, 9).flatmap(lambda n: st.none() if n == 0 else strategy)


RUNGS = st.sampled_from(sorted(EVERYTHING))
ASKED = st.lists(RUNGS, min_size=1, max_size=3, unique_by=lambda a: a.field).map(tuple)
LOOKS = st.builds(
    Look,
    look_id=st.just("l"), principal=st.just("s"), person=st.just("u"), key=st.just("k"),
    asked=st.one_of(st.just((Asked(Field.ACTIVITY, "exact"),)), ASKED),
    purpose=st.sampled_from([*CASE_TYPES, *CASE_TYPES, "free text"]),
    case=mostly(st.just("c")),
    mode=st.sampled_from([Mode.READ] * 8 + [Mode.SEARCH, Mode.EXPORT]),
    break_glass=MOSTLY,
)  # fmt: skip
REGIONS = st.sampled_from([frozenset({"IE", "EU"})] * 3 + [frozenset({"US"}), frozenset()])
LISTED = st.sampled_from([None, None, EVERYTHING, EVERYTHING, EVERYTHING - {Asked(Field.IP, "exact")}, frozenset()])
COUNTS = st.integers(0, 3)
QUOTA = st.fixed_dictionaries(dict.fromkeys(QUOTAS, st.sampled_from([9] * 12 + [1, 0, -1])))
QUOTA_IN_PART = st.one_of(st.none(), st.dictionaries(st.sampled_from(QUOTAS), st.integers(-1, 9)))
FACTS = st.builds(
    Facts,
    known=mostly(st.builds(
        Known,
        principal=mostly(st.builds(
            PrincipalFacts,
            function=st.sampled_from(["support", "fraud", "audit", "admin", "legal", "security", "engineering", "safety"]),
            active=MOSTLY.map(lambda b: not b), suspended=MOSTLY,
            regions=REGIONS, employed=st.one_of(st.none(), REGIONS), on_call=MOSTLY.map(lambda b: not b), owes_review=MOSTLY,
        )),
        person=mostly(st.builds(
            PersonFacts, region=st.sampled_from(["EU", "IE", "EU", "IE", "US", None]), protected=MOSTLY, staff=st.booleans()
        )),
        relation=mostly(st.builds(
            RelationFacts, own=MOSTLY, household=MOSTLY, colleague=MOSTLY, line=MOSTLY, family=MOSTLY
        )),
        case=mostly(st.builds(
            CaseFacts,
            type=st.sampled_from([t for types in CASE_TYPES.values() for t in sorted(types)] + ["other"]),
            opened=TIMES, closed=st.one_of(st.none(), TIMES), opened_by=WHOSE,
            requested_by_principal=MOSTLY, assigned=MOSTLY.map(lambda b: not b),
            named=mostly(st.builds(NamedFacts, added=TIMES, by=WHOSE, fields=LISTED)),
            mixed=MOSTLY, names_link=st.booleans(), drawn=MOSTLY.map(lambda b: not b), requested_by_person=st.booleans(),
        )),
        feed=mostly(st.builds(FeedFacts, confirmed=TIMES, limit=st.just(timedelta(hours=24)))),
        case_silent=MOSTLY,
    )),
    offered=st.sampled_from([EVERYTHING, EVERYTHING, EVERYTHING - {Asked(Field.IP, "country")}]),
    last_look=mostly(TIMES),
    approvals=st.builds(ApprovalFacts, independent=COUNTS, stewards=COUNTS, overseers=COUNTS, legal=COUNTS),
    quota=st.integers(0, 9).flatmap(lambda n: QUOTA_IN_PART if n == 0 else QUOTA),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LOOKS, FACTS)
def test_the_policy_agrees_with_the_oracle(look, facts):
    """On any look and facts, exactly the rules of the independent oracle forbid; without one the look is permitted."""
    decision = decide(POLICY, look, facts, AT)
    expected = forbids(look, facts, AT)
    if expected:
        assert {rule.id for rule in decision.rules} == expected
    else:
        assert [rule.id for rule in decision.rules] == [look.purpose.replace("_", "-")]
    assert decision.permitted is not bool(expected)
    assert decide(POLICY, look, facts, AT) == decision


def _parts(value, path=()):
    """Every attribute of facts, at every depth, by path."""
    for f in dataclasses.fields(value):
        here = (*path, f.name)
        yield here
        if dataclasses.is_dataclass(getattr(value, f.name)):
            yield from _parts(getattr(value, f.name), here)


def _without(value, path, instead):
    if not path:
        return instead
    return replace(value, **{path[0]: _without(getattr(value, path[0]), path[1:], instead)})


# None is an answer there: nobody looked yet; nothing ever changed; the case is still open; employed where they work; the case lists nothing.
ANSWERS = {
    ("last_look",), ("known", "newest"), ("known", "feed", "source"), ("known", "case", "closed"), ("known", "principal", "employed"), ("known", "case", "named", "fields"),
    ("known", "case", "requested_by_person"),  # asked of exports only
}  # fmt: skip


@pytest.mark.parametrize("purpose", CASE_TYPES)
def test_any_single_fact_missing_is_a_refusal(purpose):
    """Take away one fact, whichever it is: the look is refused, with a reason."""
    look, facts = fitting(purpose)
    for path in _parts(facts):
        decision = decide(POLICY, look, _without(facts, path, None), AT)
        answered = path in ANSWERS and (purpose != "legal_demand" or path[-1] != "fields")
        assert decision.permitted is answered, path
        assert decision.rules


@pytest.mark.parametrize("said", [True, False, None, "", 1, "yes"])
def test_an_export_needs_the_word_of_the_person(said):
    """Only where it is known that the person asked for the case: all else is refused."""
    look, facts = fitting("subject_request")
    facts = _without(facts, ("known", "case", "requested_by_person"), said)
    assert decide(POLICY, replace(look, mode=Mode.EXPORT), facts, AT).permitted is (said is True)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(CASE_TYPES)),
    st.sets(st.sampled_from(sorted(set(_parts(fitting()[1])) - ANSWERS)), min_size=1),
    st.sampled_from([None, "", 0, -1, 3.5, "x" * 70_000, b"\xff", "\ud800", object(), [], {}]),
)
def test_facts_of_another_form_are_a_refusal(purpose, paths, instead):
    """Several facts replaced by nonsense at once: refused with a reason, and never an exception."""
    # A number of approvals is no nonsense.
    paths = {path for path in paths if type(instead) is not int or path[:-1] != ("approvals",)}
    assume(paths)
    look, facts = fitting(purpose)
    # Deepest first; what is replaced above is gone with all below it.
    for path in sorted(paths, key=len, reverse=True):
        facts = _without(facts, path, instead)
    decision = decide(POLICY, look, facts, AT)
    assert not decision.permitted
    assert decision.rules


BREAKS = '@id("breaks") @sentence("Never heard.") forbid (principal, action, resource)\nwhen { %s };'


@pytest.mark.parametrize(
    "condition",
    [
        'context.at.offset(duration("9223372036854775807ms")) < context.at',
        "context has case && context.case.opened + 9223372036854775807 < context.at",
    ],
)
def test_a_rule_that_fails_forbids_and_is_named(condition):
    """Cedar skips a forbid whose condition fails and says Allow; we do not."""
    broken = texts() | {"own/breaks.cedar": BREAKS % f"context has purpose && context.caseGiven && {condition}"}
    look, facts = fitting()
    try:
        policy = Policy.load(broken)
    except Exception:  # the first of the two fails even where nothing is known, and is refused at the start
        assert "case.opened" not in condition
        return
    decision = decide(policy, look, facts, AT)
    assert not decision.permitted
    assert [rule.id for rule in decision.rules] == ["failed/breaks"]
    assert "2026" not in decision.sentence
    both = decide(policy, look, changed(facts, relation__own=True), AT)
    assert [rule.id for rule in both.rules] == ["own-data", "failed/breaks"]


def test_an_own_file_can_forbid():
    """Organisations add forbids freely."""
    own = {
        "own/night.cedar": '@id("no-fraud-reviews-of-staff") @sentence("No.") forbid (principal, action, resource)\n'
        'when { context has purpose && context.purpose.code == "fraud_review" && resource has known && resource.known.staff };',
    }
    with_forbid = Policy.load(texts() | {"own/night.cedar": own["own/night.cedar"]})
    look, facts = fitting()
    assert spoke(look, facts, policy=with_forbid) == (True, ["fraud-review"])
    assert spoke(look, changed(facts, person__staff=True), policy=with_forbid) == (False, ["no-fraud-reviews-of-staff"])


def test_recorded_rules_keep_their_sentences():
    """An id from a record is explained in today's words, and an id of a rule that is gone says so."""
    assert explain(POLICY, "own-data") == POLICY.rules["own-data"].sentence
    assert "could not be evaluated" in explain(POLICY, "failed/own-data")
    assert explain(POLICY, "nothing-permits") == "No rule permits this look."
    assert explain(POLICY, "gone") == "A rule of an earlier policy, 'gone'."


def test_times_without_a_zone_and_impossible_times_are_refused():
    """A moment that names no instant decides nothing."""
    look, facts = fitting()
    for at in (AT.replace(tzinfo=None), AT.replace(year=9999), AT.replace(year=1)):
        assert not decide(POLICY, look, facts, at).permitted


def test_every_rung_is_known():
    """The world of the tests is the whole world of fields and details."""
    assert {(a.field, a.detail) for a in EVERYTHING} == {(f, d) for f in Field for d in LADDER[f]}
