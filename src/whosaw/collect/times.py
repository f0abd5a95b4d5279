# SPDX-License-Identifier: Apache-2.0
"""Times as logs write them, each with its zone; a time without one is nobody's time and is not taken.

    2026-11-24T19:53:48.353Z          RFC 3339                     CloudTrail, nginx, Caddy
    2026-11-24 19:53:48.353 UTC       PostgreSQL, `log_timezone`   only UTC, GMT, numbers, and zones that the map names
    24/Nov/2026:19:53:48 +0000        Apache, nginx combined
    1795550028.353                    seconds since 1970           nginx $msec, Caddy

Invariant: no number is read through a float, so no time is rounded into another millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

from whosaw.collect.observed import No

# Logs are written by clocks that people set. Later than this, the clock of the source was wrong, and a look dated into
# the future would lie in no window that a detector or an inquiry asks for until that day comes.
AHEAD = timedelta(minutes=5)
FUTURE = "dated more than 5 minutes into the future"
PAST = "dated before the year 2000"
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|z|[+-][0-9]{2}:[0-9]{2})"
)
_SERVER = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3}) ([A-Za-z0-9+-]{1,10})"
)
_APACHE = re.compile(r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-][0-9]{4})")
_SECONDS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")
_OFFSET = re.compile(r"([+-])([0-9]{2})(?::?([0-9]{2}))?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NO = No("no time with an offset")


def plausible(at: datetime, now: datetime) -> No | None:
    """Why `at` cannot be when something happened, or None."""
    if at > now + AHEAD:
        return No(FUTURE)
    return No(PAST) if at < _OLDEST else None


def rfc3339(text: object) -> datetime | No:
    """`2026-11-24T19:53:48.353Z`, or with an offset."""
    found = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return _NO
    *parts, fraction, zone = found.groups()
    if zone == "Z" and (fraction is None or len(fraction) in (3, 6)):
        # As nearly all are written, and the library reads those at once. A leap second is none to it.
        with suppress(ValueError):
            return datetime.fromisoformat(found[0])
    return _made([int(p) for p in parts], fraction, UTC if zone in "Zz" else offset(zone))


def server(text: str, zones: Mapping[str, timezone]) -> datetime | No:
    """A PostgreSQL server's log time. An abbreviation means different offsets in different places: `zones` decides."""
    found = _SERVER.fullmatch(text)
    if found is None:
        return _NO
    *parts, fraction, name = found.groups()
    zone: timezone | None = UTC if name in ("UTC", "GMT") else zones.get(name) or offset(name)
    if zone is None:
        return No("in a time zone that is not known: set log_timezone = 'UTC', or name it under [timezones]")
    return _made([int(p) for p in parts], fraction, zone)


def apache(text: str) -> datetime | No:
    """`24/Nov/2026:19:53:48 +0000`."""
    found = _APACHE.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        return _NO
    day, month, year, hour, minute, second = found.groups()[:6]
    date = [int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)]
    return _made(date, None, offset(found[7]))


def seconds(text: object) -> datetime | No:
    """Seconds since 1970, whole or with a fraction, as text or as a whole number."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text) if 0 <= text < 10**11 else ""
    found = _SECONDS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return _NO
    try:
        return _EPOCH + timedelta(seconds=int(found[1]), microseconds=_micros(found[2]))
    except OverflowError:
        return _NO


def offset(text: str) -> timezone | None:
    """`+02:00`, `+0200` or `+02`; less than a day."""
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 23 or int(found[3] or 0) > 59:
        return None
    far = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(far if found[1] == "+" else -far)


def _made(parts: list[int], fraction: str | None, zone: timezone | None) -> datetime | No:
    if zone is None:
        return _NO
    year, month, day, hour, minute, second = parts
    try:
        # A leap second is the last microsecond of the minute before: no clock of ours can hold it.
        leap = second == 60
        second, micros = (59, 999_999) if leap else (second, _micros(fraction))
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO


def _micros(fraction: str | None) -> int:
    return int((fraction or "").ljust(6, "0")[:6])
