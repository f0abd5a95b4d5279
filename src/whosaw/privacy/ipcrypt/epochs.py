# SPDX-License-Identifier: Apache-2.0
"""Epochs: calendar periods of UTC, each with one spelling.

    2026-11-26 10:15 ──day──▶ 2026-11-26   ──week──▶ 2026-W48   ──month──▶ 2026-11   ──quarter──▶ 2026-Q4   ──year──▶ 2026

Invariant: an instant lies in one epoch of a period, from `begin` on and before `end`.     Specification: docs/spec/keys.md §2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from whosaw.errors import BadInput


def epoch_of(at: datetime, period: str) -> str:
    """The epoch that the instant `at` lies in. `period`: a name in PERIODS."""
    return PERIODS[period][0](at.astimezone(UTC))


def bounds(epoch: str) -> tuple[datetime, datetime]:
    """From when to when `epoch` is; the second is out. Raises BadInput for what is no epoch."""
    for spell, begin, end in PERIODS.values():
        try:
            first = begin(epoch)
            if spell(first) == epoch:
                return first, end(first)
        except (ValueError, OverflowError):
            continue
    raise BadInput(f"not an epoch like {', '.join(EXAMPLES)}", where="epoch")


EXAMPLES = ("2026-11-26", "2026-W48", "2026-11", "2026-Q4", "2026")
_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


def _begin(form: str) -> Callable[[str], datetime]:
    return lambda epoch: datetime.strptime(epoch, form).replace(tzinfo=UTC)


def _quarter(epoch: str) -> datetime:
    found = _QUARTER.fullmatch(epoch)
    if found is None:
        raise ValueError("no quarter")
    return datetime(int(found[1]), 3 * int(found[2]) - 2, 1, tzinfo=UTC)


def _months(count: int) -> Callable[[datetime], datetime]:
    def later(at: datetime) -> datetime:
        years, month = divmod(at.month - 1 + count, 12)
        return at.replace(year=at.year + years, month=month + 1)

    return later


PERIODS: Mapping[
    str, tuple[Callable[[datetime], str], Callable[[str], datetime], Callable[[datetime], datetime]]
] = {
    "day": (lambda at: f"{at:%Y-%m-%d}", _begin("%Y-%m-%d"), lambda at: at + timedelta(days=1)),
    "week": (lambda at: f"{at:%G-W%V}", lambda epoch: _begin("%G-W%V-%u")(f"{epoch}-1"), lambda at: at + timedelta(days=7)),
    "month": (lambda at: f"{at:%Y-%m}", _begin("%Y-%m"), _months(1)),
    "quarter": (lambda at: f"{at:%Y}-Q{(at.month + 2) // 3}", _quarter, _months(3)),
    "year": (lambda at: f"{at:%Y}", _begin("%Y"), _months(12)),
}  # fmt: skip
"""Each period: how an instant is spelled in it, when an epoch begins, and when it ends."""
