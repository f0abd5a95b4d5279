# SPDX-License-Identifier: Apache-2.0
"""The queue of one unit: cases come in, are taken, worked on for days, handed on, closed. Ordinary looks come from here.

    opened ──▶ assignee ──▶ looks on their working days, some by colleagues ──▶ closed
                              └─ some at persons tied to the one it is about, most of them named

Invariant: everything of a unit is drawn by its own generator, all its cases at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR
from whosaw.simulate.company.persons import somebody
from whosaw.simulate.draw import NOBODY, Codes, Ints
from whosaw.simulate.folder.cells import NEVER
from whosaw.simulate.work import rows
from whosaw.simulate.work.book import Book, case_rows, named_rows, within_a_minute
from whosaw.simulate.work.kinds import TYPES, Kind, of
from whosaw.simulate.work.pace import instants
from whosaw.simulate.work.reasons import Reasons, reasons
from whosaw.simulate.work.shown import shown
from whosaw.simulate.work.team import Team, team


@dataclass(frozen=True, slots=True)
class _Cases:
    """Arrays by case, and by look: `of` is the case of each, `rank` which look of it."""

    kind: Ints
    person: Ints
    member: Ints
    opened: Ints
    codes: Codes
    of: Ints
    rank: Ints
    who: Ints
    t: Ints


def queue(where: Division, number: int, book: Book) -> rows.Looks:
    """All looks of the unit of this number; its cases go into the book."""
    unit = where.staff.units[number]
    kinds = of(unit.function)
    there = team(where, unit) if kinds else None
    if there is None:
        return rows.together(())
    draw = where.draws("queue", number)
    cases = _cases(where, there, kinds, draw, book)
    if not len(cases.of):
        return rows.together(())
    why = reasons(where, len(cases.kind), cases.opened, where.draws("reasons", number))
    at, named = _linked(where, cases, kinds, draw)
    _file(where, there, cases, kinds, why, book, draw)
    _name(where, cases, at, named, why, book, draw)
    return shown(where, number, cases, kinds, at, why, book, draw)


def _cases(where: Division, there: Team, kinds: tuple[Kind, ...], draw: np.random.Generator, book: Book) -> _Cases:
    share = np.array([kind.share for kind in kinds])
    length = np.array([kind.looks for kind in kinds])
    a_day = where.settings.rate("looks", there.unit.function) * there.capacity().mean() / (share @ length)
    surge = np.where(draw.random(where.period.days) < 0.02, 2.2, 1.0)
    count = draw.poisson(a_day * where.period.season() / where.period.season().mean() * surge)
    day = np.repeat(np.arange(where.period.days), count)
    kind = draw.choice(len(kinds), size=len(day), p=share / share.sum())
    member = there.members(draw, len(day))
    for _ in range(4):  # whoever does not work any more takes no case
        gone = np.flatnonzero(there.coming[day, member] < 0)
        member[gone] = there.members(draw, len(gone))
    taken = there.coming[day, member] >= 0
    day, kind, member = day[taken], kind[taken], member[taken]
    of_, rank, who, t = _work(where, there, kinds, day, kind, member, draw)
    first = np.full(len(day), np.iinfo(np.int64).max)
    np.minimum.at(first, of_, t)
    opened = np.minimum(where.period.begin + day * DAY + draw.integers(DAY, size=len(day)), first)
    opened -= draw.exponential(2.5 * HOUR, len(day)).astype(np.int64) + 60_000
    codes = book.case_codes(there.unit.number, np.arange(len(day)))
    return _Cases(kind, _about(where, there, kinds, kind, draw), member, opened, codes, of_, rank, who, t)


def _about(where: Division, there: Team, kinds: tuple[Kind, ...], kind: Ints, draw: np.random.Generator) -> Ints:
    """Whom each case is about: customers of the office's regions; inquiries and incidents often the staff's own accounts."""
    lead = int(there.who[0])
    person = somebody(where.persons, where.regions(int(where.staff.country[lead])), draw, len(kind))
    own = np.array(sorted(where.persons.own.values()), dtype=np.int64)
    inside = np.array([{"internal_inquiry": 0.9, "incident": 0.25}.get(k.type, 0.0) for k in kinds])[kind]
    if len(own):
        person = np.where(draw.random(len(kind)) < inside, own[draw.integers(len(own), size=len(kind))], person)
    return person


def _work(
    where: Division,
    there: Team,
    kinds: tuple[Kind, ...],
    day: Ints,
    kind: Ints,
    member: Ints,
    draw: np.random.Generator,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Looks of all cases: which case, which look of it, by whom, when."""
    mean = np.array([k.looks for k in kinds])[kind]
    span = draw.exponential(np.array([k.days for k in kinds])[kind])
    number = 1 + draw.lognormal(np.log(mean - 1) - 0.32, 0.8).astype(np.int64)
    number = np.minimum(number + (draw.random(len(number)) < 0.5), 400)
    of_ = np.repeat(np.arange(len(day)), number)
    begin = np.concatenate(([0], np.cumsum(number)[:-1]))
    nth = np.arange(len(of_)) - begin[of_]
    later = np.where(nth == 0, 0, draw.random(len(of_)) * span[of_]).astype(np.int64)
    column = member[of_]
    other = there.members(draw, len(of_))
    column = np.where(draw.random(len(of_)) < 0.1, other, column)
    then = there.coming[day[of_], member[of_]] + later
    inside = then < where.period.days
    when = np.where(inside, there.coming[np.minimum(then, where.period.days), column], -1)
    kept = when >= 0
    of_, column, when = of_[kept], column[kept], when[kept]
    who = there.who[column]
    t = instants(where, who, when, draw)
    order = np.lexsort((t, of_))
    of_, who, t = of_[order], who[order], t[order]
    start = np.searchsorted(of_, np.arange(len(day)))
    return of_, np.arange(len(of_)) - start[of_], who, t


