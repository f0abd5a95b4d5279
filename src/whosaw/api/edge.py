# SPDX-License-Identifier: Apache-2.0
"""The outermost layer, plain ASGI: which path and method has which endpoint, and what holds for every reply.

    scope ──path, method──▶ endpoint ──▶ Reply ──▶ the request's own id, as it came
                    │ └ 405, and which one would do
                    └ 404

A path has one spelling, no header makes another method of a method, and nothing but plain requests gets in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from whosaw.api.body import Gone, Receive, Scope, Send
from whosaw.api.endpoint import Endpoint
from whosaw.api.reply import Reply, closing, error

App = Callable[[Scope, Receive, Send], Awaitable[None]]
REQUEST_ID = b"x-request-id"


class Edge:
    """An ASGI application. `mounted`: applications of their own, by the beginning of their paths, with its slash."""

    def __init__(self, endpoints: Mapping[str, tuple[str, Endpoint]], mounted: Mapping[str, App]) -> None:
        self._endpoints, self._mounted = endpoints, mounted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        for beginning, app in self._mounted.items():
            if scope["path"].startswith(beginning):
                await app(scope, receive, send)
                return
        try:
            reply = await self._reply(scope, receive)
        except Gone:
            return
        lines = [*reply.lines, (b"x-content-type-options", b"nosniff")]
        lines += [(name, value) for name, value in scope["headers"] if name == REQUEST_ID][:1]
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        known: Any = self._endpoints.get(scope["path"])
        if known is None:
            return closing(error(404, "Nothing is here."))
        method, endpoint = known
        if scope["method"] != method:
            return closing(error(405, "Not with this method.", {"allow": method}))
        made: Reply = await endpoint(scope, receive)
        return made
