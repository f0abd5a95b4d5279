# SPDX-License-Identifier: Apache-2.0
"""Log sources that are no more: the tables [[source_ended]]. That one is declared ended is on record, in the detectors' own record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from whosaw.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class SourceEndedSettings:
    """One source, and the last day on which it told of looks."""

    source: str = field(
        metadata={"doc": "A log source that is no more, as a watch names it. Untrusted: a watch says that its end is declared, and since when it tells nothing."}
    )  # fmt: skip
    last_day: str = field(
        metadata={"doc": 'The last day, of UTC, on which it told of looks: `"2026-08-30"`. Silence before it is still said, and looks after it lift the end.'}
    )  # fmt: skip


def ends(settings: Sequence[SourceEndedSettings]) -> Mapping[str, int]:
    """By source the last day, in days since 1970. Raises Misconfigured."""
    made: dict[str, int] = {}
    for each in settings:
        if not each.source or each.source in made:
            raise Misconfigured(
                "setting 'source_ended.source' is the name of a source, each once", setting="source_ended.source"
            )
        made[each.source] = _day(each.last_day)
    return made


def _day(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise Misconfigured(
            "setting 'source_ended.last_day' is no day",
            setting="source_ended.last_day",
            hint='for example last_day = "2026-08-30"',
        )
    return (day - date(1970, 1, 1)) // timedelta(days=1)
