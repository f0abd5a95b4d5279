# SPDX-License-Identifier: Apache-2.0
"""What was made lately, by key: in memory, and never all at once forgotten.

    keep ──▶ the newest `size` ──when these are full──▶ those before ──▶ gone

Invariant: the last `size` that were kept are found, and no more than twice as many lie in memory.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lately(Generic[K, V]):
    """Safe to share between threads: whoever comes in between finds less, and never something else."""

    __slots__ = ("_before", "_now", "_size")

    def __init__(self, size: int) -> None:
        self._now: dict[K, V] = {}
        self._before: dict[K, V] = {}
        self._size = size

    def keep(self, key: K, value: V) -> None:
        """From here on `value` is found under `key`."""
        if len(self._now) >= self._size:
            self._before, self._now = self._now, {}
        self._now[key] = value

    def find(self, key: K) -> V | None:
        """What was kept under `key`; None where nothing was, or it is too long ago."""
        found = self._now.get(key)
        return self._before.get(key) if found is None else found

    def clear(self) -> None:
        """Forget all of it."""
        self._now, self._before = {}, {}
