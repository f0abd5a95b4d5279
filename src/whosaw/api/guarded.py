# SPDX-License-Identifier: Apache-2.0
"""``ports.Decides`` by our own guard: an evaluation is a look whose values are fetched elsewhere, and is recorded as one.

    evaluation        ──▶ one look
    search, actions   ──▶ a look for each field and detail that is offered, from the least upward, as far as they are permitted
    search, subjects  ──▶ one look of whoever asks: they may, or nobody is found
    search, resources ──▶ refused, on record

Invariant: a search says nothing that the same questions asked one by one would not say, and leaves the same records. Who else may look
at a person, and whom somebody may look at, would tell who is protected.                Decided in: docs/adr/0107
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from whosaw.api.authzen import of_item
from whosaw.api.looks import rules_of
from whosaw.api.mapping import FIELD, PERSON, PRINCIPALS, look_of, text_of
from whosaw.api.ports import Answer, Asker, Found
from whosaw.api.question import Action, ActionSearch, Entity, Evaluation, ResourceSearch, SubjectSearch
from whosaw.errors import BadInput
from whosaw.guard.answer import Permitted, Refused
from whosaw.model.access import LADDER, Asked, Look, Mode, rung
from whosaw.model.caller import Caller
from whosaw.policy.purposes import Purpose
from whosaw.privacy.detail import caveat


class Guard(Protocol):
    """The one door, for a tool that keeps the values itself. `offered`: what this installation can show at all."""

    @property
    def offered(self) -> frozenset[Asked]: ...

    def evaluate(self, look: Look) -> Permitted | Refused: ...

    async def evaluate_async(self, look: Look) -> Permitted | Refused: ...


class Searches(Protocol):
    """Refuses a search for people, on record."""

    def refuse(self, principal: str, caller: Caller, purpose: str) -> Refused: ...


class Guarded:
    """The engine. Safe to share between threads."""

    # A part of an answer would be asked anew, and recorded anew; and no answer is long.
    pages = False

    def __init__(self, guard: Guard, searches: Searches, purposes: Mapping[str, Purpose]) -> None:
        self._guard, self._searches, self._purposes = guard, searches, purposes

    def evaluate(self, question: Evaluation, asker: Asker, key: str) -> Answer:
        look = look_of(question, asker, key, secrets.token_hex(8))
        return _answer(self._guard.evaluate(look), look, sees_admin=asker.sees_admin)

    def evaluate_later(self, question: Evaluation, asker: Asker, key: str) -> Callable[[], Awaitable[Answer]]:
        look = look_of(question, asker, key, secrets.token_hex(8))

        async def later() -> Answer:
            return _answer(await self._guard.evaluate_async(look), look, sees_admin=asker.sees_admin)

        return later

    def subjects(self, search: SubjectSearch, asker: Asker, key: str) -> Found:
        """Whoever asks, if they may. Of anybody else nothing is said."""
        if _strange(search):
            return Found(())
        who, _ = asker.looker(None, text_of(search.context, "purpose", "context"))
        subject = Entity(type=search.subject.type, id=who)
        question = Evaluation(subject=subject, action=search.action, resource=search.resource, context=search.context)
        made = self.evaluate(question, _Themselves(asker), key)
        return Found([{"type": subject.type, "id": who}] if made.permitted else (), made.context)

    def resources(self, search: ResourceSearch, asker: Asker, key: str) -> Found:
        """Nothing, whatever is asked."""
        del key
        if _strange(search):
            return Found(())
        purpose = text_of(search.context, "purpose", "context")
        principal, caller = asker.looker(search.subject.id, purpose)
        made = self._searches.refuse(principal, caller, purpose)
        return Found((), _said(made, (), sees_admin=asker.sees_admin))

    def actions(self, search: ActionSearch, asker: Asker, key: str) -> Found:
        """Each field of the purpose, from the least detail up to the first that is refused."""
        if _strange(search):
            return Found(())
        found: list[dict[str, Any]] = []
        numbers = itertools.count()
        for field in self._fields(search):
            for detail in LADDER[field.field][: rung(field.field, field.detail) + 1]:
                asked = Asked(field.field, detail)
                if asked not in self._guard.offered:
                    continue  # Without places no ip:country; ip:network may be shown all the same.
                action = _reading(asked, search.resource)
                question = Evaluation(
                    subject=search.subject, action=action, resource=search.resource, context=search.context
                )
                if not self.evaluate(question, asker, of_item(key, next(numbers))).permitted:
                    break
                found.append({"name": action.name, "properties": action.properties})
        return Found(found)

    def _fields(self, search: ActionSearch) -> Iterator[Asked]:
        """What the purpose needs at most; of that the one field, where the resource is one. Raises BadInput."""
        purpose = self._purposes.get(text_of(search.context, "purpose", "context"))
        if purpose is None:
            raise BadInput("not one of the closed list", where="context.purpose", hint="docs/reference.md has it")
        for most in purpose.most:
            if search.resource.type != FIELD or search.resource.id == most.field:
                yield most


def _strange(search: SubjectSearch | ResourceSearch | ActionSearch) -> bool:
    """Whether there is nothing of such a type here: then nothing is asked, and nothing found. Raises BadInput."""
    if search.context.get("break_glass", False) is not False:
        raise BadInput("a search breaks no glass", where="context.break_glass", hint="ask for the look itself")
    return search.subject.type not in PRINCIPALS or search.resource.type not in (PERSON, FIELD)


def _reading(asked: Asked, resource: Entity) -> Action:
    named = {} if resource.type == FIELD else {"field": str(asked.field)}
    return Action(name=str(Mode.READ), properties={**named, "detail": asked.detail})


def _answer(made: Permitted | Refused, look: Look, *, sees_admin: bool) -> Answer:
    return Answer(isinstance(made, Permitted), _said(made, look.asked, sees_admin=sees_admin))


def _said(made: Permitted | Refused, asked: Iterable[Asked], *, sees_admin: bool) -> dict[str, Any]:
    """What is said of a look, and never anything about the person. Permitted: what the values do not prove, for whoever shows them."""
    said: dict[str, Any] = {"look": made.look_id, "leaf": made.index}
    if isinstance(made, Permitted) and (caveats := dict.fromkeys(filter(None, (caveat(a.field) for a in asked)))):
        said["caveats"] = list(caveats)
    if isinstance(made, Refused):
        said["reason_user"] = {"en": made.told}
        if sees_admin:
            said["reason_admin"] = {
                name: " ".join(each) if type(each) is list else each for name, each in rules_of(made).items()
            }
    return said


class _Themselves:
    """``ports.Asker``: the same tool, for whoever it was found to ask for."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    @property
    def sees_admin(self) -> bool:
        return self._asker.sees_admin

    def looker(self, said: str | None, purpose: str | None) -> tuple[str, Caller]:
        del said
        return self._asker.looker(None, purpose)

    def employee(self) -> str:
        return self._asker.employee()
