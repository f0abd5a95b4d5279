# SPDX-License-Identifier: Apache-2.0
"""A place says what a database guesses, which one, of when, how far off; and no detail reads more than it may."""

import ipaddress
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from tests.places.conftest import SMALL
from tests.places.mmdb import BUILT, city, mmdb
from tests.places.test_database import VECTORS, needs_vectors

from whosaw.errors import BadInput, Misconfigured, Unavailable
from whosaw.places.database import load
from whosaw.places.place import NOBODY_KNOWS, Detail, Source
from whosaw.places.read import reads
from whosaw.settings.places import PlacesSettings, check_places

DETAILS = ("country", "region", "city")


def test_each_detail_says_so_much_and_no_more(table):
    """Country, region, city; a radius only beside the city, for it is the city's."""
    places = table.places()
    country, region, town = (places.place("192.0.2.9", detail) for detail in DETAILS)
    assert country[1:] == ("NL", None, None, None, False, None)
    assert region[1:] == ("NL", "UT", None, None, False, None)
    assert town[1:] == ("NL", "UT", "Utrecht", 20, False, None)
    for place in (country, region, town):
        assert "Test-City" in place.sentence
        assert "2026-02-01" in place.sentence
        assert "of a network and not of a person" in str(place)
        assert "Utrecht" not in repr(place)
    assert NOBODY_KNOWS in country.sentence
    assert "20 km off" in town.sentence


@pytest.mark.parametrize("detail", DETAILS)
def test_a_detail_decodes_its_own_paths_and_no_others(detail):
    """A reader that writes down what it is asked: who asks for a country has no city in memory, and nobody a coordinate."""
    made, asked = load(SMALL, "it", lambda: 0.0), set()

    class Spied:
        shape = made.shape

        @staticmethod
        def raw_at(address, path):
            asked.add(path)
            return made.at(address, path)

    for address in ("192.0.2.1", "198.51.100.200", "2001:db8:1::1", "8.8.8.8"):
        reads(Spied, Source("x", BUILT, ""), 5)[detail](address)
    allowed = (
        {"country"}
        | ({"region"} if detail != "country" else set())
        | ({"city", "radius"} if detail == "city" else set())
    )
    assert asked == {made.shape.paths[name] for name in allowed}
    assert not [
        path for path in made.shape.paths.values() if {"latitude", "longitude", "postal", "time_zone"} & set(path)
    ]


def test_a_small_radius_is_widened_and_said_to_be(table):
    place = table.places(radius_at_least_km=25).place("198.51.100.9", "city")
    assert (place.radius_km, place.widened) == (25, True)
    assert "widened: no place is a household" in place.sentence
    assert not table.places(radius_at_least_km=2).place("198.51.100.9", "city").widened


def test_confidence_is_of_what_is_said_most_exactly(table):
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("NL", "UT", "Utrecht", 20, country_confidence=90)}))
    places = table.places()
    assert [places.place("192.0.2.9", detail).confidence for detail in DETAILS] == [90, 60, 40]
    assert "40 % sure" in places.place("192.0.2.9", "city").sentence


def test_addresses_in_every_coat(table):
    """IPv4, IPv6, mapped in each spelling, one with a zone, and garbage; none of it comes back in an error."""
    places = table.places()
    for text in ("192.0.2.9", "::ffff:192.0.2.9", "::FFFF:c000:0209", "0:0:0:0:0:ffff:192.0.2.9"):
        assert places.place(text, "city").city == "Utrecht"
    assert places.place("2001:DB8:1::5", "country").country == "FR"
    assert places.place("2001:db8:2::5", "country") is None
    assert places.place("100.64.0.1", "country") is None
    for text in (
        "fe80::1%eth0",
        "",
        "192.0.2",
        "192.0.2.9/24",
        "2001:db8:::",
        "x" * 5000,
        "192.0.2.9\0",
        "\ud800",
        "١.2.3.4",
    ):
        for detail in DETAILS:
            with pytest.raises(BadInput) as caught:
                places.place(text, detail)
            assert not text or text not in str(caught.value)


def test_a_database_of_ipv4_knows_nothing_of_ipv6(table):
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("NL")}, version=4))
    assert table.places().place("2001:db8::1", "country") is None
    assert table.places().place("::ffff:192.0.2.1", "country").country == "NL"


def test_flat_databases_are_read_too(table):
    """As other publishers write them; an empty text is nothing."""
    table.put("city.mmdb", mmdb({"192.0.2.0/24": {"country": "NL", "region": "Utrecht", "city": "", "loc": "52,5"}}))
    place = table.places().place("192.0.2.1", "city")
    assert place.words == "NL, region Utrecht"
    assert NOBODY_KNOWS in place.sentence


def test_no_database_no_place(table):
    places = table.places(database="")
    assert not places.offered
    assert places.place("192.0.2.1", "country") is None
    assert list(places.standing()) == []
    places.check()


@pytest.mark.parametrize("detail", ["exact", "street", "network", ""])
def test_a_place_has_three_details(table, detail):
    for places in (table.places(), table.places(database="")):
        with pytest.raises(BadInput, match="no such detail"):
            places.place("192.0.2.1", detail)
    assert tuple(Detail) == DETAILS


