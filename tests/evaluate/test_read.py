# SPDX-License-Identifier: Apache-2.0
"""Findings and truth are read strictly, and the command says what it measured."""

import gzip
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.made import START

from whosaw.cli.commands import run, whosaw
from whosaw.errors import BadInput
from whosaw.evaluate.around import attributes_of, looks_of, period_of, staff_of
from whosaw.evaluate.calibration import calibration_of, units_of
from whosaw.evaluate.read import read_findings, read_truth

FINDING = {
    "finding": "f-1", "rank": 1, "score": 14.2, "principals": ["e-1"], "persons": ["p-1"], "looks": ["l-1", "l-2"],
    "cases": [], "window": ["2022-06-20T08:00:00Z", "2022-08-30T17:00:00Z"],
    "signals": [{"signal": "lockstep", "p": 0.00002, "sentence": "Two."}], "counter": [], "as_of": "2022-09-01T00:00:00Z",
}  # fmt: skip
INCIDENT = {
    "incident": "i-1", "family": "split_list", "principals": ["e-1"], "persons": ["p-1"], "looks": ["l-1"],
    "start": "2022-06-20T08:00:00Z", "end": "2022-08-30T17:00:00+02:00", "dials": {"persons": 3},
}  # fmt: skip
BENIGN = {
    "benign": "b-1", "family": "legal_hold", "principals": [], "persons": [], "looks": ["l-9"], "twin_of": "i-1",
}  # fmt: skip


def put(path, *values):
    text = "".join(json.dumps(v) + "\n" if isinstance(v, dict) else v for v in values)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_what_the_format_says_is_read(tmp_path):
    """The example of the format, other keys passed over, gzipped or not."""
    for name in ("f.jsonl", "f.jsonl.gz"):
        (line,) = read_findings(put(tmp_path / name, FINDING, "\n"))
        assert (line.finding, line.score, line.looks, line.floor) == ("f-1", 14.2, {"l-1", "l-2"}, False)
        assert line.ps == (("lockstep", 0.00002),)
    one, other = read_truth(put(tmp_path / "t.jsonl", INCIDENT, BENIGN))
    assert (one.benign, one.family, other.benign, other.twin_of) == (False, "split_list", True, "i-1")
    assert one.end.utcoffset().total_seconds() == 7200


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("finding", None), ("finding", ""), ("finding", 3), ("score", "14"), ("score", True), ("principals", "e-1"),
        ("persons", [1]), ("looks", None), ("as_of", "2022-09-01"), ("as_of", "2022-09-01T00:00:00"), ("as_of", 5),
        ("signals", {}), ("signals", ["x"]), ("signals", [{"signal": "x"}]), ("signals", [{"signal": "x", "p": 1.5}]),
        ("floor", "yes"),
    ],
)  # fmt: skip
def test_a_finding_that_is_none_is_named(tmp_path, key, value):
    """By file, line and key, and never by what stands there."""
    with pytest.raises(BadInput) as caught:
        read_findings(put(tmp_path / "f.jsonl", FINDING, FINDING | {key: value}))
    assert str(caught.value).startswith("f.jsonl: line 2: ")
    assert "e-1" not in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        (INCIDENT | {"benign": "b"},), ({"family": "x"},), (INCIDENT, INCIDENT), (BENIGN,), (INCIDENT | {"start": None},),
        (INCIDENT | {"family": ""},), ("[]\n",), ("{\n",), ('{"incident": NaN}\n',), ("[" * 100_000 + "\n",),
    ],
)  # fmt: skip
def test_a_truth_that_is_none_is_refused(tmp_path, lines):
    """Neither or both, twice the same, a twin of nobody, no JSON."""
    with pytest.raises(BadInput):
        read_truth(put(tmp_path / "t.jsonl", *lines))


def test_many_wrong_lines_are_counted(tmp_path):
    """The first twenty, then how many more."""
    with pytest.raises(BadInput) as caught:
        read_findings(put(tmp_path / "f.jsonl", *["{}\n"] * 50))
    assert "line 20: " in str(caught.value)
    assert "line 21: " not in str(caught.value)
    assert str(caught.value).endswith(" … and 30 more")


@given(st.binary(max_size=200))
def test_no_bytes_crash_them(tmp_path_factory, raw):
    """Any bytes are lines, or BadInput."""
    path = tmp_path_factory.mktemp("any") / "f.jsonl"
    path.write_bytes(raw)
    for reader in (read_findings, read_truth):
        try:
            reader(path)
        except BadInput:
            continue
    with pytest.raises(BadInput):
        read_findings(path.with_name("none.jsonl"))


