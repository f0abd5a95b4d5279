# SPDX-License-Identifier: Apache-2.0
"""So many looks at a time: what one statement adds up, it holds until the last look is joined with it.

Invariant: each look is in one portion, and so is whatever has the look's row, whichever table it stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from whosaw.facts.opened import Facts

ROWS = 4_000_000
# Tables that are put together again nest in one another.
_MOST = 64
Portion = Callable[[Any, str], Any]


def portions(facts: Facts, looks: Any) -> list[Portion]:
    """Each gives of a table, and of the name of its column of rows, what belongs to about ROWS of `looks`, or more
    where there would be too many; one of few gives all.
    """
    (of,) = facts.rows(
        looks.aggregate(first=looks.row.min(), last=looks.row.max(), rows=looks.count()), ("rows",), "looks"
    )
    first, last, many = (int(of[name] or 0) for name in ("first", "last", "rows"))
    count = min(_MOST, -(-many // ROWS))
    if count < 2:
        return [lambda table, _: table]
    step = (last - first) // count + 1
    return [partial(_between, first=first + nth * step, end=first + (nth + 1) * step) for nth in range(count)]


def _between(table: Any, row: str, *, first: int, end: int) -> Any:
    return table.filter(table[row] >= first, table[row] < end)
