# SPDX-License-Identifier: Apache-2.0
"""A case that a look names may be its reason, or it may be made up, borrowed, long over or not there yet."""

from tests.detect.typed import at, facts_of

from whosaw.detect.defaults import load_defaults
from whosaw.detect.evidence import evidence_of
from whosaw.detect.gravity import gravity
from whosaw.detect.named_case import with_case
from whosaw.detect.run import world_of
from whosaw.detect.templates import load_templates

DEFAULTS, TEMPLATES = load_defaults(), load_templates()
STAFF = [
    {"who": f"e-{n}", "unit": "u-1" if n < 7 else "u-2", "function": "support" if n < 7 else "audit"} for n in range(9)
]
STAFF[1]["own_person"] = "p-home"
CASE = {"type": "ticket", "opened": at(10), "closed": at(15), "assignee": "e-1"}
OTHER = {**CASE, "assignee": "e-8"}
NAMED = {"added": at(10), "added_by": "e-8"}


def look(of, **more):
    """By one of support, on day 20, at a person of their own, under a case of their own; each is called `of`."""
    return {"look_id": of, "who": "e-1", "person": of, "t": at(20), "case": of, **more}


def cased(looks, without=(), also=False, **tables):
    """The looks whose case may be their reason. `also`: gravity goes by it."""
    given = {
        "staff": STAFF,
        "case_persons": [{**NAMED, "case_id": "c-none", "person": "p-none"}],
        "cases": [],
        **tables,
    }
    with facts_of(looks, **{name: rows for name, rows in given.items() if name not in without}) as facts:
        world = world_of(facts, at(60), DEFAULTS, TEMPLATES)
        mine = with_case(world, world.looks)
        rows = facts.rows(mine.select("row", "look_id", "u", "cased"), ("row",), "")
        # One row of each look, as it was.
        assert [row["row"] for row in rows] == [2 * n for n in range(len(looks))]
        assert all(row["u"] for row in rows)
        found = {row["look_id"] for row in rows if row["cased"]}
        if also:
            pairs = gravity(world, evidence_of(world, world.looks)).pairs
            assert {person: 1 - pair.traits[3] for (_, person, _), pair in pairs.items()} == {
                each["look_id"]: int(each["look_id"] in found) for each in looks
            }
    return found


def test_what_anybody_can_type_is_no_case_and_one_whose_link_is_missing_is():
    """No case names the person: that link may be missing. Of an honest look the rest holds."""
    bad = {
        "long over": {**CASE, "closed": at(12.9)},
        "not there yet": {**CASE, "opened": at(21.1), "closed": None},
        "somebody else's": OTHER,
        "of another's queue": {**OTHER, "assignee": None, "queue": "q-2"},
        "of a queue that one had": {**OTHER, "assignee": None, "queue": "q-3"},
        "handed on before": {**CASE, "known_to": at(19)},
        "handed to them since": {**CASE, "known_from": at(20.1), "first": 0},
        "told of days later": {**CASE, "known_from": at(22.1)},
        "empty, of nobody, and opened by them": {**CASE, "assignee": None, "opened_by": "e-1"},
        "empty, of nobody, and opened from home": {**CASE, "assignee": None, "opened_by": "p-home"},
        "empty, of nobody, and asked for by them": {**CASE, "assignee": None, "requester": "e-1"},
    }
    good = {
        "theirs": CASE,
        "of a colleague": {**CASE, "assignee": "e-2"},
        "of nobody": {**CASE, "assignee": None},
        "of their unit": {**OTHER, "queue": "u-1"},
        "of their queue": {**OTHER, "queue": "q-1"},
        "of their type": {**OTHER, "type": "refund"},
        "let pass by them": {**OTHER, "approver": "e-1"},
        "typed a day before it was opened": {**CASE, "opened": at(20.9), "closed": None},
        "closed a week before": {**CASE, "closed": at(13.1)},
        "for which the person asked": {**OTHER, "requester": "for which the person asked", "opened_by": "e-1"},
        "handed on since": {**CASE, "known_to": at(30)},
        "told of a day later": {**CASE, "known_from": at(21)},
        "of their unit, and opened by them": {**OTHER, "queue": "u-1", "opened_by": "e-1"},
    }
    cases = [{**case, "case_id": of} for of, case in {**bad, **good}.items()]
    cases += [
        {**OTHER, "case_id": of, "known_from": at(19), "first": 0} for of in ("handed on before", "handed on since")
    ]
    cases.append({**OTHER, "case_id": "handed to them since", "known_to": at(20.1)})
    works = {"who": "e-1", "scope_kind": "queue", "scope": "q-1", "valid_from": at(1)}
    assignments = [
        works,
        {**works, "scope": "q-3", "valid_to": at(19)},
        {**works, "scope_kind": "case_type", "scope": "refund"},
    ]
    looks = [look(of) for of in (*bad, "made up", *good)]
    assert cased(looks, also=True, cases=cases, assignments=assignments) == set(good)


