# SPDX-License-Identifier: Apache-2.0
"""Before and after every handler: the body, who asks, and one reply whatever happens.

    request ──read──▶ bytes ──one hop off the loop──▶ callers ──▶ parse ──▶ handler ──▶ Reply, or Later ──on the loop──▶ Reply
                │                                        │           │          │
                └ 400, 408, 413                          └ 401, 403  └ 400      └ errors of ours by their status; a fault is a bare 500

Whoever is not known is told nothing about a body, not even whether it is one. Invariant: nothing that was asked is written to any
log, whatever breaks; of a fault only its kind and the place in the code.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from whosaw.api.admitted import NotAdmitted
from whosaw.api.body import Gone, Receive, Scope, parse, read
from whosaw.api.lane import Lane
from whosaw.api.ports import Asker, Callers
from whosaw.api.reply import BROKEN, Reply, closing, error, told_of
from whosaw.errors import BadInput, WhosawError

KEY = b"idempotency-key"
_KEY = re.compile(rb"[!-~]{1,64}")
_log = logging.getLogger(__name__)


Later = Callable[[], Awaitable[Reply]]
"""A reply that is waited for on the loop: no thread waits for a look."""
Handler = Callable[[dict[str, Any], Asker, str], Reply | Later]
Endpoint = Callable[[Scope, Receive], Awaitable[Reply]]


class Endpoints:
    """Makes endpoints of handlers."""

    def __init__(self, callers: Callers, lane: Lane) -> None:
        self._callers, self._lane = callers, lane

    def of(self, handler: Handler, *, needs_key: bool = False) -> Endpoint:
        """`handler` as an endpoint. `needs_key`: without an idempotency key nothing is asked."""

        async def endpoint(scope: Scope, receive: Receive) -> Reply:
            return await _whatever(self._reply(scope, receive, handler, needs_key=needs_key))

        return endpoint

    def read(self, work: Callable[[Scope], Reply]) -> Endpoint:
        """`work` as an endpoint that takes no body."""

        async def endpoint(scope: Scope, receive: Receive) -> Reply:
            del receive
            return await _whatever(self._lane.run(lambda: work(scope)))

        return endpoint

    async def _reply(self, scope: Scope, receive: Receive, handler: Handler, *, needs_key: bool) -> Reply:
        raw = await read(scope, receive)
        if isinstance(raw, Reply):
            return await self._unread(scope, raw)

        def work() -> Reply | Later:
            asker = self._callers(scope)
            return handler(parse(raw), asker, _key_of(scope, needed=needs_key))

        made = await self._lane.run(work)
        return made if isinstance(made, Reply) else await made()

    async def _unread(self, scope: Scope, reply: Reply) -> Reply:
        """The reply to a body that was not read to its end: to callers who are known. The connection ends with any reply."""

        def work() -> Reply:
            self._callers(scope)
            return reply

        return closing(await _whatever(self._lane.run(work)))


async def _whatever(reply: Awaitable[Reply]) -> Reply:
    """The reply, or the one for what was raised."""
    try:
        return await reply
    except Gone:
        raise
    except Exception as raised:  # noqa: BLE001 - its text may quote what it choked on
        return _of(raised)


def _of(raised: Exception) -> Reply:
    if isinstance(raised, NotAdmitted):
        headers = {"www-authenticate": "Bearer"} if raised.status == 401 else {}
        return error(raised.status, raised.told, headers)
    if isinstance(raised, WhosawError):
        return told_of(raised)
    _log.error("a fault: %s", _place(raised))
    return error(500, BROKEN)


def _key_of(scope: Scope, *, needed: bool) -> str:
    """The caller's idempotency key; a fresh one where it gave none. Raises BadInput."""
    given = [value for name, value in scope["headers"] if name == KEY]
    if not given and not needed:
        return secrets.token_hex(16)
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        raise BadInput(
            "1 to 64 visible letters of ASCII, once",
            where="idempotency-key",
            hint="draw a new random key for each look, and keep it for retries",
        )
    return str(given[0].decode())


def _place(fault: Exception) -> str:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
    return f"{type(fault).__name__}{where}"
