# SPDX-License-Identifier: Apache-2.0
"""A gate that says what it is told to, on a real socket: permitted for mira under T-1, refused otherwise, or any failure.

`gate.fates`: what becomes of the next requests, one each: "503", "500", "late", "cut", "drop", "junk", "html", "more", "other", "401",
"403", "409", "400", "moved", "drip"; then all is well. `gate.asked`: (path, headers, question) of every request that came.
"""

import asyncio
import json
from contextlib import contextmanager

from tests.api.serving import serving

VALUES = {"ip:network": "203.0.113.0/24", "ip:country": "IE", "device:exact": "a telephone", "profile:exact": "Mira"}


class Gatehouse:
    def __init__(self) -> None:
        self.fates, self.asked, self.answers = [], [], {}

    @contextmanager
    def open(self, **options):
        with serving(self, **options) as port:
            yield f"{'https' if options else 'http'}://127.0.0.1:{port}"

    async def __call__(self, scope, receive, send):
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {bytes(k).decode(): bytes(v).decode() for k, v in scope["headers"]}
        question = json.loads(raw)
        self.asked.append((scope["path"], headers, question))
        fate = self.fates.pop(0) if self.fates else "ok"
        status, body, more = await self._of(fate, headers, question)
        lines = [(b"content-type", b"application/json"), *more]
        length = len(body) + (10 if fate == "cut" else 0)
        lines.append((b"content-length", str(length).encode()))
        if fate == "drop":
            receive.__self__.transport.abort()  # uvicorn's own way would be a polite 500
            return
        await send({"type": "http.response.start", "status": status, "headers": lines})
        if fate == "drip":
            for byte in body[:15]:
                await asyncio.sleep(0.1)
                await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        else:
            await send({"type": "http.response.body", "body": body, "more_body": fate == "cut"})
        if fate == "cut":
            raise ConnectionResetError
        if fate == "drip":
            await send({"type": "http.response.body", "body": b""})

    async def _of(self, fate, headers, question):
        more = []
        # The same key is the same look: what was answered first is answered again.
        said = self.answers.setdefault(headers["idempotency-key"], answer_to(question, len(self.answers) + 1))
        body = json.dumps(said).encode()
        match fate:
            case "late":
                await asyncio.sleep(2)
            case "503":
                return 503, b"too many ask", [(b"retry-after", b"0")]
            case "500" | "401" | "403" | "409" | "400":
                return int(fate), b"the gate's own sentence\n", []
            case "moved":
                return 307, b"", [(b"location", b"https://evil.example.org/")]
            case "junk":
                return 200, b"\xff{", []
            case "html":
                return 200, b"<html>sign in</html>", []
            case "more":
                body = json.dumps(said | {"values": [value("device:exact")]}).encode()
            case "other":
                body = json.dumps(
                    said | {"values": [{"field": "ip", "detail": "exact", "seen": "x", "value": "203.0.113.7"}]}
                ).encode()
        return 200, body, more


def value(asked):
    which, _, detail = asked.partition(":")
    return {
        "field": which,
        "detail": detail,
        "seen": "2026-03-01T10:00:00.000Z",
        "value": VALUES[asked],
        "caveat": "no place",
    }


def answer_to(question, leaf):
    base = {"look": f"look-{leaf}", "leaf": leaf, "receipt": "receipt"}
    if (question["person"], question["case"]) != ("mira", "T-1"):
        return base | {"permitted": False, "told": "This look is not permitted.", "rules": ["case-unknown"]}
    return base | {"permitted": True, "values": [value(asked) for asked in question["fields"]]}
