# SPDX-License-Identifier: Apache-2.0
"""The whole small world, against the oracle and the table written out by hand.

purpose × field × detail × mode × relation × region × approvals, and again for the protected: every combination is asked.
"""

import random
from dataclasses import replace
from itertools import combinations, product

import pytest
from tests.policy.ground import AT, POLICY, changed, fitting, spoke
from tests.policy.oracle import GLASS_MAY_BE_BROKEN, MAY_NEED, MUST_BE_SIGNED_BY, WORK_OF, forbids

from whosaw.model.access import LADDER, Asked, Field, Mode, rung
from whosaw.policy.facts import ApprovalFacts, RelationFacts
from whosaw.policy.purposes import FUNCTIONS

RUNGS = [Asked(f, d) for f in Field for d in LADDER[f]]
ENDS = {Asked(f, LADDER[f][end]) for f in Field for end in (0, -1)}
BITS = ("own", "household", "colleague", "line", "family")
NOBODY = dict.fromkeys(BITS, False)
RELATIONS = [RelationFacts(**NOBODY), *(RelationFacts(**{**NOBODY, bit: True}) for bit in BITS)]
# Where the one who looks works, and where they are employed; the person lives in the EU.
REGIONS = [({"IE", "EU"}, {"IE", "EU"}), ({"US"}, {"IE", "EU"}), ({"IE", "EU"}, {"US"})]
SIGNED = [
    ApprovalFacts(),
    ApprovalFacts(independent=1, stewards=1),
    ApprovalFacts(independent=1, overseers=1),
    ApprovalFacts(independent=2, legal=1),
    ApprovalFacts(independent=2, overseers=1),
    ApprovalFacts(independent=3, stewards=1, overseers=1, legal=1),
]


@pytest.fixture(params=["some", pytest.param("all", marks=pytest.mark.slow)])
def between(request):
    """Relations, signatures, functions: all, or some, drawn. Nothing that forbids and all that may be signed are always among
    them."""
    if request.param == "all":
        return RELATIONS, SIGNED, FUNCTIONS
    functions = frozenset(random.sample(sorted(FUNCTIONS), 3))
    return [RELATIONS[0], *random.sample(RELATIONS[1:], 2)], [*random.sample(SIGNED[:-1], 2), SIGNED[-1]], functions


def edges(purpose):
    """The rungs where something changes: both ends of each ladder, the most that is needed, and the next one above it."""
    most = {(a.field, rung(a.field, a.detail)) for a in POLICY.purposes[purpose].most}
    return [a for a in RUNGS if a in ENDS or {(a.field, rung(a.field, a.detail) - up) for up in (0, 1)} & most]


def agree(look, facts):
    """The policy says what the oracle says; returns whether the look is permitted."""
    expected = forbids(look, facts, AT)
    permitted, rules = spoke(look, facts)
    assert (permitted, set(rules)) == (not expected, expected or {look.purpose.replace("_", "-")})
    return permitted


