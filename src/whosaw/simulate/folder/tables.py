# SPDX-License-Identifier: Apache-2.0
"""Every table but the looks, of one division: each sorted by what it is about, so that nothing shows where a row came from.

Format: whosaw-dataset/1
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.events import codes as event_codes
from whosaw.simulate.company.period import COUNTRIES, DAY, REGION_NAMES
from whosaw.simulate.company.persons import BIT, CLASSES
from whosaw.simulate.company.staff import FUNCTIONS
from whosaw.simulate.company.ties import KINDS
from whosaw.simulate.draw import NOBODY, Codes, Ints, Names
from whosaw.simulate.folder.cells import NEVER, Cells, Either, Named, Plain, Times, Words
from whosaw.simulate.folder.write import Folder
from whosaw.simulate.work.accounts import kept
from whosaw.simulate.work.book import APPROVAL, APPROVAL_KINDS, CASE, NAMED, OUTCOMES, STATUS, Book
from whosaw.simulate.work.edits import person_text, staff_text
from whosaw.simulate.work.kinds import TYPES, of


def write(folder: Folder, where: Division, book: Book) -> None:
    """All of them."""
    folder.add("staff", _staff(where))
    folder.add("assignments", _assignments(where))
    folder.add("persons", _persons(where, book))
    folder.add("links", _links(where))
    folder.add("cases", _cases(where, _whole(book.cases, CASE)))
    folder.add("case_persons", _named(_whole(book.named, NAMED)))
    folder.add("approvals", _approvals(_whole(book.approvals, APPROVAL)))
    folder.add("changes", _changes(where, book))
    folder.add("events", _events(where, book))


def _whole(parts: list[NDArray[Any]], kind: np.dtype[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)


def _staff(where: Division) -> Mapping[str, Cells]:
    staff = where.staff
    spells = sorted(staff.spells, key=lambda spell: (int(staff.codes[spell.who]), spell.first))
    who = np.array([spell.who for spell in spells])
    managers = np.array([spell.manager for spell in spells])
    leads = {spell.manager for spell in spells}
    own = np.array([where.persons.own.get(int(each), -1) for each in who])
    first, end = np.array([s.first for s in spells]), np.array([s.end for s in spells])
    begin = where.period.begin
    # Whoever was there on the first day came some years before it.
    years = np.asarray(staff.codes[who] % np.uint64(2000), dtype=np.int64) * DAY
    function = staff.function[who]
    return {
        "staff_id": Named("e", staff.codes[who], 28),
        "unit": Plain([staff.units[spell.unit].name for spell in spells]),
        "function": Words(function, FUNCTIONS),
        "role": Plain(["machine" if f == FUNCTIONS.index("service") else "lead" if s.who in leads else "member" for s, f in zip(spells, function.tolist(), strict=True)]),
        "manager": Named("e", _code(staff.codes, managers), 28),
        "employer": Words(staff.employer[who], ("own", "vendor-a", "vendor-b")),
        "country": Words(staff.country[who], COUNTRIES),
        "site": Plain([f"{COUNTRIES[int(staff.country[spell.who])].lower()}-1" for spell in spells]),
        "valid_from": Times(np.where(first == 0, begin - 30 * DAY - years, begin + first * DAY)),
        "valid_to": Times(np.where(end >= where.period.days, NEVER, begin + end * DAY)),
        "household": Named("h", _household_of_staff(where, who), 40),
        "own_person": Named("p", _code(where.persons.codes, own), 40),
    }  # fmt: skip


def _code(codes: Codes, at: Ints) -> Codes:
    return np.where(at < 0, NOBODY, codes[np.maximum(at, 0)])


def _homes(where: Division, household: Ints) -> Codes:
    return Names(where.seed, "household", 40).of((where.number << 28) + household)


def _household_of_staff(where: Division, who: Ints) -> Codes:
    """That of their own account, where they have one; else one of their own, which they may share with a colleague."""
    own = np.array([where.persons.own.get(int(each), -1) for each in where.staff.household[who]])
    here = np.where(own >= 0, where.persons.household[np.maximum(own, 0)], (1 << 27) + where.staff.household[who])
    return np.where(where.staff.household[who] < 0, NOBODY, _homes(where, here))


def _assignments(where: Division) -> Mapping[str, Cells]:
    """Queues and case types of the units that have them, regions of some, machines to their work."""
    rows: list[tuple[int, str, str, int, int]] = []
    draw = where.draws("assignments")
    shared = {u.number: where.staff.units[u.number - 1].name for u in where.staff.units[1:] if draw.random() < 0.12}
    begin, days = where.period.begin, where.period.days
    for spell in where.staff.spells:
        unit = where.staff.units[spell.unit]
        since = int(NEVER) if spell.first == 0 else begin + spell.first * DAY
        until = int(NEVER) if spell.end >= days else begin + spell.end * DAY
        rows.append((spell.who, "queue", f"q-{unit.name}", since, until))
        if unit.number in shared:
            rows.append((spell.who, "queue", f"q-{shared[unit.number]}", since, until))
        if unit.function in ("operations", "engineering", "audit"):
            rows.append((spell.who, "region", unit.country, since, until))
        if unit.function in ("legal", "security"):
            rows += [(spell.who, "case_type", kind.type, since, until) for kind in of(unit.function)]
    for one in kept(where):
        first = int(NEVER) if one.first == 0 else begin + one.first * DAY
        rows.append((one.who, "account", person_text(where, one.person), first, int(NEVER)))
    rows.sort(key=lambda row: (int(where.staff.codes[row[0]]), row[1:]))
    who = np.array([row[0] for row in rows])
    return {
        "staff_id": Named("e", where.staff.codes[who], 28),
        "scope_kind": Plain([row[1] for row in rows]),
        "scope": Plain([row[2] for row in rows]),
        "from": Times(np.array([row[3] for row in rows])),
        "to": Times(np.array([row[4] for row in rows])),
    }


def _persons(where: Division, book: Book) -> Mapping[str, Cells]:
    """A row each, and one more from the instant on at which somebody's classes changed."""
    persons = where.persons
    first = persons.classes.copy()
    for person in persons.later:
        first[person] = 0
    changed = sorted(book.classes)
    who = np.concatenate([np.arange(len(persons)), np.array([p for p, _, _ in changed], dtype=np.int64)])
    since = np.concatenate([np.full(len(persons), NEVER), np.array([t for _, t, _ in changed], dtype=np.int64)])
    bits = np.concatenate([first, np.array([b for _, _, b in changed], dtype=np.int64)])
    order = np.lexsort((since, persons.codes[who]))
    who, since, bits = who[order], since[order], bits[order]
    sets = [tuple(name for name in CLASSES if each & BIT[name]) or None for each in range(1 << len(CLASSES))]
    return {
        "person": Named("p", persons.codes[who], 40),
        "region": Words(persons.region[who], REGION_NAMES),
        "classes": Words(bits, sets),
        "household": Named("h", _homes(where, persons.household[who]), 40),
        "valid_from": Times(since),
        "valid_to": Times(np.full(len(who), NEVER)),
    }


