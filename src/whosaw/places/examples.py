# SPDX-License-Identifier: Apache-2.0
"""Why an address is weak evidence: pairs of invented sightings, and what could be believed of each.

    whosaw places explain ──▶ each pair, its class, and the reasons against believing more

Every address is of documentation and nobody's; what is said of its network is made up here and comes from no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from whosaw.places.closed import Closed
from whosaw.places.nearness import Nearness, nearness
from whosaw.places.network import Facts, Kind, Seen

_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_HOME = Seen("192.0.2.10", _NOON, Facts(Kind.FIXED, 64500, "NL", _NOON))
_V6 = Seen("2001:db8:1:2::10", _NOON, _HOME.facts)


@dataclass(frozen=True, slots=True)
class Example:
    """Two invented sightings, what happened in this story, and what could be believed of them."""

    story: str
    one: Seen
    other: Seen
    found: Nearness


def _kind(seen: Seen, kind: Kind | None) -> Seen:
    return replace(seen, facts=replace(seen.facts, kind=kind))


def _pairs() -> Iterator[tuple[str, Seen, Seen]]:
    later = replace(_HOME, at=_NOON + _HOUR)
    yield "two strangers in one café", _HOME, later
    yield "one flat, two telephones", _V6, replace(_V6, address="2001:db8:1:2:aaaa::1", at=_NOON + _HOUR)
    yield "one flat; a week lies between, and in it other tenants", _HOME, replace(_HOME, at=_NOON + timedelta(days=7))
    yield "neighbours, or two towns that share a block", _HOME, replace(later, address="192.0.2.99")
    yield "two customers of one provider", _HOME, replace(later, address="198.51.100.7")
    yield "two providers, one building", _HOME, Seen("203.0.113.5", _NOON, replace(_HOME.facts, provider=64501))
    yield (
        "two countries, or one tunnel that nobody lists",
        _HOME,
        Seen("203.0.113.6", _NOON, replace(_HOME.facts, country="DE")),
    )
    yield "two telephones on one mobile network, 200 km apart", _kind(_HOME, Kind.MOBILE), _kind(later, Kind.MOBILE)
    yield "two lines behind one address of their provider", _kind(_HOME, Kind.SHARED), _kind(later, Kind.SHARED)
    yield "a reporter who uses a VPN, and half a continent with her", _kind(_HOME, Kind.VPN), _kind(later, Kind.VPN)
    yield "a private relay", _kind(_HOME, Kind.RELAY), later
    yield "a rented server", _kind(_HOME, Kind.HOSTING), later
    yield "networks of which nobody knows anything", _kind(_HOME, None), later


def examples(valid: timedelta = timedelta(days=1), old: timedelta = timedelta(days=45)) -> tuple[Example, ...]:
    """All of them. `valid`, `old`: see ``nearness``."""
    return tuple(
        Example(story, one, other, nearness(Closed.invented(one, other), valid=valid, old=old))
        for story, one, other in _pairs()
    )
