# SPDX-License-Identifier: Apache-2.0
"""Where a system's pushes arrive: an ASGI application, one path for each webhook in the settings.

    POST /tickets/NAME    204 taken     400 not a push, or not for us     404 no such system
                          409 taken before, or older than what is known   413 too large     503 could not be kept: push again

A push is taken whole or not at all: its record, its rows, its id and its body are durable before the 204.

Invariant: who has not the secret learns nothing here, not even which cases there are: a wrong signature is told before
anything is read.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from whosaw.directory.transaction import reading, writing
from whosaw.errors import BadInput, IdempotencyConflict, WhosawError
from whosaw.tickets.asked import System
from whosaw.tickets.keep import Keeper, Sight
from whosaw.tickets.ports import Clock
from whosaw.tickets.pushed_rows import PushedRows
from whosaw.tickets.story import Words
from whosaw.tickets.webhook import LIMIT, Push, open_push, parse_case

PATH = "/tickets/"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Inbox:
    """One webhook. `secret` is read at each push, so that it can be changed any time."""

    system: System
    words: Words = field(repr=False)
    secret: Callable[[], str] = field(repr=False)
    rows: PushedRows
    keeper: Keeper
    clock: Clock

    def take(self, headers: Mapping[str, str], body: bytes) -> Push:
        """Take a push. Raises BadInput for what is none, IdempotencyConflict for one that must not
        count (again), and what state.db or the journal raise: then it may be sent again.
        """
        now = self.clock()
        push = open_push(headers, body, self.secret(), now)
        with reading(self.keeper.office.engine) as db:
            self.rows.check(db, self.system.name, push.id, push.case, push.version)

        def also(db: Connection, _now: int) -> None:
            # Again, where nobody else writes: two pushes of one case could have been compared side by side.
            self.rows.check(db, self.system.name, push.id, push.case, push.version)
            self.rows.take(db, self.system.name, push.id, now)
            if push.case is not None:
                self.rows.put(db, self.system.name, push.case, push.version, push.body)

        if push.case is None:
            with writing(self.keeper.office.engine) as db:
                also(db, 0)
            return push
        if self.system.own(push.case) != push.case:
            raise BadInput("its case is none of this system's, by the pattern in the settings", where="push")
        seen = parse_case(body, self.words)
        self.keeper.keep(Sight(self.system.name, push.case, now, timedelta(0), seen), also)
        return push


@dataclass(frozen=True, slots=True)
class Pushes:
    """The application: `whosaw serve` mounts it at PATH."""

    inboxes: Mapping[str, Inbox]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        inbox = self.inboxes.get(str(scope["path"]).removeprefix(PATH))
        if inbox is None or scope["method"] != "POST":
            await _answer(send, 404, "no such system")
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, 413, f"more than {LIMIT:,} bytes")
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        await _answer(send, *await _taken(inbox, headers, body))


async def _taken(inbox: Inbox, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
    try:
        await to_thread(inbox.take, headers, body)
    except BadInput as error:
        return 400, str(error)
    except IdempotencyConflict as error:
        return 409, str(error)
    except WhosawError:
        # Why is for whoever looks after this house, and stands in its health; the sender only has to try again.
        return 503, "it could not be kept; push it again"
    return 204, ""


async def _body(receive: Receive) -> bytes | None:
    """All of it; None where it is more than a push can be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LIMIT:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, text: str) -> None:
    body = f"{text}\n".encode() if text else b""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
