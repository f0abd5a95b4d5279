# SPDX-License-Identifier: Apache-2.0
"""`whosaw count`: numbers with what they protect, the same ones again, and no with its reasons."""

import shutil

import pytest
from tests.cli.desk import ADDRESS, Desk

PURPOSE = ("--purpose", "subject_request", "--as", "ana")
ASK = (*PURPOSE, "--case", "T-100")


@pytest.fixture
def desk(settled, tmp_path):
    shutil.copytree(settled.home, tmp_path / "own")
    made = Desk(tmp_path / "own")
    with (made.data / "whosaw.toml").open("a") as file:
        file.write('\n[counts]\nepsilon_a_period = "0.125"\n')
    return made


def test_numbers_with_what_they_protect_and_the_same_ones_again(desk, tmp_path):
    """From a file and from the line, in any order; a table says what the noise is worth."""
    (tmp_path / "networks").write_text("203.0.113.0/24\n198.51.100.0/24\n")
    said = desk.typed("count", "ip:network", "--headings", tmp_path / "networks", *ASK, "--format", "json")
    assert said.code == 0, said.err
    assert [row["heading"] for row in said.json["rows"]] == ["198.51.100.0/24", "203.0.113.0/24"]
    assert all(type(row["accounts"]) is int for row in said.json["rows"])
    assert (said.json["epsilon"], said.json["charged"], said.json["left"], said.json["again"]) == ("0.1", "0.1", "0.025", False)  # fmt: skip
    again = desk.typed("count", "ip:network", "--under", "203.0.113.0/24", "--under", "198.51.100.0/24", *ASK)
    assert again.code == 0
    assert "Not protected: what is true of many accounts together" in " ".join(again.out.split())
    assert "the answer is the same" in " ".join(again.out.split())
    for row in said.json["rows"]:
        assert f"{row['heading'].ljust(15)}  {row['accounts']}" in again.out
    assert ADDRESS not in said.out + again.out


def test_no_is_said_with_its_reasons_and_what_is_no_question_too(desk):
    no = desk.typed("count", "ip:network", "--under", "203.0.113.0/24", *PURPOSE, "--format", "json")
    assert (no.code, [row["code"] for row in no.json["rows"]]) == (4, ["case-missing"])
    assert desk.typed("count", "ip:exact", "--under", ADDRESS, *ASK).code == 2
    assert desk.typed("count", "ip:country", "--under", "SE", *ASK).code == 2
    assert desk.typed("count", "ip:network", *ASK).code == 2
    assert desk.typed("count", "ip:network", "--headings", desk.home / "none", *ASK).code == 2


def test_a_spent_budget_is_a_no(desk):
    assert desk.typed("count", "ip:network", "--under", "203.0.113.0/24", *ASK).code == 0
    no = desk.typed("count", "ip:network", "--under", "10.99.0.0/16", *ASK, "--format", "json")
    assert (no.code, [row["code"] for row in no.json["rows"]]) == (4, ["counts-budget-spent"])


def test_records_of_counts_are_read_like_others(desk, tmp_path):
    assert desk.typed("count", "ip:network", "--under", "203.0.113.0/24", *ASK).code == 0
    out = desk.typed("journal", "export", "records", tmp_path / "out", "--stream", "aggregate", "--as", "zofia")
    assert out.code == 0, out.err
    assert '"kind":"count"' in (tmp_path / "out").read_text()
