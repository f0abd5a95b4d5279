# SPDX-License-Identifier: Apache-2.0
"""Places of addresses, as the operator's databases have them; and nothing where there are none.

    address, detail ──▶ Places ──decodes country | region | city and no more──▶ Place | None

None: the database knows nothing of the address. What cannot be asked raises: a place that is not known and a database
that cannot be read are different answers.

Invariant: a database that is too old gives no place at all.                                 Use: docs/places.md
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from whosaw.errors import BadInput, Unavailable
from whosaw.places.checked import Memory
from whosaw.places.database import Database, Tick
from whosaw.places.kept import EVERY_S, Kept
from whosaw.places.licence import attribution, reminders
from whosaw.places.place import Detail, Place, Source
from whosaw.places.read import Read, reads
from whosaw.places.tree import Network
from whosaw.settings.places import PlacesSettings

Clock = Callable[[], datetime]
_AHEAD = timedelta(days=2)  # by which a publisher's clock may be before ours


@dataclass(frozen=True, slots=True)
class Standing:
    """How one database is. `wrong`: why it gives nothing, or why the newest file does not count; `due`: reminders."""

    file: str
    serves: str
    type: str | None
    built: datetime | None
    networks: int | None
    holds: tuple[str, ...]
    attribution: str
    wrong: str
    due: tuple[str, ...]


class Places:
    """Places by the settings of a house. `folder`: what paths are relative to; `tick`: as of ``database.load``."""

    def __init__(
        self,
        settings: PlacesSettings,
        folder: Path,
        clock: Clock,
        tick: Tick,
        *,
        memory: Memory | None = None,
        patient: bool = False,
    ) -> None:
        """`memory`: which files were checked before, without one none; `patient`: see ``kept.Kept``."""
        self.settings, self._clock = settings, clock
        place = (folder / settings.database,) if settings.database else ()
        self._place = [Kept(path, _has_countries, tick, memory=memory, patient=patient) for path in place]
        self._networks = [
            Kept(folder / each, _has_networks, tick, memory=memory, patient=patient) for each in settings.networks
        ]
        self._tick, self._until = tick, float("-inf")
        self._base: Database | None = None
        self._reads: Mapping[str, Read] = {}

    @property
    def offered(self) -> bool:
        """Whether a database is set up: without one, no detail that needs a place is offered to anybody."""
        return bool(self._place)

    def place(self, address: str, detail: str) -> Place | None:
        """Where `address` seems to be, no more exactly than `detail`. Raises BadInput, Unavailable, MissingExtra."""
        if not self._place:
            Detail.named(detail)
            return None
        if self._tick() >= self._until:
            self._renew(self._place[0])
        read = self._reads.get(detail)
        if read is None:
            raise BadInput(f"a place has no such detail; it has {', '.join(Detail)}", where="detail")
        known = plain(address)
        try:
            return read(known)
        except (ValueError, RuntimeError) as error:
            if self._base is not None:
                self._base.refuse(known, error)
            return None

    def within(self, network: Network, detail: str) -> Place | None:
        """Where all of `network` seems to be; None where its pieces lie apart, or one of them nobody knows where.

        For whoever is shown a network and its place: were it the place of one address in it, they would know which part
        of the network that is. A radius is the widest of the pieces', a confidence the least. Raises as `place`.
        """
        self.place(str(network.network_address), detail)  # renews, and refuses
        if self._base is None:
            return None
        pieces = self._base.tree.pieces(network)
        found = None if pieces is None else {self.place(each, detail) for each in pieces}
        if not found or None in found:
            return None
        places = [place for place in found if place is not None]
        if len({place[:4] for place in places}) > 1:
            return None
        radii = [place.radius_km for place in places if place.radius_km is not None]
        sure = [place.confidence for place in places if place.confidence is not None]
        return places[0]._replace(
            radius_km=max(radii) if len(radii) == len(places) else None,
            widened=any(place.widened for place in places),
            confidence=min(sure) if len(sure) == len(places) else None,
        )

    def source(self) -> Source | None:
        """The database that says where addresses are; None where none is set up. Raises as `place`."""
        if not self._place:
            return None
        base = self._place[0].database()
        self._check_age(base)
        return Source(base.type, base.built, attribution(base.type, self.settings.attribution))

    def databases(self) -> list[Database]:
        """All of them that are sound and young enough, the one with countries first. Raises as `place`."""
        found = [kept.database() for kept in (*self._place, *self._networks)]
        for each in found:
            self._check_age(each)
        return found

    def standing(self) -> Iterator[Standing]:
        """Each database of the settings, whatever is wrong with it."""
        for kept, serves in (*((k, "places") for k in self._place), *((k, "networks") for k in self._networks)):
            yield self._stands(kept, serves)

    def check(self) -> None:
        """Raises Unavailable for the first thing that is wrong, a newer file that is bad included."""
        for each in self.standing():
            if each.wrong:
                raise Unavailable(each.wrong, part="places")

    def _stands(self, kept: Kept, serves: str) -> Standing:
        wrong, found = "", None
        try:
            found = kept.database()
            self._check_age(found)
        except Unavailable as error:
            wrong = str(error)
        if found is None:
            return Standing(kept.path.name, serves, None, None, None, (), self.settings.attribution, wrong, ())
        named = attribution(found.type, self.settings.attribution)
        if not wrong and kept.wrong:
            wrong = f"the newest file does not count, the one before it does: {kept.wrong}"
        beside = [p.name for p in sorted(kept.path.parent.glob("*.mmdb*")) if p.name not in self._names()]
        due = tuple(reminders(found.type, found.built, named, self._clock(), beside))
        return Standing(
            kept.path.name, serves, found.type, found.built, found.networks, found.shape.holds, named, wrong, due
        )

    def _names(self) -> set[str]:
        return {kept.path.name for kept in (*self._place, *self._networks)}

    def _renew(self, kept: Kept) -> None:
        """Ask whether the file has changed or grown too old: every few seconds, and not for each address."""
        base = kept.database()
        self._check_age(base)
        if self._base is not base:
            source = Source(base.type, base.built, attribution(base.type, self.settings.attribution))
            self._base, self._reads = base, reads(base, source, self.settings.radius_at_least_km)
        self._until = self._tick() + EVERY_S

    def _check_age(self, base: Database) -> None:
        check_age(base, self._clock(), self.settings.max_age_days)


def check_age(base: Database, at: datetime, days: int) -> None:
    """Raises Unavailable where a gate whose databases may be so many `days` old gives no places of this one."""
    age = at - base.built
    if age > timedelta(days=days):
        raise Unavailable(
            f"no places: {base.type} was built more than {days} days ago",
            part="places",
            hint="bring a newer one; the gate takes it without a restart",
        )
    if age < -_AHEAD:
        raise Unavailable(f"no places: {base.type} says that it was built in the future", part="places")


def plain(address: str) -> str:
    """The address as databases know it: an IPv4 address in the coat of IPv6 without the coat. Raises BadInput."""
    # Most addresses are not worth a parser of their own: the reader's refuses what is none.
    if ":" not in address:
        return address
    if not ("%" in address or "." in address or "ffff" in address.lower()):
        return address
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise BadInput("not an IP address", where="ip") from None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id is not None:
            raise BadInput("an IP address with a zone names an interface of one machine, not a network", where="ip")
        return str(found.ipv4_mapped or found)
    return str(found)


def _has_countries(base: Database) -> None:
    if "country" not in base.shape.paths:
        raise BadInput("it holds no countries where we look for them", where=base.type, hint="see docs/places.md")


def _has_networks(base: Database) -> None:
    if not set(base.shape.paths) - {"country", "region", "city", "radius"}:
        raise BadInput("it says nothing of networks that we know to read", where=base.type, hint="see docs/places.md")
