# SPDX-License-Identifier: Apache-2.0
"""Records: the canonical bodies that the journal commits to.

    build ──canonical──▶ bytes ──parse──▶ the same value      canonical(parse(b)) == b, or it is no body

RFC 8785 with less: objects, arrays, strings, booleans, null and integers within ±(2^53−1). No floats, no duplicate
keys, no lone surrogates; keys are ``[a-z][a-z0-9_]{0,39}``, so UTF-16 order is byte order. Every body carries ``v``
(integer, 1) and ``kind``. Principals and persons are pseudonyms, always.     Specification: docs/spec/leaf.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from functools import lru_cache

from whosaw.errors import NotCanonical

type_of_json = "object, array, string, boolean, null or integer"
Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

LIMIT = 256 * 1024
BIGGEST = 2**53 - 1
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TIME = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DEPTH = 32
_TOO_BIG = "an integer beyond 2^53-1"
_BAD_KEY = "a key outside [a-z][a-z0-9_]{0,39}"


class Kind(StrEnum):
    """What a record is about. A kind is frozen once written; new ones may be added."""

    GENESIS = "genesis"
    ENROL = "enrol"
    REKEY = "rekey"  # the last record under a stream's key; the next one stands under a new key
    LOOK = "look"  # one look at one person, asked at the gate or observed in a log
    BULK = "bulk"  # a bulk or person-less look, in a named stream
    MENTION = "mention"  # one person's appearance in a bulk look
    INTAKE = "intake"  # a log file was read: counts of what was taken, skipped, malformed
    DIRECTORY = "directory"  # staff, cases or persons changed
    POLICY = "policy"  # the policy that decides from here on
    DETECTORS = "detectors"  # the detectors that watch from here on
    FOUND = "found"  # the digest of the file of findings that a watch left
    INQUIRY = "inquiry"  # an inquiry's step
    APPROVAL = "approval"  # something happened to a request for an approval
    CREDENTIAL = "credential"  # a key that signs approvals was added or taken away
    REVIEW = "review"  # somebody did something with a finding, or was refused to
    SUPPRESSION = "suppression"  # a rule that hides findings was asked for, approved, ended; or it hid some
    NUDGE = "nudge"  # a principal was asked what a look was for, answered, or did not
    UNSEAL = "unseal"  # a name was opened, by two
    INFERRED = "inferred"  # what an inquiry found that addresses behind a finding could have told of a person
    TICKET = "ticket"  # somebody asked what a ticket system says of a case
    EXPORT = "export"  # a statement or part of the log was handed out
    ERASURE = "erasure"  # so many records were erased, all of one stream; which, their digest says
    ORDER = "order"  # who ordered an erasure, beside its record; it says nothing of whose
    HOLD = "hold"  # a person's records are kept from being erased
    LIFT = "lift"  # such a hold is lifted
    KEPT = "kept"  # an erasure was refused, and why
    TAIL = "tail"  # bytes that a crash left torn were cut and kept aside
    SCRUB = "scrub"  # the disk was read through, or damage was found while it was
    CALLER = "caller"  # a tool may ask from here on, or no longer; or one said what it may not say
    SUSPENSION = "suspension"  # a principal was stopped, or may look again; or one of both was refused
    SAMPLE = "sample"  # a draw of cases was promised, or made
    PSEUDONYM = "pseudonym"  # IP addresses were given pseudonyms, or that was refused; how many, never which
    COUNT = "count"  # how many accounts there are was asked, or that was refused; what it cost, never the numbers
    KEYS = "keys"  # a new epoch of keys begins
    IMPORT = "import"  # rows of a file or table begin to be taken into the vault, or all were
    START = "start"  # the log went on although its witnesses could not be asked, and why


class StreamKind(IntEnum):
    PERSON = 1
    NAMED = 2


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a record stands: a person's stream (`id` is the account id as the person knows it) or a named one."""

    kind: StreamKind
    id: str = field(repr=False)

    @classmethod
    def of_person(cls, person: str) -> Stream:
        return cls(StreamKind.PERSON, person)

    @classmethod
    def named(cls, name: str) -> Stream:
        if name not in NAMED:
            raise ValueError(f"no stream named {name!r}")
        return cls(StreamKind.NAMED, name)


NAMED = (
    "admin", "policy", "approvals", "bulk", "aggregate", "directory", "detectors", "inquiry", "exports", "erasure",
    "pseudonyms", "reviews", "nudges", "findings",
)  # fmt: skip


class Body(bytes):
    """A body that `canonical` made: whoever gets one need not read it again to know that it is a body."""

    __slots__ = ()


def canonical(value: Json) -> bytes:
    """The one spelling of `value`, UTF-8; a `Body` where it is one. Raises NotCanonical for what has none."""
    _check(value, "body", 0)
    raw = _ENCODER.encode(value).encode()
    of_record = isinstance(value, dict) and type(value.get("v")) is int and isinstance(value.get("kind"), str)
    return Body(raw) if of_record and len(raw) <= LIMIT else raw


