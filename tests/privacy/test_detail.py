# SPDX-License-Identifier: Apache-2.0
"""Masks: a rung of the ladder, and never a bit above it."""

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import BadInput
from whosaw.model.access import LADDER, Field, rung
from whosaw.privacy import detail as ladders
from whosaw.privacy.detail import IP_PROVES, OFFERED, canonical, caveat
from whosaw.privacy.fields.kind import World
from whosaw.privacy.fields.registry import KINDS

CROWDED = World(prefix=128)  # everywhere: the most that may be shown of any address

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


def mask(field: Field, value: str, detail: str) -> str:
    return ladders.mask(field, value, detail, CROWDED).text


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("192.0.2.0", "192.0.2.0/24"),
        ("198.51.100.255", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:DB8:0001::77", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("::ffff:cb00:714d", "203.0.113.0/24"),
        ("2002:cb00:714d::1", "2002:cb00:7100::/40"),
    ],
)
def test_networks(address, network):
    """/24 and /48; an IPv4 address in an IPv6 coat is masked as IPv4."""
    assert mask(Field.IP, address, "network") == network


@given(V4, st.integers(0, 255))
def test_the_last_byte_of_an_ipv4_never_shows(address, other):
    """Two addresses that differ in what `network` does not grant are shown alike, in each of their spellings."""
    twin = ipaddress.IPv4Address(int(address) & ~0xFF | other)
    shown = mask(Field.IP, str(address), "network")
    assert shown == mask(Field.IP, str(twin), "network") == mask(Field.IP, f"::ffff:{twin}", "network")
    assert shown.endswith(".0/24")


@given(V6, st.integers(0, 2**80 - 1))
def test_the_last_80_bits_of_an_ipv6_never_show(address, other):
    """The same for the 80 bits below /48, wherever the address lies."""
    twin = ipaddress.IPv6Address(int(address) >> 80 << 80 | other)
    if (address.ipv4_mapped is None) != (twin.ipv4_mapped is None):
        return  # one of them is an IPv4 address
    if address.ipv4_mapped is not None:
        return  # both are, and differ in what a /24 may show
    assert mask(Field.IP, str(address), "network") == mask(Field.IP, str(twin), "network")


@given(V4, st.integers(0, 255), st.integers(0, 2**80 - 1))
def test_a_6to4_address_gives_away_no_more_than_the_ipv4_inside(address, byte, rest):
    """2002:aabb:ccdd:: carries a whole IPv4 address in its first 48 bits: its last byte does not show either."""
    one = ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80 | rest)
    two = ipaddress.IPv6Address(0x2002 << 112 | (int(address) & ~0xFF | byte) << 80)
    assert mask(Field.IP, str(one), "network") == mask(Field.IP, str(two), "network")


@given(st.one_of(V4, V6))
def test_exact_is_the_canonical_address(address):
    """`exact` shows the one spelling, and storing it again changes nothing."""
    shown = mask(Field.IP, canonical(Field.IP, str(address)), "exact")
    assert canonical(Field.IP, shown) == shown == canonical(Field.IP, str(address))
    expected = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
    assert ipaddress.ip_address(shown) == expected


@given(st.one_of(V4, V6))
def test_masking_a_second_time_cannot_undo_the_first(address):
    """What is shown is a network with no host bits: there is nothing left to read."""
    network = ipaddress.ip_network(mask(Field.IP, str(address), "network"))
    assert network.prefixlen == (24 if network.version == 4 else 40 if network.network_address in SIX_TO_FOUR else 48)


SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "203.0.113.77 ", "203.0.113.077", "203.0.113", "203.0.113.256", "203.0.113.0/24", "fe80::1%eth0",
        "2001:db8::1::2", "0x7f000001", "3405803853", "２０３.0.113.77", "203.0.113.77:443", "[2001:db8::1]", "x" * 10_000,
        "::ffff:203.0.113.77%1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_quoted(text):
    """Anything else than an address is BadInput, and the error does not repeat it."""
    for call in (lambda: canonical(Field.IP, text), lambda: mask(Field.IP, text, "network")):
        with pytest.raises(BadInput) as caught:
            call()
        assert len(text) < 4 or text not in str(caught.value)
        assert caught.value.__cause__ is None


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_bad_input(text):
    """Arbitrary text never crashes, and what is accepted is an address in its one spelling."""
    try:
        made = canonical(Field.IP, text)
    except BadInput:
        return
    assert canonical(Field.IP, made) == made


def test_a_country_is_not_offered_without_a_database():
    """A rung that this installation cannot mask to is refused, never rounded up to the next one."""
    with pytest.raises(BadInput, match="not offered") as caught:
        mask(Field.IP, "203.0.113.77", "country")
    assert "ip:network" in caught.value.hint


@pytest.mark.parametrize("field", list(Field))
def test_every_offered_rung_is_a_rung_and_has_a_mask(field):
    """OFFERED names every field, only rungs of its ladder, least first; each gives a value."""
    assert list(OFFERED[field]) == sorted(OFFERED[field], key=lambda detail: rung(field, detail))
    assert set(LADDER[field]) - set(OFFERED[field]) == ({"country", "region"} if field is Field.IP else set())
    for detail in OFFERED[field]:
        assert mask(field, KINDS[field].example, detail) not in ("", "none")


@pytest.mark.parametrize("detail", ["", "-", "EXACT", "full", "city"])
def test_an_unknown_rung_is_refused(detail):
    """A detail that is not on the ladder shows nothing."""
    with pytest.raises(BadInput):
        mask(Field.IP, "203.0.113.77", detail)


def test_an_address_comes_with_what_it_does_not_prove():
    """An IP address is shown with one honest sentence about places."""
    assert caveat(Field.IP) == IP_PROVES
    assert "not a person or a place" in IP_PROVES
    assert caveat(Field.PROFILE) == ""


def test_ipv6_is_read_and_written_as_the_library_does():
    """Every way to write groups, right and wrong: the system, which is asked because it is quicker, takes the same and writes the same."""
    drawn = random.Random(6)
    groups = ("", "0", "00", "1", "abcd", "00FF", "12345", "ffff", "0")
    for _ in range(20_000):
        text = ":".join(drawn.choices(groups, k=drawn.randrange(2, 10)))
        at = drawn.randrange(len(text) + 1)
        for each in (text, f"{text[:at]}::{text[at:]}"):
            try:
                true = ipaddress.IPv6Address(each)
            except ValueError:
                with pytest.raises(BadInput):
                    canonical(Field.IP, each)
            else:
                assert canonical(Field.IP, each) == str(true.ipv4_mapped or true)
