# SPDX-License-Identifier: Apache-2.0
"""The directory as facts: what is one's own, and one's home, is there to be held against a case."""

from dataclasses import astuple

from whosaw.directory.tables import EVER_SINCE, FOR_EVER
from whosaw.facts.columns import TABLES
from whosaw.facts.known import KnownDirectory
from whosaw.facts.rows import case_person_rows, case_rows, staff_rows

ALWAYS = {"valid_from": EVER_SINCE, "valid_to": FOR_EVER, "known_from": 10, "known_to": FOR_EVER}


class Said:
    """`facts.known.Versions` over dicts; columns that a row does not have are empty."""

    def __init__(self, **tables):
        self.tables = tables

    def rows(self, table):
        columns = {name.removesuffix("_home"): None for name in TABLES[table]} | {"status": None, "household": None}
        return [{**columns, **ALWAYS, **row} for row in self.tables.get(table, ())]


def test_what_is_ones_own_and_ones_home_are_facts():
    """A principal's private account stands with them, and each case's requester, opener and namer with their household."""
    known = KnownDirectory(
        Said(
            staff=[{"principal": "e-a", "function": "support", "own_person": "p-a", "household": "h-1"}],
            persons=[
                {"person": "p-b", "household": "h-1", "protected": False, "staff": False},
                {"person": "p-b", "household": None, "protected": False, "staff": False, "known_from": 20},
                {"person": "p-c", "household": "h-2", "protected": False, "staff": False},
            ],
            cases=[{"case_id": "c-1", "type": "x", "opened": 5, "closed": FOR_EVER, "requester": "p-b", "opened_by": "e-a"}],
            case_persons=[{"case_id": "c-1", "person": "p-x", "added_by": "p-c"}, {"case_id": "c-1", "person": "p-y"}],
        )
    )  # fmt: skip
    made = {
        "staff": staff_rows(known.staff()),
        "cases": case_rows(known.cases()),
        "case_persons": case_person_rows(known.case_persons()),
    }
    rows = {name: [dict(zip(TABLES[name], row, strict=True)) for row in found] for name, found in made.items()}
    assert [(r["own_person"], r["household"]) for r in rows["staff"]] == [("p-a", "h-1")]
    assert [(r["requester_home"], r["opened_by_home"]) for r in rows["cases"]] == [("h-1", "h-1")]
    assert [r["added_by_home"] for r in rows["case_persons"]] == ["h-2", None]
    assert not [text for row in (*known.staff(), *known.cases()) for text in ("p-a", "h-1") if text in repr(row)]
    assert "h-1" in astuple(known.staff()[0])
