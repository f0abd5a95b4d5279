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
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from whosaw.errors import NotCanonical
from whosaw.model.count_body import CountBody, Question
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

    def told(self, bodies: Iterable[bytes]) -> None:
        """What the stream `aggregate` knows to have been charged, in its order: what the ledger has lost is spent all the same.

        An older state.db that was restored, or a row that somebody took out, would otherwise be a new budget. The answer is
        lost; whoever asks again is charged again, because another answer is told.
        """
        charged: dict[str, list[CountBody]] = {}
        for body in bodies:
            try:
                said = CountBody.decode(body)
            except NotCanonical:
                continue  # a look that was counted up elsewhere, or of a later version
            if said.permitted and said.charged:
                charged.setdefault(said.question, []).append(said)
        with self._rows.turn() as turn:
            for question, all_ in charged.items():
                # The row of a question is of its newest charge: it is charged again only where the row was lost.
                for said in all_ if turn.find(question) is None else all_[:-1]:
                    self._lost(turn, said)

    def _lost(self, turn: Turn, said: CountBody) -> None:
        name = f"lost-{said.count}"
        if turn.find(name) is None and said.purpose is not None:
            begin, end = days(said.period)
            turn.add(
                name, data_set=str(said.asked.field), purpose=said.purpose, begin=begin, end=end, epsilon=said.charged,
                asked=int(said.at.timestamp()),
            )  # fmt: skip

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
