# SPDX-License-Identifier: Apache-2.0
"""What a witness has cosigned last, in memory: the shipped fake of ``witness.heads``. It fails on demand, lost or late.

faults.arm("advance", "lost")     the next head is decided upon, not kept, and the call raises
faults.arm("advance", "late")     it *is* kept, and the call raises all the same
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from whosaw.store.memory import Faults
from whosaw.tlog.witness import Cosigned, origin_hash

T = TypeVar("T")


class MemoryHeads:
    """``Heads`` in a dictionary."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.heads: dict[str, Cosigned] = {}
        self._lock = threading.Lock()

    def latest(self, origin: str) -> Cosigned | None:
        return self.heads.get(origin)

    def shown(self, origin_hash_: str) -> Cosigned | None:
        return next((head for origin, head in self.heads.items() if origin_hash(origin) == origin_hash_), None)

    def advance(self, origin: str, decide: Callable[[Cosigned | None], tuple[T, Cosigned | None]]) -> T:
        with self._lock:
            value, new = decide(self.heads.get(origin))

            def keep() -> None:
                if new is not None:
                    self.heads[origin] = new

            self.faults.write("advance", keep)
        return value

    def all(self) -> Iterator[tuple[str, Cosigned]]:
        yield from sorted(self.heads.items())


class MemoryEvidence:
    """``Evidence`` in a list."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.kept: list[bytes] = []

    def keep(self, raw: bytes) -> None:
        self.faults.write("keep evidence", lambda: self.kept.append(raw))
