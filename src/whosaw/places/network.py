# SPDX-License-Identifier: Apache-2.0
"""What the databases say of the network that an address is of: whose it is, in which country, and of what kind.

    address ──listed, reserved──▶ Kind                                 100.64.0.0/10, 10.0.0.0/8, tunnels, `places.shared`
            ──who hides there──▶ vpn, relay, hosting                   only where a database lists who hides
            ──connection type──▶ fixed, mobile, satellite

Invariant: a kind is `fixed` only where a database says so *and* another lists who hides and has not this one. Where either is
missing the kind is not known, and what is not known is not fixed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from whosaw.errors import BadInput
from whosaw.places.database import Database
from whosaw.places.places import Places, plain
from whosaw.settings.places import shared_networks

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Kind(StrEnum):
    """How somebody is connected. Only of `fixed` can anything be said."""

    FIXED = "fixed"
    MOBILE = "mobile"
    SATELLITE = "satellite"
    SHARED = "shared"
    VPN = "vpn"
    RELAY = "relay"
    HOSTING = "hosting"
    INSIDE = "inside"


_CONNECTIONS: Mapping[str, Kind] = {
    "cable/dsl": Kind.FIXED,
    "cable": Kind.FIXED,
    "dsl": Kind.FIXED,
    "fiber": Kind.FIXED,
    "dialup": Kind.FIXED,
    "corporate": Kind.FIXED,
    "cellular": Kind.MOBILE,
    "mobile": Kind.MOBILE,
    "satellite": Kind.SATELLITE,
}
# What a database of hidden networks says, strongest first: of a VPN in a hosting network it says both.
_HIDING = (("vpn", Kind.VPN), ("tor", Kind.RELAY), ("proxy", Kind.RELAY), ("lent", Kind.RELAY), ("hosting", Kind.HOSTING),
           ("anonymous", Kind.RELAY))  # fmt: skip
_RESERVED: Sequence[tuple[Network, Kind]] = [
    (ipaddress.ip_network(text), kind)
    for kind, texts in (
        (Kind.SHARED, ("100.64.0.0/10",)),
        (Kind.RELAY, ("2002::/16", "2001::/32", "64:ff9b::/96", "192.88.99.0/24")),
        (
            Kind.INSIDE,
            ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
             "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
        ),
    )
    for text in texts
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of a network. None: not known. `built`: when the oldest of the databases that were asked was built."""

    kind: Kind | None = None
    provider: int | None = None
    country: str | None = None
    built: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One address at one time, as a record of a look has it, and what the databases say of its network."""

    address: str = field(repr=False)
    at: datetime
    facts: Facts = field(repr=False)


class Networks:
    """What the databases of a house say of networks; for inquiries."""

    def __init__(self, places: Places) -> None:
        self._places, self._shared = places, shared_networks(places.settings.shared)

    def seen(self, address: str, at: datetime) -> Seen:
        """The address with what is said of it. Raises BadInput, Unavailable, MissingExtra."""
        bases = self._places.databases() if self._places.offered else []
        return seen(address, at, bases, self._shared)


def seen(address: str, at: datetime, bases: Sequence[Database], shared: Sequence[Network] = ()) -> Seen:
    """The same, pure. `bases`: the first that knows a thing is believed. Raises BadInput."""
    text = plain(address)
    try:
        known = ipaddress.ip_address(text)
    except ValueError:
        raise BadInput("not an IP address", where="ip") from None
    text = str(known)
    facts = Facts(
        kind=_listed(known, shared) or _hiding(text, bases) or _connection(text, bases),
        provider=_provider(text, bases),
        country=_country(text, bases),
        built=min((base.built for base in bases), default=None),
    )
    return Seen(text, at, facts)


def _listed(address: ipaddress.IPv4Address | ipaddress.IPv6Address, shared: Sequence[Network]) -> Kind | None:
    if any(address in network for network in shared):
        return Kind.SHARED
    return next((kind for network, kind in _RESERVED if address in network), None)


def _hiding(address: str, bases: Sequence[Database]) -> Kind | None:
    for name, kind in _HIDING:
        if any(_value(address, base, name) is True for base in bases):
            return kind
    return None


def _connection(address: str, bases: Sequence[Database]) -> Kind | None:
    # Don't take the connection's word alone: behind a cable modem stands many a relay, and here nobody would know.
    if not any(base.shape.lists_hiding for base in bases):
        return None
    said = _first(address, bases, "connection")
    return _CONNECTIONS.get(said.lower()) if isinstance(said, str) else None


def _provider(address: str, bases: Sequence[Database]) -> int | None:
    found = _first(address, bases, "number")
    return found if isinstance(found, int) else None


def _country(address: str, bases: Sequence[Database]) -> str | None:
    found = _first(address, bases, "country")
    return found if isinstance(found, str) and found else None


def _first(address: str, bases: Sequence[Database], name: str) -> object:
    return next((found for base in bases if (found := _value(address, base, name)) is not None), None)


def _value(address: str, base: Database, name: str) -> object:
    path = base.shape.paths.get(name)
    return None if path is None else base.at(address, path)
