# SPDX-License-Identifier: Apache-2.0
"""Dials: how many do it, to how many, how often, over how long, with how much cover. Drawn for each incident, or held fast.

colluders 1-6   persons 1-12   share 0-1 (of the persons in a class)   looks 1-5 (of a pair)   span 1-180 days
cover 0-1       fields 0 profile, 1 intimate, 2 places                 after −14 to 60 days from an event
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from whosaw.errors import Misconfigured
from whosaw.simulate.work.rows import mask

NAMES = ("colluders", "persons", "share", "looks", "span", "cover", "fields", "after")
FIELDS = (mask("profile", "activity"), mask("messages", "contacts"), mask("ip", "location"))
Range = tuple[float, float]
NO_COVER: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Dials:
    """The dials of one incident."""

    colluders: int
    persons: int
    share: float
    looks: int
    span: int
    cover: float
    fields: int
    after: int

    @property
    def mask(self) -> int:
        """The fields that are looked at."""
        return FIELDS[self.fields]

    @property
    def said(self) -> Mapping[str, float]:
        return asdict(self)


_USUAL: Mapping[str, Range] = {
    "colluders": (1, 4), "persons": (2, 8), "share": (0.3, 1.0), "looks": (1, 3), "span": (14, 90), "cover": NO_COVER,
    "fields": (0, 2), "after": (-7, 30),
}  # fmt: skip


def ranges(**own: Range) -> Mapping[str, Range]:
    """What the dials of a family are drawn from: the usual, but for its own."""
    return {**_USUAL, **own}


def dial(ranges: Mapping[str, Range], fixed: Mapping[str, float], days: int, draw: np.random.Generator) -> Dials:
    """One setting, evenly out of `ranges`; what is `fixed` stays. Raises Misconfigured for a dial that there is not."""
    drawn: dict[str, float] = {}
    for name in NAMES:
        low, high = ranges[name]
        value = float(draw.uniform(low, high))
        if name not in ("share", "cover"):
            value = int(draw.integers(int(low), int(high) + 1))
        drawn[name] = round(value, 2)
    for name, value in fixed.items():
        if name not in NAMES:
            raise Misconfigured(f"scenario: unknown dial {name!r}", setting=name)
        drawn[name] = value if name in ("share", "cover") else int(value)
    made = Dials(**drawn)  # type: ignore[arg-type]  # whole where they must be
    if not 0 <= made.fields < len(FIELDS) or made.colluders < 1 or made.persons < 1 or made.looks < 1 or made.span < 1:
        raise Misconfigured("scenario: a dial is beyond its end", setting="scenario")
    return replace(made, span=min(made.span, days))
