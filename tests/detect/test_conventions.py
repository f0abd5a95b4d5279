# SPDX-License-Identifier: Apache-2.0
"""A reason that counts only where most people work so: of the company, and of the function of the one who looks."""

from dataclasses import replace

import pytest
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates

DEFAULTS, SHIPPED = load_defaults(), load_templates()
TEMPLATES = replace(
    SHIPPED,
    templates=tuple(t for t in SHIPPED.templates if t.id in {"case_assigned", "case_of_own"}),
    digest="2" * 64,
)
LOOKS = 40


def company(own):
    """(tables, looks): per principal of `own` (function, number) so many of their 40 looks rest on a case of their own; of the others no
    case knows anything. The first one also looks at a protected person, for a case of theirs."""
    staff, cases, named, looks = [], [], [], []
    persons = [{"person": "p-shielded", "region": "DE", "protected": 1}]
    for (function, number), many in own.items():
        who = f"e-{function}-{number}"
        staff.append({"who": who, "unit": f"{function}-{number % 2}", "function": function})
        for n in range(LOOKS):
            person = f"p-{who}-{n}"
            persons.append({"person": person, "region": "DE"})
            looks.append({"who": who, "person": person, "t": at(10 + n % 30 + n / 100), "look_id": f"l-{who}-{n}"})
            if n < many:
                cases.append(
                    {"case_id": f"c-{person}", "type": "x", "opened": at(5), "assignee": who, "opened_by": who}
                )
                named.append({"case_id": f"c-{person}", "person": person, "added": at(5), "added_by": who})
    first = staff[0]["who"]
    looks.append({"who": first, "person": "p-shielded", "t": at(20), "look_id": "l-shielded"})
    cases.append({"case_id": "c-s", "type": "x", "opened": at(5), "assignee": first, "opened_by": first})
    named.append({"case_id": "c-s", "person": "p-shielded", "added": at(5), "added_by": first})
    return {"staff": staff, "persons": persons, "cases": cases, "case_persons": named}, looks


def explained(own):
    """Per principal how many of their looks have a reason; and whether that at the protected person has one."""
    tables, looks = company(own)
    with facts_of(looks, **tables) as facts:
        rows = facts.rows(world_of(facts, at(90), DEFAULTS, TEMPLATES).looks, ("row",), "test")
    found = {(who.split("-")[1], int(who.split("-")[2])): 0 for who in {row["who"] for row in rows}}
    for row in rows:
        _, function, number = row["who"].split("-")
        if row["person"] != "p-shielded":
            found[function, int(number)] += row["weight_then"] >= TEMPLATES.explained_from
    return found, any(r["weight_then"] >= TEMPLATES.explained_from for r in rows if r["person"] == "p-shielded")


def people(function, *own):
    return {(function, number): many for number, many in enumerate(own)}


def test_what_everybody_does_is_a_reason_and_never_at_a_protected_person():
    """All of them open their own cases: as many looks have a reason as they have cases."""
    own = people("support", 9, 4, 20, 2) | people("fraud", 3, 8, 30, 2)
    assert explained(own) == (own, False)


def test_what_one_department_does_is_none():
    """Half of the people are not most of them."""
    own = people("audit", 20, 20, 20, 20) | people("support", 0, 0, 0, 1)
    assert explained(own) == (dict.fromkeys(own, 0), False)


@pytest.mark.parametrize(("last", "counts"), [(2, True), (1, False)])
def test_a_function_goes_with_it_when_three_quarters_of_its_people_do(last, counts):
    """Of four of legal two do it for sure; a third with two looks of forty, a twentieth, and not with one."""
    most = people("support", 20, 20, 20, 20, 20, 20)
    legal = people("legal", 20, 9, last, 0)
    found, _ = explained(most | legal)
    assert found == {who: n if counts or who[0] == "support" else 0 for who, n in (most | legal).items()}


def test_two_are_no_function_and_go_with_the_company():
    """Of two people one would be half."""
    own = people("support", 20, 20, 20, 20, 20) | people("admin", 1, 0)
    assert explained(own) == (own, False)


def test_machines_are_not_asked():
    """Six machines without any case do not make seven people fewer than most."""
    own = people("support", 20, 20, 20, 20) | people("service", 0, 0, 0, 0, 0, 0)
    assert explained(own)[0] == own
