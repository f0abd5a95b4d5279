# SPDX-License-Identifier: Apache-2.0
"""Sources that were silent for longer than is usual for them: of what they did not tell nobody saw anything. Pure.

    days on which a source told of looks ──▶ gaps between them ──longer than usual?──▶ a sentence beside the coverage

Usual is what all but one in twenty of a source's gaps keep to, so that weekends, and a log that comes once a week, are no silence,
and two outages do not make each other usual. It tells and does not judge: a tool that nobody used was as silent.

Invariant: no more is said than which source, from when to when, and what is usual for it; and of a folder's own text only what looks like a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from whosaw.detect.defaults import Silence
from whosaw.detect.wording import code, many
from whosaw.facts.columns import DAY, instant


def silences(told: Mapping[str, Sequence[int]], today: int, since: int, numbers: Silence) -> list[str]:
    """`told`: by source the days since 1970 with a look, once each. `today` is not over yet; silences that ended before `since`
    are no news.
    """
    found = []
    for source, days in sorted(told.items()):
        if len(days) < numbers.seen:
            continue
        # Of each pair of days, and of the last one and today: the first silent day, and how many there are.
        ordered = [*sorted(days), max(today, *days)]
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
    begun, ended = (f"{instant(day * DAY):%Y-%m-%d}" for day in (first, first + length - 1))
    when = f"since {begun}" if first + length == today else f"from {begun} to {ended}"
    often = (
        "it tells something every day"
        if not usual
        else f"{many(usual, 'day')} without one {'is' if usual == 1 else 'are'} usual"
    )
    others = f" It was silent {many(more, 'time')} more, for less long." if more else ""
    named = "A source whose name is no code" if code(source) is None else f"The source {source}"
    return f"{named} told of no look {when} ({many(length, 'day')}; {often}): not used, or not taken in.{others}"
