# SPDX-License-Identifier: Apache-2.0
"""A key for each purpose, epoch and variant: what was made for one cannot be joined with what was made for another.

    pseudonyms key ──HKDF-Expand, purpose ‖ epoch ‖ variant──▶ 16 or 32 bytes ──▶ Deterministic, Ndx, Pfx

An epoch is a calendar period of UTC: whoever kept the pseudonyms of November learns nothing about those of December, not even
which address came back.

Invariant: keys are derived and never stored; each part has its length before it, so no two of them run into each other.
                                                                            Specification: docs/spec/keys.md §2
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from whosaw.errors import BadInput
from whosaw.privacy.ipcrypt.deterministic import Deterministic
from whosaw.privacy.ipcrypt.ndx import Ndx
from whosaw.privacy.ipcrypt.pfx import Pfx
from whosaw.privacy.root import expand

Cipher: TypeAlias = Deterministic | Ndx | Pfx


class Variant(StrEnum):
    """Which pseudonyms: to count, to count by network, or neither."""

    DETERMINISTIC = "deterministic"
    PFX = "pfx"
    NDX = "ndx"


_MADE: Mapping[Variant, type[Deterministic | Ndx | Pfx]] = {
    Variant.DETERMINISTIC: Deterministic,
    Variant.PFX: Pfx,
    Variant.NDX: Ndx,
}


def cipher(key: bytes, purpose: str, epoch: str, variant: Variant) -> Cipher:
    """The cipher of `purpose` in `epoch`. `key`: ``Root.pseudonyms``."""
    said = b"".join(_part(each) for each in (purpose, epoch, str(variant)))
    made = _MADE[variant]
    return made(expand(key, b"whosaw/ip-pseudonym/v1" + said)[: made.KEY])


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


def _part(text: str) -> bytes:
    raw = text.encode()
    if not 1 <= len(raw) <= 255:
        raise BadInput("1 to 255 bytes", where="purpose")
    return bytes([len(raw)]) + raw
