# SPDX-License-Identifier: Apache-2.0
"""A witness over HTTP: plain ASGI, for any server that speaks it. c2sp.org/tlog-witness.

    POST /add-checkpoint               judge.read ─▶ heads.advance(judge.decide) ─▶ durable ─▶ answer
    GET  /<hex of H(origin)>/checkpoint                heads.shown ─▶ the note, signed and cosigned
    GET  /                                             its verifier keys, one a line, for those who want to trust it

Requests carry no account and no cookie: what makes one count is the log's signature. A body is read up to its limit and
for ten seconds, and only then costs a signature check; state is touched only for a log that is trusted.

Invariant: no cosignature leaves before its head is durable. Whatever goes wrong in between is a 500, and the log asks
again: with the size that it is told then.                                Specification: docs/spec/witness.md
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from whosaw.errors import WhosawError
from whosaw.tlog.note import Signer
from whosaw.tlog.witness import ADD_CHECKPOINT, LIMIT
from whosaw.witness import judge
from whosaw.witness.heads import Evidence, Heads
from whosaw.witness.judge import Answer, Logs, refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_S = 10.0
_SHOWN = re.compile(r"/([0-9a-f]{64})/checkpoint")
_log = logging.getLogger(__name__)


class Gone(Exception):
    """Whoever asked is not there any more."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness, without its network. `logs` is asked for each request, so a log can be added while it serves."""

    signers: Sequence[Signer]
    logs: Callable[[], Logs]
    heads: Heads
    evidence: Evidence
    clock: Callable[[], datetime]

    def add_checkpoint(self, raw: bytes) -> Answer:
        """Answer one request. What must be kept is durable when it returns. Raises Unavailable, OutcomeUnknown."""
        asked = judge.read(raw, self.logs())
        if isinstance(asked, Answer):
            return asked
        origin = asked.checkpoint.origin
        answer = self.heads.advance(
            origin, lambda last: judge.decide(asked, last, self.signers, int(self.clock().timestamp()))
        )
        if answer.evidence:
            _log.error(
                "%s: a checkpoint that is not of the history seen before: %s", origin, answer.body.decode().strip()
            )
            self._keep(raw)
        return answer

    def _keep(self, raw: bytes) -> None:
        try:
            self.evidence.keep(raw)
        except WhosawError as error:
            _log.error("the evidence could not be kept: %s", error)

    def checkpoint(self, origin_hash: str) -> Answer:
        """The latest head of a log, for everybody."""
        found = self.heads.shown(origin_hash)
        return refused(404, "never cosigned") if found is None else Answer(200, found.note)

    def keys(self) -> Answer:
        """What to put into a trust file."""
        return Answer(200, "".join(f"{signer.vkey()}\n" for signer in self.signers).encode())


class App:
    """The ASGI application over a witness."""

    def __init__(self, witness: Witness, *, body_s: float = BODY_S) -> None:
        self._witness, self._body_s = witness, body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer, headers = await self._answer(scope["method"], scope["path"], receive)
        except Gone:
            return
        except WhosawError as error:
            _log.error("not answered: %s", error)
            answer, headers = refused(500, "this witness cannot keep anything now; nothing was cosigned"), {}
        fixed = {"content-type": answer.media, "content-length": str(len(answer.body)), "cache-control": "no-store"}
        lines = [(name.encode(), value.encode()) for name, value in (fixed | headers).items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, method: str, path: str, receive: Receive) -> tuple[Answer, dict[str, str]]:
        if path == f"/{ADD_CHECKPOINT}":
            return await self._submitted(method, receive)
        shown = _SHOWN.fullmatch(path)
        if not shown and path != "/":
            return refused(404, "nothing is here"), {}
        if method != "GET":
            return refused(405, "only to be read"), {"allow": "GET"}
        if not shown:
            return self._witness.keys(), {}
        return await asyncio.to_thread(self._witness.checkpoint, shown[1]), {}

    async def _submitted(self, method: str, receive: Receive) -> tuple[Answer, dict[str, str]]:
        if method != "POST":
            return refused(405, "a checkpoint is posted"), {"allow": "POST"}
        close = {"connection": "close"}  # what was not read of a body would be read as the next request
        try:
            async with asyncio.timeout(self._body_s):
                raw = await _body(receive)
        except TimeoutError:
            return refused(408, "the request did not come to its end"), close
        if raw is None:
            return refused(400, f"longer than {LIMIT} bytes"), close
        # Not on the loop: signing and a durable write take milliseconds, and every other request would wait for them.
        return await asyncio.to_thread(self._witness.add_checkpoint, raw), {}


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is longer than any request."""
    raw = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        raw += message.get("body", b"")
        if len(raw) > LIMIT:
            return None
        if not message.get("more_body", False):
            return bytes(raw)
