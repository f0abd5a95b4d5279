# SPDX-License-Identifier: Apache-2.0
"""One question to one witness, over HTTP. Whatever it answers becomes a value; nothing it answers raises.

    ask(head, old)    200 ─▶ COSIGNED, with the lines that verified
                      409, smaller ─▶ once more with a proof from there;   larger ─▶ AHEAD
                      422 ─▶ CONTRADICTS     404 ─▶ UNKNOWN     400, 403 ─▶ REFUSED
                      no connection, no answer in time ─▶ UNREACHABLE      anything else ─▶ ODD
    shown(origin)     the head that it shows to everybody

A witness is trusted for what it signed and for nothing else. An answer is read up to a limit and for three seconds in
all, redirects are not followed, no proxy is asked, and every line is verified before anybody sees it.

Written against today's standard, and tried with older ones: some say 409 with the size that was asked for where the
roots differ, which is the same claim as 422.

Invariant: a line that comes out of here is a cosignature of a known key over exactly the text that was asked for.
                                                                          Specification: docs/spec/witness.md
"""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.cosignature import check_time
from whosaw.tlog.note import LIMIT, Note, Signature, VerifierKey, open_parsed
from whosaw.tlog.witness import (
    ADD_CHECKPOINT,
    AddCheckpoint,
    monitoring_path,
    parse_cosignatures,
    parse_size,
)
from whosaw.wire import Wire, hang_up, wire, within

TIMEOUT = 3.0


class Says(StrEnum):
    """What an answer means to us."""

    COSIGNED = "cosigned"
    SHOWN = "shown"
    NEVER = "never"  # it has never cosigned this log
    BEHIND = "behind"  # it names another smaller size each time it is asked
    AHEAD = "ahead"  # it claims to have seen a larger head of ours
    CONTRADICTS = "contradicts"  # it claims to have seen another history
    UNKNOWN = "unknown"  # it does not know our log
    REFUSED = "refused"  # it could not read the request, or found no signature that it trusts
    UNREACHABLE = "unreachable"
    ODD = "odd"  # an answer that the standard does not have


@dataclass(frozen=True, slots=True)
class Head:
    """A head of ours, to be cosigned: the signed note, and what it says."""

    checkpoint: Checkpoint
    note: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return self.checkpoint.size


