# SPDX-License-Identifier: Apache-2.0
"""A client that speaks ASGI without a network, and whoever it pretends to be."""

import asyncio
import json
from dataclasses import dataclass

from whosaw.api.admitted import NotAdmitted
from whosaw.model.caller import Caller, Proof


class Speaks:
    """``ports.Asker``: a tool that speaks for everybody."""

    def __init__(self, sees_admin=False):
        self.sees_admin = sees_admin

    def looker(self, said, purpose):
        return said or "desk", Caller("desk", Proof.MTLS, said is not None)

    def employee(self):
        return "ana"


@dataclass
class Got:
    """A response."""

    status: int
    headers: dict
    raw: bytes

    @property
    def json(self):
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.raw)

    @property
    def text(self):
        return self.raw.decode()


def anybody(scope):
    """``ports.Callers``: whoever it is."""
    return Speaks()


def bearer(token):
    """``ports.Callers``: whoever shows the token."""

    def callers(scope):
        if dict(scope["headers"]).get(b"authorization") != f"Bearer {token}".encode():
            raise NotAdmitted(401, "Who asks is not known.")
        return Speaks()

    return callers


async def call(app, method, path, raw=b"", headers=(), *, parts=None):
    """One request. `parts`: what the body comes in, where it comes in several."""
    given = [(k.lower().encode(), v.encode()) for k, v in headers]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": given, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip
    todo = list([raw] if parts is None else parts)
    sent = []

    async def receive():
        if not todo:
            await asyncio.Event().wait()
        body = todo.pop(0)
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": bool(todo)}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
    lines = [(k.decode(), v.decode()) for k, v in sent[0]["headers"]]
    assert len(dict(lines)) == len(lines)
    return Got(sent[0]["status"], dict(lines), sent[1]["body"])


class Client:
    """One application."""

    def __init__(self, app, *headers):
        self.app, self.headers = app, headers

    def call(self, method, path, raw=b"", headers=(), **more):
        return asyncio.run(call(self.app, method, path, raw, (*self.headers, *headers), **more))

    def post(self, path, value, *headers):
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.call("POST", path, raw, (("content-type", "application/json"), *headers))

    def get(self, path, *headers):
        return self.call("GET", path, b"", headers)
