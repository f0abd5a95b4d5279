# SPDX-License-Identifier: Apache-2.0
"""A finding that was closed is found again: with more than there was to see then it is opened again, on record.

    closed, and in this watch again ──more looks, later looks, other looks──▶ reopened, by the detectors
                                    └ the same, or fewer as they grow old ──▶ stays closed; how it ended stands beside it

Invariant: no resolution silences anything. What was justified in May and is there again in June is reviewed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from whosaw.detect.finding import Finding
from whosaw.errors import Busy
from whosaw.inquiry.step import moment
from whosaw.review.ports import Desk
from whosaw.review.record import DETECTORS, Seen, Step
from whosaw.review.state import NEW, Standing
from whosaw.review.words import State, What
from whosaw.review.work import seen, submit


def more(now: Seen, then: Seen) -> bool:
    """Whether there is more to see now than there was then. That looks only fell out of the window is not more."""
    return now.digest != then.digest and (now.last > then.last or now.looks >= then.looks)


def found_again(found: Iterable[Finding], standings: Mapping[str, Standing], desk: Desk) -> tuple[str, ...]:
    """Open again whatever was closed and has more; the ids. One that somebody opened meanwhile is open."""
    opened = []
    for one in found:
        before = standings.get(one.id, NEW)
        if before.state is State.CLOSED and more(seen(desk, one), before.ended[-1].seen):
            step = Step(at=moment(desk.clock), finding=one.id, number=before.number + 1, what=What.AGAIN, by=DETECTORS)
            try:
                submit(desk, step)
            except Busy:
                continue
            opened.append(one.id)
    return tuple(opened)