@dataclass(frozen=True, slots=True)
class Line:
    """A cosignature that was verified. `time_s`: when it was made, in seconds since 1970."""

    key: VerifierKey
    signature: Signature = field(repr=False)
    time_s: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness said. `size`: the one in a 409. `request`, `answer`: the bytes, where they may be evidence."""

    says: Says
    sentence: str
    lines: tuple[Line, ...] = ()
    size: int | None = None
    note: bytes = field(default=b"", repr=False)
    request: bytes = field(default=b"", repr=False)
    answer: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes = field(repr=False)


class Client:
    """One witness at `url`, the prefix for submission and monitoring alike. One thread at a time asks."""

    def __init__(self, url: str, keys: Sequence[VerifierKey], *, timeout: float = TIMEOUT) -> None:
        """Raises BadInput for an address that is none."""
        self._secure, self._host, self._port, self._path = _address(url)
        self.url, self.keys, self._timeout = url, tuple(keys), timeout
        self._connection: Wire | None = None
        self._asking, self._closed = threading.Lock(), False

    def ask(self, head: Head, old: int, prove: Callable[[int, int], Sequence[bytes]], now_s: int) -> Reply:
        """Ask for a cosignature over `head`; `old` is the size that the witness has, as far as we know.

        ``prove(old, size)``: the consistency proof between two sizes of ours, for an old size above 0.
        """
        old = min(old, head.size)
        reply = self._ask(head, old, prove, now_s)
        if reply.size is None or reply.says is not Says.BEHIND:
            return reply
        return self._ask(head, reply.size, prove, now_s)

    def _ask(self, head: Head, old: int, prove: Callable[[int, int], Sequence[bytes]], now_s: int) -> Reply:
        proof = tuple(prove(old, head.size)) if old else ()
        request = AddCheckpoint(old, proof, head.note).encode()
        answer = self._fetch("POST", ADD_CHECKPOINT, request)
        if isinstance(answer, Reply):
            return answer
        match answer.status:
            case 200:
                return self._cosigned(head, answer.body, now_s)
            case 409:
                return _conflict(head, old, request, answer.body)
            case 422:
                return Reply(
                    Says.CONTRADICTS, "it says that our head is not of the log that it knows",
                    request=request, answer=answer.body,
                )  # fmt: skip
            case 404:
                return Reply(Says.UNKNOWN, "it does not know our log")
            case 400 | 403:
                why = "our request as none" if answer.status == 400 else "our signature as none that it trusts"
                return Reply(Says.REFUSED, f"it refused {why} ({answer.status})")
        return Reply(Says.ODD, f"it answered {answer.status}")

    def _cosigned(self, head: Head, body: bytes, now_s: int) -> Reply:
        try:
            lines = parse_cosignatures(body)
            opened = open_parsed(Note(head.checkpoint.encode(), lines), self.keys)
            for key in opened.keys:
                check_time(opened.times[key], now_s, key.name)
        except (NotCanonical, ProofFailed) as error:
            return Reply(Says.ODD, f"its cosignature is none: {error}")
        verified = tuple(Line(key, signature, opened.times[key]) for key, signature in opened.verified)
        return Reply(Says.COSIGNED, f"it cosigned size {head.size}", verified, head.size)

    def shown(self, origin: str) -> Reply:
        """The head of this log that the witness shows. What it is worth is ``fork.compare``'s matter."""
        answer = self._fetch("GET", monitoring_path(origin))
        if isinstance(answer, Reply):
            return answer
        if answer.status == 200:
            return Reply(Says.SHOWN, "it shows a head", note=answer.body)
        if answer.status == 404:
            return Reply(Says.NEVER, "it has never cosigned our log")
        return Reply(Says.ODD, f"it answered {answer.status}")

    def close(self) -> None:
        """Let go of the connection; a question that another thread is asking ends with UNREACHABLE."""
        self._closed = True
        connection = self._connection
        if connection is not None:
            hang_up(connection)
        with self._asking:
            self._drop()

    # ── HTTP ──

    def _fetch(self, method: str, path: str, body: bytes | None = None) -> _Answer | Reply:
        with self._asking:
            reused = self._connection is not None
            try:
                try:
                    return self._once(method, path, body)
                except (http.client.RemoteDisconnected, ConnectionError):
                    # A kept connection may have been closed while nobody asked. A new one has no such excuse.
                    if not reused or self._closed:
                        raise
                    return self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                return Reply(Says.UNREACHABLE, f"it cannot be reached: {_why(error)}")

    def _once(self, method: str, path: str, body: bytes | None) -> _Answer | Reply:
        connection = self._connection or self._connect()
        self._connection = connection
        kept = False
        try:
            with within(connection, self._timeout):
                connection.request(method, f"{self._path}/{path}", body=body, headers=_headers(body))
                answer = connection.getresponse()
                raw = answer.read(LIMIT + 1)
                if len(raw) <= LIMIT and answer.length:
                    raise http.client.IncompleteRead(raw)
                kept = len(raw) <= LIMIT and not answer.will_close
        finally:
            if not kept:
                self._drop()
        if len(raw) > LIMIT:
            return Reply(Says.ODD, f"it answered more than {LIMIT} bytes")
        return _Answer(answer.status, raw)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Wire:
        return wire(self._host, self._port, self._timeout, ssl.create_default_context() if self._secure else None)


def _conflict(head: Head, old: int, request: bytes, body: bytes) -> Reply:
    try:
        size = parse_size(body)
    except NotCanonical:
        return Reply(Says.ODD, "it says that it has another size, and not which")
    if size > head.size:
        return Reply(
            Says.AHEAD, f"it says that it has seen size {size}, and ours is {head.size}",
            size=size, request=request, answer=body,
        )  # fmt: skip
    if size == old:
        return Reply(
            Says.CONTRADICTS, "it says that our head is not of the log that it knows", request=request, answer=body
        )
    return Reply(Says.BEHIND, f"it has seen size {size}", size=size)


def _address(url: str) -> tuple[bool, str, int | None, str]:
    """Whether it is HTTPS; host, port, and the path without a slash at its end."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not host or not plain or parts.scheme not in ("http", "https") or parts.query or parts.fragment or port == 0:
        raise BadInput("not the address of a witness", where="url", hint="like https://witness.example.net/w1")
    if parts.username is not None or parts.password is not None:
        raise BadInput("an address with a password in it would end up in logs", where="url")
    return parts.scheme == "https", host, port, parts.path.rstrip("/")


def _headers(body: bytes | None) -> Mapping[str, str]:
    fixed = {"User-Agent": "whosaw", "Accept-Encoding": "identity"}
    return fixed if body is None else fixed | {"Content-Type": "text/plain; charset=utf-8"}


def _why(error: Exception) -> str:
    """Why, in words of ours or of this system: never in those of the other side."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return "its certificate or encryption does not hold"
    return getattr(error, "strerror", None) or type(error).__name__
