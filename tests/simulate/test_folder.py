# SPDX-License-Identifier: Apache-2.0
"""The folder is what its format says, the same seed is the same bytes, and a plant adds rows and changes none."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.simulate.made import make, table, truth

from whosaw.errors import BadInput

# As the format's page has it: required first, in each table.
COLUMNS = {
    "looks": "look_id time principal on_behalf_of person bulk fields mode purpose case detail rows app src_ip src_country"
    " query decision arrived source number",
    "staff": "staff_id unit function role manager employer country site valid_from valid_to household own_person",
    "cases": "case_id type opened closed assignee requester approver status opened_by queue",
    "approvals": "approval_id time requester approver outcome look_id case_id kind",
    "case_persons": "case_id person added added_by",
    "assignments": "staff_id scope_kind scope from to",
    "persons": "person region classes household valid_from valid_to",
    "links": "a b kind from to",
    "events": "event_id time kind persons stance topic",
    "changes": "change_id time staff_id object target old new",
}
CODES = {
    ("looks", "mode"): "read search export aggregate impersonate",
    ("looks", "purpose"): "subject_request service_repair safety_review fraud_review legal_demand incident_response"
    " quality_sampling internal_inquiry",
    ("looks", "decision"): "permit refuse",
    ("looks", "fields"): "ip location device contacts messages profile activity payment",
    (
        "staff",
        "function",
    ): "support fraud safety legal audit security engineering data comms executive operations admin service",
    ("approvals", "outcome"): "approved refused expired",
    ("approvals", "kind"): "approval break_glass_review",
    ("assignments", "scope_kind"): "queue region account case_type",
    ("persons", "classes"): "press critic litigant regulator politician union minor staff public_figure",
    ("links", "kind"): "household contact follows coworker family device ip",
    ("events", "kind"): "article lawsuit hearing complaint post",
    ("events", "stance"): "critical neutral positive",
    ("changes", "object"): "class_list case_person role_grant retention detector template log_source",
}
TIMES = {"time", "arrived", "opened", "closed", "added", "valid_from", "valid_to", "from", "to"}
IDS = {"looks": "look_id", "cases": "case_id", "approvals": "approval_id", "changes": "change_id", "events": "event_id"}


@pytest.mark.parametrize("name", COLUMNS)
def test_each_table_is_as_the_format_says(planted, name):
    """Its columns, its closed lists of codes, its times; and no identifier twice."""
    rows = table(planted, name)
    assert list(rows[0]) == COLUMNS[name].split()
    for column in rows[0]:
        values = {row[column] for row in rows} - {""}
        if column in TIMES:
            wrong = [v for v in values if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", v)]
            assert wrong == []
        if (name, column) in CODES:
            assert {code for value in values for code in value.split("|")} <= set(CODES[name, column].split())
    if name in IDS:
        ids = [row[IDS[name]] for row in rows]
        assert len(set(ids)) == len(ids)


def test_rows_point_at_rows_that_are_there(planted):
    """Principals are staff, persons are persons, and whoever a case or a link is about exists."""
    staff = {row["staff_id"] for row in table(planted, "staff")}
    persons = {row["person"] for row in table(planted, "persons")}
    cases = {row["case_id"] for row in table(planted, "cases")}
    looks = table(planted, "looks")
    assert {row["principal"] for row in looks} | {row["on_behalf_of"] for row in looks} - {""} <= staff | {""}
    assert {row["person"] for row in looks} <= persons | {""}
    assert {row["case_id"] for row in table(planted, "case_persons")} <= cases
    assert {row["person"] for row in table(planted, "case_persons")} <= persons
    assert {end for row in table(planted, "links") for end in (row["a"], row["b"])} <= persons
    for row in table(planted, "staff"):
        assert row["manager"] in staff | {""}
        assert row["own_person"] in persons | {""}
    unknown = {row["case"] for row in looks} - cases - {""}
    assert 0 < len(unknown) < len(looks) / 100  # worked on without a case that anybody opened, or mistyped


def test_a_detail_stands_beside_each_field(planted):
    """One rung for each field, in the same order, or nothing is known of any."""
    for row in table(planted, "looks"):
        assert not row["detail"] or len(row["detail"].split("|")) == len(row["fields"].split("|"))


def test_a_request_is_made_once(planted):
    """All its mentions have one time, one place and one question, whoever made it."""
    of = {}
    for row in table(planted, "looks"):
        if row["bulk"]:
            once = tuple(
                row[c] for c in ("time", "principal", "mode", "query", "src_ip", "src_country", "rows", "detail")
            )
            of.setdefault(row["bulk"], set()).add(once)
    assert len(of) > 50
    assert [bulk for bulk, found in of.items() if len(found) > 1] == []


def test_the_head_names_format_and_period(planted):
    """dataset.json says what the folder is, and which groups of countries there are."""
    head = json.loads((planted / "dataset.json").read_text())
    assert head["format"] == "whosaw-dataset/1"
    assert head["from"] < head["to"]
    assert set(head["regions"]) <= {row["region"] for row in table(planted, "persons")}


def test_the_same_seed_is_the_same_bytes(planted, tmp_path):
    """The same arguments in another process, the same files: nothing depends on its hash seed or its clock."""
    code = "import sys; from pathlib import Path; from tests.simulate.made import make; make(Path(sys.argv[1]), 'all')"
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code, tmp_path / "there"], cwd=root, timeout=120, check=True,
        env={"PYTHONHASHSEED": "5", "PYTHONPATH": f"{root / 'src'}:{root}"},
    )  # fmt: skip
    names = sorted(path.name for path in planted.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "there").iterdir())
    assert [name for name in names if (planted / name).read_bytes() != (tmp_path / "there" / name).read_bytes()] == []


def test_another_seed_is_another_company(tmp_path):
    """No table is the same but its columns."""
    for seed in (1, 2):
        make(tmp_path / str(seed), seed=seed, staff=40, days=7)
    for name in COLUMNS:
        one, other = (table(tmp_path / str(seed), name) for seed in (1, 2))
        assert one != other


@pytest.mark.parametrize("name", COLUMNS)
def test_a_plant_adds_rows_and_changes_none(planted, clean, name):
    """Without what was planted every row is there that was there before, in the same order. Numbers count, and so count it."""
    with_it, without = (
        [{column: cell for column, cell in row.items() if column != "number"} for row in table(folder, name)]
        for folder in (planted, clean)
    )
    there = Counter(tuple(row.values()) for row in without)
    kept = [row for row in with_it if there[tuple(row.values())]]
    assert kept == without
    if name == "looks":
        told = {look for line in truth(planted) for look in line["looks"]} - {
            look for line in truth(clean) for look in line["looks"]
        }
        added = {row["look_id"] for row in with_it} - {row["look_id"] for row in without}
        assert told <= added
        # A planted row may be written twice, like any other; and a list shows others, too.
        beside = [row for row in with_it if row["look_id"] in added - told and not row["bulk"]]
        assert len(beside) <= max(3, len(added) // 50)


def test_parquet_says_the_same(planted, tmp_path):
    """Cell for cell, lists as lists."""
    make(tmp_path / "there", "all", form="parquet")
    for name in COLUMNS:
        rows = pq.read_table(tmp_path / "there" / f"{name}.parquet").to_pylist()
        flat = [
            {c: "" if v is None else "|".join(v) if isinstance(v, list) else str(v) for c, v in row.items()}
            for row in rows
        ]
        assert flat == table(planted, name)


def test_a_source_numbers_its_rows(planted):
    """From one on, without holes, in the order in which they reached the log; sources are read side by side."""
    rows = table(planted, "looks")
    assert [row["arrived"] for row in rows] == sorted(row["arrived"] for row in rows)
    for source in {row["source"] for row in rows}:
        numbers = [int(row["number"]) for row in rows if row["source"] == source]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    """Nothing is written over."""
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(BadInput):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_divisions_lie_in_one_folder(tmp_path):
    """Twice the scale is two divisions, whose looks are merged in the order of arrival and share no identifier."""
    made = make(tmp_path / "two", "motive", "motive", scale=2)
    rows = table(tmp_path / "two", "looks")
    assert len(rows) == made.looks
    assert [row["arrived"] for row in rows] == sorted(row["arrived"] for row in rows)
    assert len({row["look_id"] for row in rows}) == len(rows)
    persons = [row["person"] for row in table(tmp_path / "two", "persons") if not row["valid_from"]]
    assert len(set(persons)) == len(persons) == 6000
    lines = [line for line in truth(tmp_path / "two") if line.get("incident")]
    assert len({tuple(line["principals"]) for line in lines}) == 2
