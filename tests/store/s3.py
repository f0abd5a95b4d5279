# SPDX-License-Identifier: Apache-2.0
"""A server that speaks S3, and a proxy in front of it that loses requests, loses answers, and lets old writes land late.

    server()            moto's, one for the whole run, on a free port of this machine; a bucket for whoever asks
    Proxy(server())     what the client talks to; its calls are named as those of the shipped fakes are

        faults.arm("create tile/", "lost")      the server never hears of it, and the connection breaks
        faults.arm("replace checkpoint", "late") the server does it, and the connection breaks before the answer
        proxy.hold("replace checkpoint")        the connection breaks; the request waits until ``land``

The server checks a condition and then writes, two steps that another request may come between; a real store takes them as
one. So the proxy lets one request through at a time.
"""

import functools
import itertools
import logging
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import hypothesis
from obstore.store import S3Store
from tests.ports import Leaving, nobody

from whosaw.settings.store import StoreSettings
from whosaw.store.memory import Faults
from whosaw.store.objects import ObjectsFolder

KEYS = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
CHANGES = ("checkpoint", "checkpoint.witnessed", "f")
DOC = Path(__file__).parents[2] / "docs/object-store.md"
_numbers = itertools.count()


@functools.cache
def server() -> str:
    """The address of the server. It ends with this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer

    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    return "http://{}:{}".format(*made.get_host_and_port())


def ask(url: str, method: str = "GET", data: bytes | None = None, **headers: str) -> bytes:
    """One request, by somebody who is not Whosaw."""
    headers = {"Content-Type": "application/octet-stream"} | headers  # or the server takes it for a form
    wanted = urllib.request.Request(url, data=data, method=method, headers=headers)
    with urllib.request.urlopen(wanted) as found:
        return found.read()


def bucket() -> str:
    """A bucket that nobody else uses."""
    name = f"example-log-{next(_numbers)}"
    ask(f"{server()}/{name}", "PUT", b"")
    return name


def shown_to_everybody() -> str:
    """A bucket with the policy that docs/object-store.md gives."""
    name = bucket()
    policy = re.search(r"```json\n(.*?)```", DOC.read_text(), re.DOTALL)[1].replace("example-log", name)
    ask(f"{server()}/{name}?policy", "PUT", policy.replace("whosaw/", "log/").encode())
    return name


@dataclass
class Held:
    """A request that did not reach the server yet."""

    method: str
    path: str
    headers: dict
    body: bytes


@dataclass
class Proxy:
    """In front of the server, until it is closed. `status`: what it answers to everything, where it answers at all."""

    to: str
    prefix: str = "log"
    faults: Faults = field(default_factory=Faults)
    status: tuple[int, bytes] | None = None
    drop: tuple[str, ...] = ()  # headers that the server never sees
    sleep: float = 0
    held: list[Held] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    _holding: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = ExitStack()
        self.port = self._kept.enter_context(nobody())
        self.url = f"http://127.0.0.1:{self.port}"
        self._listen()

    def _listen(self) -> None:
        self._http = _Server(self.port, functools.partial(_Handler, self))
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @contextmanager
    def down(self):
        """Nobody is there, and whoever had a connection knows it."""
        self._http.leave(heard=True)
        yield
        self._listen()

    def close(self) -> None:
        """Stop listening, and break what is open."""
        self._http.leave(heard=False)
        self._kept.close()

    def hold(self, call: str) -> None:
        """The next request that begins with `call` is kept back."""
        self._holding = call

    def land(self) -> list[int]:
        """What was kept back reaches the server now. What the server said to each."""
        held, self.held = self.held, []
        return [self.forward(one)[0] for one in held]

    def forward(self, request: Held) -> tuple[int, list, bytes]:
        with self._lock:
            parts = urllib.parse.urlsplit(self.to)
            connection = HTTPConnection(parts.hostname, parts.port)
            try:
                connection.request(request.method, request.path, request.body, request.headers)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

    def called(self, request: Held) -> str:
        """A request in the words of the fakes."""
        path, _, query = request.path.partition("?")
        name = urllib.parse.unquote(path).partition(f"/{self.prefix}/")[2]
        if "list-type" in query:
            return f"list {dict(urllib.parse.parse_qsl(query)).get('prefix', '').removeprefix(f'{self.prefix}/')}"
        if request.method == "PUT":
            loose = name.rpartition("/")[2] in CHANGES
            return f"{'replace' if loose else 'create'} {name}"
        return f"{ {'GET': 'read', 'HEAD': 'look at', 'POST': 'delete', 'DELETE': 'delete'}[request.method] } {name}"

    def meet(self, request: Held) -> tuple[int, list, bytes] | None:
        """The answer; None where the connection breaks."""
        call = self.called(request)
        fate = self.faults.meet(call)
        time.sleep(self.sleep)
        if self.status is not None:
            return self.status[0], [], self.status[1]
        if self._holding and call.startswith(self._holding):
            self._holding = ""
            self.held.append(request)
            return None
        if fate is not None and fate.fate == "lost":
            return None
        answer = self.forward(request)
        self.answers.append((call, answer[0]))
        return None if fate is not None else answer


class _Server(Leaving):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # a client that was killed is none


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each body waits for the acknowledgement of its headers

    def __init__(self, proxy: Proxy, *given) -> None:
        self.proxy = proxy
        super().__init__(*given)

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            k: v for k, v in self.headers.items() if k.lower() not in {"connection", *map(str.lower, self.proxy.drop)}
        }
        answer = self.proxy.meet(Held(self.command, self.path, headers, body))
        if answer is None:
            self.close_connection = True
            return
        status, headers, body = answer
        with suppress(OSError):  # the client may have given up
            self.send(status, headers, body)

    def send(self, status, headers, body) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "transfer-encoding", "content-length", "server", "date"}:
                self.send_header(name, value)
        length = {k.lower(): v for k, v in headers}.get("content-length", len(body))
        self.send_header("Content-Length", length if self.command == "HEAD" else len(body))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *given) -> None:
        pass


def put(bucket: str, key: str, data: bytes) -> None:
    """An object, by somebody with the keys who is not Whosaw; any key."""
    from moto.s3.models import s3_backends

    s3_backends["123456789012"]["aws"].put_object(bucket, key, data)


def few(examples: int, steps: int) -> hypothesis.settings:
    return hypothesis.settings(max_examples=examples, stateful_step_count=steps, deadline=None)


def folder(url: str, bucket: str, prefix: str = "log", pauses=(), timeout: str = "5s") -> ObjectsFolder:
    """A folder as `s3_folder` makes it, with keys that are made up and no second try unless `pauses` says so."""
    store = S3Store(
        bucket, prefix=prefix, endpoint=url, region="us-east-1", conditional_put="etag",
        access_key_id="made-up", secret_access_key="made-up",
        client_options={"allow_http": True, "timeout": timeout}, retry_config={"max_retries": 0},
    )  # fmt: skip
    return ObjectsFolder(store, bucket=bucket, pauses=pauses)


def settings(url: str, bucket: str, prefix: str = "log") -> StoreSettings:
    return StoreSettings(public=f"s3://{bucket}/{prefix}", endpoint=url)


def everything(bucket: str) -> dict[str, bytes]:
    """All objects of a bucket, by their keys."""
    from moto.s3.models import s3_backends

    found = s3_backends["123456789012"]["aws"].buckets[bucket].keys
    return {name: key.value for name, key in found.items()}


def put_back(bucket: str, copied: dict[str, bytes]) -> None:
    """Make a bucket hold exactly this, as somebody who restores a copy of it."""
    from moto.s3.models import s3_backends

    store = s3_backends["123456789012"]["aws"]
    for name in everything(bucket).keys() - copied.keys():
        store.delete_object(bucket, name)
    for name, data in copied.items():
        store.put_object(bucket, name, data)
