# SPDX-License-Identifier: Apache-2.0
"""A dataset folder examined: the two are found, the lines are those of the format, and a replay sees nothing later."""

import csv
import json
from datetime import datetime
from types import SimpleNamespace

import duckdb
import pytest
from tests.detect.folder import LISTED, TWO, at, folder

from whosaw.cli.commands import run
from whosaw.detect import examine as module
from whosaw.detect import run as running
from whosaw.detect.defaults import load_defaults
from whosaw.detect.registry import SIGNALS
from whosaw.detect.signals import relationship, unexplained
from whosaw.facts.engine import _past_its_end

FEW = (unexplained, relationship)

KEYS = {
    "finding", "rank", "score", "principals", "persons", "looks", "cases", "window", "signals", "harm", "counter", "as_of", "route",
}  # fmt: skip


def detect(where, *words, signals=FEW):
    """The lines, and the exit code. With few signals: each takes the engine longer than the rest of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "SIGNALS", signals)
        patch.setattr(module, "SIGNALS", signals)
        code = _detect(where, *words)
    return [json.loads(line) for line in (where / "out.jsonl").read_text().splitlines()], code


def _detect(where, *words):
    return run(["detect", str(where), "--out", str(where / "out.jsonl"), "--format", "json", *words])


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    where = folder(tmp_path_factory.mktemp("folder"))
    return where, *detect(where, "--units", str(where / "units"))


def test_the_two_are_found_first(examined):
    """One finding of exactly these two and these persons, before all others, for the overseer or another unit."""
    _, lines, code = examined
    assert code == 0
    assert lines[0]["principals"] == list(TWO)
    assert set(LISTED) <= set(lines[0]["persons"])
    assert len(lines[0]["persons"]) < len(LISTED) + 3  # work of theirs that nobody linked to its case
    assert lines[0]["route"] == "u-5"
    assert lines[0]["counter"]


def test_lines_are_those_of_the_format(examined):
    """Each key and no other; ranks, scores that fall, times with an offset; the looks drawn by lot are last."""
    _, lines, _ = examined
    assert [line["rank"] for line in lines] == list(range(1, len(lines) + 1))
    scores = [line["score"] for line in lines if "floor" not in line]
    assert scores == sorted(scores, reverse=True)
    for line in lines:
        assert line.keys() - {"floor"} == KEYS
        assert all(datetime.fromisoformat(t).utcoffset() is not None for t in (*line["window"], line["as_of"]))
        assert all(0 < s["p"] <= 1 and s["sentence"].endswith(".") for s in line["signals"])
    floor = [line for line in lines if line.get("floor")]
    assert floor == lines[-len(floor) :]
    assert [(line["signals"][0]["signal"], line["score"], len(line["looks"])) for line in floor] == [
        ("random_floor", 0.0, 1)
    ]


def test_no_sentence_names_anybody(examined):
    """No principal, person, look or case of the folder stands in a sentence, against or for."""
    where, lines, _ = examined
    ids = {f"{k}-" for k in ("e", "p", "l", "c")}
    for line in lines:
        for text in (*(s["sentence"] for s in line["signals"]), *line["counter"], *line["harm"]):
            assert not [word for word in text.replace(",", " ").split() if word[:2] in ids and word[2:3].isdigit()], (
                text
            )
    assert where.name not in str(lines)


def test_every_unit_is_written_where_asked(examined):
    """One file for each signal that ran, with a p for every unit."""
    where, _, _ = examined
    names = {path.stem for path in (where / "units").iterdir()}
    assert "unexplained" in names <= {d.NAME for d in SIGNALS}
    units = [json.loads(line) for line in (where / "units" / "unexplained.jsonl").read_text().splitlines()]
    assert {"e-00", *TWO} <= {u["unit"] for u in units}
    assert all(0 < u["p"] <= 1 for u in units)


@pytest.mark.slow
def test_a_replay_sees_them_come(tmp_path):
    """Every fortnight: found while they look, by what was there then; the number stays; what is gone is closed once."""
    where = folder(tmp_path / "a")
    lines, _ = detect(where, "--replay", "14d")
    ours = [line for line in lines if set(line["principals"]) & set(TWO) and not line.get("floor")]
    assert len({line["finding"] for line in ours}) == 1
    assert [line["as_of"] for line in ours] == sorted(line["as_of"] for line in ours)
    assert ours[0]["as_of"] <= at(28)
    assert all(line["window"][1] <= line["as_of"] for line in lines)
    assert len({line["rank"] for line in ours}) == 1
    again, _ = detect(folder(tmp_path / "b"), "--replay", "14d")
    assert again == lines


@pytest.mark.slow
def test_what_is_missing_is_said_and_the_rest_still_works(tmp_path, capfd):
    """Without cases nothing explains: no signal that needs them runs; authors of whom nobody says anything are no condition."""
    lines, code = detect(folder(tmp_path / "a", without=("cases", "case_persons")), signals=SIGNALS)
    said = json.loads(capfd.readouterr().out)
    assert "The signal unexplained is off: it needs case_persons, cases." in said["off"]
    assert code in (0, 1)
    lines, _ = detect(folder(tmp_path / "b", sparse=True))
    assert lines[0]["principals"] == list(TWO)
    said = json.loads(capfd.readouterr().out)
    assert said["explained"] > 0.9 * said["with_person"]


def test_rows_that_cannot_be_read_are_refused_or_left_out(tmp_path, capfd):
    """By file, row and column, and nothing is written; `--lenient` leaves them out and says so by its exit code."""
    where = folder(tmp_path, wrong=3)
    assert run(["detect", str(where), "--out", str(where / "out.jsonl")]) == 2
    assert not (where / "out.jsonl").exists()
    assert "looks.csv" in capfd.readouterr().err
    lines, code = detect(where, "--lenient")
    assert code == 1
    assert lines[0]["principals"] == list(TWO)
    assert len((where / "rejected.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize("words", [["--replay", "7"], ["--replay", "0d"], ["--budget", "0"], ["--engine", ""], []])
def test_words_that_mean_nothing_are_refused(tmp_path, words):
    """A period is 7d or 12h, a budget is more than none, and a folder is one."""
    assert run(["detect", str(tmp_path), "--out", str(tmp_path / "o"), *words]) == 2


def test_a_fault_in_one_signal_does_not_blind_the_others(tmp_path, monkeypatch, capfd):
    """The two are found all the same, the fault is told by its place and not by what it holds, and the exit code says so."""
    monkeypatch.setattr(relationship, "score", lambda rows, world: {}["e-41"])
    lines, code = detect(folder(tmp_path))
    assert code == 1
    assert lines[0]["principals"] == list(TWO)
    off = json.loads(capfd.readouterr().out)["off"]
    assert off[0].startswith("The signal relationship is off: a fault in whosaw itself (KeyError at test_examine.py:")
    assert "e-41" not in off[0]


def test_too_little_memory_for_one_signal_turns_that_one_off(monkeypatch):
    """Whatever it asks, in its query or later: the others are tried, and the run says which one was not."""

    def detector(name, query):
        return SimpleNamespace(
            NAME=name,
            FAMILY="context",
            NEEDS=frozenset(),
            query=query,
            score=lambda rows, world: [],
            tell=lambda w, s: s,
        )

    def too_much(world):
        with _past_its_end():
            raise duckdb.OutOfMemoryException("no room for e-41")

    facts = SimpleNamespace(tables={}, dataset=None)
    world = SimpleNamespace(facts=facts, defaults=load_defaults())
    monkeypatch.setattr(running, "SIGNALS", (detector("large", too_much), detector("small", lambda world: {})))
    found = running.tried(world, 0.02)
    assert found.ran == {"context": 1}
    assert found.failed == ("The signal large is off: the engine has too little memory for this.",)


def test_a_source_that_was_declared_ended_is_not_silent(tmp_path, capfd):
    """A change says so; a later one of the same source lifts that, and one of another source says nothing of it."""
    where = folder(tmp_path)
    looks = csv.DictReader((where / "looks.csv").read_text().splitlines())
    told = [{**look, "source": "old" if look["time"] < at(30) else "new"} for look in looks]
    _table(where / "looks.csv", told)

    def off(*changes):
        rows = [
            {"change_id": f"k-{number}", "time": at(day), "staff_id": "e-59", "object": "log_source", "target": target,
             "old": "", "new": new}
            for number, (day, target, new) in enumerate(changes)
        ]  # fmt: skip
        _table(where / "changes.csv", rows)
        assert detect(where)[1] == 0
        return [each for each in json.loads(capfd.readouterr().out)["off"] if "source old" in each]

    silent = "told of no look since 2022-05-31"
    assert any(silent in each for each in off((31, "new", "ended")))
    assert [each for each in off((31, "old", "ended")) if "2022-06-01, as declared" not in each] == []
    assert any(silent in each for each in off((31, "old", "ended"), (40, "old", "30")))


def _table(path, rows):
    with path.open("w", newline="") as file:
        out = csv.DictWriter(file, rows[0])
        out.writeheader()
        out.writerows(rows)
