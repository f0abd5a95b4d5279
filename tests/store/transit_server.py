# SPDX-License-Identifier: Apache-2.0
"""A key service for tests: the part of HashiCorp Vault's transit API that we use, on this machine, which fails on demand.

with served() as there:          there.settings(token_env="T")    there.fate = 503 | "slow" | "drip" | "cut" | …
"""

import http.server
import json
import os
import threading
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whosaw.settings.keys import TransitSettings

TOKEN = "hvs.not-a-secret-of-anybody"


@dataclass
class Service:
    """Its keys, by version; what it was asked; and what becomes of the next questions."""

    port: int = 0
    scheme: str = "http"
    keys: dict = field(default_factory=lambda: {1: os.urandom(32)})
    fate: object = "ok"
    asked: list = field(default_factory=list)
    headers: list = field(default_factory=list)

    def settings(self, **given) -> TransitSettings:
        return TransitSettings(
            **{"url": f"{self.scheme}://127.0.0.1:{self.port}", "key": "whosaw", "timeout_s": 1} | given
        )

    def rotate(self) -> None:
        self.keys[max(self.keys) + 1] = os.urandom(32)

    def answer(self, path: str, token: str, body: dict) -> tuple[int, dict]:
        version, mount, verb, name = path.removeprefix("/").split("/")
        if token != TOKEN:
            return 403, {"errors": ["permission denied"]}
        if (version, mount, name) != ("v1", "transit", "whosaw"):
            return 404, {"errors": []}
        if verb == "encrypt":
            return 200, {"data": {"ciphertext": self._sealed(b64decode(body["plaintext"])), "key_version": 1}}
        plain = self._opened(body["ciphertext"])
        if plain is None:
            return 400, {"errors": ["cipher: message authentication failed"]}
        if verb == "rewrap":
            return 200, {"data": {"ciphertext": self._sealed(plain)}}
        return 200, {"data": {"plaintext": b64encode(plain).decode()}}

    def _sealed(self, plain: bytes) -> str:
        newest, nonce = max(self.keys), os.urandom(12)
        return f"vault:v{newest}:{b64encode(nonce + AESGCM(self.keys[newest]).encrypt(nonce, plain, None)).decode()}"

    def _opened(self, text: str) -> bytes | None:
        try:
            vault, version, raw = text.split(":")
            sealed = b64decode(raw, validate=True)
            if vault != "vault":
                return None
            return AESGCM(self.keys[int(version.removeprefix("v"))]).decrypt(sealed[:12], sealed[12:], None)
        except (ValueError, KeyError, InvalidTag):
            return None


def _handler(service: Service):
    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 5

        def log_message(self, *_):
            """Nothing."""

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(self.path)
            service.headers.append(dict(self.headers))
            status, said = service.answer(self.path, self.headers["X-Vault-Token"], body)
            raw, location = json.dumps(said).encode(), None
            match service.fate:
                case int(code):
                    status, raw = code, b'{"errors": ["a secret word of the other side"]}'
                    location = f"http://127.0.0.1:{service.port}/elsewhere" if 300 <= code < 400 else None
                case "slow":
                    time.sleep(20)
                case "garbage":
                    raw = b"\xff\xfe not json"
                case "list":
                    raw = b"[1]"
                case "deep":
                    raw = b"[" * 50_000
                case "empty":
                    raw = b'{"data": {"plaintext": 7, "ciphertext": ["a secret word of the other side"]}}'
                case "big":
                    raw = b'{"data": {"plaintext": "' + b"A" * 100_000 + b'"}}'
                case "short":
                    raw = b'{"data": {"plaintext": "c2hvcnQ=", "ciphertext": "vault:v1:c2hvcnQ="}}'
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(raw) + (50 if service.fate == "cut" else 0)))
            self.end_headers()
            if service.fate == "drip":
                for at in range(min(len(raw), 40)):
                    self.wfile.write(raw[at : at + 1])
                    self.wfile.flush()
                    time.sleep(0.5)
                return
            self.wfile.write(raw)

    return Handler


@contextmanager
def served(context=None):
    """The service, on a port of its own; with `context`, over TLS."""
    service = Service()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(service))
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        service.scheme = "https"
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
