# SPDX-License-Identifier: Apache-2.0
"""Counting together: many gates, one table.

    gate A  take, take, take ─┐ one turn for all that wait: lock, read, count as in memory, add, commit
    gate B  take, take ───────┴ the next turn                                 (store.sql_quota)

A turn is one transaction under one lock, so no two gates count at the same moment; within a process, whoever comes while one
turn is under way waits for the next, and they have it together. What a place is, says ``quota_count`` here, too.

Invariant: nobody is told what is left before what was taken is committed. Where the database does not answer, nothing was
taken, or something that nobody uses.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from whosaw.guard.quota_count import InMemory, Kept, Lane

_T = TypeVar("_T")
_TOGETHER = 256  # takes in one turn


class Turn(Protocol):
    """The table, while nobody else counts."""

    def counted(self, keys: Sequence[str], at: int) -> Iterable[tuple[str, str, int, int]]:
        """(key, each, until, count) of these keys, as far as they are not over at `at`."""
        ...

    def add(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        """Add to what is there; fewer where `count` is negative."""
        ...


class QuotaRows(Protocol):
    """Where places are kept. Raises Unavailable; what was added in that turn is then there, or not."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Alone with the table; all of it is durable when the block ends, or nothing."""
        ...


class Shared:
    """``quota_count.Counters`` over a table. Safe to share between threads and processes."""

    def __init__(self, rows: QuotaRows) -> None:
        self._rows = rows
        self._lock, self._waiting = threading.Lock(), deque[_Errand[object]]()

    def take(self, lanes: Sequence[Lane], at: int) -> tuple[list[int], Kept]:
        return self.take_all([(lanes, at)])[0]

    def take_all(self, asked: Sequence[tuple[Sequence[Lane], int]]) -> list[tuple[list[int], Kept]]:
        """What `take` returns for each, one after the other, in one turn."""

        def take(here: InMemory, added: Counter[tuple[str, str, int]]) -> list[tuple[list[int], Kept]]:
            made = here.take_all(asked)
            for _, kept in made:
                for lane, until in kept:
                    added[lane.key, lane.each or "", until] += lane.places
            return made

        if not asked:
            return []
        return self._together(take, [lane for lanes, _ in asked for lane in lanes], max(at for _, at in asked))

    def give_back(self, kept: Kept) -> None:
        def back(here: InMemory, added: Counter[tuple[str, str, int]]) -> None:
            here.give_back(kept)
            for lane, until in kept:
                added[lane.key, lane.each or "", until] -= lane.places

        self._together(back, [lane for lane, _ in kept], 0)

    def put(self, lanes: Sequence[Lane], at: int) -> None:
        """Nothing: what the gates took is in the table already."""

    def left(self, lanes: Sequence[Lane], at: int) -> list[int]:
        return self._together(lambda here, _: here.left(lanes, at), lanes, at)

    def _together(
        self, do: Callable[[InMemory, Counter[tuple[str, str, int]]], _T], lanes: Sequence[Lane], at: int
    ) -> _T:
        errand = _Errand(do, [lane.key for lane in lanes], at)
        self._waiting.append(errand)  # type: ignore[arg-type]  # each is asked for its own answer
        with self._lock:
            while not errand.done:
                self._turn()
        return errand.answer()

    def _turn(self) -> None:
        """One transaction for all that wait."""
        group = [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
        try:
            with self._rows.turn() as turn:
                here, added = InMemory(), Counter[tuple[str, str, int]]()
                keys = sorted({key for errand in group for key in errand.keys})
                latest = max(errand.at for errand in group)
                for key, each, until, count in turn.counted(keys, latest):
                    here.add(key, each, until, count)
                answers = [errand.do(here, added) for errand in group]
                turn.add([(*what, count) for what, count in added.items() if count])
            for errand, answer in zip(group, answers, strict=True):
                errand.finish(answer)
        except BaseException as error:
            for errand in group:
                errand.finish(error=error)
            if not isinstance(error, Exception):
                raise


class _Errand(Generic[_T]):
    """What one thread wants of a turn."""

    def __init__(
        self, do: Callable[[InMemory, Counter[tuple[str, str, int]]], _T], keys: Sequence[str], at: int
    ) -> None:
        self.do, self.keys, self.at = do, keys, at
        self.done = False
        self._answer: _T | None = None
        self._error: BaseException | None = None

    def finish(self, answer: _T | None = None, error: BaseException | None = None) -> None:
        self._answer, self._error, self.done = answer, error, True

    def answer(self) -> _T:
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]
