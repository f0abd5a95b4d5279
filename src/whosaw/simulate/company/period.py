# SPDX-License-Identifier: Apache-2.0
"""The days of a run, and the countries: their clocks, holidays and regions. Times are milliseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.draw import Ints, draws

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Where the company works, with its share of the staff and hours ahead of UTC.
OFFICES = (("US", 0.38, -5), ("IE", 0.24, 0), ("DE", 0.14, 1), ("IN", 0.14, 5), ("SG", 0.10, 8))
# Where its customers are, with their share, and which office serves them.
REGIONS = (
    ("US", 0.34, "US"), ("BR", 0.09, "US"), ("GB", 0.12, "IE"), ("IE", 0.04, "IE"), ("FR", 0.08, "IE"),
    ("DE", 0.11, "DE"), ("EU", 0.04, "DE"), ("IN", 0.10, "IN"), ("SG", 0.03, "SG"), ("JP", 0.05, "SG"),
)  # fmt: skip
GROUPS = {"EU": ["AT", "BE", "ES", "IT", "NL", "PL", "SE"]}
COUNTRIES = tuple(name for name, _, _ in OFFICES)
REGION_NAMES = tuple(name for name, _, _ in REGIONS)


@dataclass(frozen=True, slots=True)
class Period:
    """`days` days from midnight of `start` on."""

    start: date
    days: int

    @property
    def begin(self) -> int:
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp()) * 1000

    @property
    def end(self) -> int:
        return self.begin + self.days * DAY

    def weekdays(self) -> Ints:
        """Of each day, 0 for Monday."""
        return (self.start.weekday() + np.arange(self.days)) % 7

    def season(self) -> NDArray[np.float64]:
        """How busy each day is: weeks, the year, and surges of some days."""
        at = np.arange(self.days)
        week = np.array([1.25, 1.1, 1.05, 1.0, 0.95, 0.55, 0.5])[self.weekdays()]
        year = 1 + 0.12 * np.sin(2 * np.pi * (at + self.start.timetuple().tm_yday) / 365)
        return np.asarray(week * year)

    def holidays(self, seed: int, country: str) -> NDArray[np.bool_]:
        """The days on which nobody but shifts works in `country`."""
        draw = draws(seed, "holidays", country)
        return draw.random(self.days) < 5 / 180

    def text(self, day: int) -> str:
        """Midnight of that day."""
        return f"{self.start + timedelta(days=day)}T00:00:00Z"