@pytest.mark.parametrize(
    "modes", [(Mode.READ,), pytest.param(tuple(Mode), marks=pytest.mark.slow)], ids=["read", "all"]
)
@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_combination(purpose, modes, between):
    """Purpose × field × detail × mode × relation × region × approvals: exactly the oracle's rules speak, and some permit.

    `make test` asks them for reading at the edges of each ladder, for some relations and signatures; `make matrix` for all.
    """
    relations, signatures, _ = between
    rungs = RUNGS if len(modes) > 1 else edges(purpose)
    look, facts = fitting(purpose)
    permitted = 0
    for (works, employed), relation, signed in product(REGIONS, relations, signatures):
        given = changed(
            facts,
            principal__regions=frozenset(works), principal__employed=frozenset(employed),
            relation=relation, approvals=signed,
        )  # fmt: skip
        for asked, mode in product(rungs, modes):
            permitted += agree(replace(look, asked=(asked,), mode=mode), given)
    legal = purpose == "legal_demand"
    fine = [s for s in signatures if s.independent >= MUST_BE_SIGNED_BY.get(purpose, 0) and (s.legal or not legal)]
    abroad = [s for s in fine if s.stewards]
    needed = [a for a in rungs if f"{a.field}:{a.detail}" in MAY_NEED[purpose]]
    assert permitted == len(needed) * (len(fine) + 2 * len(abroad)) > 0


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_mode(purpose, between):
    """Purpose × field × detail × mode × approvals: nothing but one person's data can be read, and a search is searched for."""
    look, facts = fitting(purpose)
    for signed, asked, mode in product(between[1], edges(purpose), Mode):
        if agree(replace(look, asked=(asked,), mode=mode), changed(facts, approvals=signed)):
            assert mode is Mode.READ


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_combination_for_the_protected(purpose, between):
    """Purpose × field × detail × region × approvals × break-glass × on call: never without an overseer and a second one."""
    look, facts = fitting(purpose)
    for (works, employed), signed, on_call in product(REGIONS, between[1], (False, True)):
        given = changed(
            facts,
            principal__regions=frozenset(works), principal__employed=frozenset(employed), approvals=signed,
            principal__on_call=on_call, person__protected=True,
        )  # fmt: skip
        for asked, glass in product(edges(purpose), (False, True)):
            if agree(replace(look, asked=(asked,), break_glass=glass), given):
                assert signed.overseers >= 1 and signed.independent >= 2


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_field_at_every_detail(purpose, between):
    """A purpose permits exactly the fields and details of the hand-written table, to the right functions only."""
    look, facts = fitting(purpose)
    for function in between[2] | WORK_OF[purpose]:
        for staff in (False, True):
            given = changed(facts, principal__function=function, person__staff=staff)
            for asked in RUNGS:
                permitted, rules = spoke(replace(look, asked=(asked,)), given)
                name = f"{asked.field}:{asked.detail}"
                may = (
                    name in MAY_NEED[purpose]
                    and function in WORK_OF[purpose]
                    and (staff or purpose != "internal_inquiry")
                )
                assert permitted is may, (purpose, function, staff, name, rules)
                assert (rules == [purpose.replace("_", "-")]) is may


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_two_fields_are_permitted_if_each_is(purpose):
    """One field too many spoils the whole look: there is no half answer."""
    look, facts = fitting(purpose)
    for one, other in combinations(RUNGS, 2):
        if one.field is not other.field:
            permitted, _ = spoke(replace(look, asked=(one, other)), facts)
            assert permitted is all(f"{a.field}:{a.detail}" in MAY_NEED[purpose] for a in (one, other))


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_way_of_breaking_the_glass(purpose):
    """Purpose × approvals × on call × owes a review: it stands in for the purpose's own approvals, and for nothing else."""
    look, facts = fitting(purpose)
    for signed, call, owes, glass in product(SIGNED, (False, True), (False, True), (False, True)):
        given = changed(facts, approvals=signed, principal__on_call=call, principal__owes_review=owes)
        permitted = agree(replace(look, break_glass=glass), given)
        if glass:
            assert permitted is (purpose in GLASS_MAY_BE_BROKEN and call and not owes)


def test_purposes_say_what_the_design_says():
    """purposes.toml spells the same table."""
    said = {code: {f"{a.field}:{a.detail}" for a in p.needs} for code, p in POLICY.purposes.items()}
    assert said == MAY_NEED
    assert {code: p.functions for code, p in POLICY.purposes.items()} == WORK_OF
    assert all(p.needs_case for p in POLICY.purposes.values())
    assert {code: len(p.approvals) for code, p in POLICY.purposes.items() if p.approvals} == MUST_BE_SIGNED_BY
    assert {code for code, p in POLICY.purposes.items() if p.break_glass} == GLASS_MAY_BE_BROKEN
    assert {p.reviewed_h for p in POLICY.purposes.values()} == {None, 24}


def test_ladders_are_climbed_from_the_bottom():
    """A purpose that may need a detail may have less of the same field, and each field's rungs are cut in two."""
    for purpose in POLICY.purposes.values():
        for field in {a.field for a in purpose.most}:
            needed = {a.detail for a in purpose.needs if a.field is field}
            beyond = {a.detail for a in purpose.too_much if a.field is field}
            height = len(needed)
            assert needed == set(LADDER[field][:height])
            assert beyond == set(LADDER[field][height:])
    assert AT.tzinfo is not None
