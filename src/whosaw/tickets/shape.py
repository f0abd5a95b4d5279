# SPDX-License-Identifier: Apache-2.0
"""Reading JSON of others: each piece is what the documentation says, or the whole answer is silence.

    text(issue, "fields", "created")     a text is there, or Unavailable that names the place and not the value

Invariant: nothing in here guesses. A number where a text belongs, a list where an object belongs: no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from whosaw.errors import Unavailable
from whosaw.tickets.ports import silent
from whosaw.tickets.seen import Account

# RFC 3339, and Jira's spelling of the offset, without a colon.
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:?\d{2})")
_APART = re.compile(r"[\s,]+")
_LONGEST = 200


def odd(*path: str | int) -> Unavailable:
    return silent(f"its answer is not what is documented, at {'.'.join(map(str, path)) or 'its beginning'}")


def strict(raw: bytes) -> Any:
    """JSON in UTF-8 with each key once, and no number that is none."""
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise silent("its answer is not JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("twice")
    return made


def _no_number(_: str) -> Any:
    raise ValueError("no number")


def at(value: Any, *path: str) -> Any:
    """What stands at `path`; None where it, or anything on the way, is null or absent."""
    for number, name in enumerate(path):
        if value is None:
            return None
        if type(value) is not dict:
            raise odd(*path[:number])
        value = value.get(name)
    return value


def text(value: Any, *path: str) -> str:
    found = at(value, *path)
    if type(found) is not str or not found.isprintable():
        raise odd(*path)
    return found


def word(value: Any, *path: str) -> str:
    """An id: a text, or a whole number spelled as one."""
    found = at(value, *path)
    if type(found) is int:
        return str(found)
    if type(found) is not str or not found or not found.isprintable() or len(found.encode()) > _LONGEST:
        raise odd(*path)
    return found


def maybe(value: Any, *path: str) -> str | None:
    """The same, where there may be none: null, absent or empty."""
    found = at(value, *path)
    return None if found is None or found == "" else word(value, *path)


def items(value: Any, *path: str) -> list[Any]:
    found = at(value, *path)
    if type(found) is not list:
        raise odd(*path)
    return found


def instant(value: Any, *path: str) -> datetime:
    found = at(value, *path)
    if type(found) is not str or not _TIME.fullmatch(found):
        raise odd(*path)
    try:
        return datetime.fromisoformat(found).astimezone(UTC)
    except (ValueError, OverflowError):
        raise odd(*path) from None


def words(found: Any, *path: str) -> frozenset[str]:
    """The ids in a field: of a list (of texts, or of choices), or of one text, apart by blanks or commas."""
    if found is None:
        return frozenset()
    pieces = found if type(found) is list else [found]
    made: set[str] = set()
    for piece in pieces:
        said = piece.get("value", piece.get("name")) if type(piece) is dict else piece
        if type(said) is int:
            said = str(said)
        if type(said) is not str or not all(c.isprintable() or c.isspace() for c in said):
            raise odd(*path)
        made.update(_sized(_APART.split(said), path))
    return frozenset(made)


def _sized(pieces: Iterable[str], path: tuple[str, ...]) -> list[str]:
    found = [piece for piece in pieces if piece]
    if any(len(piece.encode()) > _LONGEST for piece in found):
        raise odd(*path)
    return found


def account(*names: str | None) -> Account:
    """All names of one account, its own id first; letters of an e-mail address or a login have no case."""
    own, *others = [name for name in names if name]
    return (own, *(name.lower() for name in others))
