# SPDX-License-Identifier: Apache-2.0
"""Tables that are not whole: ids that point nowhere, and tables that lost most of what forbids."""

import pytest
from tests.directory.test_sources import say, staff
from tests.directory.town import TOWN, Office, write

from whosaw.directory.load import Accepted
from whosaw.errors import BadInput

STRICT = Accepted()


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def load(office, tables, accepted=STRICT):
    write(office.folder, tables)
    return office.load_folder(accepted=accepted)


def more(table, *rows):
    return {**TOWN, table: [*TOWN.get(table, []), *rows]}


NOWHERE = [
    ("staff.manager", "staff id", more("staff", {"staff_id": "x", "unit": "u", "function": "data", "manager": "carrl"})),
    ("assignments.principal", "staff id", more("assignments", {"staff_id": "nobody", "scope_kind": "queue", "scope": "q"})),
    ("case_persons.case_id", "case", more("case_persons", {"case_id": "T-99", "person": "mira"})),
    ("case_persons.person", "person", more("case_persons", {"case_id": "T-1", "person": "ghost"})),
    ("cases.assignee", "staff id", more("cases", {"case_id": "T-9", "type": "t", "opened": "2026-03-01T10:00:00Z",
                                                  "assignee": "annna"})),
    ("links.a", "person", {**TOWN, "links": [{"a": "aaa", "b": "mira", "kind": "family"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("where", "kind", "tables"), NOWHERE, ids=[each[0] for each in NOWHERE])
def test_an_id_that_points_nowhere_is_refused_with_a_count(office, where, kind, tables):
    """Refused, counted, with a hint and no id; nothing changed. Accepted, it is told."""
    load(office, TOWN)
    before = office.everything()
    office.clock.turn(office.directory._stale_after)
    with pytest.raises(BadInput, match=rf"1 in (links\.[ab]|{where}) that no table has as a {kind}") as caught:
        load(office, tables)
    assert "--dangling" in caught.value.hint
    assert not any(word in str(caught.value) for word in ("carrl", "nobody", "T-99", "ghost", "annna", "aaa"))
    assert office.everything() == before
    loaded = load(office, tables, Accepted(dangling=True))
    assert loaded.changed and sum(loaded.dangling.values()) == 1


def test_an_id_may_point_into_another_source(office):
    """A manager and an assignment of somebody whom the identity provider knows."""
    say(office, "zoe", staff(office, "zoe", own_person=office.names.person("u-zoe")))
    tables = more("staff", {"staff_id": "x", "unit": "u", "function": "data", "manager": "zoe"})
    tables["assignments"] = [*TOWN["assignments"], {"staff_id": "zoe", "scope_kind": "on_call", "scope": "night"}]
    tables["case_persons"] = [*TOWN["case_persons"], {"case_id": "T-1", "person": "u-zoe"}]
    assert load(office, tables).dangling == {}


@pytest.mark.parametrize("table", ["staff", "persons"])
def test_half_a_table_is_refused_with_a_count(office, table):
    """Most of the rows that forbid are gone: refused. The tables of before stay in force; accepted, they are taken."""
    load(office, TOWN)
    before, half = (
        office.everything(),
        {**TOWN, table: TOWN[table][:3], "cases": [], "case_persons": [], "assignments": []},
    )
    with pytest.raises(BadInput, match=rf"{table}: \d+ of \d+ are not there any more") as caught:
        load(office, half, Accepted(dangling=True))
    assert "--fewer" in caught.value.hint
    assert office.everything() == before
    assert load(office, half, Accepted(dangling=True, fewer=True)).changed


def test_rows_that_only_permit_may_go_and_changed_rows_are_not_gone(office):
    """Cases turn over in a day; and a table in which every row says something else has lost nobody."""
    load(office, TOWN)
    load(office, {**TOWN, "cases": [], "case_persons": [], "assignments": []})
    moved = [{**row, "site": "elsewhere"} for row in TOWN["staff"]]
    assert load(office, {**TOWN, "staff": moved}).changed


def test_a_small_table_may_shrink(office):
    """Three of four is no broken export, where four is all there was."""
    small = {**TOWN, "staff": TOWN["staff"][:4], "persons": TOWN["persons"][:3], "cases": [], "case_persons": [],
             "assignments": []}  # fmt: skip
    load(office, small)
    assert load(office, {**small, "staff": TOWN["staff"][3:4], "persons": []}).changed


def test_a_folder_without_links_says_nothing_of_links(office):
    """An optional table that is not there leaves what is known."""
    linked = {**TOWN, "links": [{"a": "mira", "b": "u-ana", "kind": "family"}]}
    load(office, linked)
    load(office, TOWN)
    (row,) = office.directory.rows("links")
    assert row["kind"] == "family"
    load(office, {**TOWN, "links": []})
    assert list(office.directory.rows("links", office.clock.at)) == []
