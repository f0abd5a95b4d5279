# SPDX-License-Identifier: Apache-2.0
"""A location from an address, when it comes in: what the database says of it, in the ladder's own parts, and the address nowhere."""

import json
from datetime import UTC, datetime, timedelta

from tests.cli.desk import typed
from tests.cli.test_vault_import import held
from tests.places.mmdb import city, mmdb

from whosaw.collect.imports.located import located_by
from whosaw.collect.imports.row import parse
from whosaw.collect.observed import No
from whosaw.model.access import LADDER, Field
from whosaw.places.place import NOBODY_KNOWS
from whosaw.privacy.detail import mask
from whosaw.privacy.fields.kind import World
from whosaw.wiring import build, house

NOW = datetime.now(UTC)
SEEN = f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
HEAD = "person,field,value,seen\n"


def row(value: str, field: str = "location") -> tuple[str, str, str, str]:
    return "mirabel", field, value, SEEN


def test_a_location_has_as_many_parts_as_the_database_knows(table):
    """City, region, country, or none; each rung of the ladder then shows its own, with whose guess it is; what is no address is what
    it says.
    """
    located = located_by(table.places())
    shows = {
        "192.0.2.9": (
            {"country": "NL"},
            {"country": "NL", "region": "UT"},
            {"city": "Utrecht", "country": "NL", "region": "UT", "radius_m": 20_000},
        ),
        "::ffff:198.51.100.200": ({"country": "NL"}, {"country": "NL"}, {"country": "NL"}),
        "2001:db8:1::9": ({"country": "FR"}, {"country": "FR"}, {"city": "Lille", "country": "FR", "radius_m": 10_000}),
    }
    for address, expected in shows.items():
        _, field, value, _, source = parse(row(address), NOW, located)
        assert field is Field.LOCATION
        texts = [mask(field, value, rung, World()).text for rung in LADDER[field]]
        said = [{"database": "Says Test-City, built 2026-02-01.", **each} for each in expected]
        assert [json.loads(text) for text in texts[:3]] == said
        assert "km off" in json.loads(texts[3])["source"] or NOBODY_KNOWS in json.loads(texts[3])["source"]
        assert address not in value + source
    for value in ("Abertown", '{"country":"SE"}'):
        assert parse(row(value), NOW, located) == parse(row(value), NOW)
    assert parse(row("192.0.2.9", "ip"), NOW, located) == parse(row("192.0.2.9", "ip"), NOW)
    unknown = parse(row("192.88.99.1"), NOW, located)
    assert isinstance(unknown, No) and "192.88" not in unknown.reason


def test_the_same_row_is_known_again_whatever_the_next_database_says(table):
    """Its source is its address: a newer guess is no second location."""
    one = parse(row("203.0.113.9"), NOW, located_by(table.places()))
    table.put("city.mmdb", mmdb({"203.0.113.0/24": city("SE", "E", "Aby", 50)}))
    two = parse(row("203.0.113.9"), NOW, located_by(table.places()))
    assert one[2] != two[2]
    assert one[4] == two[4] != parse(row("203.0.113.10"), NOW, located_by(table.places()))[4]


def test_at_the_command_line(tmp_path):
    """Refused without a database, and with one too old; what it does not know is a bad row; the address is in no byte of the folder."""
    folder, rows = tmp_path / "data", tmp_path / "rows.csv"
    build(folder, "log.example.org/whosaw")
    rows.write_text(HEAD + "".join(",".join(row(each)) + "\n" for each in ("203.0.113.77", "192.88.99.1")))
    words = ("vault", "import", rows, "--by", "ana", "--places", "--data", folder, "--format", "json")
    assert (said := typed(*words)).code == 2 and "no database of places" in said.err
    with (folder / "whosaw.toml").open("a") as file:
        file.write('[places]\ndatabase = "city.mmdb"\n')
    (folder / "city.mmdb").write_bytes(mmdb({"203.0.113.0/24": city("DE")}, built=NOW - timedelta(days=99)))
    assert typed(*words).code == 7
    (folder / "city.mmdb").write_bytes(
        mmdb({"203.0.113.0/24": city("DE", "BE", "Berlin", 50)}, built=NOW - timedelta(days=1))
    )
    assert typed(*words, "--check").json["rejected"] == 1
    refused = typed(*words)
    assert (refused.code, refused.json["rejected"]) == (2, 1)
    done = typed(*words, "--lenient", tmp_path / "bad.csv")
    assert (done.code, done.json["new"], done.json["rejected"]) == (1, 1, 1)
    with house(folder) as here:
        ((_, field, _, value),) = held(here)
    assert (field, json.loads(value)["city"]) == ("location", "Berlin")
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert (b"203.0.113.77" not in raw and b"Berlin" not in raw) or path.name == "city.mmdb", path.name


def test_without_a_database_an_address_is_no_location():
    """It would be a plain text, which whoever may see a location sees whole; a text that is no address stays one."""
    for address in ("203.0.113.9", "2001:db8::9", "::ffff:203.0.113.9"):
        made = parse(row(address), NOW)
        assert isinstance(made, No) and "--places" in made.reason and address not in made.reason
    assert parse(row("Aby"), NOW)[2] == "Aby"
    assert parse(row("203.0.113.9", "ip"), NOW)[1] is Field.IP
