# SPDX-License-Identifier: Apache-2.0
"""Nearness: what somebody could have believed of two sightings, as a class with reasons. Never kilometres.

    unknown < indistinct < different, same_country < same_provider < same_block < same_access

    unknown        a network that many share or hide behind, or of which nobody knows that it is none; or too far apart in time
    indistinct     nothing speaks for the one or the other
    different      two countries, by the databases' word        same_country   one
    same_provider  one provider in one country                  same_block     and one /24 or /48
    same_access    and one IPv4 address or one /64: a home, an office, a café, a campus

It exists to tell people what could have been inferred about them, and to show how little that is. It compares nobody who has not
been looked at already: it takes a ``Closed`` and nothing else.

Invariant: symmetric, and never more certain than its inputs: whatever is taken away from what is known of either, the class
does not rise.                                                                                Decided in: docs/adr/0124
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from whosaw.places.closed import Closed
from whosaw.places.network import Kind, Seen

PROVES = "It says nothing of who was with whom: an address is of a network, and not of a person."


class Near(StrEnum):
    """The classes, least certain first."""

    UNKNOWN = "unknown"
    INDISTINCT = "indistinct"
    DIFFERENT = "different"
    SAME_COUNTRY = "same_country"
    SAME_PROVIDER = "same_provider"
    SAME_BLOCK = "same_block"
    SAME_ACCESS = "same_access"


# How much each claims. `different` claims as much as `same_country`: both are about a country.
CLAIMS: Mapping[Near, int] = {
    Near.UNKNOWN: 0, Near.INDISTINCT: 1, Near.DIFFERENT: 2, Near.SAME_COUNTRY: 2, Near.SAME_PROVIDER: 3, Near.SAME_BLOCK: 4,
    Near.SAME_ACCESS: 5,
}  # fmt: skip
_WHY: Mapping[Kind, str] = {
    Kind.MOBILE: "One of the two is of a mobile network: thousands share its addresses, and the next is anywhere in the country.",
    Kind.SATELLITE: "One of the two came by satellite, and its address is where the dish on the ground is.",
    Kind.SHARED: "One of the two is an address that many lines share, or of a network that is listed as shared.",
    Kind.VPN: "One of the two came through a VPN: its address is the VPN's.",
    Kind.RELAY: "One of the two came through a relay or a proxy: its address is the relay's.",
    Kind.HOSTING: "One of the two is of a hosting network: nobody sits there, and whoever uses it is elsewhere.",
    Kind.INSIDE: "One of the two is an address inside of somebody's network, and such addresses are everywhere.",
}
_KIND_UNKNOWN = (
    "No database says of one of the two what kind of network it is of: it may be one that many share, or hide behind."
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """The class, and why: sentences, none of which names an address or a place."""

    near: Near
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All of it, for the person whom it is about."""
        return " ".join((*self.reasons, PROVES))

    def __str__(self) -> str:
        return f"{self.near}: {self.sentence}"


def nearness(closed: Closed, *, valid: timedelta, old: timedelta) -> Nearness:
    """`valid`: for how long a sighting says anything of another; `old`: how far from a sighting a database may be built."""
    one, other = closed.one, closed.other
    if against := tuple(dict.fromkeys(_against(one, other, valid, old))):
        return Nearness(Near.UNKNOWN, against)
    countries = {one.facts.country, other.facts.country}
    if None in countries:
        return _found(Near.INDISTINCT, "The databases do not know the country of one of the two.")
    if len(countries) > 1:
        if one.address == other.address:
            return _found(Near.INDISTINCT, "The databases contradict each other.")
        return _found(
            Near.DIFFERENT, "The databases have the two in different countries; they can be wrong about either."
        )
    if one.facts.provider is None or one.facts.provider != other.facts.provider:
        return _found(Near.SAME_COUNTRY, "The databases have both in one country, and that is all.")
    if _one(one, other, 32, 64):
        return _found(
            Near.SAME_ACCESS,
            "Both came over one line, within the time for which that says anything: a home, an office, a café or a campus, "
            "and whoever else was there.",
        )
    if _one(one, other, 24, 48):
        return _found(
            Near.SAME_BLOCK, "Both are of one small block of one provider, which it may use in one town or in several."
        )
    return _found(Near.SAME_PROVIDER, "Both are customers of one provider in one country, as are very many.")


def _found(near: Near, reason: str) -> Nearness:
    return Nearness(near, (reason,))


def _against(one: Seen, other: Seen, valid: timedelta, old: timedelta) -> Iterator[str]:
    """Why nothing can be said, in an order that does not depend on which is which."""
    if abs(one.at - other.at) > valid:
        yield "The two are too far apart in time: addresses are handed to others within hours."
    kinds = {one.facts.kind, other.facts.kind}
    yield from (why for kind, why in _WHY.items() if kind in kinds)
    if None in kinds:
        yield _KIND_UNKNOWN
    if any(each.facts.built is None or abs(each.at - each.facts.built) > old for each in (one, other)):
        yield "The databases are of another time than the sightings."


def _one(one: Seen, other: Seen, v4: int, v6: int) -> bool:
    """Both are of one network of this length."""
    first, second = ipaddress.ip_address(one.address), ipaddress.ip_address(other.address)
    if first.version != second.version:
        return False
    shift = first.max_prefixlen - (v4 if first.version == 4 else v6)
    return int(first) >> shift == int(second) >> shift
