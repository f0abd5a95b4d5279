# SPDX-License-Identifier: Apache-2.0
"""Maps: small TOML files in which an organisation says where in its logs persons and their data are.

    columns of tables (pgAudit) · buckets and items (CloudTrail) · routes (web access logs) · the product's own log

Invariant: a map refuses what it does not know. A misspelt key that is passed over would silently watch less.
Its digest is recorded with every file that is read by it.                     Specification: docs/connectors/
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from whosaw.collect.observed import Asked, identifier
from whosaw.errors import BadInput, Misconfigured
from whosaw.model.access import LADDER, Field, rung
from whosaw.model.access import Asked as One

FORMAT = 1
LIMIT = 1024 * 1024
NOTHING = "-"  # a column or route that holds nothing personal, and is known to


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a map, with its place for errors. Take each value once; `done` refuses what nobody took."""

    where: str
    values: dict[str, Any]

    def wrong(self, key: str, why: str) -> Misconfigured:
        return Misconfigured(f"{self.where}: `{key}` {why}", setting=key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.pop(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, str) or identifier(value) is None:
            raise self.wrong(key, "is a text of 1 to 200 printable bytes")
        return value

    def optional(self, key: str) -> str | None:
        return self.text(key) if key in self.values else None

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in known:
            raise self.wrong(key, f"is one of: {', '.join(known)}")
        return value

    def flag(self, key: str) -> bool:
        value = self.values.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is true or false")
        return value

    def number(self, key: str, default: int) -> int:
        value = self.values.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**9:
            raise self.wrong(key, "is a whole number from 1 to 1000000000")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.pop(key, [])
        if not isinstance(value, list) or any(identifier(v) is None for v in value):
            raise self.wrong(key, "is a list of texts")
        return tuple(value)

    def names(self, key: str) -> dict[str, str]:
        """A table of texts."""
        value = self.values.pop(key, {})
        if not isinstance(value, dict) or any(identifier(v) is None for kv in value.items() for v in kv):
            raise self.wrong(key, "is a table of texts")
        return dict(value)

    def names_or_lists(self, key: str) -> dict[str, Any]:
        """A table whose values are for `fields` to judge."""
        value = self.values.pop(key, {})
        if not isinstance(value, dict) or any(identifier(k) is None for k in value):
            raise self.wrong(key, "is a table")
        return dict(value)

    def fields(self, key: str = "fields") -> Asked:
        return fields(self.values.pop(key, None), f"{self.where}: `{key}`")

    def table(self, key: str) -> Table:
        value = self.values.pop(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "is a table")
        return Table(f"{self.where} {key}", dict(value))

    def tables(self, key: str) -> list[Table]:
        value = self.values.pop(key, [])
        if not isinstance(value, list) or any(not isinstance(v, dict) for v in value):
            raise self.wrong(key, f"is written [[{key}]]")
        return [Table(f"{self.where} [[{key}]] {n}", dict(v)) for n, v in enumerate(value, 1)]

    def done(self) -> None:
        if left := sorted(self.values):
            raise self.wrong(left[0], "is not known here")


def opened(raw: bytes, where: str) -> tuple[Table, bytes]:
    """The map that `raw` spells, and its digest. Raises Misconfigured."""
    if len(raw) > LIMIT:
        raise Misconfigured(f"{where}: longer than {LIMIT} bytes", setting=where)
    try:
        table = Table(where, tomllib.loads(raw.decode()))
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{where}: byte {error.start} is not UTF-8", setting=where) from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise Misconfigured(f"{where}: not TOML", setting=where) from None
    if table.values.pop("format", None) != FORMAT:
        raise Misconfigured(f"{where}: begins with `format = {FORMAT}`", setting="format")
    return table, hashlib.sha256(raw).digest()


def fields(value: Any, where: str) -> Asked:
    """`"ip:exact"`, or a list of such, as fields with their detail; `"-"` is none. Raises Misconfigured."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or any(not isinstance(t, str) for t in texts):
        raise Misconfigured(f"{where} is a field such as ip:exact, a list of them, or {NOTHING!r}", setting=where)
    if texts == [NOTHING]:
        return ()
    try:
        return most((one.field, one.detail) for one in map(One.parse, texts))
    except BadInput as error:
        raise Misconfigured(f"{where}: {error}", setting=where) from None


def most(asked: Any) -> Asked:
    """Each field once, at the most detail that is named, in the order of the ladder's table."""
    best: dict[Field, str] = {}
    for field, detail in asked:
        if field not in best or rung(field, detail) > rung(field, best[field]):
            best[field] = detail
    return tuple((field, best[field]) for field in LADDER if field in best)


def named(names: Mapping[str, str], account: str) -> str:
    """The staff id behind an account, where the map names one; else the account itself is the principal."""
    return names.get(account, account)
