# SPDX-License-Identifier: Apache-2.0
"""Matches of one group in a window that slides: when it holds enough, and from when to when. Pure.

    matches by time   · · ··· ····· ·        ────[ seconds ]────▶
    enough?                 └──────┘         one span: from the first match that it needed to the last that kept it so

A window is open at its beginning: what happened exactly `seconds` before the newest match is out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from whosaw.facts.columns import SECOND
from whosaw.sigma.rules import Counting


@dataclass(frozen=True, slots=True)
class Match:
    """One event that a rule matched. `rule`: which of the correlation's. `value`: what is counted of it."""

    t: int
    id: str
    rule: int
    who: str
    person: str | None
    case: str | None
    value: str | int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Matches that, together, were enough all the time; `most`: of them at once."""

    matches: tuple[Match, ...]
    most: int


def spans(matches: Sequence[Match], counting: Counting, seconds: int, least: int, rules: int) -> list[Span]:
    """The spans of `matches`, sorted by time, in which `least` were counted within `seconds`."""
    found: list[Span] = []
    start, first, last, most = 0, None, 0, 0
    tally = _Tally(counting, rules)
    for end, match in enumerate(matches):
        tally.add(match)
        while match.t - matches[start].t >= seconds * SECOND:
            tally.take(matches[start])
            start += 1
        count = tally.count(start)
        if count >= least:
            # Two spans that share a match are one.
            if first is not None and start > last:
                found.append(Span(tuple(matches[first : last + 1]), most))
                first, most = None, 0
            first = start if first is None else first
            last, most = end, max(most, count)
    if first is not None:
        found.append(Span(tuple(matches[first : last + 1]), most))
    return found


class _Tally:
    """What a window holds, kept as matches come and go."""

    def __init__(self, counting: Counting, rules: int) -> None:
        self._counting, self._rules = counting, rules
        self._events, self._sum = 0, 0
        self._values: Counter[str | int] = Counter()
        # Of each rule: where the latest first rule stands from which the rules up to this one came in their order.
        self._begun, self._seen = [-1] * rules, 0

    def add(self, match: Match) -> None:
        self._change(match, 1)
        if match.rule < self._rules:
            self._begun[match.rule] = self._seen if match.rule == 0 else self._begun[match.rule - 1]
        self._seen += 1

    def take(self, match: Match) -> None:
        self._change(match, -1)

    def _change(self, match: Match, by: int) -> None:
        self._events += by
        value = match.rule if self._counting.startswith("temporal") else match.value
        if value is None:
            return
        if self._counting == "value_sum" and isinstance(value, int):
            self._sum += by * value
        else:
            self._values[value] += by
            if not self._values[value]:
                del self._values[value]

    def count(self, start: int) -> int:
        """What is counted in the window that begins at the match of number `start`."""
        match self._counting:
            case "event_count":
                return self._events
            case "value_sum":
                return self._sum
            case "temporal_ordered":
                return sum(begun >= start for begun in self._begun)
            case _:
                return len(self._values)
