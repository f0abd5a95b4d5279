# SPDX-License-Identifier: Apache-2.0
"""One JSON object of somebody else's, read strictly: no second meaning of the same bytes.

Refused: bytes that are not UTF-8 (with the place), a key twice, NaN and Infinity, nesting that exhausts the parser, a
number of thousands of digits, half of a surrogate pair. A reader whose lines hold what strangers typed asks for `lenient`:
then the bytes that are no UTF-8 stay in their text, as halves of pairs, and only who uses that text must refuse it. A number with a fraction stays the text it was: a float would
round the time of a log line.
"""

from __future__ import annotations

import json
from typing import Any

from whosaw.collect.observed import No


class Number(str):
    """A number with a fraction or exponent, as it was written."""

    __slots__ = ()


def decoded(raw: bytes) -> str | No:
    """`raw` as text, or the byte at which it stops being UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        return No("not UTF-8", error.start)


def lenient(raw: bytes) -> str:
    """`raw` as text, each byte that is no UTF-8 as half of a surrogate pair: such a text is no identifier."""
    return raw.decode("utf-8", "surrogateescape")


def parsed(raw: bytes, *, strict: bool = True) -> dict[str, Any] | No:
    """The object that `raw` spells. Not `strict`: its texts may hold halves of surrogate pairs."""
    text = decoded(raw) if strict else lenient(raw)
    if isinstance(text, No):
        return text
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_float=Number, parse_constant=_constant)
    except _Twice:
        return No("a key twice in one object")
    except RecursionError:
        return No("nested too deep")
    except ValueError:
        return No("not JSON")
    if not isinstance(value, dict):
        return No("not a JSON object")
    # Half of a pair, written as an escape, is no character: no text of ours could ever be written down again.
    if strict and "\\u" in text and not _characters(value):
        return No("half of a surrogate pair")
    return value


def _characters(value: Any) -> bool:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            todo += one
        elif isinstance(one, str) and any("\ud800" <= c <= "\udfff" for c in one):
            return False
    return True


class _Twice(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The first or the last of two would win, depending on who reads: two people could each believe another look.
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Twice
    return made


def _constant(_: str) -> Any:
    raise ValueError
