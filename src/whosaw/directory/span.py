# SPDX-License-Identifier: Apache-2.0
"""How long an answer of the directory stays as it is: while nobody writes, until time itself changes it.

    rows that were read     known_from ── known_to   valid_from ── valid_to      and each of them thirty days later
    span                 ───────────┤ at ├──────────                             between the two that are nearest

Everything that is chosen by the instant is chosen by comparing it with a time that stands in a row, or with that time and
thirty days. So between two such times the same rows give the same answer.

Invariant: a span is rather too short: every time of every row that was read bounds it, whether it was compared or not.
"""

from __future__ import annotations

from collections.abc import Iterable

from whosaw.directory.query import Row

_TIMES = ("known_from", "known_to", "valid_from", "valid_to", "added", "asked", "until")


class Span:
    """The instants around `at` at which everything that was read says the same."""

    __slots__ = ("_at", "_from", "_lately", "_to", "whole")

    def __init__(self, at: int, lately: int) -> None:
        self._at, self._lately = at, lately
        self._from, self._to = -(2**63), 2**63
        self.whole = True  # all that was read is accounted for

    def hold(self, rows: Iterable[Row]) -> None:
        """These rows were read."""
        for row in rows:
            for name in _TIMES:
                if (time := row.get(name)) is not None:
                    self.bound(time)
                    self.bound(time + self._lately)

    def bound(self, time: int) -> None:
        """Something may be otherwise from this time on."""
        if time <= self._at:
            self._from = max(self._from, time)
        else:
            self._to = min(self._to, time)

    def end(self) -> None:
        """Something was read of which nobody can say how long it stays so."""
        self.whole = False

    def covers(self, at: int) -> bool:
        """Whether the answer is the same at `at`."""
        return self.whole and self._from <= at < self._to
