# SPDX-License-Identifier: Apache-2.0
"""What is public: articles, lawsuits, hearings, in bursts; each names persons, and has honest consequences at work.

Invariant: whoever is named has a class that fits, and what follows an event is in the tables of work, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whosaw.simulate.company.period import DAY, HOUR, Period
from whosaw.simulate.company.persons import Persons
from whosaw.simulate.draw import Codes, Names, draws, one, some

_OF = {
    "article": ("press", "critic"),
    "lawsuit": ("litigant", "critic"),
    "hearing": ("politician", "regulator"),
    "complaint": ("union", "litigant"),
    "post": ("critic", "public_figure"),
}
TOPICS = ("privacy", "labour", "safety", "prices", "outage", "moderation")


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    at: int
    kind: str
    stance: str
    topic: str
    persons: tuple[int, ...]


def events(seed: int, division: int, persons: Persons, period: Period, a_month: float) -> tuple[Event, ...]:
    """In order of time; at least one critical article, if there is anybody who could have written it."""
    draw = draws(seed, "events", division)
    made: list[Event] = []
    bursts = max(1, int(draw.poisson(a_month * period.days / 30 / 1.6)))
    for burst in range(bursts):
        topic, middle = one(TOPICS, draw), int(draw.integers(period.days))
        kind = "article" if burst == 0 else one(sorted(_OF), draw)
        stance = "critical" if burst == 0 else one(("critical", "critical", "neutral", "positive"), draw)
        if burst == 0:
            middle = int(period.days * (0.25 + 0.4 * draw.random()))
        able = persons.having(*_OF[kind])
        if not len(able):
            continue
        for _ in range(1 + int(draw.geometric(0.6)) - 1):
            day = min(period.days - 1, max(0, middle + int(draw.integers(-3, 4))))
            at = period.begin + day * DAY + int(draw.integers(5 * HOUR, 22 * HOUR))
            named = some(able, int(draw.integers(1, 4)), draw)
            made.append(Event(0, at, kind, stance, topic, tuple(sorted(int(p) for p in named))))
    made.sort(key=lambda event: (event.at, event.persons))
    return tuple(Event(number, e.at, e.kind, e.stance, e.topic, e.persons) for number, e in enumerate(made))


def codes(seed: int, division: int, count: int) -> Codes:
    """The identifiers of so many events."""
    return Names(seed, "event", 40).of((division << 20) + np.arange(count))
