# SPDX-License-Identifier: Apache-2.0
"""What the vault needs from outside, and the shape of what it is shown as proof.

CrowdRows     how many share a network, by tokens. Trusted to count, not to keep secret           (store)
SealedRows    where sealed values are kept. Untrusted: a changed or moved row does not open       (store)
Leaves        the journal's own leaves, by label. Trusted to hold what is durable, and only that  (the journal)
RecordedLook  a receipt and the opened leaves that it is for. Untrusted: everything is checked    (the caller)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from whosaw.model.access import Look
from whosaw.model.decision import Decision

# What `SealedRows.add` is given, in its order, for many at once.
SealedRow = tuple[bytes, str, int, int, bytes, bytes]


Aside = Callable[[], AbstractContextManager[object]]
"""Within it a disk is waited for: whoever works for others lets them go on meanwhile."""


class SealedRows(Protocol):
    """Sealed values by stream, in plain types: a store knows nothing of the vault.

    All raise Unavailable where the store is down; an `add` may then have happened or not, and asking again is safe.
    """

    def add(self, *, handle: bytes, field: str, seen: int, stored: int, source: bytes, sealed: bytes) -> bool:
        """Keep a value unless this stream has one from the same source; durable. True if it is new.

        `handle`: the stream's 16 random bytes. `seen`: when the value was true, in microseconds since 1970, UTC.
        `stored`: when it came in, in milliseconds. `source`: 32 bytes, a keyed digest of where it came from.
        """
        ...

    def add_all(self, rows: Sequence[SealedRow]) -> int:
        """`add` each of them, all or none, durable; how many are new."""
        ...

    def standing(self, field: str, names: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        """(handle, source, seen, sealed) of those values of `field` whose (handle, source) is among `names`, in their order."""
        ...

    def mark(self, source: bytes, behind: int) -> None:
        """So many rows of an import are behind us: it lies with the values, so that a backup forgets both or neither."""
        ...

    def reached(self, source: bytes) -> int:
        """How many rows of an import are behind us, as marked last; 0 where it is not known."""
        ...

    def newest(self, handle: bytes, field: str, stored_until: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """(seen, sealed) of the `limit` values seen last among those stored at `stored_until` or before, newest first.

        Of equal times the one of the greater source comes first: the same question has the same answer.
        """
        ...

    def seen_within(
        self, field: str, begin: int, end: int, stored_until: int, *, after: tuple[bytes, bytes], limit: int
    ) -> Sequence[tuple[bytes, bytes, int, bytes]]:
        """(handle, source, seen, sealed) of at most `limit` values of `field` that were seen from `begin` on and before `end`,
        stored at `stored_until` or before, in the order of (handle, source) and beyond `after`.
        """
        ...

    def how_many(self, field: str, begin: int, end: int, stored_until: int) -> int:
        """How many `seen_within` has in all."""
        ...


class CrowdRows(Protocol):
    """Who shares what, by tokens that say nothing: (token, period, share), each once. And what was shown, sealed.

    All raise Unavailable where the store is down; a write may then have happened or not, and asking again is safe.
    """

    def join(self, pages: Iterable[Sequence[tuple[bytes, int, bytes]]]) -> None:
        """Keep all of these or none, durable; those that are there stay."""
        ...

    def kept_all(self, names: Sequence[tuple[bytes, bytes]]) -> Sequence[bytes | None]:
        """What was kept of each look (handle, look); None where nothing was."""
        ...

    def counts(self, asked: Sequence[tuple[bytes, int, int]]) -> Sequence[int]:
        """For each (token, period, enough) how many different shares it has in this period and the one before, counted no
        further than `enough`. `asked` is not empty.
        """
        ...

    def leave(self, handle: bytes, shares: Sequence[tuple[bytes, int, bytes]]) -> None:
        """Take these away, and all that was shown of this stream."""
        ...

    def empty(self) -> bool:
        """Whether nobody has a share."""
        ...

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        """Keep `sealed` unless something is kept of this look; what is kept, durable."""
        ...

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> Sequence[bytes | Exception]:
        """What `keep` returns or raises for each (handle, look, sealed)."""
        ...


class OpenedLeaf(Protocol):
    """A leaf with what opens it, as whoever recorded it holds it."""

    @property
    def index(self) -> int: ...
    @property
    def handle(self) -> bytes: ...
    @property
    def i(self) -> int: ...
    @property
    def label(self) -> bytes: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def body(self) -> bytes: ...


class Leaves(Protocol):
    """The leaves of the log: durable ones, published or not yet. Those without a body (erased) are not found."""

    def find(self, label: bytes) -> OpenedLeaf | None:
        """The durable leaf with this label, opened; None where there is none. Raises Unavailable."""
        ...


class RecordedLook(Protocol):
    """A durable receipt (a signed note) and *all* leaves of the submission that it is for, in order.

    `signed`: the receipt; None where it was not asked for yet, and asking for `receipt` signs it.
    """

    @property
    def receipt(self) -> bytes: ...
    @property
    def signed(self) -> bytes | None: ...
    @property
    def leaves(self) -> Sequence[OpenedLeaf]: ...


class Granted(Protocol):
    """A permitted look with its record, and what shows how far that has come."""

    @property
    def look(self) -> Look: ...
    @property
    def recorded(self) -> RecordedLook: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def receipt(self) -> bytes: ...
