# SPDX-License-Identifier: Apache-2.0
"""The product: a small server that people connect to, through a proxy, and that keeps no address itself.

    GET /feed     cookie: session=…     ──▶ the intake, in front of it, seals who came from where, and when

A session is a random token; the product's own table says whose it is. No URL holds an account id.
"""

from __future__ import annotations

from collections.abc import Mapping

from whosaw.cli.demo.serve import Receive, Scope, Send

_COOKIE = b"session="


async def product(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers every request with an empty feed."""
    del receive
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"feed":[]}'})


class Sessions:
    """Whose session a request carries."""

    def __init__(self, persons: Mapping[str, str]) -> None:
        """`persons`: session token → account id."""
        self._persons = persons

    def __repr__(self) -> str:
        return "Sessions(…)"

    def __call__(self, scope: Scope) -> str | None:
        """The account behind a request; None where nobody is signed in."""
        for name, value in scope["headers"]:
            if name == b"cookie" and value.startswith(_COOKIE):
                return self._persons.get(value.removeprefix(_COOKIE).decode("latin-1"))
        return None
