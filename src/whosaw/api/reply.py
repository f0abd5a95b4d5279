# SPDX-License-Identifier: Apache-2.0
"""Replies: a status and a body; and which status each error of ours has, in one table.

    200   permitted and refused alike: no is an answer          application/json
    4xx   the question, or whoever asks, is at fault            text/plain, one sentence
    5xx   we are                                                text/plain, the same sentence for everything

Invariant: what went wrong inside is for whoever runs the installation. A 500 says nothing of it, and no sentence here carries
anything that was asked.                                                        Specification: docs/spec/authzen.md
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from whosaw import errors
from whosaw.errors import WhosawError

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
_log = logging.getLogger(__name__)
BROKEN = "Something here is broken, and nothing was released; whoever runs this installation can see what."
LATER, AN_HOUR = "1", "3600"  # seconds, for Retry-After


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes = field(repr=False)
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> list[tuple[bytes, bytes]]:
        """Its headers as ASGI wants them."""
        fixed = {"content-type": self.media, "content-length": str(len(self.body)), "cache-control": "no-store"}
        return [(name.lower().encode(), value.encode()) for name, value in (fixed | dict(self.headers)).items()]


def answer(value: Any, status: int = 200) -> Reply:
    """An answer; but for the health of the house it is 200."""
    return Reply(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def error(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error, which is one sentence."""
    return Reply(status, f"{sentence}\n".encode(), TEXT, headers or {})


def closing(reply: Reply) -> Reply:
    """The same, and the end of its connection: what was not read of a request would be read as the next one."""
    return replace(reply, headers={**reply.headers, "connection": "close"})


# Every error has exactly one status (a test holds this table against the tree). 500 never says what it was.
STATUS: dict[type[WhosawError], int] = {
    errors.BadInput: 400,
    errors.NotCanonical: 400,
    errors.IdempotencyConflict: 409,
    errors.Busy: 503,
    errors.OutcomeUnknown: 503,
    errors.Unavailable: 503,
    errors.Misconfigured: 500,
    errors.MissingExtra: 500,
    errors.ProofFailed: 500,
    errors.Contradiction: 500,
    errors.Damaged: 500,
    errors.WrongReceipt: 500,
}
_SAID = {
    errors.Busy: "Too many ask at this moment; nothing was recorded and nothing released. Ask again.",
    errors.OutcomeUnknown: "It is not known whether this was recorded; nothing was released. Ask again with the same key.",
    errors.Unavailable: "A part that is needed does not answer; nothing was released. Ask again later, with the same key.",
}

_TOO_OFTEN = (
    "This employee asked more often than an hour allows; nothing was read, and nothing is on record. Ask later."
)


def told_of(raised: WhosawError) -> Reply:
    """The reply for an error of ours. What is our own fault is told to whoever runs this, too."""
    kind = type(raised)
    status = STATUS.get(kind, 500)
    if isinstance(raised, errors.Unavailable) and raised.part == "suspension":
        # Nothing is down: whoever looks was stopped after this look was permitted, and asking again will not help.
        return error(403, "Whoever looks was suspended or has left since this look was permitted; nothing was shown.")
    if isinstance(raised, errors.Busy) and raised.part == "questions":
        # It is not we who are busy, and in a second it will be no better: whoever asks has asked too often.
        return error(429, _TOO_OFTEN, {"retry-after": AN_HOUR})
    if status >= 500:
        _log.warning("not answered: %s", raised)
    if status == 503:
        return error(status, _SAID[kind], {"retry-after": LATER})
    if status == 500:
        return error(status, BROKEN)
    return error(status, str(raised) + (f" ({raised.hint})" if raised.hint else ""))
