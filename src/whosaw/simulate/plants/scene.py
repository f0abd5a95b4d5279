# SPDX-License-Identifier: Apache-2.0
"""What whoever plants has before them: the company, what is on file, the dials, and a hand of their own.

Invariant: it reads the background and adds to it; nothing of the background is moved or taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.events import Event
from whosaw.simulate.company.period import DAY, HOUR
from whosaw.simulate.draw import NOBODY, one, some
from whosaw.simulate.folder.cells import NEVER
from whosaw.simulate.plants.dials import Dials
from whosaw.simulate.work.hand import Hand
from whosaw.simulate.work.rows import BITS, mask

# What a look is said to be for, by the function of the one who looks.
PURPOSE = {
    "support": 0, "fraud": 3, "safety": 2, "legal": 4, "audit": 7, "security": 5, "engineering": 1, "data": 6,
    "comms": 0, "executive": 0, "operations": 1, "admin": 0,
}  # fmt: skip
# What honest work of a function looks at.
_FITTING = {
    "support": mask("profile", "device", "activity", "ip", "location"), "fraud": mask("profile", "device", "payment", "ip", "location"),
    "safety": mask("profile", "messages", "contacts", "ip", "location"), "security": mask("ip", "device"), "legal": 255,
    "audit": mask("activity"), "engineering": mask("device", "activity", "ip"), "operations": mask("device", "activity", "ip"),
    "data": mask("activity", "messages"),
}  # fmt: skip
# What a case of theirs is about.
_CASES = {
    "support": "support_request", "fraud": "fraud_report", "safety": "abuse_report", "legal": "legal_demand",
    "security": "incident",
}  # fmt: skip
CONTROL = ("audit", "security", "legal")


@dataclass(slots=True)
class Scene:
    """`cases` are those of the background; `taken` the principals and persons that belong to another story of this pair."""

    where: Division
    hand: Hand
    dials: Dials
    cases: NDArray[Any]
    taken: frozenset[tuple[str, int]] = frozenset()
    benign: bool = False
    principals: list[int] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    crowd: list[int] = field(default_factory=list)  # looks at others, among whom the persons stand
    stories: np.random.Generator | None = None  # draws cover stories, where the family makes none of its own

    @property
    def draw(self) -> np.random.Generator:
        return self.hand.draw

    def function(self, who: int) -> str:
        """The function of their home unit."""
        return self.where.staff.units[self.where.staff.unit_of(who, 0)].function

    def able(self, *functions: str) -> list[int]:
        """People of these functions who are there most of the time, and have no part in the other story."""
        days = self.where.staff.works.sum(axis=0)
        enough = 0.3 * self.where.period.days
        return [
            who for who in self.where.staff.of(*functions) if days[who] >= enough and ("who", who) not in self.taken
        ]

    def team(self, count: int, *functions: str) -> list[int]:
        """`count` people of one of the functions: of one unit as far as it goes, or of units of one function."""
        able = self.able(*functions)
        if not able:
            able = self.able("support", "fraud", "safety", "operations", "engineering")
        first = one(able, self.draw)
        kin = [who for who in able if self.function(who) == self.function(first) and who != first]
        unit = self.where.staff.unit_of(first, 0)
        near = [who for who in kin if self.where.staff.unit_of(who, 0) == unit]
        far = [who for who in kin if who not in set(near)]
        near, far = some(near, len(near), self.draw), some(far, len(far), self.draw)
        mixed = near + far if self.draw.random() < 0.6 else far + near
        self.principals = [first, *mixed[: count - 1]]
        return self.principals

    def across(self, count: int, *functions: str) -> list[int]:
        """`count` people of one control function, half of them in each of two countries."""
        name = one([f for f in functions if len(self.able(f)) >= 2] or ["operations"], self.draw)
        able = self.able(name)
        able = some(able, len(able), self.draw)
        here = int(self.where.staff.country[able[0]])
        ours = [who for who in able if int(self.where.staff.country[who]) == here]
        theirs = [who for who in able if int(self.where.staff.country[who]) != here]
        half = max(1, count - min(len(theirs), count // 2))
        self.principals = [*ours[:half], *theirs[: count - len(ours[:half])]]
        return self.principals

    def event(self, *classes: str) -> Event | None:
        """A critical event that names somebody of these classes, not in the last days."""
        last = self.where.period.end - 6 * DAY
        able = set(self.where.persons.having(*classes).tolist())
        fit = [e for e in self.where.events if e.stance == "critical" and e.at < last and able & set(e.persons)]
        return one(fit, self.draw) if fit else None

    def seeds(self, count: int, *classes: str) -> list[int]:
        """Protected persons of these classes with somebody around them, in one workplace where that is possible."""
        ties, persons = self.where.ties, self.where.persons
        able = [
            int(p)
            for p in persons.having(*classes)
            if len(ties.around(int(p))) >= 3 and ("person", int(p)) not in self.taken
        ]
        if not able:
            able = [int(p) for p in np.flatnonzero(persons.protected)]
        first = one(able, self.draw)
        near = [p for p in able if p != first and persons.workplace[p] == persons.workplace[first]]
        far = [p for p in able if p != first and p not in set(near)]
        return [first, *some(near, len(near), self.draw), *some(far, len(far), self.draw)][:count]

    def chosen(self, *classes: str, first: tuple[int, ...] = ()) -> list[int]:
        """As many persons as the dials say: a share of them in a class, the others from the circles around those."""
        count = self.dials.persons
        inside = min(count, max(round(count * self.dials.share), 0))
        seeds = [*first, *(p for p in self.seeds(max(inside, 1) + len(first), *classes) if p not in first)]
        listed = seeds[:inside]
        kinds = ("household", "family", "contact", "coworker", "device")
        around: list[int] = []
        for seed in seeds[: max(1, inside)]:
            near = self.where.ties.around(seed, *kinds)
            around += some(near, len(near), self.draw)
        for person in around:
            if len(listed) >= count:
                break
            if person not in listed and not self.where.persons.protected[person]:
                listed.append(person)
        self.persons = listed or seeds[:1]
        return self.persons

    def strangers(self, count: int) -> list[int]:
        """Persons with no class, who are about."""
        found: list[int] = []
        while len(found) < count:
            person = int(np.searchsorted(self.where.persons.known, self.draw.random() * self.where.persons.known[-1]))
            if (
                person not in found
                and not self.where.persons.protected[person]
                and ("person", person) not in self.taken
            ):
                found.append(person)
        return found

    def own_accounts(self, count: int) -> list[int]:
        """Private accounts of people of other functions."""
        mine = {self.function(who) for who in self.principals}
        able = [p for who, p in sorted(self.where.persons.own.items()) if self.function(who) not in mine]
        return some(able, count, self.draw)

    def window(self, event: Event | None = None) -> tuple[float, float]:
        """First and last day: from so many days after the event, or anywhere, as long as the span."""
        days, span = self.where.period.days, self.dials.span
        if event is not None:
            first = min(max(self.hand.day(event.at) + self.dials.after, 0), max(days - 4, 0))
        else:
            first = int(self.draw.integers(max(days - span, 0) + 1))
        return first, min(first + span, days - 1)

    def own_case(self, who: int, t: int, draw: np.random.Generator | None = None) -> Any | None:
        """A real open case of `who` at that instant, or of their unit."""
        draw = draw or self.draw
        code = self.where.staff.codes[who]
        unit = self.where.staff.unit_of(who, self.hand.day(t))
        is_open = (self.cases["opened"] < t) & ((self.cases["closed"] == NEVER) | (self.cases["closed"] > t))
        for mine in (self.cases["assignee"] == code, self.cases["queue"] == unit):
            found = np.flatnonzero(is_open & mine)
            if len(found):
                return self.cases[int(found[int(draw.integers(len(found)))])]
        return None

    def look(
        self, who: int, person: int, t: int, *, case: int | None = None, fields: int | None = None, mode: int = 0
    ) -> int:
        """One planted look, with the purpose that goes with the work of `who`; often at one of the fields alone."""
        if fields is None and self.benign:
            fields = self.fitting(who)
        elif fields is None:
            parts = [bit for bit in BITS.values() if self.dials.mask & bit]
            fields = self.dials.mask if self.draw.random() < 0.5 else one(parts, self.draw)
        purpose = PURPOSE[self.function(who)] if case is not None or self.draw.random() < 0.85 else -1
        if case is None and self.stories is not None and self.stories.random() < self.dials.cover:
            case = self._story(who, person, t, self.stories)
            purpose = purpose if case is None else PURPOSE[self.function(who)]
        return self.hand.look(
            who,
            person,
            t,
            fields,
            purpose=purpose,
            mode=mode,
            case=int(NOBODY) if case is None else case,
        )

    def _story(self, who: int, person: int, t: int, draw: np.random.Generator) -> int | None:
        """A case to name: a real one about somebody else, the same with the person added, or one that a colleague opens."""
        kind = int(draw.integers(3))
        unit = self.where.staff.unit_of(who, self.hand.day(t))
        near = [other for other in self.able(self.function(who)) if other != who and self._unit(other) == unit]
        if kind == 2 and near:
            opened = t - int(draw.uniform(1, 20) * HOUR)
            added = opened + int(draw.uniform(0, 0.5) * HOUR)
            type_ = _CASES.get(self.function(who), "internal_inquiry")
            by = near[int(draw.integers(len(near)))]
            return self.hand.case(type_, opened, None, who, by, named=[(person, added, by)], queue=unit)
        real = self.own_case(who, t, draw)
        if real is not None and kind:
            self.hand.name(int(real["id"]), person, t - int(draw.uniform(0.05, 0.5) * HOUR), who)
        return None if real is None else int(real["id"])

    def _unit(self, who: int) -> int:
        return self.where.staff.unit_of(who, 0)

    def fitting(self, who: int) -> int:
        """The fields of the dials, as far as honest work of `who` needs them; else what it does need."""
        able = _FITTING.get(self.function(who), mask("profile", "activity"))
        return self.dials.mask & able or able & -able

    def manager(self, who: int, t: int) -> int | None:
        above = self.where.staff.manager_of(who, self.hand.day(t))
        return above if above >= 0 else None

    def soon(self, low: float, high: float) -> int:
        """So many hours, in milliseconds."""
        return int(self.draw.uniform(low, high) * HOUR)
