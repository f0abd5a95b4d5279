# SPDX-License-Identifier: Apache-2.0
"""Where places of addresses come from: the table [places]. None is shipped; whoever wants places brings a database.

    [places]
    database = "GeoLite2-City.mmdb"
    networks = ["GeoIP2-Connection-Type.mmdb", "GeoIP2-Anonymous-IP.mmdb", "GeoLite2-ASN.mmdb"]

Invariant: without `database` no place is offered, whatever a purpose may need.                     Use: docs/places.md
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from whosaw.errors import Misconfigured

_MOST = 8


@dataclass(frozen=True, slots=True)
class PlacesSettings:
    """Which databases say where an address may be."""

    database: str = field(
        default="",
        metadata={
            "doc": "An MMDB file with countries, relative to the data folder; empty: no place is offered. Trusted: it says where people seem to be."
        },
    )
    networks: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "More such files, with providers, kinds of connection, and who hides behind another. Trusted: as `places.database`."
        },
    )
    max_age_days: int = field(
        default=45,
        metadata={
            "doc": "A database that was built more days ago gives no places, 1 to 3650.",
            "range": (1, 3_650),
        },
    )
    attribution: str = field(
        default="",
        metadata={
            "doc": "Whom each place names as its source; empty: what the database's publisher asks for, where we know it."
        },
    )
    radius_at_least_km: int = field(
        default=5,
        metadata={
            "doc": "A smaller radius is shown as this one, and said to be widened, 1 to 500: no place is a household.",
            "range": (1, 500),
        },
    )
    shared: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Networks that many share, or that hide where somebody is, beside 100.64.0.0/10: of these nobody can say who was near whom."
        },
    )
    valid_h: int = field(
        default=24,
        metadata={
            "doc": "Two sightings further apart than so many hours say nothing of each other, 1 to 720.",
            "range": (1, 720),
        },
    )


def shared_networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks that `places.shared` names. Raises Misconfigured."""
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError:
        raise Misconfigured(
            "setting 'places.shared' has a text that is no network",
            setting="places.shared",
            hint='for example shared = ["198.51.100.0/24"]',
        ) from None


def check_places(settings: PlacesSettings) -> None:
    """Raises Misconfigured."""
    shared_networks(settings.shared)
    if not settings.database and settings.networks:
        raise Misconfigured("'places.networks' without 'places.database'", setting="places.database")
    if len(settings.networks) > _MOST:
        raise Misconfigured(f"'places.networks' has at most {_MOST} files", setting="places.networks")
    if len(settings.attribution) > 300 or not settings.attribution.isprintable():
        raise Misconfigured("'places.attribution' is one line of at most 300 letters", setting="places.attribution")
    for text in (settings.database, *settings.networks):
        if not text.isprintable() or (not text and text is not settings.database):
            raise Misconfigured("a database is a path, on one line", setting="places.networks")
