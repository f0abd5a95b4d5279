# SPDX-License-Identifier: Apache-2.0
"""The number of a correlation, measured on one's own looks: what one in so many windows reaches.

    matches ──▶ group × window of the time span ──count──▶ how many windows hold how much ──▶ the least that few reach

The signals need no such number, since they compare everybody with their like. A rule in another system has nothing else.
"""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from whosaw.errors import BadInput
from whosaw.facts.columns import SECOND
from whosaw.facts.opened import Facts
from whosaw.sigma.events import events
from whosaw.sigma.rules import Correlation

# Fewer is no habit of anybody, however quiet the others are.
_LEAST = 3


def measured(facts: Facts, rule: Correlation, one_in: int) -> int | None:
    """The least count that at most one in `one_in` windows reaches. None where so few windows teach nothing."""
    detection, group = rule.detections[0], rule.group[0]
    found = events(facts, detection.source)
    found = found.filter(detection.test(found, _no_network))
    found = found.filter(reduce(and_, [found[name].notnull() for name in group]))
    windows = found.group_by(*group, window=found["time"] // (rule.seconds * SECOND)).agg(k=_counted(found, rule))
    held = windows.group_by("k").agg(n=windows.count())
    shares = [(int(row["k"] or 0), int(row["n"] or 0)) for row in facts.rows(held, ("k",), rule.title)]
    total = sum(n for _, n in shares)
    if total < one_in:
        return None
    reach, least = 0, None
    for k, n in reversed(shares):
        reach += n
        if reach * one_in > total:
            # This many is reached too often: one more is the least.
            least = k + 1
            break
    return max(_LEAST, least or _LEAST)


def _counted(found: Any, rule: Correlation) -> Any:
    if rule.counting == "event_count":
        return found.count()
    column = found[rule.field]
    return column.sum().cast("int64") if rule.counting == "value_sum" else column.nunique()


def _no_network(_: object) -> list[str]:
    raise BadInput("a rule with networks has no number to measure", where="rule")
