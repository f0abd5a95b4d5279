# SPDX-License-Identifier: Apache-2.0
"""Access logs of web servers: one request a line, in the three formats that are read.

    nginx      one JSON object a line: ``log_format … escape=json`` with the names of nginx's own variables
    caddy      one JSON object a line, as Caddy writes it
    combined   Apache's and nginx's combined format; common, without referrer and agent, too

Which of them, the first line that says so decides, or what was asked for; never what the file is called. A line of
another format in between is malformed.

A byte that is no UTF-8 is read as what it is: part of one text, of no use as an account, a path or an id. Anybody can send
one in a header, and nginx writes it as it came: it costs neither the line nor the file.

Invariant: a line has one reading. What a client can write (user name, agent, path) is quoted or holds no space, so no
client writes the end of one field and the beginning of the next.     Specification: docs/connectors/access.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import unquote_to_bytes

from whosaw.collect import strict_json, times
from whosaw.collect.lines import lines
from whosaw.collect.maps import Table
from whosaw.collect.observed import Malformed, No, Piece, identifier
from whosaw.errors import BadInput

Form = Literal["nginx", "caddy", "combined"]
FORMS: tuple[Form, ...] = ("nginx", "caddy", "combined")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY")
NOT_HTTP = No("not an HTTP request")
NOT_ACCESS = No("not a record of an access log")
_LOOK_AHEAD = 64

# Every field ends at a byte that it cannot hold, so there is one way to match and no way back.
_COMBINED = re.compile(
    r'(\S{1,300}) \S{1,300} (\S{1,300}) \[([^\]]{26})\] "([^"\\]*(?:\\.[^"\\]*)*)" ([0-9]{3}) ([0-9]{1,18}|-)'
    r'(?: "([^"\\]*(?:\\.[^"\\]*)*)" "([^"\\]*(?:\\.[^"\\]*)*)")?(?: .*)?',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "b": "\b", "f": "\f"}
_RANDOM = re.compile(r"[0-9a-fA-F]{16,64}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHORTEST = 16  # characters; a shorter one is not the request's alone


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `decoded`: `path` was percent-decoded by the server already. `peer`: whose connection it was.

    `forwarded`, `x_forwarded_for`: those headers, joined. `more`: the whole JSON object, where it was one.
    """

    at: datetime
    peer: str | None = field(repr=False)
    account: str | None = field(repr=False)
    method: str
    path: str = field(repr=False)
    query: str = field(repr=False)
    decoded: bool
    status: int
    size: int | None
    request_id: str | None
    agent: str | None = field(default=None, repr=False)
    prefetch: bool = False
    forwarded: str | None = field(default=None, repr=False)
    x_forwarded_for: str | None = field(default=None, repr=False)
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def told(self, name: str) -> str | None:
        """The text that the log has under `name`: a key, or a JSON Pointer; a list of one counts as its element."""
        value: Any = self.more
        for part in name.removeprefix("/").split("/") if name.startswith("/") else [name]:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value) if abs(value) < 10**38 else None
        return _given(value)


class Lines:
    """The lines of one file. `form`: what was asked for, or what the first line that is of any format says."""

    def __init__(self, chunks: Iterable[bytes], form: Form | None) -> None:
        self._form, self._lines = form, lines(chunks)

    @property
    def form(self) -> Form:
        return self._form or "nginx"

    def __iter__(self) -> Iterator[Piece]:
        """Raises BadInput where the file ends, and none of its lines was of any format: none was a request then."""
        head: list[Piece] = []
        while self._form is None and len(head) < _LOOK_AHEAD and (one := next(self._lines, None)) is not None:
            head.append(one)
            self._form = _form(one[1])
        yield from (_unsaid(one) if self._form is None else one for one in head)
        some = any(isinstance(piece, bytes) for _, piece in head)
        for one in self._lines:
            self._form = self._form or _form(one[1])
            yield _unsaid(one) if self._form is None else one
        if self._form is None and some:
            raise BadInput(
                "the file is no access log: neither nginx's JSON nor Caddy's nor the combined format",
                where="access log",
                hint="docs/connectors/access.md shows each; where lines are cut, set `log` in the map",
            )


