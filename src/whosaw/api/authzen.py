# SPDX-License-Identifier: Apache-2.0
"""The endpoints of OpenID AuthZEN Authorization API 1.0, over whatever engine decides.

    /access/v1/evaluation              one question
    /access/v1/evaluations             several, with defaults and three ways to stop
    /access/v1/search/{subject,resource,action}
    /.well-known/authzen-configuration

Permitted and refused are both 200. A batch is answered in its order; where it goes to its end, its questions are asked at once,
so that their records share one write to the disk.                              Specification: docs/spec/authzen.md
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from whosaw.api.admitted import NotAdmitted
from whosaw.api.batch import Batch, Until
from whosaw.api.endpoint import Later
from whosaw.api.page import part_of
from whosaw.api.ports import Answer, Asker, Decides, Found
from whosaw.api.question import ActionSearch, Evaluation, Page, ResourceSearch, SubjectSearch
from whosaw.api.reply import Reply, answer, told_of
from whosaw.errors import WhosawError

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
SUBJECTS, RESOURCES, ACTIONS = (f"/access/v1/search/{what}" for what in ("subject", "resource", "action"))
METADATA = "/.well-known/authzen-configuration"
_Search = TypeVar("_Search", SubjectSearch, ResourceSearch, ActionSearch)


def metadata(url: str) -> dict[str, Any]:
    """What is where. `url`: how this decision point is reached, as its callers write it."""
    return {
        "policy_decision_point": url,
        "access_evaluation_endpoint": url + EVALUATION,
        "access_evaluations_endpoint": url + EVALUATIONS,
        "search_subject_endpoint": url + SUBJECTS,
        "search_resource_endpoint": url + RESOURCES,
        "search_action_endpoint": url + ACTIONS,
    }


@dataclass(frozen=True, slots=True)
class AuthZen:
    """The handlers."""

    engine: Decides

    def evaluation(self, body: dict[str, Any], asker: Asker, key: str) -> Later:
        return partial(_one, self.engine.evaluate_later(Evaluation.of(body), asker, key))

    def evaluations(self, body: dict[str, Any], asker: Asker, key: str) -> Reply | Later:
        batch = Batch.of(body)
        if batch is None:  # an older form: one question
            return self.evaluation(body, asker, key)
        if batch.until is Until.ALL:
            return partial(
                _all_at_once, [self._later(item, asker, of_item(key, n)) for n, item in enumerate(batch.items)]
            )
        answers = []
        for n, item in enumerate(batch.items):
            answers.append(self._item(item, asker, of_item(key, n)))
            if batch.until.over(answers[-1].permitted):
                break
        return _all(answers)

    def _item(self, item: dict[str, Any], asker: Asker, key: str) -> Answer:
        """One of many. What goes wrong with it is said in its place, and the others are answered all the same."""
        try:
            return self.engine.evaluate(Evaluation.of(item), asker, key)
        except (WhosawError, NotAdmitted) as raised:
            return _failed(raised)

    def _later(self, item: dict[str, Any], asker: Asker, key: str) -> Callable[[], Awaitable[Answer]] | Answer:
        """The same, where all of them are asked at once."""
        try:
            return self.engine.evaluate_later(Evaluation.of(item), asker, key)
        except (WhosawError, NotAdmitted) as raised:
            return _failed(raised)

    def subjects(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        return self._search(SubjectSearch.of(body), self.engine.subjects, body, asker, key)

    def resources(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        return self._search(ResourceSearch.of(body), self.engine.resources, body, asker, key)

    def actions(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        return self._search(ActionSearch.of(body), self.engine.actions, body, asker, key)

    def _search(
        self,
        search: _Search,
        engine: Callable[[_Search, Asker, str], Found],
        body: dict[str, Any],
        asker: Asker,
        key: str,
    ) -> Reply:
        question = {name: value for name, value in body.items() if name != "page"}
        page = search.page if self.engine.pages else None
        part_of((), page, question)  # a token of another question is refused before anything is asked
        found = engine(search, asker, key)
        made = _part(found, page, question) if self.engine.pages else _whole(found)
        return answer({**made, **({"context": found.context} if found.context else {})})


def _all(answers: Sequence[Answer]) -> Reply:
    return answer({"evaluations": [each.json() for each in answers]})


async def _one(later: Callable[[], Awaitable[Answer]]) -> Reply:
    return answer((await later()).json())


async def _all_at_once(asked: Sequence[Callable[[], Awaitable[Answer]] | Answer]) -> Reply:
    return _all(await asyncio.gather(*map(_answered, asked)))


async def _answered(asked: Callable[[], Awaitable[Answer]] | Answer) -> Answer:
    if isinstance(asked, Answer):
        return asked
    try:
        return await asked()
    except (WhosawError, NotAdmitted) as raised:
        return _failed(raised)


def _failed(raised: WhosawError | NotAdmitted) -> Answer:
    if isinstance(raised, NotAdmitted):
        status, message = raised.status, raised.told
    else:
        reply = told_of(raised)
        status, message = reply.status, reply.body.decode().strip()
    return Answer(False, {"error": {"status": status, "message": message}})


def _part(found: Found, page: Page | None, question: dict[str, Any]) -> dict[str, Any]:
    part = part_of(found.results, page, question)
    return {"results": part.results, "page": part.page}


def _whole(found: Found) -> dict[str, Any]:
    return {"results": list(found.results), "page": {"next_token": "", "count": len(found.results)}}


def of_item(key: str, number: int) -> str:
    """The idempotency key of one question of a batch."""
    return hashlib.sha256(f"whosaw/batch/v1/{number}/{key}".encode()).hexdigest()
