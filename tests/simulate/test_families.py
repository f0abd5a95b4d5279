# SPDX-License-Identifier: Apache-2.0
"""Every family: planted as its dials say, told in the truth, by people of the company in their hours, with its twin beside it."""

import re
from collections import defaultdict

import pytest
from tests.docs.prose import ROOT
from tests.simulate.made import make, table, truth

from whosaw.errors import BadInput, Misconfigured
from whosaw.simulate.draw import draws
from whosaw.simulate.plants.dials import dial
from whosaw.simulate.scenarios import FAMILIES, NAMES, turns
from whosaw.simulate.settings import settings


@pytest.fixture(scope="module")
def told(planted):
    """Lines of the truth by name, and looks by identifier."""
    lines = {line.get("incident") or line["benign"]: line for line in truth(planted)}
    return lines, {row["look_id"]: row for row in table(planted, "looks")}


@pytest.mark.parametrize("family", NAMES)
def test_a_family_is_planted_with_its_twin(told, planted, family):
    """One incident and one benign story of the same dials; other people; looks that are in the log and are theirs."""
    lines, looks = told
    (incident,) = [line for line in lines.values() if line["family"] == family]
    (twin,) = [line for line in lines.values() if line.get("twin_of") == incident["incident"]]
    assert twin["family"] == FAMILIES[NAMES.index(family)].twin_name
    assert twin["dials"] == incident["dials"]
    machines = {row["staff_id"] for row in table(planted, "staff") if row["function"] == "service"}
    assert not set(twin["principals"]) & set(incident["principals"]) - machines
    for line in (incident, twin):
        assert line["looks"]
        rows = [looks[look] for look in line["looks"]]
        assert {row["person"] for row in rows} == set(line["persons"])
        bridged = {row["on_behalf_of"] or row["principal"] for row in rows}
        assert bridged <= set(line["principals"]) | {row["principal"] for row in rows}
        assert line["start"][:16] <= min(row["time"] for row in rows)[:16] or line["start"] <= line["end"]
        shape = (len(line["looks"]), len(line["persons"]))
        assert all(
            a <= 3 * b + 3 for a, b in ((shape[0], len(incident["looks"])), (shape[1], len(incident["persons"])))
        )


@pytest.mark.parametrize("family", NAMES)
def test_whoever_plants_keeps_their_hours(told, family):
    """The hours of the day at which they look for it are hours at which they look for other things."""
    lines, looks = told
    hours = defaultdict(set)
    ours = {look for line in lines.values() for look in line["looks"]}
    for code, row in looks.items():
        if code not in ours:
            hours[row["principal"]].add(int(row["time"][11:13]))
    (incident,) = [line for line in lines.values() if line["family"] == family]
    rows = [looks[look] for look in incident["looks"]]
    outside = [
        row for row in rows
        if (at := hours[row["principal"]]) and len(at) > 4
        and min(min((int(row["time"][11:13]) - h) % 24, (h - int(row["time"][11:13])) % 24) for h in at) > 3
    ]  # fmt: skip
    assert len(outside) <= 1 + len(rows) // 10


def test_dials_are_held_fast(tmp_path):
    """What the settings say of a family is what is planted."""
    held = {"colluders": 4, "persons": 8, "share": 0.5, "looks": 2, "fields": 1}
    make(tmp_path / "there", "split_list", dials={"split_list": held})
    line = next(line for line in truth(tmp_path / "there") if line.get("incident"))
    assert {name: line["dials"][name] for name in held} == held
    assert (len(line["principals"]), len(line["persons"]), len(line["looks"])) == (4, 8, 16)
    rows = [row for row in table(tmp_path / "there", "looks") if row["look_id"] in set(line["looks"])]
    assert {row["fields"] for row in rows} <= {"contacts|messages", "contacts", "messages"}
    pairs = {(row["principal"], row["person"]) for row in rows}
    assert len({person for _, person in pairs}) == len(pairs)  # nobody shares a person
    classes = {row["person"] for row in table(tmp_path / "there", "persons") if row["classes"] not in ("", "staff")}
    assert sum(person in classes for person in line["persons"]) == 4


def test_cover_is_as_wide_as_its_dial(tmp_path):
    """All looks name a real case that is about others; none does where there is no cover."""
    for cover in (0, 1):
        held = {"cover_wrong_person": {"cover": cover, "persons": 8}}
        make(tmp_path / str(cover), "cover_wrong_person", dials=held, staff=40, days=14)
        line = next(line for line in truth(tmp_path / str(cover)) if line.get("incident"))
        looks = [row for row in table(tmp_path / str(cover), "looks") if row["look_id"] in set(line["looks"])]
        named = {(row["case_id"], row["person"]) for row in table(tmp_path / str(cover), "case_persons")}
        cases = {row["case_id"] for row in table(tmp_path / str(cover), "cases")}
        assert {row["case"] in cases for row in looks} == {bool(cover)}
        assert not {(row["case"], row["person"]) for row in looks} & named


