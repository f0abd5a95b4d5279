# SPDX-License-Identifier: Apache-2.0
"""An identity provider's side of `/scim/v2`: the real application over a small town's directory, in process or over a socket.

World ──ask("POST", "/Users", {…})──▶ Said(status, body, headers)
served(app) ──▶ http://127.0.0.1:PORT/scim/v2      uvicorn, in a thread
"""

import asyncio
import contextlib
import json
import logging
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from tests.directory.town import Office
from tests.privacy.keys import counted, root

from whosaw.api.scim.app import PREFIX, ScimApp
from whosaw.api.scim.desk import ScimDesk
from whosaw.privacy.resources import Resources

TOKEN = "a-token-of-these-tests"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK = "urn:whosaw:scim:schemas:1.0:Work"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Said:
    status: int
    raw: bytes
    headers: dict

    @property
    def json(self):
        return json.loads(self.raw)


@dataclass
class World:
    """One office with an application over it. `left`: whom the port was told of."""

    office: Office
    attribute: str = "userName"
    left: list = field(default_factory=list)
    fails: bool = False

    def __post_init__(self):
        def departed(principal, at):
            if self.fails:
                raise OSError("the others are not there")
            self.left.append(principal)

        self.seal = Resources(root("scim"), counted("seal"))
        self.desk = ScimDesk(
            self.office.changes,
            self.office.names,
            self.seal,
            [departed],
            attribute=self.attribute,
            random=counted("ids"),
        )
        self.app = ScimApp(self.desk, lambda token: token == TOKEN.encode())

    def ask(self, method, path, value=None, *, raw=None, headers=(), token=TOKEN):
        """One request, in process."""
        url = urlsplit(path)
        body = raw if raw is not None else b"" if value is None else json.dumps(value).encode()
        given = {"host": "idp.example.org", "content-type": "application/scim+json", **dict(headers)}
        if token is not None:
            given["authorization"] = f"Bearer {token}"
        scope = {
            "type": "http", "method": method, "path": PREFIX + url.path, "query_string": url.query.encode(),
            "scheme": "https", "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        }  # fmt: skip
        parts, sent = [body], []

        async def receive():
            return {"type": "http.request", "body": parts.pop(), "more_body": False}

        async def send(message):
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        headers = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Said(sent[0]["status"], sent[1]["body"], headers)

    def user(self, name, **more):
        """A new user; `dept`, `boss` and the attributes of Work by their names."""
        made = self.ask("POST", "/Users", user(name, **more))
        assert made.status == 201, made.raw
        return made.json["id"]

    def group(self, name, *users):
        value = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in users]}
        made = self.ask("POST", "/Groups", value)
        assert made.status == 201, made.raw
        return made.json["id"]

    def patch(self, path, *operations, **more):
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **more)

    def known(self, name, person="mira", case=None, at=None):
        return self.office.known(name, person, case, at)


def user(name, dept=None, boss=None, **work):
    value = {"schemas": [CORE], "userName": name}
    if dept is not None or boss is not None:
        manager = {} if boss is None else {"manager": {"value": boss}}
        value |= {ENTERPRISE: {"department": dept, **manager}}
    if work:
        value |= {WORK: work}
    value["schemas"] += [each for each in (ENTERPRISE, WORK) if each in value]
    return value


@contextlib.contextmanager
def served(app):
    """The application under uvicorn, on a port of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{PREFIX}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextlib.contextmanager
def logged():
    """Everything that any logger says meanwhile."""
    lines = []
    handler = logging.Handler(0)
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(handler)
