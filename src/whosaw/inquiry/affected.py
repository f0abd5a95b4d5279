# SPDX-License-Identifier: Apache-2.0
"""Everyone affected: whom these principals looked at without a reason, and whom they looked at together with those.

    looks of the principals in the window ──▶ without a reason ──▶ affected
                                          └▶ with one, but by the same principal within an hour of a look without
                                             ──▶ alongside; so in the same bulk look too

A finding names the persons that its signals rest on. Those are the ones that stood out, not all who were looked at: a
circle is looked at in one go, and half of it may have a case that somebody stretched.

Pure: counts and orders what it is given.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from whosaw.facts.columns import SECOND
from whosaw.inquiry.ports import ExplainedLook

TOGETHER = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Affected:
    """One person. `by`: the principals who looked; `first`, `last`: when, microseconds since 1970, both included.

    `unexplained` of `looks` had no declared reason; for somebody looked at alongside it is 0.
    """

    person: str = field(repr=False)
    by: tuple[str, ...] = field(repr=False)
    looks: int
    unexplained: int
    first: int
    last: int

    @property
    def together(self) -> bool:
        """More than one of the principals looked at them."""
        return len(self.by) > 1


def affected(looks: Sequence[ExplainedLook]) -> tuple[tuple[Affected, ...], tuple[Affected, ...]]:
    """(without a reason, alongside), each by first look, then pseudonym. No person is in both."""
    without = [look for look in looks if not look.explained and look.person is not None]
    persons = {look.person for look in without if look.person is not None}
    times: dict[str, list[int]] = defaultdict(list)
    for look in sorted(without, key=lambda each: each.t):
        times[look.who].append(look.t)
    beside = {
        look.person
        for look in looks
        if look.person is not None and look.person not in persons and _near(times[look.who], look.t)
    }
    return _persons(looks, persons), _persons(looks, beside)


def _near(times: Sequence[int], t: int) -> bool:
    """One of the sorted `times` is at most an hour from `t`."""
    place = bisect_left(times, t - TOGETHER)
    return place < len(times) and times[place] <= t + TOGETHER


def _persons(looks: Iterable[ExplainedLook], persons: set[str]) -> tuple[Affected, ...]:
    theirs: dict[str, list[ExplainedLook]] = {}
    for look in looks:
        if look.person is not None and look.person in persons:
            theirs.setdefault(look.person, []).append(look)
    made = [
        Affected(
            person=person,
            by=tuple(sorted({look.who for look in found})),
            looks=len({look.look for look in found}),
            unexplained=len({look.look for look in found if not look.explained}),
            first=min(look.t for look in found),
            last=max(look.t for look in found),
        )
        for person, found in theirs.items()
    ]
    return tuple(sorted(made, key=lambda each: (each.first, each.person)))
