# SPDX-License-Identifier: Apache-2.0
"""Nearness claims less than anybody would like: every pair of a small world, and every way to know less of it."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.places.conftest import SMALL
from tests.places.mmdb import BUILT, mmdb

from whosaw.errors import BadInput
from whosaw.places.closed import Closed
from whosaw.places.database import load
from whosaw.places.examples import examples
from whosaw.places.nearness import CLAIMS, PROVES, Near, nearness
from whosaw.places.network import Facts, Kind, Networks, Seen, seen

NOON = datetime(2026, 2, 2, 12, tzinfo=UTC)
VALID, OLD = timedelta(days=1), timedelta(days=45)
ADDRESSES = ("192.0.2.10", "192.0.2.99", "203.0.113.5", "2001:db8:1:2::1", "2001:db8:1:3::1")
SEEN = [
    Seen(address, NOON, Facts(kind, provider, country, NOON))
    for address in ADDRESSES
    for kind in (None, Kind.FIXED)
    for provider in (None, 1, 2)
    for country in (None, "NL", "DE")
]


def near(one, other):
    return nearness(Closed.invented(one, other), valid=VALID, old=OLD)


FOUND = {(i, j): near(one, other) for (i, one), (j, other) in itertools.product(enumerate(SEEN), repeat=2)}
PLACE = {each: i for i, each in enumerate(SEEN)}


def test_it_is_symmetric():
    """Class and reasons: nobody can tell from them which of the two is which."""
    assert all(found == FOUND[j, i] for (i, j), found in FOUND.items())


def test_it_is_never_more_certain_than_its_inputs():
    """Whatever is taken away from what is known of either, the class claims no more than before."""
    checked = 0
    for (i, j), found in FOUND.items():
        facts = SEEN[i].facts
        for name in ("kind", "provider", "country"):
            if getattr(facts, name) is not None:
                less = PLACE[replace(SEEN[i], facts=replace(facts, **{name: None}))]
                assert CLAIMS[FOUND[less, j].near] <= CLAIMS[found.near]
                checked += 1
    assert checked > 10_000
    assert {found.near for found in FOUND.values()} == set(Near)


def test_nothing_is_claimed_of_a_network_that_is_not_known_to_be_fixed():
    for (i, j), found in FOUND.items():
        if {SEEN[i].facts.kind, SEEN[j].facts.kind} != {Kind.FIXED}:
            assert found.near is Near.UNKNOWN
        assert found.near is not Near.SAME_ACCESS or SEEN[i].facts == SEEN[j].facts


def test_no_reason_holds_an_address_a_place_or_a_distance():
    for found in FOUND.values():
        assert found.reasons
        assert found.sentence.endswith(PROVES)
        assert not [word for word in ("192.", "203.", "2001", "NL", "DE", "km") if word in str(found)]


HOME = Seen("192.0.2.10", NOON, Facts(Kind.FIXED, 1, "NL", NOON))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FIXED])
def test_each_kind_of_network_that_many_share_or_hide_behind(kind):
    """One of the two is enough, and the reason says which kind it is."""
    shared = replace(HOME, facts=replace(HOME.facts, kind=kind))
    assert near(HOME, HOME).near is Near.SAME_ACCESS
    for pair in ((shared, HOME), (HOME, shared), (shared, shared)):
        found = near(*pair)
        assert found.near is Near.UNKNOWN
        assert len(found.reasons) == 1


@pytest.mark.parametrize(("apart", "near_"), [(VALID, Near.SAME_ACCESS), (VALID + timedelta(seconds=1), Near.UNKNOWN)])
def test_a_sighting_says_something_for_so_long(apart, near_):
    assert near(HOME, replace(HOME, at=NOON + apart)).near is near_
    assert near(replace(HOME, at=NOON + apart), HOME).near is near_


@pytest.mark.parametrize("built", [None, NOON - OLD - timedelta(days=1), NOON + OLD + timedelta(days=1)])
def test_a_database_of_another_time_says_nothing(built):
    assert near(HOME, replace(HOME, facts=replace(HOME.facts, built=built))).near is Near.UNKNOWN


# ── what is known of a network ──

CONNECTIONS = mmdb(
    {
        "192.0.2.0/25": {"connection_type": "Cable/DSL"},
        "192.0.2.128/25": {"connection_type": "Cellular"},
        "198.51.100.0/24": {"connection_type": "Corporate"},
        "203.0.113.0/24": {"connection_type": "Carrier pigeon"},
        "2001:db8::/32": {"connection_type": "Cable/DSL"},
    }
)
NUMBERS = mmdb({"192.0.2.0/24": {"autonomous_system_number": 64500}})
HIDING = mmdb(
    {
        "198.51.100.0/25": {"is_anonymous": True, "is_anonymous_vpn": True, "is_hosting_provider": True},
        "198.51.100.128/26": {"is_anonymous": True, "is_tor_exit_node": True},
        "198.51.100.192/26": {"is_anonymous": True, "is_hosting_provider": True},
    }
)


def bases(*files):
    return [load(raw, "it", lambda: 0.0) for raw in (SMALL, *files)]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("192.0.2.1", Kind.FIXED),
        ("::ffff:192.0.2.1", Kind.FIXED),
        ("2001:db8:1::1", Kind.FIXED),
        ("192.0.2.200", Kind.MOBILE),
        ("198.51.100.1", Kind.VPN),
        ("198.51.100.129", Kind.RELAY),
        ("198.51.100.200", Kind.HOSTING),
        ("203.0.113.1", None),  # a word that nobody knows
        ("203.0.114.1", None),  # and nothing at all
        ("100.64.0.1", Kind.SHARED),
        ("100.127.255.254", Kind.SHARED),
        ("10.1.2.3", Kind.INSIDE),
        ("fe80::1", Kind.INSIDE),
        ("2002:c000:201::1", Kind.RELAY),
        ("64:ff9b::192.0.2.1", Kind.RELAY),
    ],
)
def test_the_kind_of_a_network(address, kind):
    assert seen(address, NOON, bases(CONNECTIONS, NUMBERS, HIDING)).facts.kind is kind


def test_without_a_list_of_who_hides_nothing_is_fixed():
    """A cable connection by its database's word may be anybody's relay."""
    for files in ((CONNECTIONS, NUMBERS), (NUMBERS, HIDING), ()):
        assert seen("192.0.2.1", NOON, bases(*files)).facts.kind is None


def test_networks_of_a_house(table):
    """The files of the settings, together; a listed network is shared; the oldest of them counts for its age."""
    table.put("connections.mmdb", CONNECTIONS)
    table.put("hiding.mmdb", mmdb({"198.51.100.0/24": {"is_anonymous_vpn": True}}, built=BUILT - timedelta(days=9)))
    table.put("numbers.mmdb", NUMBERS)
    files = ("connections.mmdb", "numbers.mmdb", "hiding.mmdb")
    known = Networks(table.places(networks=files)).seen("192.0.2.1", NOON)
    assert known.facts == Facts(Kind.FIXED, 64500, "NL", BUILT - timedelta(days=9))
    assert "192.0.2" not in repr(known)
    listed = Networks(table.places(networks=files, shared=("192.0.2.0/28",))).seen("192.0.2.1", NOON)
    assert listed.facts.kind is Kind.SHARED
    nothing = Networks(table.places(database="")).seen("192.0.2.1", NOON)
    assert nothing.facts == Facts()
    assert near(known, known).near is Near.SAME_ACCESS
    assert near(known, listed).near is near(known, nothing).near is Near.UNKNOWN


def test_garbage_is_no_sighting():
    for text in ("", "fe80::1%eth0", "192.0.2", "x"):
        with pytest.raises(BadInput):
            seen(text, NOON, ())


def test_the_examples_show_every_class_but_the_one_of_missing_facts():
    """And not one of them is anybody's."""
    assert {each.found.near for each in examples()} == set(Near) - {Near.INDISTINCT}
    assert len({each.story for each in examples()}) == len(examples())
    with pytest.raises(BadInput):
        near(HOME, replace(HOME, address="8.8.8.8"))


def test_a_country_of_an_unlisted_record_is_not_known():
    """An empty text is nothing."""
    flat = load(mmdb({"192.0.2.0/24": {"country": ""}, "198.51.100.0/24": {"country": "NL"}}), "it", lambda: 0.0)
    assert seen("192.0.2.1", NOON, [flat]).facts.country is None
