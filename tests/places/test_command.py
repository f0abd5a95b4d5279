# SPDX-License-Identifier: Apache-2.0
"""`whosaw places`: which databases there are, and whether a file is one; and no way to ask where an address is."""

import json
from datetime import timedelta

import click
import pytest
from tests.places.conftest import SMALL
from tests.places.mmdb import city, mmdb

from whosaw.cli.commands import whosaw
from whosaw.cli.main import main
from whosaw.datafolder import now
from whosaw.web.checkup import checkup
from whosaw.wiring import build, house


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    build(folder, "log.example.org/places")
    return folder


def asked(capsys, *words):
    code = main(["places", *map(str, words), "--format", "json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


def test_status_and_health_of_a_house_with_places(data, capsys):
    """None; a sound one; one whose licence wants something; a bad one in its place. A house opens with all of them."""
    code, said = asked(capsys, "status", "--data", data)
    assert (code, said["rows"]) == (0, [])
    with (data / "whosaw.toml").open("a") as file:
        file.write('[places]\ndatabase = "city.mmdb"\nattribution = "Places by Example."\n')
    (data / "city.mmdb").write_bytes(mmdb({"192.0.2.0/24": city("NL")}, built=now()))
    code, said = asked(capsys, "status", "--data", data)
    assert (code, said["rows"][0]["well"], said["attribution"]) == (0, True, ["Places by Example."])
    with house(data) as here:
        assert here.places.offered
        assert here.places.place("192.0.2.1", "country").country == "NL"
        assert here.probes.said()["places"] == "ok"
    assert (data / "private/places.json").exists()
    (data / "city.mmdb").write_bytes(SMALL[:-50])
    code, said = asked(capsys, "status", "--data", data)
    assert (code, said["wrong"]) == (1, 1)
    with house(data) as here:
        assert "not a sound MMDB file" in here.probes.said()["places"]
    assert "not a sound MMDB file" in checkup(data)["places"]
    (data / "city.mmdb").write_bytes(mmdb({"192.0.2.0/24": city("NL")}, built=now() - timedelta(days=50)))
    assert "built more than 45 days ago" in checkup(data)["places"]
    (data / "city.mmdb").write_bytes(mmdb({"192.0.2.0/24": city("NL")}, built=now()))
    assert checkup(data)["places"] == "ok"


def test_a_file_is_checked(tmp_path, capsys):
    good, bad = tmp_path / "good.mmdb", tmp_path / "bad.mmdb"
    good.write_bytes(mmdb({"192.0.2.0/24": city("NL", "UT", "Utrecht", 20)}, built=now()))
    bad.write_bytes(SMALL[:-50])
    code, said = asked(capsys, "check", good)
    assert code == 0
    assert said["holds"] == ["country", "region", "city", "radius"]
    for path in (bad, tmp_path / "none", tmp_path):
        code, said = asked(capsys, "check", path)
        assert code == 2
        assert said.startswith("error: ")


@pytest.mark.parametrize(
    ("days", "limit", "code"), [(44, None, 0), (46, None, 1), (46, 60, 0), (44, 30, 1), (-3, None, 1)]
)
def test_how_old_a_file_may_be_says_the_gate_that_it_is_for(data, tmp_path, capsys, days, limit, code):
    """By the settings of a data folder; as shipped where there is none; and until when places are given of it."""
    path = tmp_path / "city.mmdb"
    built = now() - timedelta(days=days)
    path.write_bytes(mmdb({"192.0.2.0/24": city("NL")}, built=built))
    words = ()
    if limit is not None:
        with (data / "whosaw.toml").open("a") as file:
            file.write(f"[places]\nmax_age_days = {limit}\n")
        words = ("--data", data)
    found, said = asked(capsys, "check", path, *words)
    assert (found, said["of_age"], said["max_age_days"]) == (code, code == 0, limit or 45)
    main(["places", "check", str(path), *map(str, words)])
    shown = capsys.readouterr().out
    assert (
        f"until {built + timedelta(days=limit or 45):%Y-%m-%d}" in shown
        if code == 0
        else "A gate gives none of it" in shown
    )
    assert main(["places", "check", str(path), "--data", str(tmp_path / "none")]) == 2


def test_why_an_address_is_weak_evidence_is_explained(capsys):
    """Without a data folder, of nobody, with the reasons."""
    code, said = asked(capsys, "explain")
    assert code == 0
    assert {"story", "class", "reasons"} == set(said["rows"][0])
    assert main(["places", "explain"]) == 0
    shown = capsys.readouterr().out
    assert "two strangers in one café" in shown
    assert "An address is of a network and not of a person" in shown
    assert "192.0.2" not in shown


def test_no_command_says_where_an_address_is(capsys):
    """Every argument and option below `places` is a file, a folder or a form; an address is none of them."""
    for name, command in whosaw.commands["places"].commands.items():
        kinds = {param.name: param for param in command.params if param.name not in ("data", "form")}
        assert set(kinds) <= {"file"}, name
        assert all(isinstance(param, click.Argument) for param in kinds.values())
    for words in (["status", "192.0.2.1"], ["check", "192.0.2.1"], ["show", "192.0.2.1"], ["place", "192.0.2.1"]):
        code, said = asked(capsys, *words)
        assert code == 2
        assert "NL" not in said
