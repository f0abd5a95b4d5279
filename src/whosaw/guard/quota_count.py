# SPDX-License-Identifier: Apache-2.0
"""Counting in windows that slide: how many of the last hour, how many different ones of the last day.

    Lane(key, window, limit)             how many places are taken                  1440 s ▏▏▏▏▏▏▏▏ … 60 spans and one
    Lane(key, window, limit, each)       how many others than `each` have one       of each, `until` says when it is over

A window is cut into sixty spans; a place is free again once its whole span has left the window. So it counts for the window
and up to a sixtieth of it longer, and never for less.

Invariant: what is counted is forgotten when its window is over, and no sooner: a clock that is set back finds fewer spans
over, and places taken meanwhile are put where the latest ones are. Memory holds what was taken in the last day, however
many looks there were before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

SPANS = 60
_NEVER = 2**62
_SWEEP = 1440  # seconds: a span of a day


class Lane(NamedTuple):
    """One thing that is counted. `each`: which of many things it is, each of which takes one place however often it
    comes; "" is none of them. `always`: taken whatever the others say. `places`: how many it takes at once, all or none.
    """

    key: str
    window: int
    limit: int
    each: str | None = None
    always: bool = False
    places: int = 1

    def until(self, at: int) -> int:
        """When a place taken at `at` is free again, in seconds since 1970."""
        span = self.window // SPANS
        return (at // span + 1) * span + self.window


Kept = tuple[tuple[Lane, int], ...]
"""Places taken: of which lane, and until when."""


class Counters(Protocol):
    """Where places are counted. All calls are atomic, also between processes that share it. All may raise Unavailable."""

    def take(self, lanes: Sequence[Lane], at: int) -> tuple[list[int], Kept]:
        """How many are left of each, before; and what was taken: the places of each, unless one of them has too few left."""
        ...

    def take_all(self, asked: Sequence[tuple[Sequence[Lane], int]]) -> list[tuple[list[int], Kept]]:
        """What `take` returns for each, one after the other."""
        ...

    def give_back(self, kept: Kept) -> None: ...

    def put(self, lanes: Sequence[Lane], at: int) -> None:
        """Places that were taken then, whatever is left."""
        ...

    def left(self, lanes: Sequence[Lane], at: int) -> list[int]: ...


class _Places:
    """The places of one key: of each thing (until, how many), in the order of time, and how many in all."""

    __slots__ = ("count", "of", "soonest")

    def __init__(self) -> None:
        self.of: dict[str, deque[list[int]]] = {}
        self.count = 0
        self.soonest = _NEVER  # before that moment nothing is over

    def drop(self, at: int) -> None:
        """What is over at `at` is free again."""
        soonest, empty = _NEVER, []
        for each, spans in self.of.items():
            while spans and spans[0][0] <= at:
                self.count -= spans.popleft()[1]
            if spans:
                soonest = min(soonest, spans[0][0])
            else:
                empty.append(each)
        for each in empty:
            del self.of[each]
        self.soonest = soonest

    def add(self, each: str, until: int, count: int = 1) -> int:
        """Take so many, in the latest span or a later one; returns which."""
        self.count += count
        spans = self.of.get(each)
        if spans is None:
            spans = self.of[each] = deque()
        elif spans and (last := spans[-1])[0] >= until:
            last[1] += count
            return last[0]
        spans.append([until, count])
        self.soonest = min(self.soonest, spans[0][0])
        return until

    def back(self, each: str, until: int, count: int) -> None:
        """So many of that span, where there are any."""
        spans = self.of.get(each)
        span = None if spans is None else next((span for span in spans if span[0] == until), None)
        if spans is None or span is None:
            return
        count = min(count, span[1])
        span[1] -= count
        self.count -= count
        if not span[1]:
            spans.remove(span)
        if not spans:
            del self.of[each]


class InMemory:
    """``Counters`` of one process, gone with it: whoever starts anew puts back what the journal says."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, _Places] = {}
        self._latest, self._swept, self._since = 0, 0, 0

    def take(self, lanes: Sequence[Lane], at: int) -> tuple[list[int], Kept]:
        with self._lock:
            at = self._now(at)
            left = [self._left(lane, at) for lane in lanes]
            fine = True not in [n < lane.places for n, lane in zip(left, lanes, strict=True)]
            return left, tuple([(lane, self._add(lane, at)) for lane in lanes if fine or lane.always])

    def take_all(self, asked: Sequence[tuple[Sequence[Lane], int]]) -> list[tuple[list[int], Kept]]:
        return [self.take(lanes, at) for lanes, at in asked]

    def give_back(self, kept: Kept) -> None:
        with self._lock:
            for lane, until in kept:
                if (places := self._keys.get(lane.key)) is not None:
                    places.back(lane.each or "", until, lane.places)

    def put(self, lanes: Sequence[Lane], at: int) -> None:
        with self._lock:
            for lane in lanes:
                self._add(lane, at)

    def left(self, lanes: Sequence[Lane], at: int) -> list[int]:
        with self._lock:
            at = self._now(at)
            return [self._left(lane, at) for lane in lanes]

    def add(self, key: str, each: str, until: int, count: int) -> None:
        """Places that somebody else has counted."""
        self._keys.setdefault(key, _Places()).add(each, until, count)

    def __len__(self) -> int:
        """How many spans are remembered."""
        return sum(len(spans) for places in self._keys.values() for spans in places.of.values())

    def _now(self, at: int) -> int:
        """Never before the latest moment: under a clock that went back nothing is over sooner than it was to be."""
        self._latest, self._since = max(self._latest, at), self._since + 1
        # As many calls as there are keys: so each call pays for one of them, however many there are.
        if self._latest - self._swept >= _SWEEP and self._since >= len(self._keys):
            self._swept, self._since = self._latest, 0
            for key, places in list(self._keys.items()):
                places.drop(self._latest)
                if not places.of:
                    del self._keys[key]
        return self._latest

    def _left(self, lane: Lane, at: int) -> int:
        places = self._keys.get(lane.key)
        if places is None:
            return lane.limit
        if at >= places.soonest:
            places.drop(at)
        # As many as are taken, or as many others than its `each` have one.
        return lane.limit - (places.count if lane.each is None else len(places.of) - (lane.each in places.of))

    def _add(self, lane: Lane, at: int) -> int:
        places = self._keys.get(lane.key)
        if places is None:
            places = self._keys[lane.key] = _Places()
        return places.add(lane.each or "", lane.until(at), lane.places)
