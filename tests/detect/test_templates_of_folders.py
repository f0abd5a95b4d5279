# SPDX-License-Identifier: Apache-2.0
"""Reasons that rest on what only a dataset folder tells, or on the tool of an account: what they explain and what they do not."""

from dataclasses import replace

import pytest
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates

DEFAULTS, SHIPPED = load_defaults(), load_templates()
_IDS = ("case_linked", "country_assigned", "region_assigned", "declared_mandate", "service_schedule", "service_case")
TEMPLATES = replace(SHIPPED, templates=tuple(t for t in SHIPPED.templates if t.id in _IDS), digest="1" * 64)

STAFF = [
    {"who": "e-fraud", "unit": "f", "function": "fraud"},
    {"who": "e-help", "unit": "h", "function": "support"},
    {"who": "e-audit", "unit": "a", "function": "audit"},
    {"who": "e-works", "unit": "w", "function": "engineering"},
    {"who": "s-batch", "unit": "s", "function": "service"},
    {"who": "s-desk", "unit": "s", "function": "service"},
]
PERSONS = [{"person": "p-1", "region": "DE"}, {"person": "p-2", "region": "DE"}, {"person": "p-3", "region": "US"}]
PERSONS += [{"person": "p-4", "region": "DE", "protected": 1}]
CASES = [{"case_id": "c-1", "type": "x", "opened": at(0), "assignee": "e-fraud", "opened_by": "e-help"}]
CASES += [{"case_id": "c-2", "type": "x", "opened": at(0), "assignee": "e-help", "opened_by": "e-works"}]
NAMED = [{"case_id": "c-1", "person": "p-1", "added": at(0), "added_by": "e-help"}]
NAMED += [{"case_id": "c-2", "person": "p-3", "added": at(0), "added_by": "e-works"}]
LINKS = [{"a": "p-2", "b": "p-1", "kind": "device"}, {"a": "p-1", "b": "p-3", "kind": "follows"}]
LINKS += [{"a": "p-1", "b": "p-4", "kind": "ip"}]
ASSIGNED = [
    {"who": "e-works", "scope_kind": "region", "scope": "EU"},
    {"who": "e-audit", "scope_kind": "region", "scope": "DE", "valid_from": at(0), "valid_to": at(9)},
]
REGIONS = [{"region": "EU", "country": "DE"}, {"region": "DE", "country": "DE"}, {"region": "US", "country": "US"}]


def look(who, person, day=5, **more):
    return {"who": who, "person": person, "t": at(day), **more}


# a look, and the reason that explains it
LOOKS = (
    (look("e-fraud", "p-2"), "case_linked"),  # shares a device with somebody whom the case names
    (look("e-fraud", "p-3"), None),  # only follows
    (look("e-fraud", "p-4"), None),  # protected
    (look("e-help", "p-2"), None),  # not theirs
    (look("e-works", "p-1", purpose="service_repair", f_device=1), "country_assigned"),
    (look("e-works", "p-2", purpose="service_repair", f_ip=1), None),  # intimate
    (look("e-works", "p-3", purpose="service_repair", f_device=1), None),  # of another region
    (look("e-works", "p-4", purpose="service_repair", f_device=1), None),  # protected
    (look("e-audit", "p-1"), "declared_mandate"),
    (look("e-audit", "p-2", day=60), None),  # over
    (look("e-audit", "p-3"), None),  # beyond its scope
    (look("s-batch", "p-1", app="nightly"), "service_schedule"),
    (look("s-batch", "p-2", app="nightly", day=6), "service_schedule"),
    (look("s-batch", "p-3", app="shell"), None),  # not its tool
    (look("s-desk", "p-3", app="desk"), None),  # somebody always acts through it, and now nobody is said to
    (look("s-batch", "p-3", app="desk", case="c-2", day=7), "service_case"),
)


@pytest.fixture(scope="module")
def found():
    tables = {
        "staff": STAFF, "persons": PERSONS, "cases": CASES, "case_persons": NAMED, "links": LINKS, "assignments": ASSIGNED,
        "regions": REGIONS,
    }  # fmt: skip
    rows = [{**each, "look_id": f"l-{n}"} for n, (each, _) in enumerate(LOOKS)]
    for n in range(6):  # of two rows of one look the second is that of a name
        of = {"leaf": 900 + n // 2, "look_id": f"l-x-{n // 2}", "account": "s-desk", "claimed": n % 2}
        rows.append({**look("e-help" if n % 2 else "s-desk", "p-3", app="desk"), **of})
    with facts_of(rows, **tables) as facts:
        world = world_of(facts, at(90), DEFAULTS, TEMPLATES)
        return {row["look_id"]: row for row in facts.rows(world.looks, ("row",), "test")}


@pytest.mark.parametrize("number", range(len(LOOKS)))
def test_a_look_has_the_reason_that_it_should_have(found, number):
    row = found[f"l-{number}"]
    explained = row["weight_then"] >= TEMPLATES.explained_from
    assert (TEMPLATES.templates[row["template"]].id if explained else None) == LOOKS[number][1]
