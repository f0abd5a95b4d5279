# SPDX-License-Identifier: Apache-2.0
"""Questions as AuthZEN 1.0 writes them: may this subject do this action on this resource, in this context? And whole looks.

    body ──Evaluation.of──▶ Evaluation(subject, action, resource, context)
         ──Search.of─────▶ Search: the same with one of the three left open

Members that nobody knows are ignored, as the specification demands; that is safe as long as no member of ours has a default
that gives more. The shapes are also what the description of the API is made of, so it cannot say anything else than what is read.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from whosaw.errors import BadInput

Text = Annotated[str, Field(min_length=1, max_length=1000)]
Properties = dict[str, Any]

_SAID = {
    "missing": "missing",
    "extra_forbidden": "does not belong here",
    "literal_error": "none of the words that are known here",
}


class Shape(BaseModel):
    """Read strictly: a number is no text. What is unknown is ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @classmethod
    def of(cls, value: Any) -> Self:
        """What `value` says. Raises BadInput, which names the member."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadInput(_SAID.get(first["type"], "of another type, or too short or too long"), where=where) from None


class Kind(Shape):
    """What something is, where which one is left open."""

    type: Text
    properties: Properties = Field(default_factory=dict)


class Entity(Kind):
    """A subject or a resource."""

    id: Text


class Action(Shape):
    """What is to be done."""

    name: Text
    properties: Properties = Field(default_factory=dict)


class Page(Shape):
    """Which part of an answer. `token`: from the answer before."""

    token: Annotated[str, Field(max_length=200)] = ""
    limit: Annotated[int, Field(ge=0)] | None = None
    properties: Properties = Field(default_factory=dict)


class Evaluation(Shape):
    """One question."""

    subject: Entity
    action: Action
    resource: Entity
    context: Properties = Field(default_factory=dict)


class SubjectSearch(Shape):
    """Who may? An id of the subject is ignored."""

    subject: Kind
    action: Action
    resource: Entity
    context: Properties = Field(default_factory=dict)
    page: Page | None = None


class ResourceSearch(Shape):
    """On what? An id of the resource is ignored."""

    subject: Entity
    action: Action
    resource: Kind
    context: Properties = Field(default_factory=dict)
    page: Page | None = None


class ActionSearch(Shape):
    """What? An action is ignored."""

    subject: Entity
    resource: Entity
    context: Properties = Field(default_factory=dict)
    page: Page | None = None


class LookQuestion(Shape):
    """A look. `principal`: only from a tool that is registered to say who looks; otherwise a token says it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    principal: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    person: Annotated[str, Field(min_length=1, max_length=200)]
    fields: Annotated[list[Text], Field(min_length=1, max_length=8)]
    purpose: Annotated[str, Field(min_length=1, max_length=200)]
    case: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    break_glass: bool = False
    wait: Literal["durable", "published", "witnessed"] = "durable"


Id = Annotated[str, Field(min_length=1, max_length=200)]


class Call(Shape):
    """What each of the calls below says. `principal`: as of a look."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    principal: Id | None = None
    purpose: Id
    case: Id | None = None


class OfKind(Call):
    """`kind`: what pseudonyms keep. `epoch`: of which period; of now where there is none."""

    kind: Literal["pfx", "deterministic", "ndx"] = "pfx"
    epoch: Id | None = None


class PseudonymQuestion(OfKind):
    """Pseudonyms for addresses that are brought."""

    addresses: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=10_000)
    ]


class BehindQuestion(OfKind):
    """A look at a person, exact addresses: which of theirs has this pseudonym."""

    person: Id
    pseudonym: Annotated[str, Field(min_length=1, max_length=64)]


class CountQuestion(Call):
    """How many accounts there are under each heading. `field`: such as `ip:country`; `period`: last week where there is none."""

    field: Id
    headings: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    period: Id | None = None


class OwnQuestions(Shape):
    """The open questions of the day to whoever's token it is: there is nothing to say, and no place to say who asks."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AnswerGiven(Shape):
    """What a look was for: `purpose`, with a case or without; `mistake`; or `unit`, which can say."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    question: Id
    said: Literal["purpose", "mistake", "unit"]
    purpose: Id | None = None
    case: Id | None = None
