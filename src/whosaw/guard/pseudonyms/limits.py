# SPDX-License-Identifier: Apache-2.0
"""How many addresses get pseudonyms in a day: of one principal, and of all; those that were brought and those of the vault.

    take(so many) ──▶ Kept, or None where there are not so many left         all of them or none, before anything is decided

Invariant: what a permitted call was for is taken, whatever became of it: a query that stopped half-way has asked for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from whosaw.errors import NotCanonical
from whosaw.guard.quota import DAY, seconds
from whosaw.guard.quota_count import Counters, Kept, Lane
from whosaw.model.pseudonym_body import PseudonymBody, Source
from whosaw.settings.pseudonyms import PseudonymSettings


class Limits:
    """Counts by `counters`, which say how far it is shared."""

    def __init__(self, settings: PseudonymSettings, counters: Counters) -> None:
        self._settings, self._counters = settings, counters

    def take(self, who: str, source: Source, addresses: int, at: int) -> Kept | None:
        """`at`: seconds. Raises Unavailable, and has then taken something or nothing."""
        lanes = self._lanes(who, source, addresses)
        _, kept = self._counters.take(lanes, at)
        return kept if len(kept) == len(lanes) else None

    def give_back(self, kept: Kept) -> None:
        self._counters.give_back(kept)

    def left(self, who: str, source: Source, at: int) -> int:
        return max(0, min(self._counters.left(self._lanes(who, source, 0), at)))

    def shown(self, who: str, at: int) -> list[tuple[str, int, int]]:
        """(what, limit, left) of one principal. For whoever operates it."""
        s = self._settings
        return [
            ("pseudonyms of addresses that were brought", s.given_a_day, self.left(who, "given", at)),
            ("pseudonyms of the vault", s.vault_a_day, self.left(who, "vault", at)),
        ]

    def told(self, bodies: Iterable[bytes], at: int) -> None:
        """What the stream `pseudonyms` knows of the last day, in its order."""
        for body in bodies:
            try:
                said = PseudonymBody.decode(body)
            except NotCanonical:
                continue  # of a later version: it counts where it was made
            when = seconds(said.at)
            if said.what == "call" and said.permitted and when > at - 2 * DAY:
                self._counters.put(self._lanes(said.principal, said.source, said.addresses), when)

    def _lanes(self, who: str, source: Source, addresses: int) -> list[Lane]:
        s = self._settings
        own, all_ = (
            (s.given_a_day, s.given_a_day_in_all) if source == "given" else (s.vault_a_day, s.vault_a_day_in_all)
        )
        return [
            Lane(f"ip-{source}/{who}", DAY, own, places=addresses),
            Lane(f"ip-{source}-all", DAY, all_, places=addresses),
        ]
