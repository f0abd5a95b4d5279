# SPDX-License-Identifier: Apache-2.0
"""Addresses: country < region < network < exact, and the network is one that enough people share.

    203.0.113.77         ──network──▶  203.0.113.0/24 where k people are in it, else 203.0.112.0/20, … /8, else none
    2001:db8:1:2::77     ──network──▶  2001:db8:1::/48, … /19, else none
    ::ffff:203.0.113.77  is 203.0.113.77 in another coat, and masked like it
    2002:cb00:714d::1    carries the same IPv4 address inside (6to4): /40 leaves its first three bytes, /24 its first

Other coats keep the IPv4 address of whoever connects in the lower 64 bits, which no network shows: NAT64 (64:ff9b::/96),
Teredo (2001::/32; what stands in its upper 64 bits is the relay's address), ISATAP.

Country and region are those of the *network as it is shown*, where all of it lies in one. Were they those of the address, whoever
sees both would know in which part of the network it is, and there the k people are not.

Invariant: what is shown depends only on the bits of the network that is granted, and no network is longer than the first
of ``lengths``.                                                                                     Design: docs/adr/0119
"""

from __future__ import annotations

import ipaddress
import re
from socket import AF_INET6, inet_ntop, inet_pton

from whosaw.errors import BadInput
from whosaw.privacy.fields.kind import EXACT, Kind, Network, Rung, Seen, Shown, World

IP_PROVES = (
    "An IP address names a network, not a person or a place: many people share one, one person uses many, "
    "and a place deduced from it can be wrong by a country."
)
FEW = "So few people are in any network of this address that it would point at one of them: nothing of it is shown."
NO_PLACE = "The network is not known to lie in one place, so none is shown."
NONE = "none"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Longest first. Steps of four bits: a look sees less of how many people come and go than in steps of one.
_V4 = (24, 20, 16, 12, 8)
_V6 = (48, 44, 40, 36, 32, 28, 24, 19)
# An IPv4 address in its one spelling: whole logs are of these, and the library takes its time.
_PART = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = re.compile(rf"{_PART}(?:\.{_PART}){{3}}")
# IPv6 of nothing but groups: the system reads those and the library no others. What has dots or a zone is the library's.
_HEX = re.compile("[0-9A-Fa-f:]{2,39}")
# After the 16 bits of 2002::/16 stands a whole IPv4 address: what _V4 shows of it, and no more.
_SIX_TO_FOUR, _INSIDE = 0x2002, tuple(16 + length for length in _V4)


def address_of(text: str) -> Address:
    """The address that `text` spells. Raises BadInput, without it."""
    if _PLAIN.fullmatch(text):
        return ipaddress.IPv4Address(int.from_bytes(bytes(map(int, text.split(".")))))
    try:
        # ``ip_address`` tries it as IPv4 first, and a text with a colon is none.
        address = ipaddress.IPv6Address(_number(text)) if ":" in text else ipaddress.ip_address(text)
    except ValueError:
        # from None: the library's message quotes the address.
        raise BadInput("not an IP address", where="ip") from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise BadInput("an IP address with a zone names an interface of one machine, not a network", where="ip")
        # Don't drop this: ::ffff:203.0.113.77 masked as IPv6 would be ::/48 for everyone on IPv4, and stored
        # unmapped twice it would be two addresses.
        return address.ipv4_mapped or address
    return address


def spelled(address: Address) -> str:
    """The one spelling of `address`, as ``str`` has it."""
    if isinstance(address, ipaddress.IPv6Address) and int(address) >> 64:
        return inet_ntop(AF_INET6, address.packed)
    return str(address)  # the system writes some of the first ones as if they were IPv4


def _number(text: str) -> int | str:
    """What an IPv6 address is in bits, where the system reads it as the library would, only sooner; else the text itself."""
    if _HEX.fullmatch(text):
        try:
            return int.from_bytes(inet_pton(AF_INET6, text))
        except OSError:
            pass  # the library says what is wrong with it
    return text


def lengths(address: Address) -> tuple[int, ...]:
    """The lengths of prefixes that may be shown of `address`, longest first."""
    if isinstance(address, ipaddress.IPv4Address):
        return _V4
    return _INSIDE if int(address) >> 112 == _SIX_TO_FOUR else _V6


def network_of(address: Address, length: int) -> Network:
    """The network of this length around `address`. Never longer than may be shown, whatever is asked for."""
    length = min(length, lengths(address)[0])
    if isinstance(address, ipaddress.IPv4Address):
        return ipaddress.IPv4Network((address, length), strict=False)
    return ipaddress.IPv6Network((address, length), strict=False)


def _mask(value: str, detail: str, world: World) -> Shown:
    if world.prefix is None:
        return Shown(NONE, FEW)
    address = address_of(value)
    if detail == "network" and isinstance(address, ipaddress.IPv4Address):
        # As ``network_of`` has it, which takes longer than all else of a look at an address.
        hidden = 32 - min(world.prefix, _V4[0])
        one, two, three, four = (int(address) >> hidden << hidden).to_bytes(4)
        return Shown(f"{one}.{two}.{three}.{four}/{32 - hidden}")
    network = network_of(address, world.prefix)
    if detail == "network":
        return Shown(str(network))
    return world.places.place(network, detail) or Shown(NONE, NO_PLACE)


KIND = Kind(
    "ip",
    (
        Rung("country", "the country in which all of the network lies", Seen.DAY),
        Rung("region", "the region in which all of it lies", Seen.DAY),
        Rung("network", "the longest network that enough people share", Seen.HOUR),
        Rung(EXACT, "all of it", Seen.EXACT),
    ),
    "203.0.113.77",
    lambda value: value if _PLAIN.fullmatch(value) else spelled(address_of(value)),
    _mask,
    IP_PROVES,
    frozenset({"country", "region"}),
)
