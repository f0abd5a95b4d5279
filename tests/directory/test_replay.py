# SPDX-License-Identifier: Apache-2.0
"""Whatever is loaded later, a question about an earlier moment keeps its answer; and the newest answer is the folder's."""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.directory.town import AT, TOWN, Office

from whosaw.directory.columns import parse_instant
from whosaw.directory.tables import micros

SECOND = timedelta(seconds=1)
WHO = [*(row["staff_id"] for row in TOWN["staff"]), "nobody"]
WHOM = [*sorted({row["person"] for row in TOWN["persons"]}), "nobody"]
QUESTIONS = st.tuples(
    st.sampled_from(WHO), st.sampled_from(WHOM), st.sampled_from(["T-1", "T-2", "T-3", "T-4", "T-9", None])
)


@st.composite
def folders(draw):
    """The town with some rows left out and some changed."""
    tables = {}
    for table, rows in TOWN.items():
        kept = [row for row in rows if draw(st.integers(0, 5))]
        if table == "staff":
            units = st.sampled_from(["support-1", "fraud-1", "audit"])
            kept = [{**row, "unit": draw(units)} if not draw(st.integers(0, 3)) else row for row in kept]
        if table == "cases":
            owners = st.sampled_from(WHO)
            kept = [{**row, "assignee": draw(owners), "opened_by": draw(owners)} for row in kept]
        tables[table] = kept
    return tables


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(folders(), st.lists(QUESTIONS, min_size=1, max_size=6)), min_size=2, max_size=5))
def test_an_answer_never_changes(steps):
    """Load, ask, load something else, ask again about all earlier moments: to the last bit the same answers."""
    with tempfile.TemporaryDirectory() as where:
        office = Office(Path(where))
        answers = []
        for tables, questions in steps:
            office.load(tables)
            for question in questions:
                at = office.clock.turn(SECOND)
                known = office.known(*question)
                answers.append((question, at, known))
                _agrees(tables, question, at, known)
            office.clock.turn(SECOND)
        for question, at, known in answers:
            assert office.known(*question, at=at) == known
        office.close()


def _agrees(tables, question, at, known):
    """The newest answer, worked out once more from the rows of the folder, without SQL and without pseudonyms."""
    who, whom, case = question
    staff = {row["staff_id"]: row for row in tables["staff"]}
    present = {name: row for name, row in staff.items() if _holds(row, at)}
    persons = [row for row in tables["persons"] if row["person"] == whom and _holds(row, at)]
    owners = [row for row in present.values() if row.get("own_person") == whom]
    assert (known.principal is not None) == (who in staff)
    assert known.principal is None or known.principal.active == (who in present)
    assert (known.person is not None) == bool(persons)
    if persons and who in staff:
        me, others = staff[who], [row for row in owners if row["staff_id"] != who]
        # What ties them now, does; and what tied them in the last thirty days may, too.
        assert known.relation.own >= (me.get("own_person") == whom)
        assert known.relation.colleague >= any(row["unit"] == me["unit"] for row in others)
        assert known.relation.line >= any(
            row["staff_id"] in _above(me, present) or who in _above(row, present) for row in others
        )
        assert known.person.staff == (bool(owners) or "staff" in persons[0].get("classes", []))
    rows = [row for row in tables["cases"] if row["case_id"] == case]
    assert (known.case is not None) == bool(rows)
    if rows:
        assert known.case.opened_by == ("principal" if rows[0]["opened_by"] == who else "other")
        queues = {
            row["scope"] for row in tables["assignments"]
            if row["staff_id"] == who and row["scope_kind"] == "queue" and _holds(row, at, "from", "to")
        } | ({staff[who]["unit"]} if who in staff else set())  # fmt: skip
        assert known.case.assigned == (rows[0]["assignee"] == who or rows[0].get("queue") in queues)
        named = [row for row in tables["case_persons"] if (row["case_id"], row["person"]) == (case, whom)]
        assert (known.case.named is not None) == bool(named)


def _holds(row, at, start="valid_from", end="valid_to"):
    now = micros(at)
    begins, ends = row.get(start), row.get(end)
    return (begins is None or parse_instant(begins) <= now) and (ends is None or now < parse_instant(ends))


def _above(row, present):
    found, manager = set(), row.get("manager")
    while manager is not None and manager not in found:
        found.add(manager)
        manager = present[manager].get("manager") if manager in present else None
    return found


def test_the_town_begins_after_its_people_came():
    """The stage of these tests: one who left, one who was on a list, and the clock after both."""
    assert _holds(TOWN["staff"][0], AT) and not _holds(TOWN["staff"][7], AT)
