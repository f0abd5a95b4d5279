# SPDX-License-Identifier: Apache-2.0
"""Everyday edits of controls: lists of classes, roles, persons of cases, now and then retention, a detector, a source.

Invariant: an edit of a list is in the table of persons, too: from then on they are what it says.
"""

from __future__ import annotations

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR
from whosaw.simulate.company.persons import BIT, CLASSES
from whosaw.simulate.draw import one, some
from whosaw.simulate.work.book import Book
from whosaw.simulate.work.hand import Hand

COMPONENT = 910
_OBJECTS = ("class_list", "role_grant", "case_person", "retention", "detector", "template", "log_source")
_HOW_OFTEN = (0.34, 0.4, 0.12, 0.04, 0.03, 0.03, 0.04)
ROLES = ("viewer", "agent", "senior", "exporter", "steward")


def person_text(where: Division, person: int) -> str:
    """The identifier of a person, as the tables have it."""
    return f"p-{int(where.persons.codes[person]):010x}"


def staff_text(where: Division, who: int) -> str:
    """The identifier of one of the staff."""
    return f"e-{int(where.staff.codes[who]):07x}"


def classes_text(bits: int) -> str | None:
    """A list of classes in one cell."""
    return "|".join(name for name in CLASSES if bits & BIT[name]) or None


def edits(where: Division, book: Book) -> None:
    """The edits of the whole period."""
    draw = where.draws("edits")
    a_month = where.settings.rate("rates", "edits") * len(where.staff) / 1000
    count = int(draw.poisson(a_month * where.period.days / 30))
    hand = Hand(where, book, COMPONENT, draw)
    for kind in draw.choice(len(_OBJECTS), size=count, p=_HOW_OFTEN):
        name = _OBJECTS[int(kind)]
        able = (
            where.staff.of("admin", "security")
            if name in ("class_list", "role_grant")
            else where.staff.of("engineering", "data")
        )
        who = one(able, draw)
        t = hand.moment(who, 0, where.period.days - 1)
        if name == "class_list":
            _list(where, book, hand, who, t)
        elif name == "role_grant":
            _role(where, hand, who, t)
        elif name == "case_person":
            _person(where, book, hand)
        else:
            old, new = (str(int(draw.integers(30, 400))) for _ in range(2))
            hand.edit(who, t, name, f"{name}-{int(draw.integers(9)) + 1}", old, new)
    for person, (day, _) in sorted(where.persons.later.items()):
        who = one(where.staff.of("admin"), draw)
        t = where.period.begin + day * DAY + int(draw.integers(8 * HOUR, 18 * HOUR))
        bits = int(where.persons.classes[person])
        hand.edit(who, t, "class_list", person_text(where, person), None, classes_text(bits))
        book.classes.append((person, t, bits))


def _list(where: Division, book: Book, hand: Hand, who: int, t: int) -> None:
    """Somebody comes on a list, or leaves it."""
    having = np.flatnonzero(where.persons.classes)
    taken_off = hand.draw.random() < 0.35 and len(having) > 0
    person = int(one(having, hand.draw)) if taken_off else int(hand.draw.integers(len(where.persons)))
    if person in where.persons.later or any(person == p for p, _, _ in book.classes):
        return
    old = int(where.persons.classes[person])
    new = old & BIT["staff"] if taken_off else old | BIT[one(("press", "critic", "litigant", "union"), hand.draw)]
    hand.edit(who, t, "class_list", person_text(where, person), classes_text(old), classes_text(new))
    book.classes.append((person, t, new))


def _role(where: Division, hand: Hand, who: int, t: int) -> None:
    """A role is granted; many are taken back, most after weeks, some on the same day."""
    to, role = int(hand.draw.integers(len(where.staff))), one(ROLES, hand.draw)
    hand.edit(who, t, "role_grant", staff_text(where, to), None, role)
    if hand.draw.random() < 0.4:
        back = t + int(hand.draw.exponential(20) * DAY) + HOUR
        if back < where.period.end:
            hand.edit(who, back, "role_grant", staff_text(where, to), role, None)


def _person(where: Division, book: Book, hand: Hand) -> None:
    """Somebody is added to a case: a row of the case that was there before."""
    machines = where.staff.codes[list(where.staff.machines.values())]
    there = [part[~np.isin(part["added_by"], machines)] for part in some(book.named, 4, hand.draw)]
    there = [part for part in there if len(part)]
    if not there:
        return
    row = one(one(there, hand.draw), hand.draw)
    by = np.flatnonzero(where.staff.codes == row["added_by"])
    who = int(by[0]) if len(by) else 0
    hand.edit(who, int(row["added"]), "case_person", f"c-{int(row['case']):012x}", None, f"p-{int(row['person']):010x}")
