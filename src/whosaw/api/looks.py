# SPDX-License-Identifier: Apache-2.0
"""A whole look over HTTP: the question, and the values with the receipt of their record.

    POST /v1/look    Idempotency-Key: drawn anew for each look, kept for its retries

Stricter than AuthZEN, whose evaluation fetches its values elsewhere: a member that nobody knows is an error here, and without a key
nothing is asked, because whoever loses the answer must be able to ask for the same look again.
                                                                                Specification: docs/spec/authzen.md
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from whosaw.api.endpoint import Later
from whosaw.api.ports import Asker
from whosaw.api.question import LookQuestion
from whosaw.api.reply import Reply, answer
from whosaw.errors import BadInput
from whosaw.guard.answer import Refused, Shown
from whosaw.model.access import Asked, Look
from whosaw.model.record import time_text
from whosaw.model.stage import Stage

Guarded = Callable[[Look, Stage], Awaitable[Shown | Refused]]


@dataclass(frozen=True, slots=True)
class Looks:
    """The handler. `guard`: the one door; `witnessed`: whether anybody witnesses this log."""

    guard: Guarded
    witnessed: bool

    def look(self, body: dict[str, Any], asker: Asker, key: str) -> Later:
        said = LookQuestion.of(body)
        asked = tuple(Asked.parse(text) for text in said.fields)
        if Stage(said.wait) is Stage.WITNESSED and not self.witnessed:
            raise BadInput("this log has no witnesses", where="wait")
        principal, caller = asker.looker(said.principal, said.purpose)
        look = Look(
            look_id=secrets.token_hex(8), principal=principal, person=said.person, asked=asked, purpose=said.purpose,
            case=said.case, key=key, app=caller.name, break_glass=said.break_glass, caller=caller,
        )  # fmt: skip
        return partial(self._answered, look, Stage(said.wait), sees_admin=asker.sees_admin)

    async def _answered(self, look: Look, wait: Stage, *, sees_admin: bool) -> Reply:
        return answer(json_of(await self.guard(look, wait), sees_admin=sees_admin))


def json_of(made: Shown | Refused, *, sees_admin: bool) -> dict[str, Any]:
    """A look that was answered, as JSON."""
    said: dict[str, Any] = {
        "permitted": isinstance(made, Shown), "look": made.look_id, "leaf": made.index, "receipt": made.receipt.decode(),
    }  # fmt: skip
    if isinstance(made, Shown):
        return said | {
            "values": [
                {
                    "field": str(v.field),
                    "detail": v.detail,
                    "seen": time_text(v.seen),
                    "value": v.text,
                    "caveat": v.caveat,
                }
                for v in made.values
            ]
        }
    # Not the rules: they would tell the one who asked that a person is protected, or whose colleague they are.
    return said | {"told": made.told} | (rules_of(made) if sees_admin else {})


def rules_of(made: Refused) -> dict[str, Any]:
    """Which rules refused, for a tool that may see them, and what could not be read."""
    return {"rules": [rule.id for rule in made.decision.rules]} | ({"cause": made.cause} if made.cause else {})
