# SPDX-License-Identifier: Apache-2.0
"""Places of networks, as masks show them: the words, and with them the database, its date and how far it may be off."""

from __future__ import annotations

from whosaw.model.access import Asked, Field
from whosaw.places.place import NOBODY_KNOWS, PROVES
from whosaw.places.places import Places
from whosaw.privacy.detail import offered
from whosaw.privacy.fields.kind import Network, Shown


class Whereabouts:
    """``privacy.fields.kind.Places`` by the operator's databases."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def offered(self) -> frozenset[Asked]:
        """Every field at every detail that can be shown here."""
        return frozenset(Asked(Field(name), detail) for name, rungs in offered(self).items() for detail in rungs)

    def offers(self, detail: str) -> bool:  # noqa: ARG002 - a database has countries, and says itself what else
        return self._places.offered

    def place(self, network: Network, detail: str) -> Shown | None:
        found = self._places.within(network, detail)
        return None if found is None else Shown(found.words, f"{found.source.sentence} {found.accuracy} {PROVES}")

    def says(self) -> str:
        source = self._places.source()
        return "" if source is None else f"{source.sentence} {NOBODY_KNOWS}"