def test_a_cover_story_changes_the_reason_and_nothing_else(tmp_path):
    """Where a family makes none of its own: the same looks at the same times, about the dialled share of them with a case."""
    held = {"persons": 12, "looks": 3, "colluders": 4}
    told = []
    for cover in (0, 0.5):
        folder = tmp_path / str(cover)
        make(folder, "split_list", dials={"split_list": {**held, "cover": cover}}, staff=40, days=14)
        line = next(line for line in truth(folder) if line.get("incident"))
        told.append([row for row in table(folder, "looks") if row["look_id"] in set(line["looks"])])
    plain, covered = told
    assert [(r["time"], r["person"], r["fields"]) for r in plain] == [
        (r["time"], r["person"], r["fields"]) for r in covered
    ]
    assert not any(row["case"] for row in plain)
    assert 0.25 <= sum(bool(row["case"]) for row in covered) / len(covered) <= 0.75
    named = {(row["case_id"], row["person"]) for row in table(tmp_path / "0.5", "case_persons")}
    assert (
        len({(row["case"], row["person"]) in named for row in covered if row["case"]}) == 2
    )  # some are about the person


def test_one_more_scenario_moves_no_other(tmp_path, planted):
    """An incident is the same alone and among others, but for its number."""
    make(tmp_path / "alone", "watchers")
    (alone,) = [line for line in truth(tmp_path / "alone") if line.get("incident")]
    (among,) = [line for line in truth(planted) if line.get("incident") and line["family"] == "watchers"]
    for line in (alone, among):
        line.pop("incident")
    assert alone == among


def test_scenarios_repeat_and_are_known():
    """`all`, `none`, the same twice; what is no family is refused with those that are."""
    assert [turn.family.name for turn in turns(["all"])] == list(NAMES)
    assert turns(["none"]) == ()
    assert [(turn.nth, turn.number) for turn in turns(["motive", "drift", "motive"])] == [(0, 1), (0, 2), (1, 3)]
    with pytest.raises(BadInput, match="motive"):
        turns(["motives"])


def test_every_family_is_documented():
    """The page's table has each family and nothing else."""
    page = (ROOT / "docs/simulate.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(NAMES)


@pytest.mark.parametrize(("text", "setting"), [
    ("", "format"),
    ('format = "whosaw-company/2"', "format"),
    ('format = "whosaw-company/1"\nstuff = 3', "stuff"),
    ('format = "whosaw-company/1"\nstaff = "many"', "staff"),
    ('format = "whosaw-company/1"\ndirt = 3', "dirt"),
    ('format = "whosaw-company/1"\n[dirt]\nloss = -1', "loss"),
    ('format = "whosaw-company/1"\n[dirt]\nlose = 1', "lose"),
    ('format = "whosaw-company/1"\n[scenario]\nmotive = 1', "scenario.motive"),
])  # fmt: skip
def test_settings_refuse_what_they_do_not_know(tmp_path, text, setting):
    """An unknown key, another kind of value, another format: each is named."""
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(Misconfigured) as caught:
        settings(tmp_path / "own.toml")
    assert caught.value.setting == setting


def test_settings_take_what_they_know(tmp_path):
    """One rate, one dial; all else as shipped."""
    own = tmp_path / "own.toml"
    own.write_text('format = "whosaw-company/1"\n[dirt]\nloss = 0.02\n[scenario.motive]\ncolluders = 4\n')
    here, shipped = settings(own), settings()
    assert here.rate("dirt", "loss") == 0.02
    assert here.dials == {"motive": {"colluders": 4}}
    assert here.tables["looks"] == shipped.tables["looks"]
    own.write_bytes(b"\xff")
    with pytest.raises(BadInput):
        settings(own)


def test_a_dial_has_its_ends():
    """A dial that there is not, and one beyond its end, are refused; a span is no longer than the period."""
    family = FAMILIES[0]
    for wrong in ({"people": 3}, {"fields": 7}, {"colluders": 0}):
        with pytest.raises(Misconfigured):
            dial(family.ranges, wrong, 30, draws(1, "dials"))
    assert dial(family.ranges, {"span": 90}, 30, draws(1, "dials")).span == 30