def test_somebody_elses_case_that_names_the_person_is_one():
    """Before the look, or a day after it; by another's hand; and as long as it does."""
    good = {
        "": NAMED,
        "nobody knows when": {"added": None, "added_by": None},
        "a day late": {**NAMED, "added": at(20.9)},
        "told of a day late": {**NAMED, "known_from": at(21)},
    }
    bad = {
        "late": {**NAMED, "added": at(21.1)},
        "by oneself": {**NAMED, "added_by": "e-1"},
        "from home": {**NAMED, "added_by": "p-home"},
        "told of days late": {**NAMED, "known_from": at(22.1)},
        "said otherwise since": {**NAMED, "known_from": at(20.1), "first": 0},
        "another": {**NAMED, "person": "p-none"},
        "no more": {**NAMED, "known_to": at(19)},
    }
    # Opened by the one who looked, so that it is no reason.
    cases = [{**OTHER, "case_id": of, "opened_by": "e-1"} for of in (*good, *bad)]
    named = [{"case_id": of, "person": of, **row} for of, row in {**good, **bad}.items()]
    assert cased([look(of) for of in (*good, *bad)], cases=cases, case_persons=named) == set(good)


def test_what_no_table_says_fails_nothing():
    """Without cases each number may be one. Without persons in cases, or staff, a case that was open then is one."""
    looks = [look(of) for of in ("other", "over", "made up")]
    assert cased(looks, without=("cases",), also=True) == {"other", "over", "made up"}
    cases = [{**OTHER, "case_id": "other"}, {**OTHER, "case_id": "over", "closed": at(12)}]
    for without in ("staff", "case_persons"):
        assert cased(looks, cases=cases, without=(without,)) == {"other"}


def elsewhere(people, *more, **column):
    """So many people of support who name a case of another table each, and one of them a number on file."""
    looks = [look(f"l-{n}", who=f"e-{n}", **column) for n in range(people)]
    return cased([*looks, look("on file"), *more], cases=[{**CASE, "case_id": "on file"}])


def test_where_people_mostly_name_what_is_not_on_file_it_may_be_one():
    """Their cases are in another table than the one that is here; or those of one tool are, whoever uses it."""
    all_ = {f"l-{n}" for n in range(5)}
    assert elsewhere(5) == {*all_, "on file"}
    assert elsewhere(4) == {"on file"}
    # With the other tool, as everybody mostly does, they name what is on file.
    mixed = [look(f"m-{n}-{k}", who=f"e-{n}", case="on file", app="crm") for n in range(5) for k in range(3)]
    assert all_ <= elsewhere(5, *mixed, app="desk")
    assert not all_ & elsewhere(5, *mixed, app="crm")


def test_whoever_makes_up_many_numbers_makes_none_usual():
    """Four of five name what is on file; and what was so a year ago excuses nobody now."""
    honest = [look(f"h-{n}", who=f"e-{n}", case="on file") for n in range(1, 5)]
    false = [look(f"f-{n}", who="e-0") for n in range(30)]
    old = [look(f"o-{n}", who=f"e-{n}", t=at(-300)) for n in range(5)]
    found = cased([*honest, *false, *old], cases=[{**CASE, "case_id": "on file"}])
    assert found == {each["look_id"] for each in (*honest, *old)}