def parse(raw: bytes, form: Form) -> Request | No:
    """The request that a line tells of. NOT_HTTP, NOT_ACCESS: readable, and no request."""
    if form == "combined":
        return _combined(strict_json.lenient(raw))
    given = strict_json.parsed(raw, strict=False)
    if isinstance(given, No):
        return given
    return _PARSERS[form](given)


def form_of(top: Table) -> Form | None:
    """The format that a map says its logs have, under `log`."""
    named = top.choice("log", (*FORMS, "any"), "any")
    return next((form for form in FORMS if form == named), None)


def _form(piece: bytes | Malformed) -> Form | None:
    if isinstance(piece, Malformed):
        return None
    given = strict_json.parsed(piece, strict=False)
    if isinstance(given, No):
        return "combined" if _COMBINED.fullmatch(strict_json.lenient(piece)) else None
    if isinstance(given.get("request"), dict):
        return "caddy"
    return "nginx" if "request_method" in given or "request" in given else None


def _unsaid(one: Piece) -> Piece:
    """A line before the first one that says the format."""
    where, piece = one
    return where, Malformed.of(piece, "a line of none of the three formats") if isinstance(piece, bytes) else piece


def _nginx(given: dict[str, Any]) -> Request | No:
    at = times.seconds(given.get("msec")) if "msec" in given else times.rfc3339(given.get("time_iso8601"))
    raw_uri = _given(given.get("request_uri"))
    method, uri = _given(given.get("request_method")), raw_uri or _given(given.get("uri"))
    if method is None and uri is None and _given(given.get("request")):
        split = _request_line(given["request"])
        method, raw_uri, uri = (split[0], split[1], split[1]) if split else (None, None, None)
    status = _status(given.get("status"))
    if isinstance(at, No):
        return at
    if status is None:
        return No("no status")
    if method is None or uri is None:
        return NOT_HTTP if status >= 400 else No("no method or path")
    # $uri comes decoded and without its query, so a question mark in it is one of the path.
    args = _given(given.get("args")) or _given(given.get("query_string")) or ""
    path, query = _target(uri) if raw_uri else (uri, args)
    return Request(
        at=at,
        peer=_given(given.get("remote_addr")),
        account=_given(given.get("remote_user")),
        method=method,
        path=path,
        query=query,
        decoded=raw_uri is None,
        status=status,
        size=_size(given.get("bytes_sent", given.get("body_bytes_sent"))),
        request_id=_request_id(given.get("request_id")),
        agent=_given(given.get("http_user_agent")),
        prefetch=_prefetch(given.get("http_sec_purpose"), given.get("http_purpose"), given.get("http_x_moz")),
        forwarded=_given(given.get("http_forwarded")),
        x_forwarded_for=_given(given.get("http_x_forwarded_for")),
        more=given,
    )


def _caddy(given: dict[str, Any]) -> Request | No:
    request = given.get("request")
    if not isinstance(request, dict):
        return NOT_ACCESS
    at = times.seconds(given.get("ts"))
    if isinstance(at, No):
        at = times.rfc3339(given.get("ts"))
    method, uri = _given(request.get("method")), _given(request.get("uri"))
    status = _status(given.get("status"))
    if isinstance(at, No):
        return at
    if status is None or method is None or uri is None:
        return No("no method, path or status")
    path, query = _target(uri)
    headers = request.get("headers") if isinstance(request.get("headers"), dict) else {}
    told = {str(k).lower(): _joined(v) for k, v in cast("dict[str, Any]", headers).items()}
    return Request(
        at=at,
        peer=_given(request.get("remote_ip")) or _without_port(_given(request.get("remote_addr"))),
        account=_given(given.get("user_id")),
        method=method,
        path=path,
        query=query,
        decoded=False,
        status=status,
        size=_size(given.get("size")),
        request_id=_request_id(given.get("request_id")),
        agent=told.get("user-agent"),
        prefetch=_prefetch(told.get("sec-purpose"), told.get("purpose"), told.get("x-moz")),
        forwarded=told.get("forwarded"),
        x_forwarded_for=told.get("x-forwarded-for"),
        more=given,
    )


