# SPDX-License-Identifier: Apache-2.0
"""One company is set up for all of these tests; a test that changes it works on a copy of its own."""

import shutil

import pytest
from tests.cli.desk import FINDING, Desk, settle, week
from tests.places.mmdb import city, mmdb

from whosaw.datafolder import now


@pytest.fixture(scope="session")
def settled(tmp_path_factory):
    """A data folder with the company in force. Not to be changed.

    Its index is due in an hour: on a busy machine a command may come a minute after the last one, and would sign it.
    """
    desk = settle(tmp_path_factory.mktemp("company"))
    with (desk.data / "whosaw.toml").open("a") as file:
        file.write("\n[journal]\nmap_every_s = 3600\n")
    return desk


@pytest.fixture
def desk(settled, tmp_path):
    """A company of one's own."""
    shutil.copytree(settled.home, tmp_path / "own")
    return Desk(tmp_path / "own")


@pytest.fixture(scope="session")
def worked(settled, tmp_path_factory):
    """A company after a week: four of audit snooped in an internal tool, and were found. Two opened the names; what the four saw
    stands in pairs.csv. It has databases of invented places.
    """
    home = tmp_path_factory.mktemp("week") / "own"
    shutil.copytree(settled.home, home)
    desk = Desk(home)
    located(desk.data)
    assert desk.typed("collect", "access", desk.file("week.log", week())).code == 0
    assert desk.typed("watch").code == 1
    names = desk.typed(
        "inquiry", "unseal", FINDING, "--by", "ines", "--with", "omar", "--persons", "--format", "json"
    ).json
    ids = {row["pseudonym"]: row["id"] for row in names["rows"]}
    looks = desk.typed("inquiry", "finding", FINDING, "--looks", "--as", "ines", "--format", "json").json["rows"]
    desk.file("pairs.csv", pairs(looks, ids))
    return desk


def located(data):
    """Databases for a house: all of 192.0.2.0/24 is one provider's, fixed but for a mobile half."""
    here, half, free = "192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24"
    made = {
        "city.mmdb": {"192.0.2.0/24": city("NL", "UT", "Utrecht", 20), free: city("DE")},
        "kinds.mmdb": {here: {"connection_type": "Cable/DSL"}, half: {"connection_type": "Cellular"}, free: {"connection_type": "Cable/DSL"}},
        "hidden.mmdb": {"203.0.113.0/24": {"is_anonymous_vpn": True}},
        "asn.mmdb": {"192.0.2.0/24": {"autonomous_system_number": 64500}, free: {"autonomous_system_number": 64501}},
    }  # fmt: skip
    for name, records in made.items():
        (data / name).write_bytes(mmdb(records, built=now()))
    with (data / "whosaw.toml").open("a") as file:
        names = ", ".join(f'"{name}"' for name in made if name != "city.mmdb")
        file.write(f'\n[places]\ndatabase = "city.mmdb"\nnetworks = [{names}]\nattribution = "Places by Example."\n')


def pairs(looks, ids):
    """What the evidence of an inquiry could be: which look showed which address, and of when that was."""
    first = looks[0]
    others = list({look["person"]: look for look in looks if look["person"] != first["person"]}.values())[:3]
    lines = ["look,person,address,at,look2,person2,address2,at2"]
    for other, address in zip(others, ("192.0.2.10", "192.0.2.200", "198.51.100.7"), strict=True):
        lines.append(
            f"{first['look']},{ids[first['person']]},192.0.2.10,{first['at']},{other['look']},{ids[other['person']]},{address},{first['at']}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    """A verifier that finds something false leaves its evidence where it runs: not in the checkout."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