def spelled(value: Json) -> str:
    """The one spelling of a value inside of a body. Raises NotCanonical for what has none."""
    if type(value) is int and -BIGGEST <= value <= BIGGEST:
        return str(value)
    if value is None:
        return "null"
    _check(value, "body", 1)
    return _ENCODER.encode(value)


def flag_of(flag: bool) -> str:
    """How `canonical` spells yes or no. Raises TypeError for what is neither, whatever it would count as."""
    if flag is True:
        return "true"
    if flag is False:
        return "false"
    raise TypeError("neither true nor false")


def text_of(text: str | None) -> str:
    """The same of a text, or of none. What is no body for a lone surrogate is found by `body_of`."""
    return "null" if text is None else _quoted(text)


def body_of(text: str) -> bytes:
    """A `Body` that was put together in its one spelling, of a record. Raises NotCanonical where it has no bytes."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("a lone surrogate", where="body") from None
    return Body(raw) if len(raw) <= LIMIT else raw


def parse(body: bytes, where: str = "body") -> dict[str, Json]:
    """The object that `body` spells canonically, with integer ``v`` and string ``kind``. Raises NotCanonical."""
    value = parse_json(body, where, LIMIT)
    if type(value) is not dict:
        raise NotCanonical("not an object", where=where)
    if type(value.get("v")) is not int or type(value.get("kind")) is not str:
        raise NotCanonical("no version `v` or no `kind`", where=where)
    return value


def parse_json(raw: bytes, where: str, limit: int) -> Json:
    """Any canonical JSON value of at most `limit` bytes. Raises NotCanonical, whatever the bytes are."""
    if len(raw) > limit:
        raise NotCanonical(f"longer than {limit} bytes", where=where)
    try:
        value: Json = _DECODER.decode(raw.decode())
        again = _ENCODER.encode(value).encode()
    except _Unfit as error:
        raise NotCanonical(str(error), where=where) from None
    except (ValueError, RecursionError):
        raise NotCanonical("not canonical JSON", where=where) from None
    if again != raw:
        raise NotCanonical("not the one spelling", where=where)
    # All that `_check` looks for was looked for on the way, but the depth, which takes as many brackets.
    if raw.count(b"{") + raw.count(b"[") > _DEPTH:
        _check(value, where, 0)
    return value


@lru_cache(64)  # the time of a look stands in the next one, too
def time_text(at: datetime) -> str:
    """`2026-11-22T10:15:30.123Z`; cut to milliseconds, never rounded up into the future."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return f"{at.astimezone(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def parse_time(text: str, where: str = "time") -> datetime:
    """The instant that `text` spells. Raises NotCanonical."""
    raw = text.encode()
    if not _TIME.fullmatch(raw):
        raise NotCanonical("not a time like 2026-11-22T10:15:30.123Z", where=where)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise NotCanonical("no such time", where=where) from None


class _Unfit(ValueError):
    """JSON, but not of ours."""


def _no_float(_: str) -> Json:
    raise ValueError("only integers")


def _integer(digits: str) -> int:
    value = int(digits)
    if abs(value) > BIGGEST:
        raise _Unfit(_TOO_BIG)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    if not all(map(_KEY.fullmatch, made)):
        raise _Unfit(_BAD_KEY)
    return made


_quoted: Callable[[str], str] = json.encoder.encode_basestring
# Made once: every record passes both, and making them costs as much as using them.
_DECODER = json.JSONDecoder(
    parse_float=_no_float, parse_constant=_no_float, parse_int=_integer, object_pairs_hook=_object
)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False)


def _check(value: Json, where: str, depth: int) -> None:
    if depth > _DEPTH:
        raise NotCanonical("nested too deep", where=where)
    items: Iterable[Json]
    if type(value) is dict:
        _check_keys(value, where)
        items = value.values()
    elif type(value) is list or type(value) is tuple:
        items = value
    else:
        _check_one(value, where, depth)
        return
    if depth == _DEPTH and value:
        raise NotCanonical("nested too deep", where=where)
    for item in items:
        # Most of every body is plain text, and needs no call of its own to be found fine.
        if type(item) is str:
            if not item.isascii():
                _check_one(item, where, depth + 1)
        elif item is not None and type(item) is not bool:
            _check(item, where, depth + 1)


def _check_one(value: Json, where: str, depth: int) -> None:
    """What is neither array nor object, or only behaves like one."""
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > BIGGEST:
                raise NotCanonical(_TOO_BIG, where=where)
        case str():
            if not value.isascii() and _SURROGATE.search(value):
                raise NotCanonical("a lone surrogate", where=where)
        case list() | tuple():
            _check(list(value), where, depth)
        case dict():
            _check(dict(value), where, depth)
        case _:
            raise NotCanonical(f"not {type_of_json}", where=where)


def _check_keys(value: Mapping[str, Json], where: str) -> None:
    if _FINE_KEYS.issuperset(value):
        return
    for key in value:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise NotCanonical(_BAD_KEY, where=where)
    if len(_FINE_KEYS) < _KEYS:
        _FINE_KEYS.update(value)


_KEYS = 1024  # keys that are known to be fine; the program writes some hundred
_FINE_KEYS: set[str] = set()
