# SPDX-License-Identifier: Apache-2.0
"""What every reader yields: a look that a log tells of, a record passed over with its reason, or unreadable bytes.

    read(raw, where) ──▶ Taken(Observed …)   one record may tell of several looks: a statement over two watched tables
                     ──▶ Skipped(reason)     readable, and no look at a person's data
                     ──▶ Malformed(reason)   not readable; its digest says which bytes

Invariant: a reader raises nothing whatever the bytes are, and guesses nothing: what a record does not say is null.
Reasons are sentences of ours and never quote the record.             Contract: docs/connectors/README.md
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.model.access import Field, Mode
from whosaw.model.look_body import Said

Asked = tuple[tuple[Field, str], ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Place of a record in its file: its number (of the line or element, from 1) and the byte it begins at."""

    number: int
    offset: int

    def __str__(self) -> str:
        return f"record {self.number}, byte {self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One look as its source tells it: real identifiers, so nothing of it is ever printed.

    `id` is the source's own; `keyed`: somebody may have chosen it, so that only a keyed digest of it is kept. `persons` who was looked at: none, one, or all mentions of a bulk look. `flags` are
    counted in the report: what a reader could not tell. `unmapped` are columns that the map does not name. `query` is the
    text, of which only a keyed digest is kept.
    """

    source: str
    id: str = field(repr=False)
    keyed: bool = False
    at: datetime
    principal: str = field(repr=False)
    asked: Asked
    mode: Mode
    persons: tuple[str, ...] = field(default=(), repr=False)
    on_behalf_of: str | None = field(default=None, repr=False)
    claimed: bool = False
    hint: bool = False
    purpose: str | None = field(default=None, repr=False)
    case: str | None = field(default=None, repr=False)
    app: str | None = field(default=None, repr=False)
    rows: int | None = None
    decision: Said | None = None
    query: str | None = field(default=None, repr=False)
    shape: str | None = field(default=None, repr=False)
    flags: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()

    @property
    def look_id(self) -> str:
        """`<source>:<the source's own id>`: reading twice gives the same."""
        return f"{self.source}:{self.id}"


@dataclass(frozen=True, slots=True)
class Taken:
    """The record tells of these looks, at least one."""

    looks: tuple[Observed, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Readable and no look. `detail` is a shape to be listed by number (a route, a column), never a value."""

    reason: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Unreadable. `digest` is the SHA-256 of the bytes, so that whoever has the file can find them again.

    `byte`: where in the record, for what is wrong at one place.
    """

    reason: str
    digest: bytes = field(repr=False)
    byte: int | None = None

    @classmethod
    def of(cls, raw: bytes, why: No | str) -> Malformed:
        why = No(why) if isinstance(why, str) else why
        return cls(why.reason, hashlib.sha256(raw).digest(), why.byte)


@dataclass(frozen=True, slots=True)
class No:
    """A parser's answer where there is nothing to give: why."""

    reason: str
    byte: int | None = None


Outcome = Taken | Skipped | Malformed
Piece = tuple[Where, "bytes | Malformed"]

# An identifier is 1 to 200 bytes (dataset.md) and printable; anything else names nobody.
ID_LIMIT = 200


def identifier(text: object) -> str | None:
    """`text` as an identifier, or None where it is none: not a text, empty, too long, not printable."""
    if not isinstance(text, str) or not text.isprintable() or not 1 <= len(text.encode()) <= ID_LIMIT:
        return None
    return text


_APP = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._/+-")


def app_name(text: object) -> str | None:
    """A tool's name as a map may say it, or None."""
    if not isinstance(text, str) or not 1 <= len(text) <= 64 or not text[0].isalnum() or not _APP.issuperset(text):
        return None
    return text
