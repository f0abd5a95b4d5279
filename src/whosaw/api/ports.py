# SPDX-License-Identifier: Apache-2.0
"""What the endpoints need: somebody who knows who asks, and an engine that decides.

    scope ──Callers──▶ Asker                  401 and 403 are theirs
    question, Asker ──Decides──▶ Answer       the guard (``guarded``), or a fixture that shows that the endpoints conform

Invariant: an endpoint never decides, and an engine never sees a request. What the guard records of a question, it records before
it answers; the fixture has nobody to record, and no log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from whosaw.api.body import Scope
from whosaw.api.question import ActionSearch, Evaluation, ResourceSearch, SubjectSearch
from whosaw.model.caller import Caller


class Asker(Protocol):
    """A tool that may ask here."""

    @property
    def sees_admin(self) -> bool:
        """Whether it may be told which rules refused."""
        ...

    def looker(self, said: str | None, purpose: str | None) -> tuple[str, Caller]:
        """Who looks, and through which tool. `said`: whom the question names. Raises NotAdmitted, on record."""
        ...

    def employee(self) -> str:
        """Whose own token was handed on, where somebody must ask for themselves. Raises NotAdmitted, on record."""
        ...


class Callers(Protocol):
    """Who knows the tools. It may wait for a database."""

    def __call__(self, scope: Scope) -> Asker:
        """Raises NotAdmitted."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """Permitted or not, and what else is said of it."""

    permitted: bool
    context: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {"decision": self.permitted, **({"context": self.context} if self.context else {})}


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a search found. `context`: what else is said of it."""

    results: Sequence[dict[str, Any]]
    context: dict[str, Any] = field(default_factory=dict)


class Decides(Protocol):
    """An engine; it may wait for a disk. BadInput: the question cannot be read, and nothing was decided. Everything else it raises is its own fault."""

    @property
    def pages(self) -> bool:
        """Whether a search may be asked again for each part of its answer."""
        ...

    def evaluate(self, question: Evaluation, asker: Asker, key: str) -> Answer:
        """`key`: the same key is the same question, whatever became of the first answer."""
        ...

    def evaluate_later(self, question: Evaluation, asker: Asker, key: str) -> Callable[[], Awaitable[Answer]]:
        """The same in two parts: what may wait for a database, now; and the answer, for which a loop waits and no thread."""
        ...

    def subjects(self, search: SubjectSearch, asker: Asker, key: str) -> Found: ...

    def resources(self, search: ResourceSearch, asker: Asker, key: str) -> Found: ...

    def actions(self, search: ActionSearch, asker: Asker, key: str) -> Found: ...
