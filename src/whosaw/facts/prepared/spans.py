# SPDX-License-Identifier: Apache-2.0
"""Which rows of a table with times still matter at an instant: those that held at some time of the last half year.

    valid_from ≤ as_of, and valid_to later than as_of − LOOK_BACK; a missing end is open

Windows of detectors reach back as far, and what ended last week was so when somebody looked.
"""

from __future__ import annotations

from typing import Any

from whosaw.facts.columns import DAY

LOOK_BACK = 180 * DAY


def lately(table: Any, as_of: int) -> Any:
    """The rows of `table` that held at some time in the LOOK_BACK up to `as_of`."""
    start, end = table.valid_from, table.valid_to
    return table.filter(start.isnull() | (start <= as_of), end.isnull() | (end > as_of - LOOK_BACK))
