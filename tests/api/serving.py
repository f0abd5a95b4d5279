# SPDX-License-Identifier: Apache-2.0
"""A real uvicorn on a real socket, in a thread of the test: `with serving(app, **options) as port`."""

import asyncio
import json
import logging
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from http.client import HTTPSConnection

import uvicorn

from whosaw.api.admitted import NotAdmitted


@contextmanager
def serving(app, **options):
    with socket.create_server(("127.0.0.1", 0)) as line:
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", access_log=False, proxy_headers=False, **options
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        # A handshake that fails is what some of these tests are about.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        try:
            yield line.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def who(door):
    """An application that says which caller it admitted, and for whom."""

    async def app(scope, receive, send):
        try:
            admitted = await asyncio.to_thread(door.admit, scope)
            status, said = 200, {"caller": admitted.name, "looker": admitted.principal}
        except NotAdmitted as no:
            status, said = no.status, {"code": no.code}
        body = json.dumps(said).encode()
        lines = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})

    return app


def connect(port, ca, files=None):
    """A TLS connection to the server, with a client's certificate or without; it stays open between requests."""
    context = ssl.create_default_context(cadata=ca.pem)
    if files:
        context.load_cert_chain(*files)
    return HTTPSConnection("127.0.0.1", port, context=context, timeout=60)


def ask(connection, path="/looks", **headers):
    """(status, what was said)."""
    connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    with connection.getresponse() as answer:
        return answer.status, json.loads(answer.read())
