# SPDX-License-Identifier: Apache-2.0
"""What a witness keeps, each with its failures. `store/` implements it, `wiring` chooses.

    Heads      the head of each log that was cosigned last      trusted: with it gone, a fork would be cosigned
    Evidence   requests that contradict what the same log signed before, as they came

Unavailable means that nothing changed; OutcomeUnknown that it may have. Either way no cosignature is given: a witness
that answers before its head is durable cosigns another history after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from whosaw.tlog.witness import Cosigned

T = TypeVar("T")


class Heads(Protocol):
    """The latest cosigned head of each origin. Safe between threads and processes."""

    def latest(self, origin: str) -> Cosigned | None:
        """What was cosigned last for `origin`. Raises Unavailable."""
        ...

    def shown(self, origin_hash: str) -> Cosigned | None:
        """The same by the hash that stands in the path. Raises Unavailable."""
        ...

    def advance(self, origin: str, decide: Callable[[Cosigned | None], tuple[T, Cosigned | None]]) -> T:
        """Give `decide` what was cosigned last, keep what it returns (None: nothing), and then return its first value.

        One transaction: no other `advance` of any process comes between. Durable when it returns. Raises Unavailable:
        nothing was kept. OutcomeUnknown: it may have been; what `decide` said must not leave this process.
        """
        ...

    def all(self) -> Iterator[tuple[str, Cosigned]]:
        """Every origin with its head, in the order of origins. Raises Unavailable."""
        ...


class Evidence(Protocol):
    """What two signed heads of one log say against it. Bounded: a log that forks over and over fills no disk."""

    def keep(self, raw: bytes) -> None:
        """Keep a request. The same one again is fine. Raises Unavailable or OutcomeUnknown; never in the way of an answer."""
        ...