def _links(where: Division) -> Mapping[str, Cells]:
    codes, ties = where.persons.codes, where.ties
    order = np.lexsort((ties.kind, codes[ties.b], codes[ties.a]))
    draw = where.draws("times of ties")
    came, day = draw.random(len(order)), where.period.begin + draw.integers(where.period.days, size=len(order)) * DAY
    return {
        "a": Named("p", codes[ties.a[order]], 40),
        "b": Named("p", codes[ties.b[order]], 40),
        "kind": Words(ties.kind[order], KINDS),
        "from": Times(np.where(came < 0.05, day, NEVER)[order]),
        "to": Times(np.where(came > 0.97, day, NEVER)[order]),
    }


def _cases(where: Division, cases: NDArray[Any]) -> Mapping[str, Cells]:
    cases = cases[np.lexsort((cases["id"], cases["opened"]))]
    queues = [f"q-{unit.name}" for unit in where.staff.units]
    return {
        "case_id": Named("c", cases["id"], 48),
        "type": Words(cases["type"], TYPES),
        "opened": Times(cases["opened"]),
        "closed": Times(cases["closed"]),
        "assignee": Named("e", cases["assignee"], 28),
        "requester": Either(Named("p", cases["person"], 40), Named("e", cases["staff"], 28)),
        "approver": Named("e", cases["approver"], 28),
        "status": Words(cases["status"], STATUS),
        "opened_by": Named("e", cases["opened_by"], 28),
        "queue": Words(cases["queue"], queues),
    }


def _named(named: NDArray[Any]) -> Mapping[str, Cells]:
    named = named[np.lexsort((named["person"], named["case"], named["added"]))]
    return {
        "case_id": Named("c", named["case"], 48),
        "person": Named("p", named["person"], 40),
        "added": Times(named["added"]),
        "added_by": Named("e", named["added_by"], 28),
    }


def _approvals(made: NDArray[Any]) -> Mapping[str, Cells]:
    made = made[np.lexsort((made["id"], made["t"]))]
    return {
        "approval_id": Named("a", made["id"], 48),
        "time": Times(made["t"]),
        "requester": Named("e", made["requester"], 28),
        "approver": Named("e", made["approver"], 28),
        "outcome": Words(made["outcome"], OUTCOMES),
        "look_id": Named("l", made["look"], 64),
        "case_id": Named("c", made["case"], 48),
        "kind": Words(made["kind"], APPROVAL_KINDS),
    }


def _changes(where: Division, book: Book) -> Mapping[str, Cells]:
    made = sorted(book.edits, key=lambda edit: (edit.t, edit.code))
    return {
        "change_id": Named("x", np.array([edit.code for edit in made], dtype=np.uint64), 48),
        "time": Times(np.array([edit.t for edit in made], dtype=np.int64)),
        "staff_id": Plain([staff_text(where, edit.who) for edit in made]),
        "object": Plain([edit.object for edit in made]),
        "target": Plain([edit.target for edit in made]),
        "old": Plain([edit.old for edit in made]),
        "new": Plain([edit.new for edit in made]),
    }


def _events(where: Division, book: Book) -> Mapping[str, Cells]:
    codes = event_codes(where.seed, where.number, len(where.events))
    rows: list[tuple[int, int, str, str, str, tuple[int, ...]]] = [
        (e.at, int(codes[e.number]), e.kind, e.stance, e.topic, e.persons) for e in where.events
    ]
    rows = sorted(rows + book.events)
    return {
        "event_id": Named("v", np.array([row[1] for row in rows], dtype=np.uint64), 40),
        "time": Times(np.array([row[0] for row in rows], dtype=np.int64)),
        "kind": Plain([row[2] for row in rows]),
        "persons": Plain([tuple(f"p-{int(where.persons.codes[p]):010x}" for p in row[5]) for row in rows], lists=True),
        "stance": Plain([row[3] for row in rows]),
        "topic": Plain([row[4] for row in rows]),
    }
