# SPDX-License-Identifier: Apache-2.0
"""How many principals looked at each person in the reference period, with or without a reason: some are popular.

person · lookers
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whosaw.facts.columns import DAY

DAYS = 90


def make(tables: Mapping[str, Any], looks: Any, as_of: int, *, days: int = DAYS) -> Any:  # noqa: ARG001  one shape for all
    """One row per person at whom somebody looked in the `days` up to `as_of`."""
    looks = looks.filter(looks.judged == 1, looks.person.notnull(), looks.t > as_of - days * DAY)
    return looks.group_by("person").aggregate(lookers=looks.who.nunique())
