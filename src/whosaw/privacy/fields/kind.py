# SPDX-License-Identifier: Apache-2.0
"""A kind of field: a ladder of rungs, the one spelling of its values, and what of a value each rung shows.

    value ──canonical──▶ sealed … opened ──mask(rung, world)──▶ Shown | None        None: nothing of it at this rung

A kind is one file of this folder with a ``KIND`` in it; ``registry`` finds it. Its words stand in ``model.access.LADDER``
too, because policies, records and the verifier speak them without this package.

Invariant: what a rung shows is a function of what the rung above it shows. So two values that look the same to somebody
look the same to everybody who may see less, and asking for two rungs tells no more than asking for the higher one.

Time is part of what is shown, and becomes coarser with the rung: that somebody was in a country at 03:12:07 is an address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

EXACT = "exact"
Network = IPv4Network | IPv6Network


class Seen(StrEnum):
    """How exactly the time is shown at which a value was true."""

    DAY = "day"
    HOUR = "hour"
    EXACT = "exact"

    def coarse(self, at: datetime) -> datetime:
        """The beginning of the day or hour (of UTC) that `at` lies in; or `at`."""
        if self is Seen.EXACT:
            return at
        return at.replace(hour=0 if self is Seen.DAY else at.hour, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of detail: its word, what it shows of a value in words for people, and how exactly the time."""

    word: str
    shows: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be seen of one value. `caveat`: what it does not prove; empty: what the kind says of all its values."""

    text: str = attribute(repr=False)
    caveat: str = ""


class Places(Protocol):
    """Where networks are, by a geolocation database. None was brought: ``NOWHERE``."""

    def offers(self, detail: str) -> bool:
        """Whether there are places of this detail: country, region."""
        ...

    def place(self, network: Network, detail: str) -> Shown | None:
        """The place in which *all* of `network` lies, in text, with what it does not prove; None where it is not known.

        All of it: a place of one address in a network that is shown would single out a part of it.
        """
        ...

    def says(self) -> str:
        """Which database says so, of when, and how far off it may be, in sentences; empty where there is none."""
        ...


class _Nowhere:
    def offers(self, detail: str) -> bool:  # noqa: ARG002 - a port's shape
        return False

    def place(self, network: Network, detail: str) -> Shown | None:  # noqa: ARG002
        return None

    def says(self) -> str:
        return ""


NOWHERE: Places = _Nowhere()


@dataclass(frozen=True, slots=True)
class World:
    """What a mask needs besides the value. `prefix`: how much of an address enough people share; None: of none they do."""

    prefix: int | None = None
    places: Places = NOWHERE


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of field. `rungs`: least first, the last is ``exact``, and shows the value as it was stored.

    `example`: an invented value in its one spelling. `canonical` raises BadInput and never quotes the value. `mask` gets
    a rung below ``exact``. `needs_places`: the rungs that only a geolocation database can show.
    """

    name: str
    rungs: tuple[Rung, ...]
    example: str
    canonical: Callable[[str], str]
    mask: Callable[[str, str, World], Shown | None]
    caveat: str = ""
    needs_places: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        return tuple([rung.word for rung in self.rungs])

    def rung(self, word: str) -> Rung:
        for each in self.rungs:
            if each.word == word:
                return each
        raise ValueError(f"{self.name} has no such rung")

    def offers(self, word: str, places: Places) -> bool:
        """Whether `word` is one of those that are `offered`."""
        return word in self.words and (word not in self.needs_places or places.offers(word))

    def offered(self, places: Places) -> tuple[str, ...]:
        """The rungs that can be shown here, least first. One that is not here is refused, never rounded up."""
        return tuple(word for word in self.words if word not in self.needs_places or places.offers(word))
