# SPDX-License-Identifier: Apache-2.0
"""What a path may have meant to a server that reads it more kindly than we do.

    //admin/people/42;x/sign-ins   ──▶   admin people 42 sign-ins    may be any route that begins with /admin/people

Invariant: in doubt it may be. What is asked here is only whether somebody may have been looked at; whom, such a path never
says.                                                                                  Decided in: docs/adr/0037
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from whosaw.collect.patterns import Pattern

_CUT = re.compile(r"[/\\?#\x00-\x20\x7f]+")
_OVERLONG = re.compile(b"[\xc0\xc1]|%u", re.IGNORECASE)  # a letter spelled in bytes that no UTF-8 has
_DECODED = 5


def words(path: str) -> tuple[str, ...] | None:
    """What stands between the slashes, decoded until nothing is left to decode; None where it could be anything."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
    for _ in range(_DECODED):
        plain = unquote_to_bytes(raw)
        if plain == raw:
            break
        raw = plain
    else:
        return None
    if _OVERLONG.search(raw):
        return None
    return tuple(_plain(part) for part in _CUT.split(raw.decode("utf-8", "ignore")))


def may_be(found: Sequence[str] | None, pattern: Pattern) -> bool:
    """Whether a path of these words may fall under `pattern`: all that it says before its first hole stands there."""
    if found is None:
        return True
    rest = iter(found)
    for segment in pattern.segments:
        if segment.hole is not None:
            break
        if _plain(segment.before) not in rest:
            return False
    return True


def _plain(part: str) -> str:
    return unicodedata.normalize("NFKC", part.partition(";")[0]).casefold().strip(" .")
