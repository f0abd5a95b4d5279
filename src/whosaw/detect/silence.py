# SPDX-License-Identifier: Apache-2.0
"""Sources that were silent for longer than is usual for them: of what they did not tell nobody saw anything. Pure.

    days on which a source told of looks ──▶ gaps between them ──longer than usual?──▶ a sentence beside the coverage

Usual is what all but one in twenty of a source's gaps keep to, so that weekends, and a log that comes once a week, are no silence,
and two outages do not make each other usual. It tells and does not judge: a tool that nobody used was as silent. Nor does it judge
a declared end: that is said as long as the silence would be news, since whoever hides something could declare one.

Invariant: no more is said than which source, from when to when, and what is usual for it; and of a folder's own text only what looks like a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from whosaw.detect.defaults import Silence
from whosaw.detect.wording import code, many
from whosaw.facts.columns import DAY, instant

ENDED = "ended"  # what a change of a `log_source` makes of one that is no more


def silences(
    told: Mapping[str, Sequence[int]],
    today: int,
    since: int,
    numbers: Silence,
    ended: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """`told`: by source the days since 1970 with a look, once each. `today` is not over yet; silences and ends before `since` are
    no news. `ended`: the declared last days; one with looks after it is none.
    """
    found = []
    for source, days in sorted(told.items()):
        last = ended.get(source, today)
        if last < today and days and max(days) > last:
            found.append(f"{_named(source)} told of looks after {_day(last)}, its declared last day: it has not ended.")
            last = today
        elif since <= last < today:
            found.append(
                f"{_named(source)} ended on {_day(last)}, as declared: of looks there since then nobody is told."
            )
        if len(days) < numbers.seen:
            continue
        # Of each pair of days, and of the last one and today: the first silent day, and how many there are.
        ordered = [*sorted(days), max(min(today, last + 1), *days)]
        gaps = [(before + 1, after - before - 1) for before, after in pairwise(ordered)]
        usual = max(0, sorted(length for _, length in gaps)[int(len(gaps) * (1 - numbers.seldom))])
        long = [
            (length, first)
            for first, length in gaps
            if length >= numbers.days and length > numbers.times * usual and first + length >= since
        ]
        if long:
            found.append(_sentence(source, max(long), len(long) - 1, usual, today))
    return found


def _sentence(source: str, longest: tuple[int, int], more: int, usual: int, today: int) -> str:
    length, first = longest
    begun, ended = _day(first), _day(first + length - 1)
    when = f"since {begun}" if first + length == today else f"from {begun} to {ended}"
    often = (
        "it tells something every day"
        if not usual
        else f"{many(usual, 'day')} without one {'is' if usual == 1 else 'are'} usual"
    )
    were, none = ("was", "not") if more == 1 else ("were", "none")
    others = f" There {were} {many(more, 'other silence')} of it, {none} longer." if more else ""
    return (
        f"{_named(source)} told of no look {when} ({many(length, 'day')}; {often}): nobody used it, or its log was not taken "
        f"in.{others}"
    )


def _named(source: str) -> str:
    return "A source whose name is no code" if code(source) is None else f"The source {source}"


def _day(day: int) -> str:
    return f"{instant(day * DAY):%Y-%m-%d}"
