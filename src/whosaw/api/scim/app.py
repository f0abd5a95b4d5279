# SPDX-License-Identifier: Apache-2.0
"""SCIM 2.0 for an identity provider: joiners, movers and leavers come in at once. Plain ASGI, mounted at `/scim/v2/`.

    request ──token──▶ 401 · body ≤ 1 MB, strict JSON ──▶ 413, 400 · path and method ──▶ desk ──▶ answer, with its ETag

    Users, Groups                 GET POST · /ID GET PUT PATCH DELETE · /.search POST
    Schemas, ResourceTypes, ServiceProviderConfig                        GET

The token is the provider's own: only its digest is kept (``scim.token``), and it opens nothing else. Every change is a record
before it is in force; a request that changes nothing is a sign of life, and after hours without one every look is refused.

Invariant: no name, id or token goes into a log or an error of ours. What a refused request said is told to nobody but
whoever said it.                                        Specification: RFC 7643, RFC 7644, docs/spec/scim.md
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    InvalidSyntaxException,
    InvalidValueException,
    NotFoundException,
    NotImplementedException,
    PayloadTooLargeException,
    SCIMException,
)

from whosaw.api.body import Gone, Receive, Scope, Send, parse
from whosaw.api.scim.answers import Answer, Base, discovered, listed, of_resource
from whosaw.api.scim.desk import ScimDesk
from whosaw.api.scim.edit import patched, replaced, taken
from whosaw.api.scim.search import request_of, search
from whosaw.api.scim.shapes import ENDPOINTS, PROVIDER
from whosaw.directory.resources import GROUP, USER
from whosaw.errors import BadInput, Busy, OutcomeUnknown, Unavailable, WhosawError

PREFIX = "/scim/v2"
LIMIT = 1024 * 1024
SECONDS = 10.0
MEDIA = "application/scim+json"
_MEDIA = re.compile(r"application/(scim\+)?json(\s*;.*)?", re.IGNORECASE)
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')
_KINDS = {path: kind for kind, path in ENDPOINTS.items()}
_log = logging.getLogger(__name__)

# Whether this is the provider's token. It reads what is kept of it each time, so that a new one counts at once.
Admits = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, read. `value`: the body, where there is one."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    base: Base
    value: dict[str, Any] | None = field(default=None, repr=False)

    def version(self) -> int | None:
        """What `If-Match` demands; None where it demands nothing, -1 for a version that nothing has."""
        said = self.headers.get("if-match")
        if said is None or said.strip() == "*":
            return None
        found = _ETAG.fullmatch(said.strip())
        return int(found[1]) if found else -1


class ScimApp:
    """An ASGI application over a desk."""

    def __init__(self, desk: ScimDesk, admits: Admits) -> None:
        self._desk, self._admits = desk, admits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            answer = await self._answered(scope, receive)
        except Gone:
            return
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in answer.lines()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answered(self, scope: Scope, receive: Receive) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            if not await asyncio.to_thread(self._known, headers):
                return _failed(Error(status=401, detail="not the token of this directory"), authenticate=True)
            raw = await _body(headers, receive)
            return await asyncio.to_thread(self._work, _request(scope, headers), raw)
        except SCIMException as error:
            return _failed(error.to_error())
        except WhosawError as error:
            return _failed(_ours(error))
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001  a fault is ours, and says nothing of anybody
            _log.error("a request of the identity provider broke: %s", type(error).__name__)
            return _failed(Error(status=500, detail="something here is broken; whoever runs it can see what"))

    def _known(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._admits(token.strip().encode("latin-1"))

    def _work(self, asked: Request, raw: bytes | None) -> Answer:
        if raw is not None:
            asked = Request(
                asked.method, asked.path, asked.query, asked.headers, asked.base, _parsed(asked.headers, raw)
            )
        with PROVIDER:
            try:
                answer = self._route(asked)
            except ValidationError as error:
                return _failed(Error.from_validation_errors(error)[0])
        if answer.status < 300:
            self._desk.heard()
        return answer

    def _route(self, asked: Request) -> Answer:
        match asked.path:
            case ("Users" | "Groups" as name,):
                return self._collection(_KINDS[name], asked)
            case ("Users" | "Groups" as name, ".search"):
                return self._search((_KINDS[name],), asked, "POST")
            case ("Users" | "Groups" as name, id_):
                return self._one(_KINDS[name], id_, asked)
            case ():
                return self._search((USER, GROUP), asked, "GET")
            case (".search",):
                return self._search((USER, GROUP), asked, "POST")
            case ("Bulk",) | ("Me", *_):
                raise NotImplementedException(detail="this is not supported; ServiceProviderConfig says what is")
        found = discovered(asked.path, asked.base, filtered="filter" in asked.query)
        if found is None:
            raise NotFoundException(detail="nothing is here")
        return found if asked.method in {"GET", "HEAD"} else _not_with("GET")

    def _collection(self, kind: str, asked: Request) -> Answer:
        if asked.method == "POST":
            made = self._desk.create(kind, taken(kind, _needed(asked), Context.RESOURCE_CREATION_REQUEST))
            return of_resource(made, asked.base, asked.query, Context.RESOURCE_CREATION_RESPONSE, status=201)
        if asked.method in {"GET", "HEAD"}:
            return self._search((kind,), asked, asked.method)
        return _not_with("GET, POST")

    def _one(self, kind: str, id_: str, asked: Request) -> Answer:
        match asked.method:
            case "GET" | "HEAD":
                kept = self._desk.get(kind, id_)
                return of_resource(kept, asked.base, asked.query, Context.RESOURCE_QUERY_RESPONSE).unless(
                    asked.headers.get("if-none-match")
                )
            case "PUT":
                new = taken(kind, _needed(asked), Context.RESOURCE_REPLACEMENT_REQUEST)
                kept = self._desk.change(kind, id_, asked.version(), lambda old: replaced(kind, old, new))
                return of_resource(kept, asked.base, asked.query, Context.RESOURCE_REPLACEMENT_RESPONSE)
            case "PATCH":
                operations = patched(kind, _needed(asked))
                kept = self._desk.change(kind, id_, asked.version(), operations)
                return of_resource(kept, asked.base, asked.query, Context.RESOURCE_PATCH_RESPONSE)
            case "DELETE":
                self._desk.delete(kind, id_, asked.version())
                return Answer(204, b"")
        return _not_with("GET, PUT, PATCH, DELETE")

    def _search(self, kinds: tuple[str, ...], asked: Request, method: str) -> Answer:
        if asked.method not in {method, "HEAD" if method == "GET" else method}:
            return _not_with(method)
        given: Mapping[str, Any] = _needed(asked) if method == "POST" else asked.query
        wanted = request_of(kinds, given)
        return listed(search(self._desk, kinds, wanted, asked.base.shown), wanted)


def _request(scope: Scope, headers: Mapping[str, str]) -> Request:
    path = scope["path"].removeprefix(scope.get("root_path") or "").removeprefix(PREFIX).strip("/")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if any(len(values) > 1 for values in query.values()):
        raise InvalidValueException(detail="a parameter is there twice")
    host = headers.get("host", "localhost")
    return Request(
        scope["method"],
        tuple(path.split("/")) if path else (),
        {name: values[0] for name, values in query.items()},
        headers,
        Base(f"{scope.get('scheme', 'http')}://{host}{PREFIX}"),
    )


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes | None:
    """The whole body; None where there is none. Raises SCIMException, Gone."""
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length[:12]) > LIMIT:
        raise PayloadTooLargeException(detail=f"at most {LIMIT} bytes")
    raw = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                raw += message.get("body", b"")
                if len(raw) > LIMIT:
                    raise PayloadTooLargeException(detail=f"at most {LIMIT} bytes")
                if not message.get("more_body", False):
                    return bytes(raw) or None
    except TimeoutError:
        raise InvalidSyntaxException(detail="the body did not come to its end") from None


def _parsed(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    if not _MEDIA.fullmatch(headers.get("content-type", "").strip()):
        raise InvalidSyntaxException(detail=f"a body is {MEDIA} or application/json")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise InvalidSyntaxException(detail="a body is sent as it is")
    try:
        return parse(raw)
    except BadInput as error:
        raise InvalidSyntaxException(detail=str(error)) from None


def _needed(asked: Request) -> dict[str, Any]:
    if asked.value is None:
        raise InvalidSyntaxException(detail="a body is missing")
    return asked.value


def _not_with(methods: str) -> Answer:
    answer = _failed(Error(status=405, detail="not with this method"))
    return Answer(answer.status, answer.body, {"allow": methods})


def _ours(error: WhosawError) -> Error:
    """What went wrong here, for a provider: that it should say it again, and no more."""
    if isinstance(error, Busy | Unavailable | OutcomeUnknown):
        return Error(status=503, detail="not now: nothing is known to have changed, and saying it again is safe")
    _log.error("a request of the identity provider broke: %s", type(error).__name__)
    return Error(status=500, detail="something here is broken; whoever runs it can see what")


def _failed(error: Error, *, authenticate: bool = False) -> Answer:
    headers = {"www-authenticate": 'Bearer realm="directory"'} if authenticate else {}
    if error.status == 503:
        headers["retry-after"] = "5"
    if error.status in {401, 413} or (error.status == 400 and error.scim_type == "invalidSyntax"):
        headers["connection"] = "close"  # what was not read of a body would be read as the next request
    return Answer(int(error.status or 500), error.model_dump_json(scim_ctx=Context.DEFAULT).encode(), headers)
