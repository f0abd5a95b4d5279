# SPDX-License-Identifier: Apache-2.0
"""How the reason that was given fails to fit: each flag where it stands, beside the nearest look that has none."""

import pytest
from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.fits import FLAGS, fitted, flags_of
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates

STAFF = [{"who": f"e-{n}", "unit": "u-1" if n < 6 else "u-2", "function": "support"} for n in range(9)]
STAFF[1]["own_person"] = "p-home"
CASE = {"type": "ticket", "opened": at(10), "assignee": "e-1"}
NAMED = {"added": at(10), "added_by": "e-8"}
_NAMES = [name for name, _ in FLAGS]


def flags(looks, cases, named, **more):
    """By look_id the flags of each, as its words."""
    with facts_of(looks, staff=STAFF, cases=cases, case_persons=named, **more) as facts:
        world = world_of(facts, at(60), load_defaults(), load_templates())
        table = fitted(world, world.looks.filter(world.looks.judged == 1), seldom=50, few=20)
        table = table.inner_join(world.looks.select(look="look_id", l_row="row"), table.row == world.looks.row)
        rows = facts.rows(table.select("look", "pattern"), ("look",), "")
    assert [row["look"] for row in rows] == sorted(look["look_id"] for look in looks)
    return {row["look"]: {_NAMES[place] for place in flags_of(row["pattern"])} for row in rows}


def of_case(case=None, naming=None, versions=(), namings=(), **look):
    """The flags of one look on day 20, by e-1 at p-1 under c-1; `naming`: of p-1 in it, None for none."""
    looks = [{"look_id": "l-1", "who": "e-1", "person": "p-1", "t": at(20), "case": "c-1", "purpose": "answer", **look}]
    cases = [{**CASE, "case_id": "c-1", **(case or {})}, *({**CASE, "case_id": "c-1", **each} for each in versions)]
    # Of this type cases name somebody.
    cases += [{**CASE, "case_id": f"c-{n}"} for n in range(2, 5)]
    named = [{**NAMED, "case_id": f"c-{n}", "person": "p-9"} for n in range(2, 5)]
    named += [
        {**NAMED, "case_id": "c-1", "person": "p-1", **each}
        for each in (*([] if naming is None else [naming]), *namings)
    ]
    return flags(looks, cases, named)["l-1"]


@pytest.mark.parametrize(("case", "naming", "found"), [
    ({}, {}, set()),
    # Its time.
    ({"closed": at(12.9)}, {}, {"over"}),
    ({"closed": at(13.1)}, {}, set()),
    ({"opened": at(20.1)}, {}, {"later"}),
    ({"opened": at(20)}, {}, set()),
    # Its hands.
    ({"requester": "e-1"}, {}, {"asked_self"}),
    ({"requester": "p-home"}, {}, {"asked_self"}),
    ({"requester": "e-2"}, {}, set()),
    ({"opened_by": "e-1"}, {}, {"opened_self"}),
    ({"opened_by": "p-home"}, {}, {"opened_self"}),
    ({"assignee": "e-8"}, {}, set()),
    ({"assignee": "e-8"}, None, {"not_theirs", "not_named"}),
    ({"assignee": "e-8"}, {"added_by": "e-1"}, {"not_theirs", "named_self"}),
    ({"assignee": "e-2"}, {}, set()),
    # Its persons.
    ({}, None, {"not_named"}),
    ({"requester": "p-1"}, None, set()),
    ({}, {"added": at(20.1)}, {"named_later"}),
    ({}, {"added": None}, set()),
    ({}, {"added_by": "e-1"}, {"named_self"}),
    ({}, {"added_by": "p-home"}, {"named_self"}),
])  # fmt: skip
def test_what_speaks_against_a_case(case, naming, found):
    assert of_case(case, naming) == found


@pytest.mark.parametrize(("case", "versions", "found"), [
    # Handed on before, and since: what counts is whose it was.
    ({"assignee": "e-8", "known_to": at(19)}, [{"known_from": at(19), "first": 0}], set()),
    ({"known_to": at(21)}, [{"assignee": "e-8", "known_from": at(21), "first": 0}], set()),
    ({"assignee": "e-8", "known_to": at(21)}, [{"known_from": at(21), "first": 0}], {"not_theirs"}),
    ({"closed": at(11), "known_to": at(21)}, [{"known_from": at(21), "first": 0}], {"over"}),
    # A first word counts whenever it came: a feed lags, and its own times are said.
    ({"known_from": at(30)}, [], set()),
])  # fmt: skip
def test_a_case_is_as_it_was_then(case, versions, found):
    """What is said of it otherwise after the look excuses nothing, and accuses nobody."""
    assert of_case(case, {"added_by": "e-1"}, versions) == found | {"named_self"}


def test_a_name_is_as_it_was_then():
    """Whoever has the hand of the one who looked replaced by another's afterwards had added the person all the same."""
    own = {"added_by": "e-1", "known_to": at(21)}
    assert of_case(naming=own, namings=[{"known_from": at(21), "first": 0}]) == {"named_self"}
    assert of_case(naming={**own, "known_to": at(19)}, namings=[{"known_from": at(19), "first": 0}]) == set()


def test_what_names_no_case_or_one_that_nobody_has():
    """None is a flaw where looks for this purpose mostly name one; and no purpose only where there is no reason on file."""
    looks = [
        {"look_id": f"l-{n:02d}", "who": "e-1", "person": "p-1", "t": at(20), "case": "c-1", "purpose": "answer"}
        for n in range(30)
    ]
    looks += [{**looks[0], "look_id": "none", "person": "p-2", "case": None}]
    looks += [{**looks[0], "look_id": "unknown", "case": "c-404"}]
    looks += [
        {**looks[0], "look_id": "why", "purpose": None},
        {**looks[0], "look_id": "what", "purpose": None, "person": "p-2"},
    ]
    found = flags(looks, [{**CASE, "case_id": "c-1"}], [{**NAMED, "case_id": "c-1", "person": "p-1"}])
    assert found["l-00"] == found["why"] == set()
    assert found["none"] == {"no_case"}
    assert found["unknown"] == {"unknown_case"}
    assert found["what"] == {"no_purpose", "not_named"}


def test_what_is_seldom_done_for_a_purpose():
    """A field and a type of case that one in fifty has at most, of enough; what a function always does fits it."""
    base = {"who": "e-1", "person": "p-1", "t": at(20), "case": "c-1", "purpose": "answer", "f_profile": 1}
    looks = [{**base, "look_id": f"l-{n:03d}"} for n in range(120)]
    looks += [{**base, "look_id": "field", "f_messages": 1}, {**base, "look_id": "type", "case": "c-2"}]
    cases = [{**CASE, "case_id": "c-1"}, {**CASE, "case_id": "c-2", "type": "audit"}]
    named = [{**NAMED, "case_id": case["case_id"], "person": "p-1"} for case in cases]
    found = flags(looks, cases, named)
    assert found["l-000"] == set()
    assert found["field"] == {"field"}
    assert found["type"] == {"type"}
