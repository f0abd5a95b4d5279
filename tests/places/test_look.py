# SPDX-License-Identifier: Apache-2.0
"""A look at an address by its country, through a whole house: the network's place with its caveat, or nothing, or a refusal."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.inquiry.room import BEGAN, Clock, Room
from tests.places.mmdb import city, mmdb
from tests.vault.crowds import fill

from whosaw.errors import Unavailable
from whosaw.guard.answer import Shown
from whosaw.model.access import Field
from whosaw.wiring import build, house

SEEN = datetime(2026, 6, 20, 9, tzinfo=UTC)
FILE = mmdb(
    {"203.0.113.0/24": city("DE", "BE", "Berlin", 50), "198.51.100.0/25": city("NL"), "198.51.100.128/25": city("BE")},
    built=BEGAN - timedelta(days=3),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People of one address that lies in one country, and of one whose network lies in two."""
    folder, clock = tmp_path_factory.mktemp("look") / "data", Clock()
    build(folder, "log.example.org/whosaw", clock=clock)
    with house(folder, clock=clock) as here:
        Room(here, clock).load()
        for address in ("203.0.113.77", "198.51.100.9"):
            here.vault.put("mira", Field.IP, address, SEEN, address[-2:])
            fill(here.vault._crowd, address, SEEN)
    return folder, clock


def looked(folder, clock, what):
    with house(folder, clock=clock) as here:
        return Room(here, clock).look("ana", "mira", what)


def test_a_look_by_country(folder):
    """Not offered without a database; with one the network's country, its caveat, and `none` where it lies in two."""
    folder, clock = folder
    refused = looked(folder, clock, "ip:country")
    assert "detail-not-offered" in {rule.id for rule in refused.decision.rules}
    with (folder / "whosaw.toml").open("a") as file:
        file.write('[places]\ndatabase = "city.mmdb"\n')
    (folder / "city.mmdb").write_bytes(FILE)
    with house(folder, clock=clock) as here:
        room = Room(here, clock)
        room._drawn = 10  # looks of their own
        for what, words in (("ip:country", "DE"), ("ip:region", "DE, region BE")):
            answer = room.look("ana", "mira", what)
            assert isinstance(answer, Shown)
            by = {value.text: value.caveat for value in answer.values}
            assert set(by) == {words, "none"}
            for said in ("Test-City", "2026-06-18", "Nobody knows how far", "not of a person"):
                assert said in by[words]
            assert "Berlin" not in str(by)
    # An older database than the settings allow shows nothing, and says so: the look is on record, its value is not seen.
    (folder / "city.mmdb").write_bytes(mmdb({"203.0.113.0/24": city("DE")}, built=BEGAN - timedelta(days=46)))
    with house(folder, clock=clock) as here, pytest.raises(Unavailable, match="more than 45 days ago"):
        room = Room(here, clock)
        room._drawn = 20
        room.look("ana", "mira", "ip:country")
