# SPDX-License-Identifier: Apache-2.0
"""The description of the API in OpenAPI: made of the shapes that are read and of those that are answered.

    table of endpoints ──describe──▶ docs/spec/openapi.json, and GET /v1/openapi.json

Invariant: the committed one is the served one (a test), and every reply is as it says (another).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from whosaw.api import answers, authzen, batch
from whosaw.api.counts import COUNTS
from whosaw.api.nudges import ANSWER, QUESTIONS
from whosaw.api.pseudonyms import BEHIND, PSEUDONYMS
from whosaw.api.question import (
    Action,
    ActionSearch,
    AnswerGiven,
    BehindQuestion,
    CountQuestion,
    Entity,
    Evaluation,
    LookQuestion,
    OwnQuestions,
    Properties,
    PseudonymQuestion,
    ResourceSearch,
    Shape,
    SubjectSearch,
)

OPENAPI = "/v1/openapi.json"
LOOK = "/v1/look"
HEALTH = "/v1/health"
_REF = "#/components/schemas/{model}"


class Options(Shape):
    """How far a batch goes."""

    evaluations_semantic: batch.Until = batch.Until.ALL


class Evaluations(Shape):
    """Questions with their defaults; without a list, or with an empty one, a single question."""

    subject: Properties = Field(default_factory=dict)
    action: Properties = Field(default_factory=dict)
    resource: Properties = Field(default_factory=dict)
    context: Properties = Field(default_factory=dict)
    options: Options = Field(default_factory=Options)
    evaluations: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=batch.LIMIT)]


@dataclass(frozen=True, slots=True)
class Described:
    """One endpoint. `asked`: the shapes of which a body has one; none: it is read with GET."""

    path: str
    says: str
    asked: tuple[type[BaseModel], ...]
    answered: tuple[type[BaseModel], ...]
    key: bool | None = None  # an idempotency key is needed, may be given, has no place
    also: tuple[int, ...] = ()
    known: bool = True  # whoever asks must be known
    often: bool = False  # an employee may ask too often


ENDPOINTS: Sequence[Described] = (
    Described(authzen.EVALUATION, "May this subject do this?", (Evaluation,), (answers.EvaluationAnswer,), key=False),
    Described(
        authzen.EVALUATIONS, "The same for several questions.", (Evaluations, Evaluation),
        (answers.EvaluationsAnswer, answers.EvaluationAnswer), key=False,
    ),
    Described(authzen.SUBJECTS, "Who may?", (SubjectSearch,), (answers.EntitiesFound,), key=False),
    Described(authzen.RESOURCES, "On what?", (ResourceSearch,), (answers.EntitiesFound,), key=False),
    Described(authzen.ACTIONS, "What?", (ActionSearch,), (answers.ActionsFound,), key=False),
    Described(LOOK, "A whole look, with its values.", (LookQuestion,), (answers.LookShown, answers.LookRefused), key=True),
    Described(
        PSEUDONYMS, "Pseudonyms for addresses that are brought.", (PseudonymQuestion,), (answers.PseudonymsMade, answers.CallRefused)
    ),
    Described(
        BEHIND, "The address behind a pseudonym: a look at the person.", (BehindQuestion,), (answers.LookShown, answers.LookRefused),
        key=True,
    ),
    Described(COUNTS, "How many accounts, with noise.", (CountQuestion,), (answers.Counted, answers.CallRefused)),
    Described(
        QUESTIONS, "The open questions of the day to whoever's token it is.", (OwnQuestions,), (answers.QuestionsAsked,),
        often=True,
    ),
    Described(
        ANSWER, "What a look was for, by the one who looked.", (AnswerGiven,), (answers.QuestionAnswered, answers.AnswerRefused),
        often=True,
    ),
    Described(authzen.METADATA, "Where everything is.", (), (answers.Metadata,), known=False),
    Described(HEALTH, "Is this house well?", (), (answers.HealthAnswer,), also=(503,), known=False),
)  # fmt: skip
_TOO_OFTEN = 429
_ERRORS = {
    400: "The question cannot be read.",
    401: "Who asks is not known.",
    403: "Whoever asks may not ask this.",
    408: "The body came too slowly.",
    409: "The idempotency key was used for another question.",
    413: "The body is too long.",
    _TOO_OFTEN: "Whoever asks has asked too often.",
    500: "Something here is broken; it is not said what.",
    503: "Something that is needed does not answer.",
}
_SENTENCE = {"text/plain": {"schema": {"type": "string"}}}


def describe(endpoints: Sequence[Described]) -> dict[str, Any]:
    """The description of these endpoints."""
    shapes: set[type[BaseModel]] = {shape for one in endpoints for shape in (*one.asked, *one.answered)} | {
        Entity,
        Action,
    }
    ordered: list[type[BaseModel]] = sorted(shapes, key=lambda shape: shape.__name__)
    _, schemas = models_json_schema([(shape, "validation") for shape in ordered], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Whosaw", "version": "1", "description": "Who saw whose data, why, and can you prove it?"},
        "paths": {one.path: {"post" if one.asked else "get": _operation(one)} for one in endpoints},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "certificate": {"type": "mutualTLS"},
            },
        },
    }


def _operation(one: Described) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "The answer.", "content": _content(one.answered)}}
    responses |= {str(status): {"description": "Not well.", "content": _content(one.answered)} for status in one.also}
    errors = [status for status in _ERRORS if one.asked and (one.often or status != _TOO_OFTEN)]
    responses |= {str(s): {"description": _ERRORS[s], "content": _SENTENCE} for s in errors}
    made: dict[str, Any] = {
        "operationId": one.path.rsplit("/", 1)[-1].replace("-", "_"),
        "summary": one.says,
        "responses": responses,
        "security": [{"token": []}, {"certificate": []}] if one.known else [],
    }
    if one.asked:
        made["requestBody"] = {"required": True, "content": _content(one.asked)}
    if one.key is not None:
        made["parameters"] = [_key(needed=one.key)]
    return made


def _key(*, needed: bool) -> dict[str, Any]:
    return {
        "name": "Idempotency-Key", "in": "header", "required": needed,
        "description": "The same key is the same question, whatever became of the first answer.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
    }  # fmt: skip


def _content(shapes: Sequence[type[BaseModel]]) -> dict[str, Any]:
    refs = [{"$ref": _REF.format(model=shape.__name__)} for shape in shapes]
    return {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}
