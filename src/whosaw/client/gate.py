# SPDX-License-Identifier: Apache-2.0
"""The gate, as an internal tool asks it: one question, one answer, and nothing where there is none.

    gate = Gate("https://gate.example.org", certificate=("desk.pem", "desk.key"), ca="ca.pem")
    answer = gate.look(person="mira", fields="ip:network", purpose="subject_request", case="T-1", employee=token)
    if isinstance(answer, Shown): …

A look that is sent again has the same idempotency key: however often it is sent, it is one look and one record.

Invariant: it fails closed. No answer, a late one, or one that cannot be read: Unavailable, and no value. It follows no
redirect, uses no proxy, and speaks no plain HTTP but to this machine.                  Decided in: docs/adr/0114
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from whosaw.client.answer import Refused, Shown, read
from whosaw.client.employee import current
from whosaw.errors import BadInput, IdempotencyConflict, Misconfigured, Unavailable
from whosaw.model.access import Asked

LOOK = "/v1/look"
LIMIT = 8 * 1024 * 1024
_PASSING = frozenset({429, 502, 503, 504})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FIRST_WAIT = 0.05
_IDLE = 32  # connections that stay open, and threads of tasks
Token = str | Callable[[], str]


class _Passing(Exception):
    """It may be different a moment later. `after`: how long the gate wants us to wait."""

    def __init__(self, what: str, after: float = 0.0) -> None:
        super().__init__(what)
        self.after = after


class Gate:
    """A gate. Safe to share between threads; connections stay open for the next look.

    `certificate`: files of the tool's certificate and key. `token`: in its place, the tool's own token, or what gives a
    fresh one. `ca`: PEM file of the authority of the gate's certificate; the machine's own without. `timeout`: seconds for
    a look, all its attempts together.
    """

    def __init__(
        self,
        url: str,
        *,
        certificate: tuple[str | Path, str | Path] | None = None,
        token: Token | None = None,
        ca: str | Path | None = None,
        timeout: float = 5.0,
        attempts: int = 4,
    ) -> None:
        found = urlsplit(url)
        if found.scheme not in ("https", "http") or not found.hostname or found.query or found.username:
            raise Misconfigured("the gate's address is https://HOST[:PORT]", setting="url")
        if found.scheme == "http" and found.hostname not in _LOOPBACK:
            raise Misconfigured(
                "what the gate shows does not travel in the open",
                setting="url",
                hint="https, or a proxy of your own on this machine",
            )
        self._host, self._port, self._path = found.hostname, found.port, found.path.rstrip("/") + LOOK
        self._tls = _context(certificate, ca) if found.scheme == "https" else None
        self._token, self._timeout, self._attempts = token, timeout, attempts
        self._idle: list[HTTPConnection] = []
        self._threads: ThreadPoolExecutor | None = None  # of tasks that ask
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Gate({self._host!r})"

    def look(
        self,
        *,
        person: str,
        fields: str,
        purpose: str,
        case: str | None = None,
        employee: str | None = None,
        principal: str | None = None,
        key: str | None = None,
        break_glass: bool = False,
        wait: str = "durable",
    ) -> Shown | Refused:
        """Ask for fields of one person. `fields`: such as `ip:network profile`.

        `employee`: the token of whoever looks; without it that of ``employee.employee``. `principal`: who looks, said by a
        tool that is registered to say so. `key`: the same key is the same look.

        Raises Unavailable where there is no answer: show nothing. BadInput, IdempotencyConflict, Misconfigured.
        """
        asked = tuple(Asked.parse(text) for text in fields.split())
        question: dict[str, Any] = {
            "person": person, "fields": [f"{a.field}:{a.detail}" for a in asked], "purpose": purpose, "case": case,
            "wait": wait, "break_glass": break_glass,
        }  # fmt: skip
        if principal is not None:
            question["principal"] = principal
        headers = self._headers(
            secrets.token_hex(16) if key is None else key, current() if employee is None else employee
        )
        status, body = self._sent(json.dumps(question).encode(), headers)
        return _answer(status, body, asked)

    async def look_async(self, **question: Any) -> Shown | Refused:
        """The same, without holding up the loop: on a thread of this gate's, for a gate that does not answer is no reason to
        hold up whatever else a program has done on the loop's few.
        """
        done: Future[Shown | Refused | BaseException] = Future()
        try:
            self._asking().submit(_ask, done, partial(copy_context().run, partial(self.look, **question)))
        except RuntimeError as none:
            # Where no thread could be started the question stands in the queue all the same, and would be asked later, for nobody.
            if done.cancel():
                raise Unavailable(
                    f"the gate was not asked ({none})", part="gate", hint="nothing is shown; ask again later"
                ) from None
        made = await asyncio.wrap_future(done)
        if isinstance(made, BaseException):
            raise made
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what stands open and idle. A later look opens anew."""
        self._forget()
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    # ── on the way ──

    def _asking(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_IDLE, "whosaw-gate")
            return self._threads

    def _forget(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _headers(self, key: str, employee: str | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if employee is not None:
            headers["Whosaw-Principal"] = employee
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token if isinstance(self._token, str) else self._token()}"
        # A line break in a token would be a header of whoever wrote the token.
        if any(not value.isascii() or not value.isprintable() for value in headers.values()):
            raise BadInput("a key and a token are printable ASCII", where="headers")
        return headers

    def _sent(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the gate's answer. Raises Unavailable when the time is over, or the attempts are."""
        ends, wait, what = time.monotonic() + self._timeout, _FIRST_WAIT, "no time"
        for _ in range(self._attempts):
            left = ends - time.monotonic()
            if left <= 0:
                break
            try:
                return self._once(body, headers, ends)
            except _Passing as passing:
                what = str(passing)
                # Half of it at random, or all tools that a restart threw off would come back at one moment.
                pause = max(passing.after, wait * (0.5 + random.random() / 2))  # noqa: S311 - nobody guards a pause
                if time.monotonic() + pause >= ends:
                    break
                time.sleep(pause)
                wait *= 2
        raise Unavailable(f"the gate did not answer ({what})", part="gate", hint="nothing is shown; ask again later")

    def _once(self, body: bytes, headers: Mapping[str, str], ends: float) -> tuple[int, bytes]:
        connection = self._taken(max(0.001, ends - time.monotonic()))
        try:
            connection.request("POST", self._path, body, dict(headers))
            with connection.getresponse() as answer:
                status, raw = answer.status, _whole(answer, ends)
        except (OSError, HTTPException) as error:
            connection.close()
            # Those that stand open were opened before this one: a gate that restarted has closed them all.
            self._forget()
            raise _Passing(type(error).__name__) from None
        except BaseException:
            connection.close()
            raise
        self._given_back(connection)
        if status in _PASSING:
            raise _Passing(f"status {status}", _after(answer))
        return status, raw

    def _taken(self, left: float) -> HTTPConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            if self._tls is None:
                return HTTPConnection(self._host, self._port, timeout=left)
            return HTTPSConnection(self._host, self._port, timeout=left, context=self._tls)
        connection.timeout = left
        if connection.sock is not None:
            connection.sock.settimeout(left)
        return connection

    def _given_back(self, connection: HTTPConnection) -> None:
        with self._lock:
            if connection.sock is not None and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _ask(done: Future[Shown | Refused | BaseException], asking: Callable[[], Shown | Refused]) -> None:
    """Ask, unless nobody waits for it any more. What is raised is said as it is: a future takes no StopIteration of a token that
    could not be fetched, and its task would wait for ever.
    """
    if not done.set_running_or_notify_cancel():
        return
    try:
        done.set_result(asking())
    except BaseException as error:  # noqa: BLE001 - the task raises it
        done.set_result(error)


def _whole(answer: HTTPResponse, ends: float) -> bytes:
    """The body, before `ends`: a server that sends a byte a second would otherwise keep us for ever."""
    raw = bytearray()
    while part := answer.read1(65536):
        raw += part
        if len(raw) > LIMIT or time.monotonic() > ends:
            raise TimeoutError
    if answer.length:
        raise HTTPException  # cut short
    return bytes(raw)


def _after(answer: HTTPResponse) -> float:
    """What Retry-After says in seconds; nothing for a date, or for nonsense."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _answer(status: int, body: bytes, asked: tuple[Asked, ...]) -> Shown | Refused:
    match status:
        case 200:
            return read(_json(body), asked)
        case 401 | 403:
            return Refused(_sentence(body), status=status)
        case 400:
            raise BadInput(_sentence(body), where="look")
        case 409:
            raise IdempotencyConflict(
                _sentence(body), hint="draw a new random key for each look, and keep it for retries"
            )
    raise Unavailable(f"the gate did not answer (status {status})", part="gate", hint="nothing is shown")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _sentence(body: bytes) -> str:
    text = body[:500].decode(errors="replace").strip()
    return "".join(letter for letter in text if letter.isprintable()) or "the gate gave no reason"


def _context(certificate: tuple[str | Path, str | Path] | None, ca: str | Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        if certificate is not None:
            context.load_cert_chain(str(certificate[0]), str(certificate[1]), password="")
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"a certificate cannot be used ({getattr(error, 'strerror', None) or type(error).__name__})",
            setting="certificate",
            hint="PEM files; the key without a password",
        ) from None
    return context
