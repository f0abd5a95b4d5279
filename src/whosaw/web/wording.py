# SPDX-License-Identifier: Apache-2.0
"""How numbers, instants and strangers' texts are written on a page.

    1204 ──count──▶ "1,204"        datetime ──moment──▶ "3 Jul 2026, 09:14"        text ──printable──▶ text

Invariant: nothing on a page depends on the machine's locale or zone, so the same story is the same bytes anywhere.
Times are UTC and every page says so once.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

from whosaw.errors import BadInput

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Escaping makes `<` harmless; it does nothing about a right-to-left override, which makes "evil" read "live" and can
# swallow the sentence behind a name. Letters of right-to-left scripts are welcome: <bdi> keeps them in their place.
_STEERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\ufeff")


def utc(at: datetime) -> datetime:
    """`at` in UTC. Raises BadInput for a time without a zone: it would be drawn in the wrong place."""
    if at.tzinfo is None:
        raise BadInput("a time carries its zone", where="story")
    return at.astimezone(UTC)


def day(at: datetime) -> str:
    """`3 Jul 2026`."""
    at = utc(at)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def moment(at: datetime) -> str:
    """`3 Jul 2026, 09:14`."""
    return f"{day(at)}, {utc(at):%H:%M}"


def short(at: datetime) -> str:
    """`3 Jul, 09:14`, where the year stands beside."""
    at = utc(at)
    return f"{at.day} {MONTHS[at.month - 1]}, {at:%H:%M}"


def iso(at: datetime) -> str:
    """For `<time datetime>`: `2026-07-03T09:14:05Z`."""
    return f"{utc(at).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def count(number: int) -> str:
    """`1,204`."""
    return f"{number:,}"


def printable(text: str) -> str:
    """`text` with what would steer the page instead of being read replaced by U+FFFD."""
    return "".join("\ufffd" if _steers(sign) else sign for sign in text)


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` signs, for a drawing; the table beside it has the whole."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _steers(sign: str) -> bool:
    return sign in _STEERING or (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t")
