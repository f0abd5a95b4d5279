# SPDX-License-Identifier: Apache-2.0
"""Looks and cases put down one by one, where there are few: what follows an event, what is planted, and its twins.

    hand.case(…) ─▶ code      hand.look(…) ─▶ its number      hand.looks() ─▶ records like all others

Invariant: what is put down by hand goes through the same functions as the work of a queue, and shows nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR
from whosaw.simulate.draw import NOBODY
from whosaw.simulate.folder.cells import NEVER
from whosaw.simulate.work import rows
from whosaw.simulate.work.book import Book, Edit, case_rows, named_rows, within_a_minute
from whosaw.simulate.work.kinds import TYPES
from whosaw.simulate.work.pace import instants, place


@dataclass(slots=True)
class Hand:
    """Draws with `draw`; everything it makes belongs to `component`."""

    where: Division
    book: Book
    component: int
    draw: np.random.Generator
    also: list[tuple[str, int]] = field(default_factory=list)  # cases and changes it made
    _looks: list[dict[str, Any]] = field(default_factory=list)
    _cases: int = 0
    _approvals: int = 0
    _edits: int = 0

    def moment(self, who: int, first: float, last: float) -> int:
        """An instant at which `who` works, on one of their days from `first` to `last`, or the nearest to them."""
        days = self.where.staff.days_of(who)
        inside = days[(days >= first) & (days <= last)]
        if not len(inside):
            inside = days[np.argsort(np.abs(days - (first + last) / 2), kind="stable")[:3]]
        day = int(inside[int(self.draw.integers(len(inside)))]) if len(inside) else int(first)
        return int(instants(self.where, np.array([who]), np.array([day]), self.draw)[0])

    def look(
        self, who: int, person: int, t: int, fields: int, *, mode: int = 0, purpose: int = -1, case: int = int(NOBODY),
        app: str | None = None, detail: int = 2, bulk: int | None = None, behalf: int | None = None, desk: int | None = None,
        rows_: int = -1,
    ) -> int:  # fmt: skip
        """One look; its number here, by which `code` knows it. `bulk`: the number of the first look of its request; `desk`: from
        whose, where that is not that of `who`.
        """
        function = self.where.staff.units[self.where.staff.unit_of(who, self.day(t))].function
        self._looks.append(
            {
                "t": t, "who": who, "person": person, "fields": fields, "mode": mode, "purpose": purpose, "case": case,
                "app": rows.APP_OF[app or function], "detail": detail, "bulk": bulk, "behalf": behalf,
                "desk": who if desk is None else desk, "rows": rows_,
            }
        )  # fmt: skip
        return len(self._looks) - 1

    def beside(self, number: int, person: int) -> int:
        """One more person in the list that this look showed."""
        self._looks[number]["bulk"] = number
        self._looks.append({**self._looks[number], "person": person})
        return len(self._looks) - 1

    def code(self, number: int) -> int:
        """The identifier that this look will have."""
        return int(rows.ids(self.where.seed, self.where.number, self.component, np.array([number]))[0])

    def day(self, t: int) -> int:
        """The day of the period in which the instant lies."""
        return min(max((t - self.where.period.begin) // DAY, 0), self.where.period.days - 1)

    def case(
        self, type_: str, opened: int, closed: int | None, assignee: int, opened_by: int, *,
        named: Iterable[tuple[int, int, int]] = (), person: int | None = None, staff: int | None = None,
        approver: int | None = None, queue: int | None = None,
    ) -> int:  # fmt: skip
        """A case; `named`: persons, when they were added, and by whom. Returns its code."""
        codes, persons = self.where.staff.codes, self.where.persons.codes
        code = self.book.case_codes(self.component, np.array([self._cases]))
        self._cases += 1
        over = closed is not None and closed < self.where.period.end
        self.book.cases.append(
            case_rows(
                {
                    "id": code, "type": TYPES.index(type_), "opened": opened, "closed": closed if over else NEVER,
                    "assignee": codes[assignee], "opened_by": codes[opened_by],
                    "person": NOBODY if person is None else persons[person], "staff": NOBODY if staff is None else codes[staff],
                    "approver": NOBODY if approver is None else codes[approver], "status": int(over),
                    "queue": -1 if queue is None else queue,
                }
            )
        )  # fmt: skip
        for one, added, by in named:
            self.name(int(code[0]), one, added, by)
        self.also.append(("case", int(code[0])))
        return int(code[0])

    def name(self, case: int, person: int, added: int, by: int) -> None:
        """One more person in a case."""
        codes, persons = self.where.staff.codes, self.where.persons.codes
        self.book.named.append(
            named_rows(np.array([case], dtype=np.uint64), persons[[person]], np.array([added]), codes[[by]])
        )

    def approve(
        self, requester: int, approver: int, t: int, *, look: int | None = None, case: int | None = None, kind: int = 0
    ) -> None:
        """Somebody signs, for a look of this hand or for a case."""
        codes = self.where.staff.codes
        self.book.approve(
            self.component,
            self._approvals,
            {
                "t": [t], "requester": codes[[requester]], "approver": codes[[approver]],
                "look": [NOBODY if look is None else self.code(look)], "case": [NOBODY if case is None else case], "kind": kind,
            },
        )  # fmt: skip
        self._approvals += 1

    def edit(self, who: int, t: int, object_: str, target: str, old: str | None, new: str | None) -> None:
        """A change to a control."""
        code = int(self.book.change_codes(self.component, np.array([self._edits]))[0])
        self._edits += 1
        self.book.edits.append(Edit(code, t, who, object_, target, old, new))
        self.also.append(("change", code))

    def on_whose_behalf(self) -> list[int]:
        """Codes of those for whom a machine looked."""
        return sorted(
            {int(self.where.staff.codes[look["desk"]]) for look in self._looks if look["desk"] != look["who"]}
        )

    def looks(self) -> rows.Looks:
        """All looks, as records."""
        if not self._looks:
            return rows.together(())
        who = np.array([look["who"] for look in self._looks])
        address, country = place(self.where, np.array([look["desk"] for look in self._looks]), self.draw)
        codes, persons = self.where.staff.codes, self.where.persons.codes
        columns: dict[str, Any] = {
            name: [look[name] for look in self._looks]
            for name in ("t", "fields", "mode", "purpose", "app", "detail", "rows")
        }
        columns["detail"] = np.where(self.draw.random(len(who)) < 0.1, 0, columns["detail"])
        columns["case"] = np.array([look["case"] for look in self._looks], dtype=np.uint64)
        columns["person"] = persons[[look["person"] for look in self._looks]]
        columns["who"], columns["ip"], columns["country"] = codes[who], address, country
        columns["bulk"] = _or_nobody(
            [None if look["bulk"] is None else self.code(look["bulk"]) for look in self._looks]
        )
        columns["behalf"] = _or_nobody(
            [None if look["behalf"] is None else int(codes[look["behalf"]]) for look in self._looks]
        )
        return rows.made(self.where.seed, self.where.number, self.component, 0, columns, self.draw)


def _or_nobody(codes: Sequence[int | None]) -> Any:
    return np.array([int(NOBODY) if code is None else code for code in codes], dtype=np.uint64)


def work_case(
    hand: Hand, type_: str, team: Sequence[int], persons: Sequence[int], first: float, last: float, fields: int, *,
    purpose: int, opened_by: int, times: int = 1, queue: int | None = None, asks: int | None = None,
    approver: int | None = None, each: bool = False, mode: int = 0,
) -> int:  # fmt: skip
    """Honest work on a case: opened by another unit, names everybody, looked at by the team, then closed."""
    planned = [
        (hand.moment(who, first, last), who, person)
        for at, person in enumerate(persons)
        for who in (team if each else [team[at % len(team)]])
        for _ in range(times)
    ]
    planned.sort()
    opened = planned[0][0] - int(hand.draw.integers(20 * 60_000, 6 * HOUR))
    closed = planned[-1][0] + int(hand.draw.integers(HOUR, 30 * HOUR))
    unit = hand.where.staff.unit_of(team[0], hand.day(opened)) if queue is None else queue
    since = opened + within_a_minute(hand.draw, len(persons))
    named = [(person, int(at), opened_by) for person, at in zip(persons, since, strict=True)]
    code = hand.case(type_, opened, closed, team[0], opened_by, named=named, person=asks, approver=approver, queue=unit)
    for t, who, person in planned:
        hand.look(who, person, t, fields, purpose=purpose, case=code, mode=mode)
    return code