def _linked(
    where: Division, cases: _Cases, kinds: tuple[Kind, ...], draw: np.random.Generator
) -> tuple[Ints, NDArray[np.bool_]]:
    """At whom each look is: the one of the case, or one of two who are tied to them; and whether the case names them."""
    near = np.stack([where.ties.neighbour(cases.person, draw) for _ in range(2)])
    which = draw.integers(2, size=len(cases.of))
    share = np.array([k.linked for k in kinds])[cases.kind][cases.of]
    linked = (draw.random(len(cases.of)) < share) & (cases.rank >= 1)
    known = draw.random((2, len(cases.kind))) < np.array([k.named for k in kinds])[cases.kind]
    at = np.where(linked, near[which, cases.of], cases.person[cases.of])
    return at, linked & known[which, cases.of]


def _file(
    where: Division,
    there: Team,
    cases: _Cases,
    kinds: tuple[Kind, ...],
    why: Reasons,
    book: Book,
    draw: np.random.Generator,
) -> None:
    """The cases as they stand in the ticket system."""
    codes, count = where.staff.codes, len(cases.kind)
    last = cases.opened.copy()
    np.maximum.at(last, cases.of, cases.t)
    closed = last + draw.exponential(20 * HOUR, count).astype(np.int64) + HOUR
    closed = np.where(closed < where.period.end, closed, NEVER)
    assignee, opener = there.who[cases.member], np.zeros(count, dtype=np.int64)
    approver = np.full(count, NOBODY)
    requester = np.full(count, NOBODY)
    for at, kind in enumerate(kinds):
        mine = cases.kind == at
        opener[mine] = _opener(where, kind, int(mine.sum()), draw)
        if kind.opener in ("person", "portal"):
            asks = cases.person[mine] if kind.opener == "person" else where.ties.neighbour(cases.person[mine], draw)
            requester[mine] = where.persons.codes[asks]
        signed = mine & (draw.random(count) < kind.approved)
        approver[signed] = codes[_approver(where, there, int(signed.sum()), draw)]
    away = why.elsewhere
    assignee = np.where(away, where.staff.of("support", "operations")[0], assignee)
    made = case_rows(
        {
            "id": cases.codes, "type": np.array([TYPES.index(k.type) for k in kinds])[cases.kind],
            "opened": cases.opened, "closed": closed, "assignee": codes[assignee], "approver": approver,
            "person": np.where(why.unnamed, NOBODY, requester), "opened_by": codes[opener],
            "status": np.where(closed == NEVER, 0, draw.choice([1, 2, 3], size=count, p=[0.95, 0.035, 0.015])),
            "queue": np.where(away, -1, there.unit.number),
        }
    )  # fmt: skip
    book.cases.append(made[~why.nowhere])
    asked = np.flatnonzero((approver != NOBODY) & ~why.nowhere)
    book.approve(
        there.unit.number,
        0,
        {
            "t": cases.opened[asked] + draw.integers(60_000, HOUR, size=len(asked)), "requester": codes[assignee[asked]],
            "approver": approver[asked], "case": cases.codes[asked], "outcome": draw.random(len(asked)) < 0.03,
        },
    )  # fmt: skip


def _opener(where: Division, kind: Kind, count: int, draw: np.random.Generator) -> Ints:
    machine = {"person": "portal", "portal": "portal", "engine": "risk-engine"}.get(kind.opener)
    if machine is not None:
        return np.full(count, where.staff.machines[machine])
    able = np.array(where.staff.of(kind.opener))
    return able[draw.integers(len(able), size=count)]


def _approver(where: Division, there: Team, count: int, draw: np.random.Generator) -> Ints:
    """Somebody of another unit, mostly; one in seven is the manager."""
    able = np.array(
        [w for w in where.staff.of("legal", "security", "executive", "admin") if w not in set(there.who.tolist())]
    )
    line = where.staff.manager_of(int(there.who[0]), 0)
    chosen = able[draw.integers(len(able), size=count)]
    return np.where((draw.random(count) < 0.15) & (line >= 0), max(line, 0), chosen)


def _name(
    where: Division,
    cases: _Cases,
    at: Ints,
    named: NDArray[np.bool_],
    why: Reasons,
    book: Book,
    draw: np.random.Generator,
) -> None:
    """Who each case is about: the first from its opening on, others shortly before they are looked at."""
    portal = where.staff.codes[where.staff.machines["portal"]]
    engine = where.staff.codes[where.staff.machines["risk-engine"]]
    kept = ~(why.unnamed | why.nowhere)
    since = cases.opened + within_a_minute(draw, len(kept))
    firsts = named_rows(cases.codes, where.persons.codes[cases.person], since, np.full(len(kept), portal))
    book.named.append(firsts[kept])
    looks = np.flatnonzero(named & kept[cases.of])
    pair = np.unique(cases.of[looks] * len(where.persons) + at[looks], return_index=True)[1]
    looks = looks[np.sort(pair)]
    added = cases.t[looks] - draw.integers(30_000, 40 * 60_000, size=len(looks))
    by_self = draw.random(len(looks)) < 0.06
    added_by = np.where(by_self, where.staff.codes[cases.who[looks]], engine)
    others = named_rows(cases.codes[cases.of[looks]], where.persons.codes[at[looks]], added, added_by)
    book.named.append(others[at[looks] != cases.person[cases.of[looks]]])
