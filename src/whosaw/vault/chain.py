# SPDX-License-Identifier: Apache-2.0
"""Chains: up to which place of a stream this process has found everything in the journal that must stand before a leaf.

    enrolment ◀─ 1 ◀─ 2 ◀─ … ◀─ found before      the next look stands right after it, or is the same one again

Leaves of a log stay where they are, and nothing comes between two of them. So what stood before place 7 yesterday stands
before place 8 today, and only place 8 has to be asked for. Asked anew for each look, the enrolment, which is as old as the
person's account here, would be read from the oldest file of the log each time.

Invariant: remembered is only what was asked of the journal and found, by this process, for this very key of the stream.
"""

from __future__ import annotations

from whosaw.privacy.data_key import StreamSecret
from whosaw.vault.ports import OpenedLeaf

LIMIT = 65_536  # streams


class Chains:
    """Places found, by stream. Safe to share between threads."""

    __slots__ = ("_limit", "_places")

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._places: dict[bytes, tuple[bytes, int, int, int]] = {}

    def reach(self, stream: StreamSecret, leaf: OpenedLeaf) -> bool:
        """Whether all that must stand before `leaf` was found; if so, `leaf`, which its caller has found, is the next."""
        known = self._places.get(stream.handle)
        if known is None or known[:2] != (stream.label_0, stream.rekeys):
            return False
        _, _, i, index = known
        if (leaf.i, leaf.index) == (i, index):
            return True
        if leaf.i != i + 1 or leaf.index <= index:
            return False
        self.found(stream, leaf)
        return True

    def found(self, stream: StreamSecret, leaf: OpenedLeaf) -> None:
        """The journal holds `leaf`, and everything before it."""
        if len(self._places) >= self._limit:
            self._places = {}
        self._places[stream.handle] = (stream.label_0, stream.rekeys, leaf.i, leaf.index)
