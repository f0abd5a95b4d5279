# SPDX-License-Identifier: Apache-2.0
"""Who looked at whom on which day: how often, how often without a reason, and at what.

    who · person · day · looks · u (without a reason) · u1 (of those the first in a while) · f_… (1: asked for, at least once)
    place (address or location) · intimate (those, contacts, messages, payment) · least (the smallest weight as of a look)
    protected · t_first

Only looks that are judged. A window is a union of days; persons are counted again in it, never added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.columns import FIELDS
from whosaw.facts.extra import need
from whosaw.model.access import Field

PLACE = (Field.IP, Field.LOCATION)
INTIMATE = (*PLACE, Field.CONTACTS, Field.MESSAGES, Field.PAYMENT)


def make(tables: Mapping[str, Any], looks: Any, as_of: int) -> Any:  # noqa: ARG001  one shape for all of them
    """One row per principal, person and day."""
    ibis = need("ibis", "watching")
    looks = looks.filter(looks.judged == 1, looks.person.notnull())
    days = looks.group_by(["who", "person", "day"]).aggregate(
        looks=looks.count(),
        u=looks.u.sum(),
        u1=looks.u1.sum(),
        **{column: looks[column].max() for column in FIELDS.values()},
        least=looks.weight_then.min(),
        protected=looks.protected.max(),
        t_first=looks.t.min(),
    )
    days = days.mutate(
        place=ibis.greatest(*(days[FIELDS[field]] for field in PLACE)),
        intimate=ibis.greatest(*(days[FIELDS[field]] for field in INTIMATE)),
    )
    return days.select(
        "who", "person", "day", "looks", "u", "u1", *FIELDS.values(), "place", "intimate", "least", "protected", "t_first"
    )  # fmt: skip
