# SPDX-License-Identifier: Apache-2.0
"""The whole small world of purpose × function × field × detail × staff, against the table written out by hand."""

from dataclasses import replace
from itertools import combinations

import pytest
from tests.policy.ground import AT, POLICY, changed, fitting, spoke

from whosaw.model.access import LADDER, Asked, Field
from whosaw.policy.purposes import FUNCTIONS

# By hand, from the design's table of purposes; not read from purposes.toml.
MAY_NEED = {
    "subject_request": {
        "profile:exact", "device:exact", "activity:exact", "ip:country", "ip:network", "location:country",
    },
    "fraud_review": {
        "profile:exact", "device:exact", "payment:exact", "activity:exact",
        "ip:country", "ip:network", "ip:exact", "location:country", "location:city",
    },
    "internal_inquiry": {"activity:exact"},
}  # fmt: skip
WORK_OF = {
    "subject_request": {"support"},
    "fraud_review": {"fraud"},
    "internal_inquiry": {"audit", "legal", "security"},
}
RUNGS = [Asked(f, d) for f in Field for d in LADDER[f]]


@pytest.mark.parametrize("purpose", MAY_NEED)
def test_every_field_at_every_detail(purpose):
    """A purpose permits exactly the fields and details of the hand-written table, to the right functions only."""
    look, facts = fitting(purpose)
    for function in FUNCTIONS:
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


def test_purposes_say_what_the_design_says():
    """purposes.toml spells the same table."""
    said = {code: {f"{a.field}:{a.detail}" for a in p.needs} for code, p in POLICY.purposes.items()}
    assert said == MAY_NEED
    assert {code: p.functions for code, p in POLICY.purposes.items()} == WORK_OF
    assert all(p.needs_case for p in POLICY.purposes.values())


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
