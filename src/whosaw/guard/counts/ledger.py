# SPDX-License-Identifier: Apache-2.0
"""The ledger: every question that was charged, once, with its answer as soon as there is one. What is spent is its sum.

    take ──one turn──▶ known: its answer, or its place, for nothing      keep ──one turn──▶ the first answer stays,
                   ├─▶ room in every period that it touches: charged                   and everybody gets that one
                   └─▶ none: None, and nothing changed

A budget is of a data set, a purpose, and a period of the *data*: days that were asked about remain spent for ever. A question
about a month is charged to each period that the month touches, because somebody's data of either may be in its answer.

Invariant: what a period's questions cost together is never more than its budget, however many gates ask at once; all numbers are
whole (thousandths). A question that was charged and never answered has told nothing, so whoever asks it next pays nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from whosaw.model.count_body import Question
from whosaw.privacy.ipcrypt.epochs import bounds
from whosaw.settings.counts import CountSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = 4  # 1970-01-05: so that a week lies in one period of whole weeks


class Turn(Protocol):
    """The ledger, while nobody else is at it."""

    def find(self, question: str) -> tuple[int, str | None] | None:
        """(epsilon, answer) of a question that was charged."""
        ...

    def spent(self, data_set: str, purpose: str, begin: int, end: int) -> int:
        """What the questions of both cost together that are about a day from `begin` on and before `end`."""
        ...

    def add(
        self, question: str, *, data_set: str, purpose: str, begin: int, end: int, epsilon: int, asked: int
    ) -> None: ...

    def fill(self, question: str, answer: str) -> None:
        """The answer, where there is none yet."""
        ...


class LedgerRows(Protocol):
    """Where it is kept. Raises Unavailable; what was written in that turn is then there, or not."""

    def turn(self) -> AbstractContextManager[Turn]:
        """Alone with it; all of it is durable when the block ends, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """`numbers`: None where there is no answer yet. `charged`: now. `left`: of the period that has least."""

    epsilon: int
    charged: int
    left: int
    numbers: tuple[int, ...] | None


class Ledger:
    def __init__(self, rows: LedgerRows, settings: CountSettings) -> None:
        self._rows, self._settings = rows, settings

    def take(self, question: Question, purpose: str, at: datetime) -> Taken | None:
        """A place for this question; None where the budget is spent. Raises Unavailable."""
        data_set, digest = str(question.asked.field), question.digest
        begin, end = days(question.period)
        with self._rows.turn() as turn:
            spent = max(turn.spent(data_set, purpose, *each) for each in self._periods(begin, end))
            left, known = self._settings.period - spent, turn.find(digest)
            if known is not None:
                epsilon, answer = known
                return Taken(epsilon, 0, max(left, 0), None if answer is None else _numbers(answer))
            epsilon = self._settings.question
            if epsilon > left:
                return None
            turn.add(
                digest, data_set=data_set, purpose=purpose, begin=begin, end=end, epsilon=epsilon,
                asked=int(at.timestamp()),
            )  # fmt: skip
        return Taken(epsilon, epsilon, left - epsilon, None)

    def keep(self, question: Question, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """The answer that stands: this one, or that of whoever was faster. Only what this returns may be told to anybody."""
        with self._rows.turn() as turn:
            turn.fill(question.digest, json.dumps(numbers))
            _, answer = turn.find(question.digest) or (0, None)
        if answer is None:
            raise RuntimeError("a question was answered that was never charged")
        return _numbers(answer)

    def _periods(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        size = self._settings.period_days
        for number in range((begin - _MONDAY) // size, (end - 1 - _MONDAY) // size + 1):
            yield number * size + _MONDAY, (number + 1) * size + _MONDAY


def days(period: str) -> tuple[int, int]:
    """From which day on and before which one, since 1970. Raises BadInput for what is no period."""
    begin, end = bounds(period)
    return (begin - _EPOCH).days, (end - _EPOCH).days


def _numbers(answer: str) -> tuple[int, ...]:
    return tuple(map(int, json.loads(answer)))
