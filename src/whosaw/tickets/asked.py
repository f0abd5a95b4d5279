# SPDX-License-Identifier: Apache-2.0
"""A case is asked for at its system, before the look has its moment: the guard's port `Cases`.

    see("SUP-12") ─▶ whose pattern fits? ─ nobody's ─▶ nothing: tables say what there is
                            │
                     seen a moment ago? ─ yes ─▶ that counts, until then
                            │ no
                     ask, within the deadline ─▶ SeenCase, none, or silence ─▶ kept, with the time of the question

What a system said counts for seconds, and each sighting says until when: a look that comes later than that is refused,
even where nobody wrote down that the system fell silent.

Invariant: a look under a case of a system is decided from an answer that this system gave moments ago, or it is refused
with `case-system-silent`. There is no last known good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.directory.kept import Sighting, newest, newest_of_system
from whosaw.directory.tables import micros
from whosaw.directory.transaction import reading
from whosaw.errors import Unavailable
from whosaw.tickets.keep import Keeper, Sight
from whosaw.tickets.ports import CaseSystem, Clock, Timer, silent
from whosaw.tickets.seen import SeenCase

# What a case is called goes into an address: nothing that would lead elsewhere.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class System:
    """One system, as the settings have it."""

    name: str
    pattern: re.Pattern[str]
    asked: CaseSystem = field(repr=False)
    deadline_s: float
    cache: timedelta

    def own(self, case: str) -> str | None:
        """What the system itself calls this case; None where it is not one of its."""
        found = self.pattern.fullmatch(case)
        if found is None:
            return None
        return found.group(found.re.groups) or case


class Tickets:
    """All systems. Safe to share between threads."""

    def __init__(self, systems: Iterable[System], keeper: Keeper, clock: Clock, timer: Timer) -> None:
        self._systems, self._keeper, self._clock, self._timer = tuple(systems), keeper, clock, timer

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(system.name for system in self._systems)

    def see(self, case: str | None) -> str:
        """Have the system that keeps `case` say how it stands. What it said is in the directory when this returns.

        Returns why it said nothing, for whoever runs this; empty where it did, and where no system keeps such a case.
        Raises where what it said could not be kept: then nothing of it may count.
        """
        found = self.system_of(case)
        if found is None or case is None:
            return ""
        system, own = found
        if self._fresh(system, case):
            return ""
        sight = self.ask(system, case, own)
        self._keeper.keep(sight)
        return f"{system.name}: {sight.why}" if sight.why else ""

    def system_of(self, case: str | None) -> tuple[System, str] | None:
        """The system that keeps such a case, and what it calls it."""
        for system in self._systems if case is not None else ():
            own = system.own(case or "")
            if own is not None:
                return system, own
        return None

    def ask(self, system: System, case: str, own: str) -> Sight:
        """One question. Whatever becomes of it is a sight."""
        # The time of the question, and not of the answer: an answer that took five seconds is five seconds old.
        asked, why = self._clock(), ""
        seen: SeenCase | None = None
        if _PLAIN.fullmatch(own):
            try:
                seen = system.asked.case(own, self._timer() + system.deadline_s)
            except Unavailable as error:
                why = str(error) or "it did not answer"
        return Sight(system.name, case, asked, system.cache, seen, why)

    def _fresh(self, system: System, case: str) -> bool:
        now = self._clock()
        last = self.last(case, now)
        return last is not None and last.spoke and timedelta(0) <= now - last.asked < system.cache

    def last(self, case: str, at: datetime) -> Sighting | None:
        """The newest sighting of a case."""
        with reading(self._keeper.office.engine) as db:
            return newest(db, case, micros(at))

    def answered(self, name: str) -> None:
        """Raises Unavailable where this system said nothing when it was asked last."""
        if why := self.standing()[name]:
            raise silent(why)

    def standing(self) -> Mapping[str, str]:
        """Each system: empty, or why it said nothing when it was asked last. For whoever looks after this house."""
        with reading(self._keeper.office.engine) as db:
            last = {name: newest_of_system(db, name) for name in self.names}
        return {name: "" if sighting is None or sighting.spoke else sighting.why for name, sighting in last.items()}
