# SPDX-License-Identifier: Apache-2.0
"""The body of a request: read up to a limit and for a while, and read strictly, so that it has one meaning or none.

    receive ──read──▶ bytes ──parse──▶ one JSON object

Refused: another type than JSON, a body in another coding, more bytes than any question has, bytes that come too slowly; no UTF-8,
a key twice, NaN, a number that not every reader has, half of a surrogate pair, nesting deeper than any question.

Invariant: two readers of an accepted body read the same. With a key twice, whoever checks the first and whoever uses the last
would each believe another question.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from whosaw.api.reply import Reply, error
from whosaw.errors import BadInput

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LIMIT = 256 * 1024
SECONDS = 10.0
DEPTH = 32
BIGGEST = 2**53 - 1
_READ = frozenset({b"content-type", b"content-encoding", b"content-length", b"transfer-encoding"})
_MEDIA = re.compile(rb'application/json(?:\s*;\s*charset\s*=\s*"?utf-8"?)?', re.IGNORECASE)


class Gone(Exception):
    """Whoever asked is not there any more."""


async def read(scope: Scope, receive: Receive, *, seconds: float | None = None) -> bytes | Reply:
    """The whole body, or why not; then the rest of it was not read. Raises Gone."""
    said = {name: value for name, value in scope["headers"] if name in _READ}
    # A proxy that believes the length and we who believe the chunks would not agree where the next request begins.
    if b"content-length" in said and b"transfer-encoding" in said:
        return error(400, "body: either a length or chunks")
    # The specification wants 400 here, and not 415.
    if not _MEDIA.fullmatch(said.get(b"content-type", b"").strip()):
        return error(400, "content-type: a question is application/json")
    if said.get(b"content-encoding", b"identity").lower() != b"identity":
        return error(400, "content-encoding: a question is sent as it is")
    length = said.get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > LIMIT:
        return _too_long()
    raw = bytearray()
    try:
        async with asyncio.timeout(SECONDS if seconds is None else seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                raw += message.get("body", b"")
                if len(raw) > LIMIT:
                    return _too_long()
                if not message.get("more_body", False):
                    return bytes(raw)
    except TimeoutError:
        return error(408, "body: it did not come to its end")


def _too_long() -> Reply:
    return error(413, f"body: at most {LIMIT} bytes")


def parse(raw: bytes) -> dict[str, Any]:
    """The object that `raw` spells. Raises BadInput."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error_:
        raise BadInput(f"byte {error_.start} is not UTF-8", where="body") from None
    try:
        value = _DECODER.decode(text)
    except _Unfit as error_:
        raise BadInput(str(error_), where="body") from None
    except RecursionError:
        raise BadInput(f"nested deeper than {DEPTH}", where="body") from None
    except ValueError:
        raise BadInput("not JSON", where="body") from None
    if type(value) is not dict:
        raise BadInput("not a JSON object", where="body")
    # Only what could break a rule is walked: half of a pair needs an escape, and depth needs brackets.
    if "\\u" in text or text.count("{") + text.count("[") > DEPTH:
        _walk(value)
    return value


def _walk(value: Any) -> None:
    todo = [(value, 1)]
    while todo:
        one, depth = todo.pop()
        if isinstance(one, str):
            if any("\ud800" <= c <= "\udfff" for c in one):
                raise BadInput("half of a surrogate pair", where="body")
            continue
        if depth > DEPTH and isinstance(one, (dict, list)):
            raise BadInput(f"nested deeper than {DEPTH}", where="body")
        if isinstance(one, dict):
            todo += [(each, depth + 1) for pair in one.items() for each in pair]
        elif isinstance(one, list):
            todo += [(each, depth + 1) for each in one]


class _Unfit(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Unfit("a key twice in one object")
    return made


def _whole(text: str) -> int:
    if len(text) > 17 or abs(made := int(text)) > BIGGEST:
        raise _Unfit("a whole number beyond 2^53-1")
    return made


def _fraction(text: str) -> float | int:
    made = float(text)
    if made in (float("inf"), float("-inf")):
        raise _Unfit("a number beyond every reader's")
    # 7.0 is a whole number to most readers, and to every description in JSON Schema.
    return int(made) if made.is_integer() and abs(made) <= BIGGEST else made


def _constant(text: str) -> Any:
    raise _Unfit(f"{text} is no number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
)
