# SPDX-License-Identifier: Apache-2.0
"""Quotas: how many looks are left to a principal, their unit, a purpose, and at one person.

    take ──before the decision──▶ Taken(left, …) ──refused? not recorded?──▶ give back
            one from each lane, if each has one left; and always one from `attempts`, which is never given back

| lane | who | window | how many |
|---|---|---|---|
| attempts | a principal, refusals included | an hour | `quota.attempts_an_hour` |
| hour, day | a principal | an hour, a day | `quota.looks_an_hour`, `quota.looks_a_day` |
| unit | all of a unit | a day | `quota.unit_looks_a_day` |
| persons | different persons of a principal, for one purpose | a day | `persons_a_day` in purposes.toml |
| person | everybody, at one person | a day | `quota.person_looks_a_day` |

Invariant: what is taken is taken before the decision is made, and at once from every lane or from none. So of two looks
that come at the same moment for the last place, one gets it, in one process or in many. A crash in between loses a place and
never makes one. What a look was refused for was not taken; a retry of the same look takes nothing, because it is not decided.

A person leaves no trace here beyond a day, and what is kept is pseudonyms and numbers.    Operating it: docs/quotas.md
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from whosaw.config import QuotaSettings
from whosaw.errors import WhosawError
from whosaw.guard.quota_count import Counters, Kept, Lane
from whosaw.policy.purposes import Purpose
from whosaw.vault.each import each

HOUR, DAY = 3600, 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_NO_UNIT = "-"  # whose unit nobody knows; all of them share one
_MINUTE_OLD, _UNITS = 60, 65_536
_log = logging.getLogger(__name__)

UnitOf = Callable[[str, datetime], str | None]
"""The unit of a principal, by pseudonym, as known at a moment. Raises rather than guess."""


class Taken(NamedTuple):
    """One look's places. `left`: how many there were before, under each name of ``model.gate.QUOTAS``; `kept`: what can
    be given back, empty where nothing was taken.
    """

    left: Mapping[str, int]
    kept: tuple[tuple[Lane, int], ...] = ()


class Quota:
    """``guard.ports.Quotas``. Safe to share between threads; `counters` say how far it is shared beyond."""

    def __init__(
        self, limits: QuotaSettings, purposes: Mapping[str, Purpose], unit_of: UnitOf, counters: Counters
    ) -> None:
        self._limits, self._purposes, self._unit_of, self._counters = limits, purposes, unit_of, counters
        self._units: dict[str, tuple[int, str]] = {}
        self._fixed: dict[
            tuple[str, str], tuple[Lane, ...]
        ] = {}  # by principal and unit: the same for each of their looks

    def take(self, principal: str, person: str, purpose: str, at: datetime) -> Taken:
        """Take one look's places, by pseudonym. Raises Unavailable, and has then taken something or nothing."""
        (made,) = self.take_all([(principal, person, purpose, at)])
        if isinstance(made, Exception):
            raise made
        return made

    def take_all(self, looks: Sequence[tuple[str, str, str, datetime]]) -> list[Taken | Exception]:
        """What `take` returns or raises for each (principal, person, purpose, time), the first look's places first."""
        lanes = each(looks, self._asked)
        asked = [one for one in lanes if not isinstance(one, Exception)]
        taken = iter(self._counters.take_all(asked))
        return [one if isinstance(one, Exception) else _taken(*next(taken)) for one in lanes]

    def give_back(self, taken: Taken) -> None:
        """The look was refused, or not recorded. Where this fails the places are lost until their window is over."""
        self.give_back_all([taken])

    def give_back_all(self, taken: Sequence[Taken]) -> None:
        """The same of several."""
        kept = tuple([place for one in taken for place in one.kept])
        if not kept:
            return
        try:
            self._counters.give_back(kept)
        except WhosawError as error:
            _log.warning("refused looks keep their places in the quotas: %s", error)

    def told(self, looks: Iterable[tuple[str, str, str | None, datetime, bool]]) -> None:
        """What the journal knows of the last window: principal, person, purpose, time, permitted; in any order."""
        # The oldest first: a place is put where the latest one is, or later.
        for principal, person, purpose, at, permitted in sorted(looks, key=lambda look: look[3]):
            now = seconds(at)
            lanes = self._lanes(principal, person, purpose or "", self._unit(principal, at, now))
            self._counters.put([lane for lane in lanes if permitted or lane.always], now)

    def shown(self, principal: str, at: datetime) -> list[tuple[str, int, int]]:
        """What a principal has left: lane, limit, left. For whoever operates it."""
        now, unit = seconds(at), self._unit(principal, at, seconds(at))
        lanes = [*self._of_principal(principal), self._of_unit(unit)]
        lanes += [self._persons(principal, purpose, "") for purpose in sorted(self._purposes)]
        left = self._counters.left(lanes, now)
        return [(_named(lane), lane.limit, n) for lane, n in zip(lanes, left, strict=True)]

    def _asked(self, look: tuple[str, str, str, datetime]) -> tuple[list[Lane], int]:
        principal, person, purpose, at = look
        now = seconds(at)
        return self._lanes(principal, person, purpose, self._unit(principal, at, now)), now

    def _unit(self, principal: str, at: datetime, now: int) -> str:
        """Looked up once a minute and not for each look: who moves to another unit is counted there a minute later."""
        when, unit = self._units.get(principal, (-_MINUTE_OLD, ""))
        if not 0 <= now - when < _MINUTE_OLD:
            unit = self._unit_of(principal, at) or _NO_UNIT
            if len(self._units) >= _UNITS:
                self._units = {}
            self._units[principal] = (now, unit)
        return unit

    def _lanes(self, principal: str, person: str, purpose: str, unit: str) -> list[Lane]:
        fixed = self._fixed.get((principal, unit))
        if fixed is None:
            if len(self._fixed) >= _UNITS:
                self._fixed = {}
            fixed = self._fixed[principal, unit] = (*self._of_principal(principal), self._of_unit(unit))
        lanes = [*fixed, Lane(f"person/{person}", DAY, self._limits.person_looks_a_day)]
        if purpose in self._purposes:
            lanes.append(self._persons(principal, purpose, person))
        return lanes

    def _of_principal(self, principal: str) -> tuple[Lane, ...]:
        return (
            Lane(f"attempts/{principal}", HOUR, self._limits.attempts_an_hour, always=True),
            Lane(f"hour/{principal}", HOUR, self._limits.looks_an_hour),
            Lane(f"day/{principal}", DAY, self._limits.looks_a_day),
        )

    def _of_unit(self, unit: str) -> Lane:
        return Lane(f"unit/{unit}", DAY, self._limits.unit_looks_a_day)

    def _persons(self, principal: str, purpose: str, person: str) -> Lane:
        return Lane(f"persons/{principal}/{purpose}", DAY, self._purposes[purpose].persons_a_day, person)


def _taken(left: list[int], kept: Kept) -> Taken:
    """In the order of `_lanes`. A purpose outside the list is refused for that, and counts nowhere."""
    attempts, hour, day, of_unit, of_person, *persons = left
    return Taken(
        {
            "principal": min(attempts, hour, day),
            "unit": of_unit,
            "purpose": persons[0] if persons else 1,
            "person": of_person,
        },
        tuple([place for place in kept if not place[0].always]),
    )


def seconds(at: datetime) -> int:
    """`at` in whole seconds since 1970."""
    return (at - _EPOCH) // _SECOND


def _named(lane: Lane) -> str:
    kind, _, rest = lane.key.partition("/")
    return f"persons for {rest.partition('/')[2]}" if kind == "persons" else kind