def folder(tmp_path, form):
    about = {"format": "whosaw-dataset/1", "name": "n", "from": "2022-06-01T00:00:00Z", "to": "2022-09-01T00:00:00Z"}
    (tmp_path / "dataset.json").write_text(json.dumps(about))
    looks = [
        {"look_id": "l-1", "time": "2022-06-20T08:00:00Z", "person": "p-1"},
        {"look_id": "l-2", "time": "2022-06-21T08:00:00Z", "person": None},
        {"look_id": "l-3", "time": "2022-06-22T08:00:00Z", "person": "p-2"},
    ]
    # Twenty of them moved: two rows each.
    staff = [
        {
            "staff_id": f"e-{i % 40}",
            "country": "IE" if i < 40 else "DE",
            "valid_from": f"2022-0{5 if i < 30 else 7}-02T00:00:00Z",
        }
        for i in range(60)
    ]
    for name, rows in (("looks", looks), ("staff", staff)):
        path = tmp_path / f"{name}.{form}"
        if form == "parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.Table.from_pylist(rows), path)
        elif form.startswith("csv"):
            text = "\r\n".join(",".join(row) for row in [rows[0], *[[v or "" for v in r.values()] for r in rows]])
            path.write_bytes(gzip.compress(text.encode()) if form.endswith("gz") else text.encode())
        else:
            put(path, *rows)
    put(tmp_path / "truth.jsonl", INCIDENT, BENIGN)
    return tmp_path


@pytest.mark.parametrize("form", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_what_lies_beside_the_truth_is_used(tmp_path, form):
    """Period, staff and the looks planted, in each of the forms that a dataset has."""
    here = folder(tmp_path, form)
    assert [t.isoformat()[:10] for t in period_of(here)] == ["2022-06-01", "2022-09-01"]
    assert staff_of(here) == 40
    of = attributes_of(here, period_of(here)[0])
    assert of["e-1"] == {"country": "DE", "tenure": "was there before"}
    assert of["e-35"] == {"country": "IE", "tenure": "came in the period"}
    assert {id_: person for id_, (_, person) in looks_of(here, {"l-1", "l-2"}).items()} == {"l-1": "p-1"}


def test_nothing_beside_the_truth_is_needed(tmp_path):
    """None of the files: none of the answers."""
    assert (period_of(tmp_path), staff_of(tmp_path), looks_of(tmp_path, {"x"})) == (None, None, None)
    assert attributes_of(tmp_path, START) == {}


def test_the_command_measures_and_writes(tmp_path):
    """A table for people, all figures in a file, exit 0; without staff anywhere 2."""
    here = folder(tmp_path, "csv")
    findings = put(here / "findings.jsonl", FINDING)
    out = here / "figures.json"
    words = ["evaluate", str(findings), "--truth", str(here / "truth.jsonl"), "--out", str(out)]
    said = CliRunner().invoke(whosaw, words, standalone_mode=False)
    assert said.return_value == 0
    assert said.output.startswith("1 of 1 incident is among 1 finding.")
    assert "One incident is few" in said.output
    assert "How soon incidents were found is not told" in said.output
    assert "days until found" not in said.output
    figures = json.loads(out.read_text())
    assert figures["average_precision"] == 1.0
    assert figures["times"]["persons"] == 1
    as_json = CliRunner().invoke(whosaw, [*words, "--format", "json"], standalone_mode=False)
    printed = json.loads(as_json.output)
    assert {key: printed[key] for key in figures} == figures
    put(here / "findings.jsonl", FINDING, FINDING | {"as_of": "2022-09-08T00:00:00Z"})
    replayed = CliRunner().invoke(whosaw, words, standalone_mode=False).output
    assert "days until found, median" in replayed
    assert "is not told" not in replayed
    (here / "staff.csv").unlink()
    assert run(words) == 2
    assert run([*words, "--staff", "40"]) == 0


def test_units_are_held_against_what_they_should_be(tmp_path):
    """Units of incidents are left out; those that never left the engine count with p = 1; none at all is an error."""
    with pytest.raises(BadInput):
        calibration_of(tmp_path, ())
    put(
        tmp_path / "volume.jsonl",
        *[{"unit": f"e-{i}", "p": (i + 1) / 100} for i in range(100)],
        {"unit": "x", "p": 1e-9},
    )
    (made,) = calibration_of(tmp_path, {"x"})
    assert (made.signal, made.units, made.ratios[0]) == ("volume", 100, 1.0)
    put(tmp_path / "volume.jsonl", {"unit": "e", "p": 0.01}, {"unit": "", "p": 1, "rest": 99})
    assert calibration_of(tmp_path, ())[0].units == 100
    two = [{"unit": name, "stratum": name, "p": 0.5} for name in "ab"]
    put(tmp_path / "volume.jsonl", *two)
    assert len(units_of(tmp_path / "volume.jsonl", ())) == 2
    put(tmp_path / "volume.jsonl", *({**unit, "peers": ""} for unit in two))
    assert len(units_of(tmp_path / "volume.jsonl", ())) == 1
    put(tmp_path / "volume.jsonl", {"unit": "e"})
    with pytest.raises(BadInput):
        calibration_of(tmp_path, ())
