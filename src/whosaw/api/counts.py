# SPDX-License-Identifier: Apache-2.0
"""Counts without people over HTTP: how many accounts are under each heading, by the desk that answers `whosaw count`.

    POST /v1/counts   field, headings, period ──▶ budget ──▶ record ──▶ numbers with noise, and what they do not prove

Asking again is the same answer and costs nothing, so there is no idempotency key.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from whosaw.api.ports import Asker
from whosaw.api.question import CountQuestion
from whosaw.api.reply import Reply, answer
from whosaw.guard.counts.ask import Answer, Ask, Refused, last_week, spelled
from whosaw.model.access import Asked

COUNTS = "/v1/counts"


class Desk(Protocol):
    """``guard.counts.desk.Counts``."""

    def ask(self, ask: Ask) -> Answer | Refused: ...


@dataclass(frozen=True, slots=True)
class Counting:
    """The handler."""

    desk: Desk
    clock: Callable[[], datetime]

    def counts(self, body: dict[str, Any], asker: Asker, key: str) -> Reply:
        del key
        said = CountQuestion.of(body)
        asked, period = Asked.parse(said.field), said.period or last_week(self.clock())
        principal, caller = asker.looker(said.principal, said.purpose)
        made = self.desk.ask(Ask(principal, said.purpose, said.case, asked, period, said.headings, caller))
        return answer(_json(made, sees_admin=asker.sees_admin))


def _json(made: Answer | Refused, *, sees_admin: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"leaf": made.index, "receipt": made.receipt.decode()}
    if isinstance(made, Refused):
        why = [{"code": code, "reason": sentence} for code, sentence in made.reasons]
        return {"permitted": False, **said, "reasons": why} | (
            {"cause": made.cause} if sees_admin and made.cause else {}
        )
    question = made.question
    return {
        "permitted": True, **said, "field": f"{question.asked.field}:{question.asked.detail}", "period": question.period,
        "numbers": [{"heading": h, "accounts": n} for h, n in zip(question.headings, made.numbers, strict=True)],
        "within": made.within, "epsilon": spelled(made.epsilon), "charged": spelled(made.charged), "left": spelled(made.left),
        "again": made.again, "notes": list(made.note),
    }  # fmt: skip
