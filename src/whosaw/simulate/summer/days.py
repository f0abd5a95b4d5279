# SPDX-License-Identifier: Apache-2.0
"""The calendar of the summer: days counted from the first one, working days, instants in UTC.

    day 0 ── start        week 0 … 9        LENGTH days in all

Invariant: no clock is read. The start is an argument, and everything else is counted from it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

LENGTH = 70
_SATURDAY = 5


def instant(start: date, day: int, seconds: int = 0) -> datetime:
    """`seconds` after midnight, in UTC, of the day number `day`."""
    return datetime.combine(start, time(), UTC) + timedelta(days=day, seconds=seconds)


def is_working(start: date, day: int) -> bool:
    """Monday to Friday."""
    return (start + timedelta(days=day)).weekday() < _SATURDAY


def working_days(start: date, first: int, last: int) -> tuple[int, ...]:
    """The working days from `first` to `last`, both included, that lie in the summer."""
    return tuple(day for day in range(max(first, 0), min(last, LENGTH - 1) + 1) if is_working(start, day))


def clock(hours: int, minutes: int = 0) -> int:
    """Seconds after midnight."""
    return hours * 3600 + minutes * 60
