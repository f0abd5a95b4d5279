# SPDX-License-Identifier: Apache-2.0
"""A question of AuthZEN as a look: who asks for which fields of whose data, how exactly, for what, under which case.

    subject             type "principal" or "user", id: who looks
    action.name         how: "read"; other modes are asked for, and refused
    resource            type "person", id: whose data              fields in action.properties: field and detail, or fields
                        type "field", id: which field              person in resource.properties, detail in action.properties
    context             purpose, case, break_glass

Invariant: nothing is guessed. What is missing is an error or goes to the policy as missing; no member has a default that gives
more; what a tool says of a subject (role, department) is not looked at, for the directory knows.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.api.ports import Asker
from whosaw.api.question import Action, Entity, Evaluation
from whosaw.errors import BadInput
from whosaw.model.access import Asked, Look, Mode

PRINCIPALS = ("principal", "user")
PERSON, FIELD = "person", "field"


def look_of(question: Evaluation, asker: Asker, key: str, look_id: str) -> Look:
    """The look that `question` asks for. Raises BadInput, NotAdmitted."""
    if question.subject.type not in PRINCIPALS:
        raise BadInput(f"one of {', '.join(PRINCIPALS)}", where="subject.type")
    person, asked = _asked(question.action, question.resource)
    mode, context = mode_of(question.action), question.context
    purpose = text_of(context, "purpose", "context")
    case = text_of(context, "case", "context") if "case" in context else None
    break_glass = _flag(context, "break_glass")
    # Last, because it may put a refusal on record: a question that is none is nobody's attempt.
    principal, caller = asker.looker(question.subject.id, purpose)
    return Look(
        look_id=look_id,
        principal=principal,
        person=person,
        asked=asked,
        purpose=purpose,
        case=case,
        key=key,
        mode=mode,
        app=caller.name,
        break_glass=break_glass,
        caller=caller,
    )


def mode_of(action: Action) -> Mode:
    try:
        return Mode(action.name)
    except ValueError:
        raise BadInput(f"one of {', '.join(Mode)}", where="action.name") from None


def _asked(action: Action, resource: Entity) -> tuple[str, tuple[Asked, ...]]:
    """Whose data, and which of it."""
    said = action.properties
    if resource.type == FIELD:
        if "field" in said or "fields" in said:
            raise BadInput("the resource says which field", where="action.properties")
        return text_of(resource.properties, "person", "resource.properties"), (_field(resource.id, said),)
    if resource.type != PERSON:
        raise BadInput(f"one of {PERSON}, {FIELD}", where="resource.type")
    if resource.properties.get("person", resource.id) != resource.id:
        raise BadInput("the resource is another person", where="resource.properties.person")
    if "fields" not in said:
        return resource.id, (_field(text_of(said, "field", "action.properties"), said),)
    fields = said["fields"]
    if type(fields) is not list or not fields or any(type(one) is not str for one in fields):
        raise BadInput('a list such as ["ip:network", "profile"]', where="action.properties.fields")
    if "field" in said or "detail" in said:
        raise BadInput("fields, or one field with its detail", where="action.properties")
    return resource.id, tuple(Asked.parse(one) for one in fields)


def _field(name: str, said: Mapping[str, Any]) -> Asked:
    detail = f":{text_of(said, 'detail', 'action.properties')}" if "detail" in said else ""
    if ":" in name:
        raise BadInput("no such field", where="field")
    return Asked.parse(name + detail)


def text_of(said: Mapping[str, Any], name: str, where: str) -> str:
    value = said.get(name)
    if type(value) is not str or not value:
        raise BadInput("missing" if value is None else "not a text", where=f"{where}.{name}")
    return value


def _flag(said: Mapping[str, Any], name: str) -> bool:
    value = said.get(name, False)
    if type(value) is not bool:
        raise BadInput("not true or false", where=f"context.{name}")
    return value
