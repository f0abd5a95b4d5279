# SPDX-License-Identifier: Apache-2.0
"""A question is answered: by the one who looked, once, on record first; held against what is on file.

    question, asker, claim ──theirs, open?──▶ against(what is on file) ──▶ Answer recorded ──durable──▶ Answered
                                 └ no ─▶ the refusal recorded ──▶ Refused

An answer is no acquittal: it closes no finding, lifts no weight, and nothing is told back of what speaks against it. Whose
question it is nobody else learns: one that is another's and one that was never asked are the same answer.

Invariant: one answer per question, by whoever looked, and none that is not on record.             Design: docs/adr/0165
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import BadInput, IdempotencyConflict
from whosaw.inquiry.step import moment
from whosaw.journal.submission import Record, Submission
from whosaw.model.record import Stream
from whosaw.nudge.ask import CALLER, nudges
from whosaw.nudge.facts import Claim, against
from whosaw.nudge.ports import Desk, Opened
from whosaw.nudge.record import STREAM, Answer, Fate, Nudged, Question, Refusal, Said
from whosaw.nudge.state import Exchange

REASONS: Mapping[str, str] = {
    "no-question": "There is no question to you by this id.",
    "answered": "This question was answered; an answer is not changed.",
}
_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,63}")


@dataclass(frozen=True, slots=True)
class Told:
    """A question, for the one who looked. `look` None: the look is erased, and nothing is left to ask about."""

    asked: Exchange
    look: Opened | None


@dataclass(frozen=True, slots=True)
class Answered:
    """On record at leaf `index`."""

    answer: Answer
    index: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not answered; the attempt is on record at leaf `index`."""

    reasons: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody answers. `by`: a staff id."""

    id: str
    by: str = field(repr=False)
    said: Said
    purpose: str | None = None
    case: str | None = field(default=None, repr=False)


def waiting(by: str, desk: Desk) -> tuple[Told, ...]:
    """The open questions to `by`, a staff id, oldest first."""
    who = desk.remember(by)
    mine = (one for one in nudges(desk).asked.values() if one.question.who == who and one.open)
    return tuple(Told(one, desk.opened(one.question.leaf)) for one in sorted(mine, key=lambda one: one.question.id))


def answer(given: Given, desk: Desk) -> Answered | Refused:
    """Answer a question. Raises BadInput for a purpose that is none, or a case number that can be none."""
    _check(given, desk)
    at, who = moment(desk.clock), desk.remember(given.by)
    one = nudges(desk).asked.get(given.id)
    if one is None or one.question.who != who or one.question.fate is not Fate.ASKED:
        return _refused(desk, at, who, "no-question")
    if one.answer is not None:
        return _refused(desk, at, who, "answered")
    made = _made(given, one.question, at, who, desk)
    try:
        return Answered(made, _submit(desk, f"answer/{given.id}", made))
    except IdempotencyConflict:
        return _refused(desk, at, who, "answered")


def _made(given: Given, question: Question, at: datetime, who: str, desk: Desk) -> Answer:
    look = desk.opened(question.leaf)
    case = None
    if given.case is not None:
        person = "" if look is None or look.person is None else look.person
        case = desk.on_file(given.case, who, person)
    codes: tuple[str, ...] = ("not-checked",)
    if look is not None:
        purpose = None if given.purpose is None else desk.purposes[given.purpose]
        claim = Claim(
            said=given.said,
            purpose=given.purpose,
            case=given.case,
            needs=frozenset() if purpose is None else purpose.needs,
            needs_case=purpose is not None and purpose.needs_case,
        )
        codes = against(look.looked, claim, case, repeat=question.repeat)
    return Answer(
        id=given.id, at=at, by=who, said=given.said, purpose=given.purpose, case_given=given.case is not None,
        # A number that no case has is free text, and free text can be a name: it is not written down.
        case=given.case if case is not None else None,
        against=codes, late=at >= question.due,
    )  # fmt: skip


def _check(given: Given, desk: Desk) -> None:
    if (given.said is Said.PURPOSE) != (given.purpose is not None):
        raise BadInput("an answer is a purpose, or by mistake, or to ask the unit", where="purpose")
    if given.purpose is not None and given.purpose not in desk.purposes:
        raise BadInput("no such purpose", where="purpose", hint=f"one of: {', '.join(sorted(desk.purposes))}")
    if given.case is not None and given.said is not Said.PURPOSE:
        raise BadInput("a case goes with a purpose", where="case")
    if given.case is not None and not _CASE.fullmatch(given.case):
        raise BadInput("no case has such a number", where="case", hint="as the system of cases writes it")


def _refused(desk: Desk, at: datetime, who: str, code: str) -> Refused:
    no = Refusal(at=at, by=who, reasons=(code,))
    return Refused((code,), _submit(desk, f"refused/{desk.fresh()}", no))


def _submit(desk: Desk, key: str, record: Nudged) -> int:
    said = desk.journal.submit(Submission(CALLER, key, (Record(Stream.named(STREAM), record.encode()),)))
    return said.leaves[-1].index
