# SPDX-License-Identifier: Apache-2.0
"""`whosaw simulate` at the command line: what it says, what it writes, how it refuses."""

import json

import pytest
from tests.simulate.made import table, truth

from whosaw.cli.main import main

SMALL = ("--staff", "40", "--days", "7", "--persons", "800", "--files", "csv")


def test_it_says_how_believable_it_came_out(tmp_path, capsys):
    """Counts for machines, sentences for people; and the folder is there with its truth."""
    folder = tmp_path / "company"
    assert main(["simulate", str(folder), *SMALL, "--scenario", "motive", "--seed", "3", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["looks"] == len(table(folder, "looks"))
    assert said["incidents"] == len([line for line in truth(folder) if line.get("incident")]) == 1
    assert said["explained"].endswith(" %")
    assert {row["of"] for row in said["rows"]} == {"looks of a principal", "looks at a person"}


@pytest.mark.parametrize(("scenario", "planted"), [
    ("none", "Nothing is planted."), ("curiosity", "Planted: 1 incident, with its benign twin; truth.jsonl says which."),
])  # fmt: skip
def test_it_says_what_to_do_next(tmp_path, monkeypatch, capsys, scenario, planted):
    """What was planted, in words, and the commands that find it and, where it is there, measure it."""
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", "a company", *SMALL, "--scenario", scenario]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert planted in said
    assert "whosaw detect 'a company' --out findings.jsonl" in said
    measured = "whosaw evaluate findings.jsonl --truth 'a company'/truth.jsonl" in said
    assert measured == (scenario != "none")


def test_a_file_of_ones_own_counts(tmp_path, capsys):
    """Its rates are taken, and the command line is stronger than the file."""
    (tmp_path / "own.toml").write_text('format = "whosaw-company/1"\nstaff = 70\nstart = 2025-03-03\n')
    assert main(["simulate", str(tmp_path / "there"), *SMALL, "--config", str(tmp_path / "own.toml")]) == 0
    capsys.readouterr()
    assert json.loads((tmp_path / "there" / "dataset.json").read_text())["from"] == "2025-03-03T00:00:00Z"
    assert len({row["staff_id"] for row in table(tmp_path / "there", "staff")}) < 60


@pytest.mark.parametrize("words", [
    ("--scenario", "motives"), ("--staff", "3"), ("--days", "1"), ("--config", "nowhere.toml"), ("--scale", "0"),
])  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path, capsys, words):
    """With a sentence, and nothing is written."""
    assert main(["simulate", str(tmp_path / "there"), *words]) == 2
    assert "error:" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()