def test_too_old_gives_nothing(table):
    """A gate that runs for months notices it as well."""
    places = table.places(max_age_days=30)
    assert places.place("192.0.2.1", "country")
    table.now, table.ticks = BUILT + timedelta(days=31), table.ticks + 60
    for _ in range(2):
        with pytest.raises(Unavailable, match="more than 30 days ago"):
            places.place("192.0.2.1", "country")
    with pytest.raises(Unavailable):
        places.check()
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("NL")}, built=table.now))
    assert places.place("192.0.2.1", "country")


def test_a_database_of_tomorrow_gives_nothing(table):
    table.now = BUILT - timedelta(days=3)
    with pytest.raises(Unavailable, match="future"):
        table.places().place("192.0.2.1", "country")


def test_a_changed_file_counts_without_a_restart(table):
    places = table.places()
    assert places.place("192.0.2.1", "country").country == "NL"
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("BE")}))
    assert places.place("192.0.2.1", "country").country == "BE"


def test_a_bad_file_does_not_count_and_the_one_before_goes_on(table):
    """And it is said, until a sound one comes."""
    places = table.places()
    assert places.place("192.0.2.1", "country").country == "NL"
    for bad in (SMALL[:-40], b"", mmdb({"192.0.2.0/24": {"asn": 3}})):
        table.put("city.mmdb", bad)
        assert places.place("192.0.2.1", "country").country == "NL"
        with pytest.raises(Unavailable, match="the one before it does"):
            places.check()
    (table.folder / "city.mmdb").unlink()
    table.ticks += 60
    assert places.place("192.0.2.1", "country").country == "NL"
    assert "cannot be read" in next(places.standing()).wrong
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("BE")}))
    assert places.place("192.0.2.1", "country").country == "BE"
    places.check()


def test_there_has_never_been_a_sound_one(table):
    table.put("city.mmdb", SMALL[:-40])
    places = table.places()
    with pytest.raises(Unavailable, match="no places"):
        places.place("192.0.2.1", "country")
    assert next(places.standing()).type is None
    table.put("city.mmdb", SMALL)
    assert places.place("192.0.2.1", "country")


def test_nobodys_look_waits_for_a_new_database(table):
    """The look that finds a changed file is answered by the old one; a thread of its own brings the new one."""
    places = table.places(patient=False)
    places.place("192.0.2.1", "country")
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("BE")}))
    assert places.place("192.0.2.1", "country").country == "NL"
    for thread in [t for t in threading.enumerate() if t.name == "places"]:
        thread.join(20)
    table.ticks += 60
    assert places.place("192.0.2.1", "country").country == "BE"


def test_what_a_licence_asks_for_is_said_until_it_is_done(table):
    """An old build, older copies beside it, a name that nobody knows."""
    table.put("city.mmdb", mmdb({"192.0.2.0/24": city("NL")}, kind="GeoLite2-City"))
    table.put("city-2025.mmdb.old", SMALL)
    table.now = BUILT + timedelta(days=31)
    stands = next(table.places().standing())
    assert "MaxMind" in stands.attribution
    assert ["30 days" in due for due in stands.due] == [True, True]
    table.put("city.mmdb", SMALL)
    assert "set places.attribution" in next(table.places().standing()).due[0]
    said = table.places(attribution="Places by Example.").place("192.0.2.1", "country")
    assert "Places by Example." in said.sentence


def test_settings_refuse_what_they_do_not_know():
    for wrong in (
        {"shared": ("example",)},
        {"networks": ("a.mmdb",)},
        {"database": "a", "networks": ("",)},
        {"database": "a\n"},
        {"database": "a", "networks": tuple("abcdefghi")},
        {"attribution": "x" * 301},
    ):
        with pytest.raises(Misconfigured):
            check_places(PlacesSettings(**wrong))


def test_nothing_of_it_is_shipped():
    """A database is the operator's to bring: there is none in the package."""
    assert not list((Path(__file__).parents[2] / "src").rglob("*.mmdb"))


@pytest.mark.parametrize(
    ("network", "detail", "words"),
    [
        ("192.0.2.0/24", "city", "NL, region UT, Utrecht"),
        ("192.0.2.0/25", "city", "NL, region UT, Utrecht"),
        ("198.51.100.0/24", "country", "NL"),
        ("198.51.100.0/24", "region", None),  # one half of it has none
        ("198.51.100.0/23", "country", None),  # and of the other half nobody knows
        ("0.0.0.0/0", "country", None),
        ("2001:db8:1::/48", "country", "FR"),
        ("2001:db8::/32", "country", None),
        ("192.0.2.7/32", "city", "NL, region UT, Utrecht"),
    ],
)
def test_a_network_is_where_all_of_it_is(table, network, detail, words):
    place = table.places().within(ipaddress.ip_network(network), detail)
    assert (place and place.words) == words


@needs_vectors
def test_the_pieces_of_a_network_are_those_of_the_reader():
    """Each width of record, each version, and IPv4 in IPv6: every network that the reader lists is one piece, or several."""
    for name in ("mixed-24", "mixed-28", "mixed-32", "ipv4-24", "ipv4-28", "ipv4-32", "ipv6-28"):
        path = VECTORS / f"test-data/MaxMind-DB-test-{name}.mmdb"
        made = load(path.read_bytes(), "it", lambda: 0.0)
        for net, record in made._reader:
            for first in made.tree.pieces(net):
                assert made._reader.get(first) == record
        assert made.tree.pieces(ipaddress.ip_network("203.0.113.0/24")) is None
