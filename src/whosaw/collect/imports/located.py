# SPDX-License-Identifier: Apache-2.0
"""A location in place of an address: what a database of places guesses of it, taken down when the row comes in.

    location, 203.0.113.77 ──places──▶ {"city":"Berlin","country":"DE","database":"Says …","radius_m":50000,"region":"BE"}

The guess is data like any other then: which database said it, of when, stands in it, and a newer database changes nothing of it. The
address is not kept. Privacy's core knows of no database: a location is parts, whoever made them.

Invariant: nothing is said more exactly, or more surely, than the database says it; where it knows nothing, there is no location.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from whosaw.collect.observed import No
from whosaw.errors import BadInput
from whosaw.model.record import Json, canonical
from whosaw.privacy.fields.ip import address_of

Located = Callable[[str], "tuple[str, str] | No | None"]
UNKNOWN = "value: the database of places does not know where this address is"
BARE = "value: an address is no location: --places makes one of it, or its field is ip"


class Source(Protocol):
    @property
    def sentence(self) -> str: ...


class Place(Protocol):
    @property
    def country(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def city(self) -> str | None: ...
    @property
    def radius_km(self) -> int | None: ...
    @property
    def source(self) -> Source: ...
    @property
    def accuracy(self) -> str: ...


class Places(Protocol):
    """``places.places.Places``."""

    def place(self, address: str, detail: str) -> Place | None: ...


def unlocated(value: str) -> No | None:
    """Without a database. As a plain text an address would be shown whole to whoever may see a location, past the ladder of `ip`."""
    try:
        address_of(value)
    except BadInput:
        return None
    return No(BARE)


def located_by(places: Places) -> Located:
    """What makes of a value (address, location), or why it cannot; None where the value is no address. Raises as `Places.place`."""

    def located(value: str) -> tuple[str, str] | No | None:
        try:
            address = str(address_of(value))
        except BadInput:
            return None
        found = places.place(address, "city")
        if found is None:
            return No(UNKNOWN)
        said: dict[str, Json] = {
            "country": found.country,
            "database": found.source.sentence,
            "source": f"An address. {found.accuracy}",
        }
        said |= {name: text for name, text in (("region", found.region), ("city", found.city)) if text}
        if found.radius_km is not None:
            said["radius_m"] = found.radius_km * 1000
        return address, canonical(said).decode()

    return located
