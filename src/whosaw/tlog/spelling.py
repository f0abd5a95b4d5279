# SPDX-License-Identifier: Apache-2.0
r"""Spelling: the few pieces that every text of the log is made of, each with one spelling or none.

    decimal   0 | [1-9][0-9]{0,18}, below 2^63        "7"        never " 7", "07", "7_0", "７"
    base64    RFC 4648 section 4, padded, re-encoded  "AA=="     never "AB==" (it decodes to the same byte)
    hash      32 bytes, 44 characters of base64
    text      UTF-8, lines end in "\n", no other byte below 0x20
    name      1 to 255 bytes, no "+", no space of any script: a key name, the origin of a log of ours
    instant   2026-11-22T10:15:30.123Z, milliseconds, UTC

Invariant: what is accepted here is rendered back to the very same bytes. With two spellings of one value, a person and a
witness could hold different bytes and both believe that they agree. Nothing is repaired, and a message says where,
never what.                                                       Specification: docs/spec/checkpoint.md §1
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from functools import lru_cache

from whosaw.errors import BadInput, NotCanonical

HASH = 32
BIGGEST = 2**63 - 1
NAME_LIMIT = 255

_DECIMAL = re.compile(rb"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_INSTANT = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def parse_decimal(raw: bytes, where: str) -> int:
    """The number that `raw` spells, 0 to 2^63−1."""
    # int() alone also takes " 42 ", "4_2" and the digits of other scripts, and "$" matches before a final newline.
    if not _DECIMAL.fullmatch(raw) or (value := int(raw)) > BIGGEST:
        raise NotCanonical("not a decimal below 2^63 without leading zero", where=where)
    return value


def render_decimal(value: int) -> bytes:
    """The one spelling of `value`."""
    return b"%d" % natural(value, "number")


def natural(value: int, what: str) -> int:
    """`value`, if it is an int from 0 to 2^63−1."""
    # A bool is an int in Python: a log of size True would be a log of size 1.
    if type(value) is not int or not 0 <= value <= BIGGEST:
        raise BadInput(f"{what} is not an integer from 0 to 2^63-1")
    return value


def parse_base64(raw: bytes, where: str) -> bytes:
    """The bytes that `raw` spells."""
    try:
        value = b64decode(raw, validate=True)
    except ValueError:
        raise NotCanonical("not base64", where=where) from None
    # validate=True still takes "AB==", whose last four bits are simply dropped.
    if b64encode(value) != raw:
        raise NotCanonical("not the one base64 of its bytes", where=where)
    return value


def render_base64(value: bytes) -> bytes:
    """The one spelling of `value`."""
    return b64encode(value)


def parse_hash(raw: bytes, where: str) -> bytes:
    """The 32 bytes that `raw` spells."""
    value = parse_base64(raw, where)
    # A naive inclusion check accepts an empty leaf hash against an empty root.
    if len(value) != HASH:
        raise NotCanonical("not a hash of 32 bytes", where=where)
    return value


def hash_bytes(value: bytes, what: str) -> bytes:
    """`value`, if it is 32 bytes."""
    if type(value) is not bytes or len(value) != HASH:
        raise BadInput(f"{what} is not 32 bytes")
    return value


def parse_text(raw: bytes, where: str, limit: int) -> str:
    """`raw` as text of at most `limit` bytes whose last line is ended."""
    if len(raw) > limit:
        raise NotCanonical(f"longer than {limit} bytes", where=where)
    if not raw.endswith(b"\n"):
        raise NotCanonical("does not end in a newline", where=where)
    if found := _CONTROL.search(raw):
        line = raw.count(b"\n", 0, found.start()) + 1
        raise NotCanonical("a control character", where=f"{where}, line {line}")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise NotCanonical("not UTF-8", where=where) from None


def parse_lines(raw: bytes, where: str, limit: int) -> list[bytes]:
    """The lines of a text, without their newlines."""
    parse_text(raw, where, limit)
    # Never splitlines(): it also cuts at U+2028, U+0085, "\x0b" and "\x0c", which may stand inside a line.
    return raw[:-1].split(b"\n")


def parse_name(raw: bytes, where: str) -> str:
    """The key name, or origin of a log of ours, that `raw` spells."""
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise NotCanonical("a name that is not UTF-8", where=where) from None
    if not is_name(name):
        raise NotCanonical('not a name of 1 to 255 bytes without space and "+"', where=where)
    return name


@lru_cache(maxsize=256)  # a log has a handful of names, and each receipt says them several times
def is_name(name: str) -> bool:
    """Whether `name` can name a key or an origin."""
    try:
        raw = name.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    spaced = any(c.isspace() or c < " " for c in name)
    return 1 <= len(raw) <= NAME_LIMIT and "+" not in name and not spaced


def name_bytes(name: str, what: str) -> bytes:
    """`name` in UTF-8, if it can name a key or an origin."""
    if not is_name(name):
        raise BadInput(f'{what} is not a name of 1 to 255 bytes without space and "+"')
    return name.encode()


def parse_instant(raw: bytes, where: str) -> datetime:
    """The instant that `raw` spells."""
    try:
        if _INSTANT.fullmatch(raw):
            return datetime.fromisoformat(raw.decode())
    except ValueError:
        pass
    raise NotCanonical("not a time like 2026-11-22T10:15:30.123Z", where=where)


def render_instant(at: datetime) -> bytes:
    """The one spelling of `at`, cut to milliseconds: never rounded up into the future."""
    if at.tzinfo is None:
        raise BadInput("a time needs its zone")
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z".encode()
