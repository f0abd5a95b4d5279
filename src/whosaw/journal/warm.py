# SPDX-License-Identifier: Apache-2.0
"""Warm keys: what was asked for lately, so that a record costs no query and no unwrapping of a key.

    of(stream) ──▶ newer ──▶ older ──▶ the keyring: a query, an unwrapping, perhaps a new row with its proof
                     ▲─────────┘   once `newer` is full it becomes `older`, and what nobody asked for meanwhile is gone

A stream's key opens no value and finds labels only; the root, from which all of them follow, is in memory anyway. What
must not outlive its row is found by `forget`: a key that was being fetched while somebody forgot is used once and not kept.

Invariant: what comes out is what the keyring said, after the last `forget` of that stream.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from whosaw.journal.ports import StreamKey, StreamKeys
from whosaw.model.record import Stream

REMEMBERED = 65_536  # streams; twice as many at most, about 50 MB


class WarmKeys:
    """``StreamKeys`` in front of others. Safe to share between threads."""

    __slots__ = ("_forgot", "_keys", "_limit", "_lock", "_newer", "_older")

    def __init__(self, keys: StreamKeys, limit: int = REMEMBERED) -> None:
        self._keys, self._limit = keys, limit
        self._newer: dict[Stream, StreamKey] = {}
        self._older: dict[Stream, StreamKey] = {}
        self._lock, self._forgot = threading.Lock(), 0

    def warm(self, stream: Stream) -> bool:
        """Whether `of` answers without asking anybody, which it may be slow to do."""
        return stream in self._newer or stream in self._older

    def of(self, stream: Stream) -> StreamKey:
        """The key of `stream`, made and stored if there is none."""
        # One look-up in a dictionary needs no lock, and this is asked once for every record.
        return self._newer.get(stream) or self._fetch(stream)

    def with_handles(self, handles: Sequence[bytes]) -> Mapping[bytes, StreamKey]:
        """The keys of the streams with these handles, as the keyring has them now."""
        return self._keys.with_handles(handles)

    def rekey(self, stream: Stream, rekeys: int) -> StreamKey:
        """A new key for `stream`. Whatever becomes of the call, the old one is not kept."""
        try:
            return self._keys.rekey(stream, rekeys)
        finally:
            self.forget(stream)

    def all(self) -> Iterator[StreamKey]:
        """Every key there is."""
        return self._keys.all()

    def forget(self, stream: Stream) -> None:
        """Its row is gone, or another one: ask again the next time."""
        with self._lock:
            self._forgot += 1
            self._newer.pop(stream, None)
            self._older.pop(stream, None)

    def forget_all(self) -> None:
        """Somebody else may have made rows anew, and we were not told which."""
        with self._lock:
            self._forgot += 1
            self._newer, self._older = {}, {}

    def _fetch(self, stream: Stream) -> StreamKey:
        forgot = self._forgot
        key = self._older.get(stream) or self._keys.of(stream)
        with self._lock:
            if forgot == self._forgot:
                if len(self._newer) >= self._limit:
                    self._newer, self._older = {}, self._newer
                self._newer[stream] = key
        return key
