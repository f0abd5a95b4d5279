# SPDX-License-Identifier: Apache-2.0
"""`whosaw directory` as it is typed: what is loaded, refused, shown and ended."""

import pytest
from tests.cli.desk import company, settle
from tests.directory.town import write


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return settle(tmp_path_factory.mktemp("directory"))


def test_status_says_what_each_source_says(desk):
    """Fresh: 0, and counts by table; as JSON the same."""
    said = desk.typed("directory", "status", "--format", "json")
    assert said.code == 0, said
    (row,) = said.json["rows"]
    assert (row["source"], row["stale"], row["staff"], said.json["fresh"]) == (
        "csv",
        False,
        len(company()["staff"]),
        True,
    )


def test_ids_that_point_nowhere_and_half_tables_are_refused_with_a_count(desk):
    """Exit 2, a count, a hint, no id; nothing changed; with the flag it is taken and told."""
    tables = company()
    tables["staff"].append({"staff_id": "new", "unit": "u", "function": "data", "manager": "zzz-typo"})
    write(desk.tables, tables, regions=None)
    said = desk.typed("directory", "load", desk.tables)
    assert said.code == 2 and "1 in staff.manager" in said.err and "--dangling" in said.err and "zzz" not in said.err
    said = desk.typed("directory", "load", desk.tables, "--dangling", "--format", "json")
    assert (said.code, said.json["dangling"], said.json["changed"]) == (0, 1, True)
    half = {**company(), "staff": company()["staff"][:2]}
    write(desk.tables, half, regions=None)
    said = desk.typed("directory", "load", desk.tables, "--dangling")
    assert said.code == 2 and "are not there any more" in said.err
    write(desk.tables, company(), regions=None)
    assert desk.typed("directory", "load", desk.tables).code == 0


def test_another_source_comes_and_is_retired(desk):
    """Its rows beside the others', its name in the status; retired it is gone, and cannot be retired twice."""
    empty = {table: [] for table in company()}
    other = {**empty, "staff": [{"staff_id": "olga", "unit": "pay", "function": "admin"}]}
    write(desk.home / "other", other, regions=None)
    assert desk.typed("directory", "load", desk.home / "other", "--source", "payroll").code == 0
    rows = {row["source"]: row for row in desk.typed("directory", "status", "--format", "json").json["rows"]}
    assert (rows["payroll"]["staff"], rows["csv"]["staff"]) == (1, len(company()["staff"]))
    said = desk.typed("directory", "retire", "payroll", "--format", "json")
    assert said.code == 0 and {row["table"]: row["ended"] for row in said.json["rows"]}["staff"] == 1
    assert desk.typed("directory", "retire", "payroll").code == 2
    assert [row["source"] for row in desk.typed("directory", "status", "--format", "json").json["rows"]] == ["csv"]


@pytest.mark.parametrize("name", ["scim", "tickets", "whosaw", "CSV", "a b"])
def test_names_that_no_tables_have(desk, name):
    assert desk.typed("directory", "load", desk.tables, "--source", name).code == 2


def test_a_token_is_made_once(desk):
    """Into a file that is not there yet; it is not printed."""
    said = desk.typed("directory", "scim-token", "--out", desk.home / "token")
    assert said.code == 0
    assert (desk.home / "token").read_text().strip() not in said.out
    assert desk.typed("directory", "scim-token", "--out", desk.home / "token").code == 2
