# SPDX-License-Identifier: Apache-2.0
"""What is answered, as shapes: for the description of the API, and for the tests that hold every answer against it.

Answers are not built of them, which would cost more than the decision's own JSON; a test reads every one back.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Said(BaseModel):
    """Exactly this."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class EvaluationAnswer(Said):
    """Permitted or not. `context.reason_user`: one sentence for whoever asked."""

    decision: bool
    context: dict[str, Any] | None = None


class EvaluationsAnswer(Said):
    """One answer for each question that was asked, in their order."""

    evaluations: list[EvaluationAnswer]


class FoundPage(Said):
    """`next_token`: empty at the end."""

    next_token: str
    count: int = Field(ge=0)
    total: int | None = Field(default=None, ge=0)


class FoundEntity(Said):
    """A subject or a resource."""

    type: str
    id: str


class FoundAction(Said):
    """An action."""

    name: str
    properties: dict[str, Any] | None = None


class EntitiesFound(Said):
    """What a search found."""

    results: list[FoundEntity]
    page: FoundPage
    context: dict[str, Any] | None = None


class ActionsFound(Said):
    """What a search found."""

    results: list[FoundAction]
    page: FoundPage
    context: dict[str, Any] | None = None


class Metadata(Said):
    """Where everything is."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str


class ShownValue(Said):
    """One value, at the detail that was granted."""

    field: str
    detail: str
    seen: str
    value: str
    caveat: str


class LookShown(Said):
    """Permitted. `receipt`: a signed note, or a proof where more than a durable record was waited for."""

    permitted: Literal[True]
    look: str
    leaf: int
    receipt: str
    values: list[ShownValue]


class LookRefused(Said):
    """Refused, and recorded all the same. `rules` and `cause` only for tools that may see them."""

    permitted: Literal[False]
    look: str
    leaf: int
    receipt: str
    told: str
    rules: list[str] | None = None
    cause: str | None = None


class Why(Said):
    """A rule that refused, and its sentence; none is about a person, because nobody was asked about."""

    code: str
    reason: str


class CallRefused(Said):
    """No pseudonym was made, or nothing was counted; the call is on record. `cause`: only for tools that may see it."""

    permitted: Literal[False]
    leaf: int
    receipt: str
    reasons: list[Why]
    cause: str | None = None


class PseudonymsMade(Said):
    """In the order of the addresses."""

    permitted: Literal[True]
    leaf: int
    receipt: str
    epoch: str
    kind: str
    pseudonyms: list[str]


class Under(Said):
    """A heading with its number, which may be below zero."""

    heading: str
    accounts: int


class Counted(Said):
    """The numbers. `within`: by how much one is off at most, in 19 of 20 cases. Epsilons are decimal numbers, exactly."""

    permitted: Literal[True]
    leaf: int
    receipt: str
    field: str
    period: str
    numbers: list[Under]
    within: int
    epsilon: str
    charged: str
    left: str
    again: bool
    notes: list[str]


class QuestionAsked(Said):
    """A question of the day. `look`: its id, as the tool showed it; null where it is erased."""

    question: str
    look: str | None
    answer_by: str
    asked: str


class QuestionsAsked(Said):
    """Every open question to whoever's token it was, oldest first."""

    questions: list[QuestionAsked]
    notes: list[str]


class QuestionAnswered(Said):
    """On record at `leaf`. `late`: not in time, which is on record, too."""

    answered: Literal[True]
    leaf: int
    question: str
    late: bool


class AnswerRefused(Said):
    """Nothing was answered, and the attempt is on record at `leaf`."""

    answered: Literal[False]
    leaf: int
    reasons: list[Why]


class HealthAnswer(Said):
    """`parts`: each part of the house, `ok` or a sentence; only for callers who are known."""

    ok: bool
    parts: dict[str, str] | None = None
