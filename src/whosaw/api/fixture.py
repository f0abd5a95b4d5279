# SPDX-License-Identifier: Apache-2.0
"""A small policy set that is no policy of ours: it shows that the endpoints conform, with everybody's own test cases.

    FOLDER/fixture.toml      who and what there is
    FOLDER/policies.cedar    who may do what:  principal.id, principal.with.role, resource.id, resource.with.status, context.action.soft

What a request says of a subject or a resource outweighs what the file says of it: the cases are made so. Nothing here would be
right for a real person's data, so a fixture has no log, no vault and no keys, and no data folder can be served with one.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy
from pydantic import Field

from whosaw.api.admitted import NotAdmitted
from whosaw.api.body import Scope
from whosaw.api.ports import Answer, Asker, Found
from whosaw.api.question import Action, ActionSearch, Entity, Evaluation, ResourceSearch, Shape, SubjectSearch
from whosaw.errors import BadInput, Misconfigured
from whosaw.model.caller import Caller, Proof

FORMAT = 1
_TOML, _CEDAR = "fixture.toml", "policies.cedar"
_REFUSED = {"reason_user": {"en": "The fixture does not permit this."}}


class _File(Shape):
    format: int
    actions: list[str]
    subject: list[Entity] = Field(default_factory=list)
    resource: list[Entity] = Field(default_factory=list)
    token: str = ""


class _Anybody:
    """``ports.Asker``: a fixture has nobody who looks."""

    sees_admin = False

    def looker(self, said: str | None, purpose: str | None) -> tuple[str, Caller]:
        del purpose
        return said or "fixture", Caller("fixture", Proof.LOCAL, True)

    def employee(self) -> str:
        raise NotAdmitted(403, "a fixture has no employees")


@dataclass(frozen=True, slots=True)
class Fixture:
    """``ports.Decides`` over a folder. `token`: what a caller must show; empty: nothing."""

    policies: str
    known_subjects: Mapping[tuple[str, str], Entity]
    known_resources: Mapping[tuple[str, str], Entity]
    known_actions: tuple[str, ...]
    token: str = field(repr=False)

    @property
    def pages(self) -> bool:
        return True

    @classmethod
    def load(cls, folder: Path) -> Fixture:
        """The fixture in `folder`. Raises Misconfigured."""
        try:
            file = _File.of(tomllib.loads((folder / _TOML).read_text()))
            policies = (folder / _CEDAR).read_text()
            cedarpy.policies_to_json_str(policies)
        except OSError as error:
            raise Misconfigured(f"no fixture: {error.strerror}", setting="--fixture") from None
        except (ValueError, BadInput) as error:
            raise Misconfigured(f"no fixture: {error}", setting="--fixture") from None
        if file.format != FORMAT:
            raise Misconfigured(f"{_TOML}: `format` is not {FORMAT}", setting="--fixture")
        return cls(policies, _by_name(file.subject), _by_name(file.resource), tuple(file.actions), file.token)

    def caller(self, scope: Scope) -> _Anybody:
        """``ports.Callers``: whoever shows the token, where there is one."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if self.token and given != [f"Bearer {self.token}".encode()]:
            raise NotAdmitted(401, "Authorization: Bearer, with the token of the fixture")
        return _Anybody()

    def evaluate(self, question: Evaluation, asker: Asker, key: str) -> Answer:
        del asker, key
        permitted = self._permits(question.subject, question.action, question.resource)
        return Answer(permitted, {} if permitted else _REFUSED)

    def evaluate_later(self, question: Evaluation, asker: Asker, key: str) -> Callable[[], Awaitable[Answer]]:
        made = self.evaluate(question, asker, key)

        async def later() -> Answer:
            return made

        return later

    def subjects(self, search: SubjectSearch, asker: Asker, key: str) -> Found:
        del asker, key
        return Found([
            {"type": one.type, "id": one.id} for one in self.known_subjects.values()
            if one.type == search.subject.type and self._permits(one, search.action, search.resource)
        ])  # fmt: skip

    def resources(self, search: ResourceSearch, asker: Asker, key: str) -> Found:
        del asker, key
        return Found([
            {"type": one.type, "id": one.id} for one in self.known_resources.values()
            if one.type == search.resource.type and self._permits(search.subject, search.action, one)
        ])  # fmt: skip

    def actions(self, search: ActionSearch, asker: Asker, key: str) -> Found:
        del asker, key
        return Found([
            {"name": name} for name in self.known_actions
            if self._permits(search.subject, Action(name=name, properties={}), search.resource)
        ])  # fmt: skip

    def _permits(self, subject: Entity, action: Action, resource: Entity) -> bool:
        who = _entity("Subject", subject, self.known_subjects)
        what = _entity("Resource", resource, self.known_resources)
        request = {
            "principal": _name("Subject", subject),
            "action": f"Action::{json.dumps(action.name)}",
            "resource": _name("Resource", resource),
            "context": {"action": _plain(action.properties)},
        }
        try:
            result = cedarpy.is_authorized(request, self.policies, [who, what])
        except (ValueError, TypeError):  # words that the engine cannot hold are nobody's
            return False
        return result.decision is cedarpy.Decision.Allow and not result.diagnostics.errors


def _by_name(entities: list[Entity]) -> dict[tuple[str, str], Entity]:
    return {(one.type, one.id): one for one in entities}


def _name(kind: str, entity: Entity) -> str:
    return f"{kind}::{json.dumps(f'{entity.type}/{entity.id}')}"


def _entity(kind: str, entity: Entity, known: Mapping[tuple[str, str], Entity]) -> dict[str, Any]:
    found = known.get((entity.type, entity.id))
    has = {**(found.properties if found else {}), **entity.properties}
    attrs = {"type": entity.type, "id": entity.id, "known": found is not None, "with": _plain(has)}
    return {"uid": {"type": kind, "id": f"{entity.type}/{entity.id}"}, "attrs": attrs, "parents": []}


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Only what is no word of the engine's own: `__entity` in a request would name anybody."""
    return {
        name: each for name, each in value.items()
        if type(each) in (str, bool, int) and not name.startswith("__")
    }  # fmt: skip
