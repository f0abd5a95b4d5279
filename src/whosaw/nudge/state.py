# SPDX-License-Identifier: Apache-2.0
"""What was asked and what came of it: what the records make, and nothing else. Pure.

    records of the stream, in its order ──made──▶ Exchange: rounds, and per question its answer or its silence

Invariant: a question is answered once. An answer that comes after the silence stands beside it, as late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from whosaw.errors import Damaged
from whosaw.nudge.record import Answer, Fate, Nudged, Question, Refusal, Round, Silence


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what came of it. `answer` and `silence` can both be there: then it was late."""

    question: Question
    answer: Answer | None = None
    silence: Silence | None = None

    @property
    def open(self) -> bool:
        """Whether an answer is still wanted."""
        return self.question.fate is Fate.ASKED and self.answer is None

    def overdue(self, at: datetime) -> bool:
        """Whether it is time to record the silence."""
        return self.open and self.silence is None and at >= self.question.due


@dataclass(frozen=True, slots=True)
class Nudges:
    """Everything so far, by id of the question."""

    rounds: tuple[Round, ...] = ()
    asked: dict[str, Exchange] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The first leaf that no round has considered."""
        return self.rounds[-1].end if self.rounds else 0


def made(records: Iterable[Nudged]) -> Nudges:
    """What the records make. Raises Damaged where they cannot follow each other."""
    rounds: list[Round] = []
    asked: dict[str, Exchange] = {}
    for record in records:
        match record:
            case Round():
                if record.number != len(rounds) + 1 or (rounds and record.first != rounds[-1].end):
                    raise Damaged("the rounds of questions do not follow each other", where="nudges")
                rounds.append(record)
            case Question():
                if record.id in asked:
                    raise Damaged("a question was asked twice", where="nudges")
                asked[record.id] = Exchange(record)
            case Answer():
                asked[record.id] = _with(asked.get(record.id), answer=record)
            case Silence():
                asked[record.id] = _with(asked.get(record.id), silence=record)
            case Refusal():
                pass
    return Nudges(tuple(rounds), asked)


def _with(one: Exchange | None, *, answer: Answer | None = None, silence: Silence | None = None) -> Exchange:
    # A silence that crossed an answer says what was so when it was written.
    before = None if one is None else one.answer if silence is None else one.silence
    if one is None or before is not None:
        raise Damaged("something was answered that was not asked, or was answered before", where="nudges")
    return replace(one, answer=answer) if silence is None else replace(one, silence=silence)
