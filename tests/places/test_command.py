# SPDX-License-Identifier: Apache-2.0
"""`whosaw places`: which databases there are, and whether a file is one; and no way to ask where an address is."""

import json

import click
import pytest
from tests.places.conftest import SMALL
from tests.places.mmdb import city, mmdb

from whosaw.cli.commands import whosaw
from whosaw.cli.main import main
from whosaw.datafolder import now
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


def test_a_file_is_checked(tmp_path, capsys):
    good, bad = tmp_path / "good.mmdb", tmp_path / "bad.mmdb"
    good.write_bytes(SMALL)
    bad.write_bytes(SMALL[:-50])
    code, said = asked(capsys, "check", good)
    assert code == 0
    assert said["holds"] == ["country", "region", "city", "radius"]
    for path in (bad, tmp_path / "none", tmp_path):
        code, said = asked(capsys, "check", path)
        assert code == 2
        assert said.startswith("error: ")


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
