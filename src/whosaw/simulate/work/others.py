# SPDX-License-Identifier: Apache-2.0
"""Looks that no queue brings: machines at night, wide requests, counts, honest curiosity, and what follows an event."""

from __future__ import annotations

from typing import Any

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR, MINUTE
from whosaw.simulate.company.staff import FUNCTIONS
from whosaw.simulate.draw import NOBODY, Ints, pick, some
from whosaw.simulate.work import rows
from whosaw.simulate.work.book import Book, case_rows, named_rows
from whosaw.simulate.work.hand import Hand, work_case
from whosaw.simulate.work.kinds import TYPES
from whosaw.simulate.work.pace import instants, place

MACHINES, WIDE, CURIOUS, FOLLOWING = 900, 901, 902, 903


def machines(where: Division) -> rows.Looks:
    """Every night a machine reads some persons, once a week another; and one migration."""
    draw = where.draws("machines")
    a_night = max(2, len(where.staff) // 6)
    nights = [(where.staff.machines["nightly-sync"], day, 2, a_night) for day in range(where.period.days)]
    nights += [(where.staff.machines["mailer"], day, 4, a_night * 2) for day in range(3, where.period.days, 7)]
    nights.append((where.staff.machines["migrator"], int(draw.integers(where.period.days)), 1, a_night * 6))
    who: list[Ints] = []
    t: list[Ints] = []
    bulk: list[Ints] = []
    person: list[Ints] = []
    at = 0
    for which, day, hour, count in nights:
        begin = where.period.begin + day * DAY + hour * HOUR + int(draw.integers(4)) * MINUTE
        who.append(np.full(count, which))
        t.append(begin + np.cumsum(draw.integers(0, 3, size=count)) * 1000)
        bulk.append(np.full(count, at))
        person.append(draw.choice(len(where.persons), size=count, replace=count > len(where.persons)))
        at += count
    machine, request = np.concatenate(who), np.concatenate(bulk)
    columns: dict[str, Any] = {
        "t": np.concatenate(t), "who": where.staff.codes[machine], "person": where.persons.codes[np.concatenate(person)],
        "bulk": rows.ids(where.seed, where.number, MACHINES, request), "fields": rows.mask("profile", "device"), "detail": 1,
        "app": rows.APP_OF["service"], "purpose": 1, "ip": 10 << 16 | 1, "country": where.staff.country[machine],
    }  # fmt: skip
    return rows.made(where.seed, where.number, MACHINES, 0, columns, draw)


def wide(where: Division, book: Book) -> rows.Looks:
    """Samples and exports of many persons at once, most of them drawn by a machine for a case; and counts of nobody."""
    draw = where.draws("wide")
    able = [who for who in where.staff.of("data", "operations") if len(where.staff.days_of(who))]
    count = (
        int(draw.poisson(where.settings.rate("rates", "exports") * where.period.days / 30 * len(where.staff) / 1000))
        + 1
    )
    hand = Hand(where, book, WIDE, draw)
    parts: list[tuple[int, int, Ints, int, int]] = []
    engine = where.staff.codes[where.staff.machines["risk-engine"]]
    for at in range(count):
        who = able[int(draw.integers(len(able)))]
        size = min(int(draw.lognormal(5.0, 1.0)) + 21, 3000, len(where.persons))
        t = hand.moment(who, 0, where.period.days - 1)
        person = np.unique(pick(where.persons.known, draw, size))
        case = int(NOBODY)
        if draw.random() < 0.75:
            case = int(book.case_codes(WIDE, np.array([at]))[0])
            opened = t - int(draw.integers(HOUR, 40 * HOUR))
            book.cases.append(
                case_rows(
                    {
                        "id": np.array([case], dtype=np.uint64), "type": TYPES.index("quality_sample"), "opened": opened,
                        "closed": t + DAY, "assignee": where.staff.codes[[who]], "opened_by": engine, "status": 1,
                        "queue": where.staff.unit_of(who, hand.day(t)),
                    }
                )
            )  # fmt: skip
            many = np.full(len(person), case, dtype=np.uint64)
            book.named.append(named_rows(many, where.persons.codes[person], opened, engine))
        parts.append((who, t, person, case, int(draw.random() < 0.6)))
    return rows.together([_request(where, parts, draw), _counts(where, able, draw)])


def _request(where: Division, parts: list[tuple[int, int, Ints, int, int]], draw: np.random.Generator) -> rows.Looks:
    size = [len(person) for _, _, person, _, _ in parts]
    begin = np.concatenate(([0], np.cumsum(size)[:-1])).astype(np.int64)
    of_ = np.repeat(np.arange(len(parts)), size)
    who = np.array([part[0] for part in parts])[of_]
    address, country = place(where, who, draw)
    columns: dict[str, Any] = {
        "t": np.array([part[1] for part in parts])[of_], "who": where.staff.codes[who],
        "person": where.persons.codes[np.concatenate([part[2] for part in parts])],
        "case": np.array([part[3] for part in parts], dtype=np.uint64)[of_],
        "mode": np.array([2 if part[4] else 0 for part in parts])[of_], "rows": np.array(size)[of_],
        "bulk": rows.ids(where.seed, where.number, WIDE, begin)[of_], "fields": rows.mask("profile", "activity"),
        "detail": 1, "app": rows.APP_OF["data"], "purpose": 6, "ip": address[begin][of_], "country": country[begin][of_],
    }  # fmt: skip
    return rows.made(where.seed, where.number, WIDE, 0, columns, draw)


def _counts(where: Division, able: list[int], draw: np.random.Generator) -> rows.Looks:
    count = max(1, int(len(where.staff) * where.period.days / 400))
    who = np.array(able)[draw.integers(len(able), size=count)]
    day = np.array([_day(where, int(w), draw) for w in who], dtype=np.int64)
    address, country = place(where, who, draw)
    columns: dict[str, Any] = {
        "t": instants(where, who, day, draw), "who": where.staff.codes[who], "fields": rows.mask("activity"), "mode": 3,
        "rows": draw.geometric(0.02, count), "app": rows.APP_OF["data"], "purpose": 6, "ip": address, "country": country,
    }  # fmt: skip
    return rows.made(where.seed, where.number, WIDE + 10, 0, columns, draw)


def curious(where: Division, looks: int) -> tuple[rows.Looks, Ints, Ints]:
    """Honest curiosity, rare and alone: at somebody famous, or at somebody at home. Also who, and at whom."""
    draw = where.draws("curious")
    count = int(draw.poisson(where.settings.rate("dirt", "curious") * looks))
    able = np.array(
        [who for who in where.staff.of("support", "fraud", "safety", "operations") if len(where.staff.days_of(who))]
    )
    who = able[draw.integers(len(able), size=count)]
    famous = np.argsort(-np.diff(where.persons.known, prepend=0), kind="stable")[: max(20, len(where.persons) // 400)]
    person = famous[draw.integers(len(famous), size=count)]
    for at, one in enumerate(who.tolist()):
        home = where.ties.around(where.persons.own[one], "household", "family") if one in where.persons.own else []
        if home and draw.random() < 0.5:
            person[at] = home[int(draw.integers(len(home)))]
    day = np.array([_day(where, int(w), draw) for w in who], dtype=np.int64)
    address, country = place(where, who, draw)
    function = where.staff.function[who]
    columns: dict[str, Any] = {
        "t": instants(where, who, day, draw), "who": where.staff.codes[who], "person": where.persons.codes[person],
        "fields": rows.mask("profile"), "detail": 2, "ip": address, "country": country,
        "app": np.array([rows.APP_OF[FUNCTIONS[at]] for at in function], dtype=np.int64),
    }  # fmt: skip
    return rows.made(where.seed, where.number, CURIOUS, 0, columns, draw), who, person


def _day(where: Division, who: int, draw: np.random.Generator) -> int:
    days = where.staff.days_of(who)
    return int(days[int(draw.integers(len(days)))])


def following(where: Division, book: Book) -> rows.Looks:
    """After an event those it names are attacked, ask for help, lose their accounts: honest looks with a case."""
    draw = where.draws("following")
    hand = Hand(where, book, FOLLOWING, draw)
    portal = where.staff.machines["portal"]
    for event in where.events:
        day = hand.day(event.at)
        for person in event.persons:
            for _ in range(int(draw.poisson(1.2 if event.stance == "critical" else 0.5))):
                function = "safety" if draw.random() < 0.6 else "support"
                unit = some([u for u in where.staff.units if u.function == function], 1, draw)[0].number
                team = [s.who for s in where.staff.members(unit) if s.first <= day < s.end]
                if not team:
                    continue
                chosen = [person, *some(where.ties.around(person, "contact", "coworker"), int(draw.integers(3)), draw)]
                kind, purpose = ("abuse_report", 2) if function == "safety" else ("account_recovery", 0)
                fields = rows.mask("messages", "contacts") if function == "safety" else rows.mask("device", "activity")
                work_case(
                    hand, kind, some(team, 2, draw), chosen, day + 1, day + 1 + draw.exponential(8), fields,
                    purpose=purpose, opened_by=portal, asks=person, times=int(draw.integers(1, 4)),
                )  # fmt: skip
    return hand.looks()
