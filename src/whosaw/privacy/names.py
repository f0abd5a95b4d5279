# SPDX-License-Identifier: Apache-2.0
"""Names: the ids of principals, sealed, so that an inquiry of two can say who it was.

    staff id ──remember──▶ (e-pseudonym, AES-256-GCM of the id under the names key)

Persons need no such table: their id is sealed in their own row of the keyring and dies with it. Principals are those
who look; their names outlive their leaving.

Invariant: this half only remembers. Opening a name is ``privacy.unseal``.
"""

from __future__ import annotations

from typing import Protocol

from whosaw.privacy.data_key import seal
from whosaw.privacy.pseudonym import Pseudonyms
from whosaw.privacy.root import Random, Root

REMEMBERED = 65_536  # pseudonyms; a longer list begins anew


class NameRows(Protocol):
    """Where sealed names are kept. Raises Unavailable where the store is down; a row may then be stored or not."""

    def add(self, pseudonym: str, sealed: bytes) -> None:
        """Keep `sealed` for `pseudonym`; one that is kept stays."""
        ...

    def find(self, pseudonym: str) -> bytes | None: ...


class Names:
    """Remembers who is behind a principal's pseudonym."""

    __slots__ = ("_kept", "_key", "_pseudonyms", "_random", "rows")

    def __init__(self, rows: NameRows, root: Root, random: Random) -> None:
        self.rows, self._key, self._random = rows, root.names, random
        self._pseudonyms = Pseudonyms(root)
        self._kept: set[str] = set()  # pseudonyms whose row is there for good: a row of a name is never taken away

    def __repr__(self) -> str:
        return "Names(…)"

    def remember(self, principal: str) -> str:
        """The pseudonym of `principal`, whose id is now kept sealed. Safe to repeat."""
        pseudonym = self._pseudonyms.principal(principal)
        if pseudonym not in self._kept:
            if self.rows.find(pseudonym) is None:
                self.rows.add(pseudonym, seal(self._key, principal.encode(), about(pseudonym), self._random))
            if len(self._kept) >= REMEMBERED:
                self._kept = set()
            self._kept.add(pseudonym)
        return pseudonym


def about(pseudonym: str) -> bytes:
    """What a sealed name is bound to: it opens for its own pseudonym and no other."""
    return b"whosaw/name/v1" + pseudonym.encode()
