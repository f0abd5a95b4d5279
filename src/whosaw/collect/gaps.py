# SPDX-License-Identifier: Apache-2.0
"""Holes in numbered records: where a source counts its lines, a line that is not there is missing, and it shows.

    session 6b05eb4c.3fcc: lines 1 2 3 7 8   ──▶   lines 4 to 6 are missing

A hole is not yet a crime: a session may have begun in the file before. But a log that loses lines proves nothing about
what they held, so holes are reported and recorded, and files read later in the same run may fill them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

SESSIONS = 100_000
HOLES = 1_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines `first` to `last` of `session` were not read."""

    session: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"lines {self.first} to {self.last} of session {self.session} are missing"


class Lines:
    """Which lines of which sessions were seen. Sessions not heard of for long are forgotten: memory is bounded."""

    def __init__(self, sessions: int = SESSIONS) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()
        self._holes: dict[str, list[tuple[int, int]]] = {}
        self._sessions = sessions
        self._count = 0
        self.uncounted = 0  # holes beyond the number that is kept apart

    def see(self, session: str, line: int) -> None:
        self._fill(session, line)
        last = self._last.get(session, 0)
        if line > last:
            self._last[session] = line
            if line > last + 1:
                self._hole(session, last + 1, line - 1)
        self._last.move_to_end(session)
        if len(self._last) > self._sessions:
            self._last.popitem(last=False)

    def __iter__(self) -> Iterator[Gap]:
        for session, holes in sorted(self._holes.items()):
            for first, last in holes:
                yield Gap(session, first, last)

    def _hole(self, session: str, first: int, last: int) -> None:
        if self._count >= HOLES:
            self.uncounted += 1
            return
        self._holes.setdefault(session, []).append((first, last))
        self._count += 1

    def _fill(self, session: str, line: int) -> None:
        holes = self._holes.get(session)
        if not holes:
            return
        left: list[tuple[int, int]] = []
        for first, last in holes:
            if first <= line <= last:
                left += [(a, b) for a, b in ((first, line - 1), (line + 1, last)) if a <= b]
            else:
                left.append((first, last))
        self._count += len(left) - len(holes)
        if left:
            self._holes[session] = left
        else:
            del self._holes[session]
