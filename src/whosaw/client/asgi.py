# SPDX-License-Identifier: Apache-2.0
"""ASGI middleware: which paths show whose data, asked before the view runs.

    app = Gated(app, gate, [Shows("GET /accounts/{person}/ip", fields="ip:network", purpose="fraud_review", case=query("case"))])

    request ──path──▶ Shows? ── no ──▶ app, with the employee's token for `@looks` inside
                        └ yes ─▶ gate ── shown ──▶ app, with scope["whosaw.shown"]
                                   └ refused ─▶ 403 with the reason · no answer ─▶ 503

Invariant: a view behind a path of the list does not run unless it was permitted.       Use: docs/connectors/tools.md
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from whosaw.client.answer import NotShown, Refused
from whosaw.client.employee import bearer, employee
from whosaw.client.gate import Gate
from whosaw.client.page import refused_page, unavailable_page
from whosaw.errors import BadInput, WhosawError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
SHOWN = "whosaw.shown"
_ROUTE = re.compile(r"([A-Z]+) ((?:/[A-Za-z0-9._~-]*|/\{[a-z]+\})+)")


def query(name: str) -> Callable[[Scope], str | None]:
    """A parameter of the query that stands there once; None otherwise."""

    def find(scope: Scope) -> str | None:
        found = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1")).get(name, [])
        return found[0] if len(found) == 1 else None

    return find


def authorization(scope: Scope) -> str | None:
    """The token of whoever signed in, where the tool gets it in Authorization."""
    found = [value for name, value in scope.get("headers", ()) if bytes(name).lower() == b"authorization"]
    return bearer(bytes(found[0]).decode("latin-1")) if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Shows:
    """A path that shows data of the account in its `{person}`. `case`: where the case stands in a request."""

    route: str
    fields: str
    purpose: str
    case: Callable[[Scope], str | None] | None = None
    _match: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = _ROUTE.fullmatch(self.route)
        if found is None or found[2].count("{person}") != 1:
            raise BadInput("a route is METHOD /path/{person}", where=self.route)
        pattern = re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>[^/]+)", re.escape(found[2]))
        # A view answers HEAD as it answers GET; without it in the pattern that would be a way past the gate.
        method = "(?:GET|HEAD)" if found[1] == "GET" else found[1]
        object.__setattr__(self, "_match", re.compile(f"{method} {pattern}/?"))

    def person(self, scope: Scope) -> str | None:
        """The account that this request is about; None where it is not of this route."""
        found = self._match.fullmatch(f"{scope['method'].upper()} {scope['path']}")
        return found["person"] if found else None


class Gated:
    """The middleware. `who` gives the token of whoever signed in, or None."""

    def __init__(
        self, app: App, gate: Gate, shows: Sequence[Shows] = (), who: Callable[[Scope], str | None] = authorization
    ) -> None:
        self._app, self._gate, self._shows, self._who = app, gate, tuple(shows), who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with employee(self._who(scope)):
            try:
                refused = await self._asked(scope)
                if refused is None:
                    await self._app(scope, receive, watched)
                    return
                page, status = refused_page(refused), refused.status
            except NotShown as no:
                page, status = refused_page(no.refused), no.refused.status
            except WhosawError:
                page, status = unavailable_page(), 503
            if begun:
                raise RuntimeError("a view asked the gate after its answer had begun")
            await _sent(send, status, page)

    async def _asked(self, scope: Scope) -> Refused | None:
        for shows in self._shows:
            person = shows.person(scope)
            if person is not None:
                case = None if shows.case is None else shows.case(scope)
                answer = await self._gate.look_async(
                    person=person, fields=shows.fields, purpose=shows.purpose, case=case
                )
                if isinstance(answer, Refused):
                    return answer
                scope[SHOWN] = answer
                return None
        return None


async def _sent(send: Send, status: int, page: str) -> None:
    body = page.encode()
    lines = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
