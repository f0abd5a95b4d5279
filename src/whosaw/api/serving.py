# SPDX-License-Identifier: Apache-2.0
"""A server for the application: sockets, TLS, and an end that answers whoever was being answered.

    listen ──▶ socket ──▶ uvicorn(Patient) ──▶ application
    SIGTERM ──▶ no more connections ──▶ what is under way is answered ──▶ back

Nothing is written about a request, and beyond this machine nothing is served without TLS.
"""

from __future__ import annotations

import ipaddress
import re
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

from whosaw.api.edge import App
from whosaw.errors import BadInput, MissingExtra, Unavailable

CONNECTIONS = 1024
GRACE_S = 30
_LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\[\]]+):([0-9]{1,5})")


def listening(listen: str) -> socket.socket:
    """A socket at HOST:PORT. Raises BadInput, Unavailable."""
    found = _LISTEN.fullmatch(listen)
    if not found or not 0 <= int(found[2]) <= 65535:
        raise BadInput("not HOST:PORT", where="--listen", hint="for example --listen 127.0.0.1:8443")
    host = found[1].strip("[]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        line = socket.create_server((host, int(found[2])), family=family, backlog=512)
    except OSError as error:
        raise Unavailable(
            f"cannot listen there: {error.strerror or error}",
            part="--listen",
            hint="is another process there? --listen HOST:PORT takes another place",
        ) from None
    # Connections inherit it. The loop would set it itself, but not on those of a socket that it did not make; and where a reply is
    # two writes, the second would wait 40 ms for the other side to say that it has the first.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def address(line: socket.socket, *, secured: bool) -> str:
    """How this socket is reached. Raises BadInput where others than this machine would be, without TLS."""
    host, port = line.getsockname()[:2]
    if not secured and not ipaddress.ip_address(host).is_loopback:
        raise BadInput(
            "beyond this machine nothing is served without TLS",
            where="--listen",
            hint="give --tls-cert and --tls-key, or [tls] in whosaw.toml; or listen on 127.0.0.1 behind a proxy that has them",
        )
    return f"{'https' if secured else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def serve(app: App, line: socket.socket, tls: Mapping[str, Any], ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. `tls`: from ``tls.options``. `ready` is called when whoever connects is answered. Raises MissingExtra."""
    try:
        import uvicorn

        from whosaw.api.patience import Patient
    except ModuleNotFoundError:
        raise MissingExtra("api", "whosaw serve") from None
    config = uvicorn.Config(
        app, log_level="critical", lifespan="off", access_log=False, proxy_headers=False, server_header=False,
        ws="none", limit_concurrency=CONNECTIONS, timeout_keep_alive=75, timeout_graceful_shutdown=GRACE_S,
        **({"http": Patient} | dict(tls)),
    )  # fmt: skip

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    # The server gives the signal that ended it back to us; being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    Server(config).run(sockets=[line])
