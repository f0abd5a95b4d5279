# SPDX-License-Identifier: Apache-2.0
"""Where somebody was, as a device or the person said, or an address once seemed to: country < region < city < exact.

    {"city":"Aby","country":"SE","point":"58.66,16.18","radius_m":5000,"region":"SE-E"}

What an address says of places when it is looked at is ip:country and ip:region, with the database that says so. What a database said of
one when it came in is a location (``collect.imports.located``): each rung names the database, as no guess is shown without whose it is.
"""

from __future__ import annotations

from whosaw.privacy.fields.kind import Rung, Seen
from whosaw.privacy.fields.structure import keep, matches, parts, structured, text

_RADIUS_M = 20_100_000  # half around the earth

KIND = structured(
    "location",
    {
        Rung("country", "the country, and which database says so if one does", Seen.DAY): keep("country", "database"),
        Rung("region", "and the region", Seen.DAY): keep("country", "database", "region"),
        Rung("city", "and the city, and how far off it may be", Seen.HOUR): keep(
            "country", "database", "region", "city", "radius_m"
        ),
    },
    schema=parts(
        {"country": matches("[A-Z]{2}")},
        {
            "region": text,
            "city": text,
            "address": text,
            "point": matches(r"-?[0-9]{1,2}\.[0-9]{1,6},-?[0-9]{1,3}\.[0-9]{1,6}"),
            "radius_m": lambda value: type(value) is int and 0 <= value <= _RADIUS_M,
            # Shown to everybody who sees anything: it has no room for what somebody else calls a database, and where that is.
            "database": matches(r"Says .{1,200}, built [0-9]{4}-[0-9]{2}-[0-9]{2}\.(?: .{1,500})?"),
            "source": text,
        },
    ),
    example='{"city":"Aby","country":"SE","point":"58.66,16.18","radius_m":5000,"region":"SE-E"}',
    caveat="A place is where a device or somebody said that it was, or what a database guesses of an address: it can be wrong, old, or another's who used the account.",
)
