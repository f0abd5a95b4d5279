# SPDX-License-Identifier: Apache-2.0
"""Real HTTP on loopback: run an ASGI application in a thread, and talk to it.

    with serving(app) as address:  ──▶ Client(address).get("/…")

The port is chosen by the system and nothing listens beyond 127.0.0.1.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from whosaw.errors import MissingExtra, Unavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Address = tuple[str, int]

_KEPT_S = 600  # uvicorn's five seconds end a connection between two requests of one summer, where a machine is slow


@contextmanager
def serving(app: App) -> Iterator[Address]:
    """Serve `app` until the block ends. Raises Unavailable where the server does not start within ten seconds."""
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise MissingExtra("web", "the demonstration") from None
    sock = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", access_log=False, proxy_headers=False, server_header=False,
        timeout_keep_alive=_KEPT_S,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        _wait_until(lambda: server.started, thread)
        yield sock.getsockname()
    finally:
        server.should_exit = True
        thread.join(10)
        sock.close()


def _wait_until(started: Callable[[], bool], thread: threading.Thread) -> None:
    for _ in range(1000):
        if started():
            return
        thread.join(0.01)
        if not thread.is_alive():
            break
    raise Unavailable("the demonstration's server did not start", part="loopback server")


class Client:
    """One keep-alive connection to a server on loopback."""

    def __init__(self, address: Address) -> None:
        self._http = http.client.HTTPConnection(*address, timeout=60)

    def get(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of one GET."""
        self._http.request("GET", path, headers=dict(headers))
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._http.close()
