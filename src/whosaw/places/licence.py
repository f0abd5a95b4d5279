# SPDX-License-Identifier: Apache-2.0
"""What the publishers of databases ask for, as far as we know it; reminders, and no legal advice.

    GeoLite2    name MaxMind · old copies are deleted within 30 days of a newer build · nobody looks for a household
    dbip, ipinfo    name them

Invariant: a reminder is shown until what it asks for is done; none can be switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

DELETE_WITHIN = timedelta(days=30)
HOUSEHOLD = "No place may be used to find a household or a street: places end at the city, and small radii are widened."

_NAMES = {
    "geolite2": "This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com.",
    "geoip": "Places by MaxMind, https://www.maxmind.com.",
    "dbip": "IP geolocation by DB-IP, https://db-ip.com.",
    "ipinfo": "IP address data by IPinfo, https://ipinfo.io.",
}


def attribution(kind: str, given: str) -> str:
    """Whom a place names: `given` by the operator, or what the publisher of this type asks for; else nothing."""
    if given:
        return given
    return next((text for start, text in _NAMES.items() if kind.lower().startswith(start)), "")


def reminders(kind: str, built: datetime, named: str, now: datetime, beside: Sequence[str]) -> Iterator[str]:
    """What is still to be done for a database of type `kind`. `beside`: other databases that lie in its folder."""
    if not named:
        yield f"nobody knows whom {kind} wants to be named: set places.attribution"
    if kind.lower().startswith("geolite2"):
        if now - built > DELETE_WITHIN:
            yield (
                f"{kind} was built more than 30 days ago: a newer one is out, and its licence wants this copy deleted "
                "within 30 days of that"
            )
        if beside:
            yield (
                f"{len(beside)} more MMDB files lie beside {kind}: where they are older builds, its licence wants them deleted "
                "within 30 days of a newer one"
            )
