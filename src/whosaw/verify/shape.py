# SPDX-License-Identifier: Apache-2.0
"""Shapes of JSON from outside: an object with exactly these fields, a number, a text, so many bytes in base64.

All raise NotCanonical and say where, never what. The strict JSON itself is ``whosaw.model.record``'s matter.
"""

# Not `value["index"]` and a cast: `true` would pass for 1, and a string of letters for a list of texts.
from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection
from typing import cast

from whosaw.errors import NotCanonical
from whosaw.model.record import Json
from whosaw.tlog.spelling import parse_base64


def object_of(value: Json, names: Collection[str] | None, where: str) -> dict[str, Json]:
    """An object; with exactly the fields `names`, or with any."""
    if type(value) is not dict:
        raise NotCanonical("not an object", where=where)
    if names is not None and (odd := sorted(value.keys() ^ set(names))):
        raise NotCanonical(f"a field is missing or unknown: {odd[0]}", where=where)
    return cast("dict[str, Json]", value)


def list_of(value: Json, where: str) -> list[Json]:
    """A list."""
    if type(value) is not list:
        raise NotCanonical("not a list", where=where)
    return value


def number(value: Json, where: str) -> int:
    """An integer from 0."""
    if type(value) is not int or value < 0:
        raise NotCanonical("not an integer from 0", where=where)
    return value


def text(value: Json, where: str) -> str:
    """A string."""
    if type(value) is not str:
        raise NotCanonical("not a string", where=where)
    return value


def raw_bytes(value: Json, width: int | None, where: str) -> bytes:
    """Bytes in base64; `width` of them, or any number."""
    raw = parse_base64(text(value, where).encode(), where)
    if width is not None and len(raw) != width:
        raise NotCanonical(f"not {width} bytes", where=where)
    return raw


def base64_of(raw: bytes) -> str:
    """The one base64 of `raw`."""
    return b64encode(raw).decode()
