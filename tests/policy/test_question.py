# SPDX-License-Identifier: Apache-2.0
"""A question is put together by hand: what the library makes of the same facts is the oracle, to the last byte."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from tests.policy.ground import AT, DAY, FITTING, HOUR, MS, POLICY, fitting

from whosaw.model.access import LADDER, Asked, Field, Mode
from whosaw.model.caller import Caller, Proof
from whosaw.model.gate import QUOTAS
from whosaw.policy.decide import UNREADABLE, decide
from whosaw.policy.facts import NOTHING_KNOWN, ApprovalFacts, NamedFacts, PersonFacts
from whosaw.policy.question import Question

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TEXTS = ("a", 'q"\\', "ü\u2028", "%d", "%%s%(x)d", "\u0000\n", "{}")


def ms(at):
    return (at - EPOCH) // MS


def names(asked):
    return sorted(f"{a.field}:{a.detail}" for a in asked)


def below(listed):
    return {Asked(a.field, d) for a in listed for d in LADDER[a.field][: LADDER[a.field].index(a.detail) + 1]}


def by_the_library(look, facts, at, purpose):
    """Both texts and their digest, as docs/spec/facts.md says them."""
    known = facts.known or NOTHING_KNOWN
    staff, person, case = known.principal, known.person, known.case
    who, whom = {}, {}
    if staff is not None:
        who["staff"] = {
            "function": staff.function, "active": staff.active, "suspended": staff.suspended, "regions": sorted(staff.regions),
            "employed": sorted(staff.regions if staff.employed is None else staff.employed), "onCall": staff.on_call,
            "owesReview": staff.owes_review,
        }  # fmt: skip
    if person is not None:
        whom["known"] = {"protected": person.protected, "staff": person.staff}
        whom["known"] |= {} if person.region is None else {"region": person.region}
        whom["known"] |= {"before": sorted(person.before)} if person.before else {}
    if (tie := known.relation) is not None:
        whom["relation"] = {name: getattr(tie, name) for name in ("own", "household", "colleague", "line", "family")}
    gate = {
        "caseSilent": known.case_silent,
        "offered": names(facts.offered & set(look.asked)),
        "unavailable": facts.known is None,
    }
    if facts.last_look is not None:
        gate["lastLook"] = ms(facts.last_look)
    if known.feed is not None:
        gate["feed"] = {"confirmed": ms(known.feed.confirmed), "limit": known.feed.limit // MS}
    if facts.quota is not None and set(facts.quota) >= set(QUOTAS):
        gate["quota"] = {name: facts.quota[name] for name in QUOTAS}
    context = {
        "approvals": {name: getattr(facts.approvals, name) for name in ("independent", "stewards", "overseers", "legal")},
        "asked": names(look.asked), "at": ms(at), "breakGlass": look.break_glass, "caseGiven": look.case is not None,
        "fields": sorted(str(a.field) for a in look.asked), "gate": gate, "hour": at.astimezone(UTC).hour,
        "mode": str(look.mode), "weekday": at.astimezone(UTC).isoweekday(),
    }  # fmt: skip
    if purpose is not None:
        context["purpose"] = {"type": "Purpose", "id": purpose}
    if (by := look.caller) is not None:
        context["caller"] = {"name": by.name, "proof": str(by.proof), "speaks": by.speaks}
    if case is not None and not known.case_silent:
        said = {
            "kind": case.type, "opened": ms(case.opened), "openedBy": case.opened_by, "assigned": case.assigned,
            "requestedByPrincipal": case.requested_by_principal, "mixed": case.mixed, "namesLink": case.names_link,
            "drawn": case.drawn,
        }  # fmt: skip
        if look.mode is Mode.EXPORT:
            said["requestedByPerson"] = case.requested_by_person
        if case.closed is not None:
            said["closed"] = ms(case.closed)
        if case.named is not None:
            said["named"] = {"added": ms(case.named.added), "addedBy": case.named.by}
            if case.named.fields is not None:
                said["named"]["fields"] = names(below(case.named.fields))
        context["case"] = said
    spell = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
    entities = [
        {"uid": {"type": kind, "id": id_}, "parents": [], "attrs": attrs}
        for kind, id_, attrs in (("Principal", "who", who), ("Person", "whom", whom))
    ]
    whole = spell({"context": context, "entities": entities}).encode()
    return spell(entities), spell(context), hashlib.sha256(b"whosaw/facts/v3" + whole).digest()


def worlds(seed, many):
    """Looks and facts in which everything that may be absent is now and then, and texts are what they like."""
    random = Random(seed)

    def perhaps(value):
        return random.choice([None, value])

    for _ in range(many):
        look, facts = fitting(random.choice(list(FITTING)))
        fields = random.sample(list(Field), random.randint(1, 3))
        asked = tuple(Asked(f, random.choice(LADDER[f])) for f in fields)
        caller = perhaps(
            Caller(random.choice(("tool", "a.b/c")), random.choice(list(Proof)), speaks=random.random() < 0.5)
        )
        look = replace(
            look, asked=asked, mode=random.choice(list(Mode)), case=perhaps("c-1"), caller=caller, break_glass=random.random() < 0.3
        )  # fmt: skip
        known = facts.known
        named = perhaps(NamedFacts(added=AT - DAY, by="unknown", fields=perhaps(frozenset(asked))))
        case = replace(
            known.case, type=random.choice(TEXTS), closed=perhaps(AT), named=named, mixed=random.random() < 0.5
        )
        person = PersonFacts(
            region=perhaps("EU"), protected=False, staff=True, before=frozenset(random.sample("abc", 2))
        )
        known = replace(
            known, principal=perhaps(replace(known.principal, function=random.choice(TEXTS), employed=perhaps(frozenset({"IE"})))),
            person=random.choice([None, known.person, person]), relation=perhaps(known.relation), case=perhaps(case),
            feed=perhaps(known.feed), case_silent=random.random() < 0.2,
        )  # fmt: skip
        quota = random.choice([None, {}, {"unit": 3}, {name: random.randint(-3, 9**20) for name in QUOTAS}])
        approvals = ApprovalFacts(independent=random.randrange(3), stewards=1, overseers=2, legal=random.randrange(4))
        offered = frozenset(random.sample(asked, random.randint(0, len(asked)))) | {Asked(Field.IP, "exact")}
        facts = replace(
            facts, known=random.choice([None, known, known, known]), last_look=perhaps(AT - HOUR), quota=quota, approvals=approvals,
            offered=offered,
        )  # fmt: skip
        at = AT.astimezone(random.choice([UTC, datetime(2026, 1, 1).astimezone().tzinfo])) + timedelta(
            hours=random.randrange(200)
        )
        yield look, facts, at, perhaps(look.purpose)


def test_a_question_is_what_the_library_makes_of_the_same_facts():
    """Each of them twice: what is spelled of a directory's answer is spelled once, and the second look gets the same."""
    for world in worlds(11, 400):
        for _ in range(2):
            made = Question.of(*world)
            assert (made.entities, made.context, made.digest) == by_the_library(*world)
            assert made.blank % made.numbers == made.context


def test_what_is_equal_and_spelled_otherwise_is_not_taken_for_the_same():
    """`1` is equal to `True`: what was spelled for the one is not said of the other, which is no flag."""
    look, facts = fitting()
    assert decide(POLICY, look, facts, AT).permitted
    odd = replace(facts.known, principal=replace(facts.known.principal, active=1))
    assert odd == facts.known
    assert decide(POLICY, look, replace(facts, known=odd), AT).rules == (UNREADABLE,)


@pytest.mark.parametrize("wrong", [1.0, True, "1", None])
@pytest.mark.parametrize("where", ["quota", "approvals"])
def test_a_number_of_another_type_is_no_question(wrong, where):
    """Not cut, and not taken for one: what cannot be read, forbids."""
    look, facts = fitting()
    odd = {**facts.quota, "unit": wrong} if where == "quota" else replace(facts.approvals, legal=wrong)
    assert decide(POLICY, look, replace(facts, **{where: odd}), AT).rules == (UNREADABLE,)
