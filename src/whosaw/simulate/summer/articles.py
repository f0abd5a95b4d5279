# SPDX-License-Identifier: Apache-2.0
"""Four critical articles about the company, on working days spread over the summer; what follows them is the story."""

from __future__ import annotations

from datetime import date

from whosaw.simulate.summer.acts import Publishes
from whosaw.simulate.summer.days import LENGTH, clock, instant, working_days

# The working day on which it appears, the time, who wrote it, its title.
_ARTICLES = (
    (5, clock(6, 10), "maren.holt", "What Larkway keeps about those who only watch"),
    (15, clock(7, 45), "idris.quaye", "Inside Larkway: a tool that asks nobody"),
    (25, clock(6, 30), "tilde.brandt", "Larkway's promises, read by its own staff"),
    (37, clock(5, 55), "maren.holt", "Larkway said that it could not. Three who work there say it can"),
)


def articles(start: date) -> tuple[Publishes, ...]:
    """The articles, in order."""
    days = working_days(start, 0, LENGTH - 1)
    return tuple(Publishes(instant(start, days[nth], at), title, person) for nth, at, person, title in _ARTICLES)
