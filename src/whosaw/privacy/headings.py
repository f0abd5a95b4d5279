# SPDX-License-Identifier: Apache-2.0
"""Headings: the public list of what accounts are counted under. It is brought, and never read from the data.

    ip:network   203.0.113.0/24  203.0.0.0/16    an address counts under the longest of them that it is in
    *:country    SE  NO          *:region  SE/SE-E          location:city  SE/SE-E/Aby

Invariant: a value counts under one heading or under none, and what it counts under follows from what its rung shows of it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable

from whosaw.errors import BadInput
from whosaw.model.access import Asked, Field
from whosaw.privacy.detail import NONE, check_offered, mask
from whosaw.privacy.fields.ip import lengths
from whosaw.privacy.fields.kind import EXACT, Network, Places, World

MOST = 1000
_COUNTRY = re.compile(r"[A-Z]{2}")
_PARTS = ("country", "region", "city")
_ALL = 48  # as much of an address as its ladder shows at all: noise hides people here, and not their number


class Headings:
    """The list, in its one spelling and order. Raises BadInput for what can be no heading at this detail."""

    def __init__(self, asked: Asked, texts: Iterable[str], places: Places) -> None:
        if asked.field not in (Field.IP, Field.LOCATION) or asked.detail == EXACT:
            raise BadInput(
                "counted is ip or location, by country, region, city or network", where="field", hint="ip:country"
            )
        check_offered(asked.field, asked.detail, places)
        self._asked, self._world = asked, World(_ALL, places)
        self._networks = asked.detail == "network"
        spell = _network if self._networks else self._place
        self.texts = tuple(sorted({_each(spell, text, number) for number, text in enumerate(texts, 1)}))
        if not 1 <= len(self.texts) <= MOST:
            raise BadInput(f"a count has 1 to {MOST} headings", where="headings")
        self._at = {text: number for number, text in enumerate(self.texts)}
        self._sizes = sorted({(n.version, n.prefixlen) for n in map(ipaddress.ip_network, self.texts)} if self._networks else (), reverse=True)  # fmt: skip

    def under(self, value: str) -> int | None:
        """The place in `texts` of the heading that `value`, as it was sealed, counts under."""
        shown = mask(self._asked.field, value, self._asked.detail, self._world).text
        if shown == NONE:
            return None
        if not self._networks:
            return self._at.get(_joined(shown, self._asked.detail))
        network = ipaddress.ip_network(shown)
        for version, size in self._sizes:
            if version == network.version and size <= network.prefixlen:
                found = self._at.get(str(network.supernet(new_prefix=size)))
                if found is not None:
                    return found
        return None

    def _place(self, text: str) -> str:
        parts = text.split("/")
        if (
            len(parts) != _PARTS.index(self._asked.detail) + 1
            or not _COUNTRY.fullmatch(parts[0])
            or not text.isprintable()
            or len(text) > 200
        ):
            raise BadInput("not a place of this detail", hint="SE for a country, SE/SE-E for a region, SE/SE-E/Aby for a city")  # fmt: skip
        return text


def _each(spell: Callable[[str], str], text: str, number: int) -> str:
    """The heading in its one spelling; of one that is none, which of the list it was."""
    try:
        return spell(text)
    except BadInput as wrong:
        raise BadInput(str(wrong), where=f"headings, number {number}", hint=wrong.hint) from None


def _network(text: str) -> str:
    try:
        network: Network = ipaddress.ip_network(text)
    except ValueError:
        raise BadInput("not a network", hint="for example 203.0.113.0/24") from None
    if network.prefixlen > lengths(network.network_address)[0] or "%" in text:
        raise BadInput("a network this small is counted by nobody", hint="/24 and /48 are the longest")
    return str(network)


def _joined(shown: str, detail: str) -> str:
    """A place as headings spell it; of one that lacks the part that is asked for, what no heading is."""
    if not shown.startswith("{"):
        return shown.replace(", region ", "/")  # as places of addresses are worded
    parts = json.loads(shown)
    names = _PARTS[: _PARTS.index(detail) + 1]
    return "/".join(parts.get(name, "") for name in names) if detail in parts else ""
