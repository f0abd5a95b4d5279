# SPDX-License-Identifier: Apache-2.0
"""A place: a country, a region or a city that a database guesses for an address, and all that speaks against it.

    Place ──sentence──▶ GB, region ENG, London, says GeoIP2-City, built 2026-02-04. It can be 10 km off, and …

Invariant: a place never goes without its database, its date, its radius (or that there is none) and its source. There is
no coordinate in it, no street and no household: those are never read.                       Use: docs/places.md
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from whosaw.errors import BadInput

PROVES = "An address is of a network and not of a person: who used it may have been in another country."
NOBODY_KNOWS = "Nobody knows how far this is off."


class Detail(StrEnum):
    """How exactly, least first."""

    COUNTRY = "country"
    REGION = "region"
    CITY = "city"

    @classmethod
    def named(cls, text: str) -> Detail:
        """Raises BadInput for a detail that no place has."""
        try:
            return cls(text)
        except ValueError:
            raise BadInput(f"a place has no such detail; it has {', '.join(cls)}", where="detail") from None


@dataclass(frozen=True, slots=True)
class Source:
    """The database that says so. `name`: its type, as it calls itself; `attribution`: whom to name, or nothing."""

    name: str
    built: datetime
    attribution: str

    @property
    def sentence(self) -> str:
        named = f" {self.attribution}" if self.attribution else ""
        return f"Says {self.name}, built {self.built:%Y-%m-%d}.{named}"


class Place(NamedTuple):
    """`radius_km`: None where nobody knows. `confidence`: of what is said most exactly, 0 to 100; None: the database has none.

    `widened`: the database gave a smaller radius than is shown.
    """

    # A tuple: one is made for each row of a table that is masked, and a frozen dataclass takes three times as long.

    source: Source
    country: str
    region: str | None = None
    city: str | None = None
    radius_km: int | None = None
    widened: bool = False
    confidence: int | None = None

    @property
    def words(self) -> str:
        """Where, and nothing else: for a cell of a table that says the rest elsewhere."""
        region = f"region {self.region}" if self.region else None
        return ", ".join(word for word in (self.country, region, self.city) if word)

    @property
    def accuracy(self) -> str:
        """How far off it may be, and how sure the database is."""
        if self.radius_km is None:
            far = NOBODY_KNOWS
        else:
            wide = ", widened: no place is a household" if self.widened else ""
            far = f"It may be {self.radius_km} km off, and further{wide}."
        sure = "" if self.confidence is None else f" Its publisher is {self.confidence} % sure."
        return far + sure

    @property
    def sentence(self) -> str:
        """The place, with everything that must be said of it."""
        return f"{self.words}. {self.source.sentence} {self.accuracy} {PROVES}"

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"Place(by {self.source.name})"  # where somebody seems to be stands in no log line
