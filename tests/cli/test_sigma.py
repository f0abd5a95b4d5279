# SPDX-License-Identifier: Apache-2.0
"""`whosaw sigma`: rules exported, checked, and run over a folder, as a person types it."""

import csv
import json

import pytest
from tests.cli.desk import typed
from tests.sigma.ground import detection, written


@pytest.fixture
def folder(tmp_path):
    """Three looks and two staff, by hand."""
    made = tmp_path / "logs"
    made.mkdir()
    about = {
        "format": "whosaw-dataset/1",
        "name": "three",
        "from": "2022-07-01T00:00:00Z",
        "to": "2022-07-08T00:00:00Z",
    }
    (made / "dataset.json").write_text(json.dumps(about))
    with (made / "looks.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["look_id", "time", "principal", "person", "fields", "mode"])
        out.writerows([f"l-{n}", f"2022-07-0{n + 1}T09:00:00Z", "e-1", f"p-{n}", "ip", "read"] for n in range(3))
    return made


def test_export_check_and_run(tmp_path, folder):
    exported = typed("sigma", "export", "--out", tmp_path / "rules", "--format", "json")
    assert exported.code == 0 and exported.json["rules"] == len(list((tmp_path / "rules").iterdir())) == 13
    checked = typed("sigma", "check", tmp_path / "rules")
    assert checked.code == 0 and "8 rules can be run over looks, and 6 of them count in a window" in checked.out
    assert "5 rules are for logs of other systems, and left out" in checked.out
    ran = typed(
        "sigma",
        "run",
        tmp_path / "rules" / "look_without_reason.yml",
        "--over",
        folder,
        "--out",
        tmp_path / "alerts.jsonl",
    )
    assert ran.code == 0 and "3 alerts of 1 rule, in alerts.jsonl." in ran.out
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert [(line["principals"], line["persons"], line["looks"]) for line in lines] == [
        (["e-1"], [f"p-{n}"], [f"l-{n}"]) for n in range(3)
    ]
    assert all("e-1" not in line["sentence"] and "p-" not in line["sentence"] for line in lines)
    assert "e-1" not in ran.out


def test_what_was_edited_is_not_written_over(tmp_path):
    out = tmp_path / "rules"
    assert typed("sigma", "export", "--out", out).code == typed("sigma", "export", "--out", out).code == 0
    (out / "many_rows.yml").write_text("edited")
    (out / "coming_back.yml").unlink()
    again = typed("sigma", "export", "--out", out)
    assert again.code == 2 and "many_rows.yml: is there already" in again.err and "hint:" in again.err
    assert (out / "many_rows.yml").read_text() == "edited" and not (out / "coming_back.yml").exists()


def test_a_rule_that_cannot_be_read_stops_the_run_before_it_begins(tmp_path, folder):
    bad = written(tmp_path, detection("s:\n  colour: red", condition="s"))
    ran = typed("sigma", "run", bad, "--over", folder, "--out", tmp_path / "alerts.jsonl")
    assert ran.code == 2 and "there is no field 'colour'" in ran.err and "hint: there are: look_id" in ran.err
    assert not (tmp_path / "alerts.jsonl").exists()
