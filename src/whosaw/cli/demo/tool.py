# SPDX-License-Identifier: Apache-2.0
"""The small internal tool that nobody connected to the guard, and its access log.

    GET /admin/people/{person}/sign-ins     the newest addresses of one person, to whoever is signed in

It is what such tools look like: it keeps its own copy of the data and asks nobody. Its web server writes an access
log, as web servers do (nginx, ``log_format … escape=json``), and that log is what finds the looks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from whosaw.cli.demo.serve import App, Receive, Scope, Send

ROUTES = """\
format = 1

[[route]]
method = "GET"
path   = "/admin/people/{person}/sign-ins"
fields = ["ip:exact"]
mode   = "read"
"""


def internal_tool(addresses: Mapping[str, str], log: Path, clock: Callable[[], datetime]) -> App:
    """The tool as an ASGI application. `addresses`: person → newest address; `clock` dates its log lines."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["type"] != "http":
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        parts = unquote(scope["path"]).split("/")
        known = (
            len(parts) == 5 and parts[1:3] == ["admin", "people"] and parts[4] == "sign-ins" and parts[3] in addresses
        )
        body = json.dumps({"newest": addresses[parts[3]]}).encode() if known else b"{}"
        status = 200 if known else 404
        line = {
            "msec": f"{clock().timestamp():.3f}",
            "request_id": headers.get("x-request-id", ""),
            "remote_addr": scope["client"][0],
            "remote_user": headers.get("x-signed-in", ""),
            "request_method": scope["method"],
            "uri": scope["path"],
            "status": str(status),
            "bytes_sent": str(len(body)),
            "http_user_agent": headers.get("user-agent", ""),
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": body})

    return app