def _combined(text: str) -> Request | No:
    found = _COMBINED.fullmatch(text)
    if found is None:
        return No("not a line of the combined format")
    peer, account, time, line, status, size, _, agent = found.groups()
    at = times.apache(time)
    if isinstance(at, No):
        return at
    split = _request_line(_unescaped(line))
    if split is None:
        return NOT_HTTP if int(status) >= 400 else No("a request line that is none")
    path, query = _target(split[1])
    return Request(
        at=at,
        peer=_given(peer),
        account=_given(account),
        method=split[0],
        path=path,
        query=query,
        decoded=False,
        status=int(status),
        size=None if size == "-" else int(size),
        request_id=None,
        agent=None if agent is None else _given(_unescaped(agent)),
    )


_PARSERS: Mapping[Form, Callable[[dict[str, Any]], Request | No]] = {"nginx": _nginx, "caddy": _caddy}


def _request_line(text: str) -> tuple[str, str] | None:
    """(method, target) of `GET /path HTTP/1.1`. A blank in the target is the client's, and `segments` judges it."""
    method, _, rest = text.partition(" ")
    target, blank, version = rest.rpartition(" ")
    return (method, target) if blank and target and version.startswith("HTTP/") else None


def _target(uri: str) -> tuple[str, str]:
    """Path and query of a request's target. A request to a proxy names the host too."""
    if uri.startswith(("http://", "https://")):
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    path, _, query = uri.partition("#")[0].partition("?")
    return path, query


def _unescaped(text: str) -> str:
    r"""What Apache and nginx wrote as `\"`, `\\`, `\t` and `\xC3\xA9`."""
    if "\\" not in text:
        return text

    def plain(found: re.Match[str]) -> str:
        sign = found[1]
        return f"\udc00{sign[1:]}" if len(sign) == 3 else _PLAIN.get(sign, sign)

    # Bytes are percent-encoded on their way, behind a sign that no UTF-8 holds, and decoded all at once.
    marked = _ESCAPE.sub(plain, text).replace("%", "%25").replace("\udc00", "%")
    return strict_json.lenient(unquote_to_bytes(marked.encode("utf-8", "surrogateescape")))


def _given(value: object) -> str | None:
    """A text that is there: `-` and the empty text are how servers write nothing."""
    return value if isinstance(value, str) and value not in ("", "-") else None


def _joined(value: object) -> str | None:
    """A header that may stand several times."""
    if isinstance(value, list):
        return _given(", ".join(v for v in value if isinstance(v, str)))
    return _given(value)


def _status(value: object) -> int | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    ours = isinstance(text, str) and len(text) == 3 and text.isascii() and text.isdigit()
    return int(cast("str", text)) if ours else None


def _size(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 10**18 else None
    ours = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18
    return int(cast("str", value)) if ours else None


def _request_id(value: object) -> str | None:
    text = identifier(value)
    return text if text is not None and len(text) >= _SHORTEST else None


def random(request_id: str) -> bool:
    """Whether an id is spelled as servers draw them, hexadecimal or a UUID. Any other may be what somebody wrote."""
    return _RANDOM.fullmatch(request_id) is not None


def _prefetch(*headers: object) -> bool:
    return any(isinstance(h, str) and "prefetch" in h.lower() for h in headers)


def _without_port(address: str | None) -> str | None:
    """`192.0.2.1:443` and `[2001:db8::1]:443`, as old versions of Caddy write them."""
    if address is None or not address.rpartition(":")[2].isdigit():
        return address
    host = address.rpartition(":")[0]
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
