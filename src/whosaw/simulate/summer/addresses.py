# SPDX-License-Identifier: Apache-2.0
"""Addresses for the persons: only from the ranges that are set aside for documentation (RFC 5737, RFC 3849).

    at home: one per household, IPv4 or IPv6        on the way: one more per person

Invariant: two persons share an address only where they share a household.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address
from random import Random

from whosaw.simulate.summer.persons import Person

_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_DOCUMENTED = 0x20010DB8 << 96


def addresses(persons: Iterable[Person], random: Random) -> Mapping[str, tuple[str, str]]:
    """Per person: the address at home, and the one on the way."""
    v4 = [f"{network}.{host}" for network in _NETWORKS for host in range(1, 255)]
    random.shuffle(v4)
    prefixes = random.sample(range(1, 1 << 16), len(v4))
    homes: dict[str, str] = {}
    given = {}
    for each in persons:
        home = each.household or each.person
        if home not in homes:
            homes[home] = _v6(prefixes.pop(), random) if random.random() < 0.3 else v4.pop()
        given[each.person] = (homes[home], v4.pop())
    return given


def _v6(prefix: int, random: Random) -> str:
    """A host in the /48 of this number."""
    return str(IPv6Address(_DOCUMENTED | prefix << 80 | random.getrandbits(64)))
