# SPDX-License-Identifier: Apache-2.0
"""The two files that detectors are set by, read strictly: an unknown key is an error, and so is a missing one."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from typing import Any

from whosaw.errors import Misconfigured


def shipped(name: str) -> bytes:
    """The bytes of a file shipped beside the detectors."""
    return (files("whosaw.detect") / name).read_bytes()


def digest(raw: bytes) -> str:
    """SHA-256 in hex: what a run was made with."""
    return hashlib.sha256(raw).hexdigest()


def read(raw: bytes, where: str, format_: str) -> dict[str, Any]:
    """The table that `raw` spells, without its `format`. Raises Misconfigured."""
    try:
        value = tomllib.loads(raw.decode())
    except ValueError:
        raise Misconfigured(f"{where} is not TOML in UTF-8", setting=where) from None
    if value.pop("format", None) != format_:
        raise Misconfigured(f"{where}: its format is not {format_!r}", setting=f"{where}: format")
    return value


def exactly(value: Any, names: frozenset[str], where: str, *, optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """`value` as a table with these keys. Raises Misconfigured, naming the key."""
    if not isinstance(value, dict):
        raise Misconfigured(f"{where} is not a table", setting=where)
    if unknown := sorted(value.keys() - names - optional):
        raise Misconfigured(f"{where}: unknown key {unknown[0]!r}", setting=where)
    if missing := sorted(names - value.keys()):
        raise Misconfigured(f"{where}: no key {missing[0]!r}", setting=where)
    return value


def whole(value: Any, where: str, low: int = 1, high: int = 10**9) -> int:
    if type(value) is not int or not low <= value <= high:
        raise Misconfigured(f"{where} is not a whole number from {low} to {high}", setting=where)
    return value


def number(value: Any, where: str, high: float = 1.0) -> float:
    if type(value) not in (int, float) or not 0 < value <= high:
        raise Misconfigured(f"{where} is not a number above 0, up to {high}", setting=where)
    return float(value)
