# SPDX-License-Identifier: Apache-2.0
"""The question of the day over HTTP: one's own open questions, and an answer to one of them.

    POST /v1/questions          the employee's token ──▶ the open questions to them
    POST /v1/questions/answer   the employee's token, question, what it was for ──record──▶ answered, or why not

Whose questions they are says the employee's own token and nothing else: no member of a body, and no tool that is registered to say
who looks. An answer in somebody's name that somebody else gave would stand beside a finding as theirs.

Invariant: nobody lists or answers another's question, and a tool without an employee's token none at all.    Use: docs/nudge.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from whosaw.api.ports import Asker
from whosaw.api.question import AnswerGiven, OwnQuestions
from whosaw.api.reply import Reply, answer
from whosaw.errors import Busy
from whosaw.guard.quota_count import InMemory, Lane
from whosaw.model.record import time_text
from whosaw.nudge import answer as answering
from whosaw.nudge.answer import REASONS, Answered, Given, Refused, Told
from whosaw.nudge.ports import Desk
from whosaw.nudge.record import Said
from whosaw.nudge.wording import FAIR, question

QUESTIONS, ANSWER = "/v1/questions", "/v1/questions/answer"
# Of one employee, by each gate. A request puts together all that was ever asked, and what is refused is a record for all of them.
MOST, HOUR = 120, 3600


@dataclass(frozen=True, slots=True)
class Nudges:
    """The handlers. Safe to share between threads."""

    desk: Desk
    _counted: InMemory = field(default_factory=InMemory, repr=False)

    def questions(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        del key
        OwnQuestions.of(body)
        waiting = answering.waiting(self._counts(asker.employee()), self.desk)
        return answer({"questions": [_asked(told) for told in waiting], "notes": [FAIR]})

    def answer(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        del key  # the question is answered once, whoever asks how often
        said = AnswerGiven.of(body)
        given = Given(said.question, self._counts(asker.employee()), Said(said.said), said.purpose, said.case)
        return answer(_json(answering.answer(given, self.desk)))

    def _counts(self, by: str) -> str:
        """`by`, counted. Raises Busy where they ask too often; nothing was read or recorded then."""
        (left,), _ = self._counted.take([Lane(by, HOUR, MOST)], int(self.desk.clock().timestamp()))
        if left < 1:
            raise Busy(f"more than {MOST} requests of one employee in an hour", part="questions", hint="ask later")
        return by


def _asked(told: Told) -> dict[str, Any]:
    """`look`: its id, which their tool showed them; None where it is erased."""
    return {
        "question": told.asked.question.id, "look": None if told.look is None else told.look.look,
        "answer_by": time_text(told.asked.question.due), "asked": question(told),
    }  # fmt: skip


def _json(made: Answered | Refused) -> dict[str, Any]:
    """Nothing of what was found when the answer was held against what is on file: it would teach how to answer."""
    if isinstance(made, Refused):
        why = [{"code": code, "reason": REASONS[code]} for code in made.reasons]
        return {"answered": False, "leaf": made.index, "reasons": why}
    return {"answered": True, "leaf": made.index, "question": made.answer.id, "late": made.answer.late}
