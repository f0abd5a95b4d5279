# SPDX-License-Identifier: Apache-2.0
"""The fake of ``vault.ports.CrowdRows``: rows in a set, and a store that can be down."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from whosaw.errors import Unavailable


class MemoryCrowdRows:
    """In memory, for tests. `down`: it answers nobody."""

    def __init__(self) -> None:
        self.down = False
        self.rows: set[tuple[bytes, int, bytes]] = set()
        self.kept: dict[tuple[bytes, bytes], bytes] = {}
        self._lock = threading.Lock()

    def join(self, pages: Iterable[Sequence[tuple[bytes, int, bytes]]]) -> None:
        self._answer()
        new = {share for page in pages for share in page}
        with self._lock:
            self.rows |= new

    def kept_all(self, names: Sequence[tuple[bytes, bytes]]) -> list[bytes | None]:
        self._answer()
        with self._lock:
            return [self.kept.get(name) for name in names]

    def counts(self, asked: Sequence[tuple[bytes, int, int]]) -> list[int]:
        self._answer()
        with self._lock:
            return [
                min(enough, len({s for t, p, s in self.rows if t == token and period - 1 <= p <= period}))
                for token, period, enough in asked
            ]

    def leave(self, handle: bytes, shares: Sequence[tuple[bytes, int, bytes]]) -> None:
        self._answer()
        with self._lock:
            self.rows -= set(shares)
            self.kept = {name: sealed for name, sealed in self.kept.items() if name[0] != handle}

    def empty(self) -> bool:
        return not self.rows

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        self._answer()
        with self._lock:
            return self.kept.setdefault((handle, look), sealed)

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> list[bytes | Exception]:
        return [self.keep(*each) for each in kept]

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("the fake is down", part="memory")
