# SPDX-License-Identifier: Apache-2.0
"""A journalist's address is tried for as an insider, with every role in turn, by every input that is documented.

    function × purpose × field × detail × case × break-glass × approvals      at the rules, with facts as good as they can be
    function × purpose × field × detail                                       at a whole house, recorded, one look each

Invariant: nothing of a protected outsider's ip, location, contacts or messages without two independent approvals, one of
them of an overseer. What is permitted with them is worked out here by hand, from the purposes table alone.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, product

import pytest
from tests.guard.motive import LEAK, PERMIT, STAFF, TRACES, motive_house
from tests.policy.ground import AT, DAY, EVERYTHING, HOUR, MINUTE, PLENTY, POLICY, texts

from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import LADDER, Asked, Field, Look, Mode
from whosaw.model.approval import As
from whosaw.model.look_body import LookBody
from whosaw.model.record import parse
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
from whosaw.policy.purposes import FUNCTIONS
from whosaw.policy.rules import Policy

TRACED = (Field.IP, Field.LOCATION, Field.CONTACTS, Field.MESSAGES)
EVERY_RUNG = tuple(Asked(which, detail) for which in TRACED for detail in LADDER[which])
# The least and the most of each. Who is refused the least is refused every rung above it: tests/policy/test_matrix.py.
WANTED = tuple(Asked(which, LADDER[which][end]) for which in TRACED for end in (0, -1))
PURPOSES = (*sorted(POLICY.purposes), "to find a leak")

# What somebody inside can come by: nobody's hand, one colleague's, a lawyer's, a steward's, everybody's in the house; and
# an overseer who was talked into it alone. The last is counted in every way at once, which no approver is.
ALONE = (
    ApprovalFacts(),
    ApprovalFacts(independent=1),
    ApprovalFacts(independent=1, legal=1),
    ApprovalFacts(independent=1, stewards=1),
    ApprovalFacts(independent=9, stewards=9, legal=9),
    ApprovalFacts(independent=1, overseers=1),
    ApprovalFacts(independent=1, stewards=1, overseers=1, legal=1),
)
ENOUGH = ApprovalFacts(independent=2, overseers=1, legal=1)


def best(function: str, purpose: str, approvals: ApprovalFacts, *, case: bool) -> Facts:
    """Everything as the insider would wish it: their function, on call, a case of the right type, of others, old, theirs."""
    types = POLICY.purposes[purpose].case_types if purpose in POLICY.purposes else {"account_takeover"}
    everything = frozenset(EVERYTHING)
    known = Known(
        principal=PrincipalFacts(
            function=function, active=True, suspended=False, regions=frozenset({"IE", "EU"}), on_call=True
        ),
        person=PersonFacts(region="EU", protected=True, staff=False),
        relation=RelationFacts(own=False, household=False, colleague=False, line=False),
        case=CaseFacts(
            type=min(types), opened=AT - 9 * DAY, closed=None, opened_by="other", requested_by_principal=False,
            assigned=True, named=NamedFacts(added=AT - 8 * DAY, by="other", fields=everything), drawn=True,
        ) if case else None,
        feed=FeedFacts(confirmed=AT - HOUR, limit=DAY),
    )  # fmt: skip
    return Facts(known=known, offered=EVERYTHING, last_look=AT - MINUTE, approvals=approvals, quota=PLENTY)


def look(purpose: str, asked: tuple[Asked, ...], case: bool, glass: bool, mode: Mode = Mode.READ) -> Look:
    return Look("l-1", "s", "u", asked, purpose, "c" if case else None, "k", mode=mode, break_glass=glass)


def permitted(function, purpose, asked, case, glass, approvals, mode=Mode.READ, policy=POLICY) -> bool:
    facts = best(function, purpose, approvals, case=case)
    return decide(policy, look(purpose, asked, case, glass, mode), facts, AT).permitted


@pytest.mark.parametrize(
    ("wanted", "of"), [(WANTED[::2], 4), pytest.param(WANTED, 1, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_no_role_reaches_it_alone(wanted, of, capsys):
    """Every function, purpose, field, detail, with a broken glass and without, and every hand they can come by; or one of
    four of these, drawn, of the least of each field.
    """
    with_case = product((True,), (False, True), ALONE)
    # Without a case there is one more reason against it, so of what is given only the most is tried, and what would be enough.
    ways = [*with_case, *product((False,), (True,), (*ALONE[-3:], ENOUGH))]
    every = list(product(sorted(FUNCTIONS), PURPOSES, wanted, ways))
    assert len(every) == 13 * 9 * len(wanted) * 18
    tried = every if of == 1 else random.sample(every, len(every) // of)
    through = [
        (function, purpose, one, *way)
        for function, purpose, one, way in tried
        if permitted(function, purpose, (one,), *way)
    ]
    with capsys.disabled():
        print(f" {len(tried)} tried, {len(through)} through", end=" ")
    assert through == []


@pytest.mark.slow
def test_nor_in_another_mode_nor_among_other_fields(capsys):
    """Searches, exports, statistics and signing in as her, with all signatures in the world; and hidden in what is needed."""
    tried, through = 0, []
    for function, purpose, one in product(sorted(FUNCTIONS), PURPOSES, WANTED):
        for mode in set(Mode) - {Mode.READ}:
            tried += 1
            if permitted(function, purpose, (one,), True, False, ENOUGH, mode):
                through.append((function, purpose, one, mode))
        needed = POLICY.purposes[purpose].most if purpose in POLICY.purposes else ()
        among = (*(each for each in needed if each.field not in TRACED), one)
        for approvals in ALONE[-2:]:
            tried += 1
            if permitted(function, purpose, among, True, True, approvals):
                through.append((function, purpose, among))
    with capsys.disabled():
        print(f" {tried} tried, {len(through)} through", end=" ")
    assert through == []


def test_nor_by_a_purpose_of_the_house_s_own():
    """The widest that may be written, for every function, with a permit of its own: she needs an overseer there, too."""
    wide = LEAK.replace('["audit", "security"]', json.dumps(sorted(FUNCTIONS)))
    pinned = PERMIT.format('context has purpose && context.purpose.code == "leak_hunt"')
    policy = Policy.load(texts() | {"own/purposes.toml": wide, "own/leak.cedar": pinned})
    for function, one, approvals in product(sorted(FUNCTIONS), WANTED, ALONE):
        assert not permitted(function, "leak_hunt", (one,), True, False, approvals, policy=policy)
    assert permitted("audit", "leak_hunt", (WANTED[0],), True, False, ENOUGH, policy=policy), "the purpose is one"


MESSAGES = "messages:count messages:times messages:metadata messages:exact"
# With two independent approvals, one of an overseer: (function, purpose) and what of it may be shown, by hand.
GRANTED = {
    ("support", "subject_request"): "ip:country ip:region ip:network location:country",
    ("engineering", "service_repair"): "ip:country ip:region ip:network",
    ("operations", "service_repair"): "ip:country ip:region ip:network",
    ("fraud", "fraud_review"): "ip:country ip:region ip:network ip:exact location:country location:region location:city",
    ("safety", "safety_review"): f"{MESSAGES} contacts:count contacts:relation ip:country ip:region ip:network "
    "location:country location:region location:city",
    ("legal", "legal_demand"): f"{MESSAGES} contacts:count contacts:relation contacts:exact ip:country ip:region ip:network "
    "ip:exact location:country location:region location:city location:exact",
    ("engineering", "incident_response"): "ip:country ip:region ip:network ip:exact",
    ("security", "incident_response"): "ip:country ip:region ip:network ip:exact",
    ("operations", "quality_sampling"): MESSAGES,
    ("support", "quality_sampling"): MESSAGES,
}  # fmt: skip


def test_with_two_hands_and_one_from_outside_it_is_what_the_table_says():
    """The same world with an overseer and a colleague: permitted is what a purpose needs, for whose work it is; no more."""
    for function, purpose, one in product(sorted(FUNCTIONS), PURPOSES, EVERY_RUNG):
        granted = f"{one.field}:{one.detail}" in GRANTED.get((function, purpose), "").split()
        assert permitted(function, purpose, (one,), True, False, ENOUGH) is granted, (function, purpose, one)
        assert not granted or not permitted(function, purpose, (one,), False, False, ENOUGH), "without a case"


# finn works in fraud-ie, under frank, under olga; her units are help, safety and fraud in Ireland, and her boss is dora.
INDEPENDENT_OF_FINN = set(STAFF) - {
    "finn", "fay", "frank", "tim", "fritz",  # his unit
    "olga", "dora",  # above him
    "ana", "ben", "hana", "sam",  # sister units, or a common boss two levels up
    "portal",  # the service account opened the case
}  # fmt: skip
ONE_OF_EACH = {function: who for who, (_, function, _, _, _) in reversed(STAFF.items())}
CASE_OF = {
    "subject_request": "T-KATE", "service_repair": "B-OWEN", "fraud_review": "F-KATE", "safety_review": "S-KATE",
    "legal_demand": "L-OWEN", "incident_response": "N-1", "quality_sampling": "Q-OWEN", "internal_inquiry": "I-LEAK",
    "to find a leak": "F-KATE",
}  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with motive_house(tmp_path_factory.mktemp("insider")) as made:
        made.begin()
        yield made


def test_no_role_reaches_it_at_a_whole_house(town, capsys):
    """One of each function, each case given to them and naming her: every attempt is refused, recorded, and says nothing."""
    assert ONE_OF_EACH.keys() == FUNCTIONS
    for case in set(CASE_OF.values()):
        row = town.row("cases", case_id=town.its(case))
        row["assignee"], row["queue"] = None, "whoever"
        if ("kate", town.its(case)) not in {(r["person"], r["case_id"]) for r in town.tables["case_persons"]}:
            town.tables["case_persons"].append(
                {**town.row("case_persons", case_id=town.its("F-KATE")), "case_id": town.its(case)}
            )
    town.tables["assignments"] += [
        {"staff_id": who, "scope_kind": "queue", "scope": "whoever"} for who in ONE_OF_EACH.values()
    ]
    town.load()
    looks = [
        town.ask(who, "kate", f"{one.field}:{one.detail}", purpose, CASE_OF[purpose], break_glass=glass)
        for who, purpose, one in product(ONE_OF_EACH.values(), PURPOSES, WANTED)
        for glass in ([False, True] if purpose == "incident_response" else [False])
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(town.look, looks))
    assert [answer for answer in answers if not isinstance(answer, Refused)] == []
    assert all("protected-person" in {rule.id for rule in answer.decision.rules} for answer in answers)
    town.here.journal.publish_now()
    frames = [frame.body for frame in town.here.journal.reader().frames() if frame.body]
    recorded = {parse(body)["look"]: LookBody.decode(body) for body in frames if parse(body)["kind"] == "look"}
    assert {each.look_id for each in looks} <= recorded.keys()
    assert all(recorded[each.look_id].decision == "refuse" for each in looks)
    assert [trace for trace in TRACES if any(trace.encode() in body for body in frames)] == []
    with capsys.disabled():
        print(f" {len(looks)} looks, all refused and recorded", end=" ")


@pytest.mark.parametrize(
    "needs",
    [
        {"independent": 9},
        pytest.param({"everything": True}, marks=pytest.mark.slow),
        pytest.param({"legal": 1, "stewards": 1}, marks=pytest.mark.slow),
    ],
    ids=", ".join,
)
def test_nobody_inside_can_sign_so_that_it_is_enough(town, capsys, needs):
    """Everybody in the house signs her takeover as everything that there is: whatever is taken, it is never enough."""
    town.begin()
    look = town.ask("finn", "kate", "ip:exact")
    tried = taken = 0
    request = town.request(town.again(look), **needs)
    for who, role in product(STAFF, As):
        tried += 1
        town.against = set()
        town.give(request, who, str(role))
        taken += town.against == set()
    assert isinstance(town.look(look), Refused)
    # What was taken is real: with one signature from outside, on a request that a steward signed, the same look is shown.
    assert isinstance(town.look(town.signed(town.again(look))), Shown)
    with capsys.disabled():
        print(f" {tried} signatures tried, {taken} taken, not enough", end=" ")
    assert taken > 0


def test_each_who_can_sign_is_independent_by_an_oracle(town):
    """Whose signature is taken for finn: exactly those of another unit, another line and no sister unit, worked out by hand."""
    town.begin()
    # Each a look of its own: of two who count as one the second could not sign for the same.
    for who, what in zip(STAFF, combinations([f"{f}:{LADDER[f][-1]}" for f in Field], 4), strict=False):
        town.against = set()
        town.give(town.request(town.ask("finn", "kate", " ".join(what))), who)
        assert (town.against == set()) is (who in INDEPENDENT_OF_FINN), (who, town.against)


def test_what_the_refused_are_told_is_the_same_for_a_journalist_and_for_nobody(town):
    """The same question about her, about somebody unknown, and about somebody else's customer: the same sentence."""
    said = set()
    for whom in ("kate", "nobody-of-this-name", "mira", "uma", "u-finn"):
        answer = town.look(replace(town.ask("finn", whom, "ip:exact", "fraud_review", "F-999")))
        said.add(answer.told)
    assert said == {"This look is not permitted."}
