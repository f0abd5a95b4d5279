# SPDX-License-Identifier: Apache-2.0
"""Named streams, read on: what was read once is kept, and whoever asks again reads what came since.

    stream ──leaf 0, 1, … n──▶ made ──kept──▶ (made 0 … n)      asked again ──leaf n+1 …──▶ (made 0 … m)

Of a hundred thousand questions of the day each request would else read and spell all of them, which takes half a minute.

Invariant: what is given is what reading the whole stream would give. A stream under a second key is read whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from whosaw.journal.ports import StreamKey
from whosaw.journal.reader import Reader

_T = TypeVar("_T")


@dataclass(slots=True)
class _Kept:
    """`places`: how many leaves were read; `made`: what they made, those left out that made nothing."""

    places: int = 0
    made: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Streams:
    """What an open log was read of so far, by stream. Safe to share between threads."""

    _kept: dict[bytes, _Kept] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def read(self, reader: Reader, key: StreamKey, make: Callable[[bytes], _T | None]) -> tuple[_T, ...]:
        """What `make` makes of each body of the stream, in its order. One stream has one `make`. Raises what that raises."""
        with self._lock:
            kept = self._kept.setdefault(key.handle, _Kept()) if key.rekeys == 0 else _Kept()
            frames = reader.since(key, kept.places) if key.rekeys == 0 else reader.run(key)
            for frame in frames:
                if (made := make(frame.body)) is not None:
                    kept.made.append(made)
                kept.places += 1
            return tuple(kept.made)
