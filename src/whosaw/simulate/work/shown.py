# SPDX-License-Identifier: Apache-2.0
"""What a queue's looks show: fields step by step, a case number or none, a list with others in it, and who signed for it.

Invariant: whatever a planted look can be, an ordinary one is now and then: a search with others, a look as somebody else
that is reviewed, a look that somebody of one's own line has approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from whosaw.simulate.company.division import Division
from whosaw.simulate.company.period import DAY, HOUR, MINUTE
from whosaw.simulate.draw import NOBODY, Codes, Ints, pick
from whosaw.simulate.work import rows
from whosaw.simulate.work.book import Book
from whosaw.simulate.work.kinds import Kind
from whosaw.simulate.work.pace import place
from whosaw.simulate.work.reasons import Reasons

_SIGNED = ("legal", "security", "audit", "data", "admin", "executive")
_ITSELF = ("support", "engineering", "operations", "security", "audit", "legal", "data", "admin")
_LISTS = 1 << 32  # looks that a list shows beside the first are numbered from here


class Cases(Protocol):
    """Of what a queue knows of its cases, what is needed here."""

    @property
    def kind(self) -> Ints: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def of(self) -> Ints: ...
    @property
    def rank(self) -> Ints: ...
    @property
    def who(self) -> Ints: ...
    @property
    def t(self) -> Ints: ...


def shown(
    where: Division,
    number: int,
    cases: Cases,
    kinds: Sequence[Kind],
    at: Ints,
    why: Reasons,
    book: Book,
    draw: np.random.Generator,
) -> rows.Looks:
    """The looks of the unit of this number, at the persons `at`."""
    function = where.staff.units[number].function
    longest = max(len(kind.steps) for kind in kinds)
    steps = np.array([[*k.steps, *[k.steps[-1]] * (longest - len(k.steps))] for k in kinds])
    kind = cases.kind[cases.of]
    begin = (draw.random(len(cases.kind)) < 0.55).astype(np.int64)  # found without a search
    what = steps[kind, np.minimum(cases.rank + begin[cases.of], longest - 1)]
    itself = (draw.random(len(at)) < (0.006 if function in _ITSELF else 0.0)) & (what[:, 0] == 0)
    more = np.where(draw.random(len(at)) < 0.04, 1 << draw.integers(8, size=len(at)), 0)  # a tool that shows more
    address, country = place(where, cases.who, draw)
    columns: dict[str, Any] = {
        "t": cases.t, "who": where.staff.codes[cases.who], "person": where.persons.codes[at],
        "case": _said(cases, why, draw), "mode": np.where(itself, 4, what[:, 0]), "fields": what[:, 1] | more,
        "detail": np.where(draw.random(len(at)) < 0.1, 0, what[:, 2]),
        "purpose": np.where(draw.random(len(at)) < 0.03, -1, np.array([k.purpose for k in kinds])[kind]),
        "app": rows.APP_OF[function], "ip": address, "country": country,
    }  # fmt: skip
    looks = rows.made(where.seed, where.number, number, 0, columns, draw)
    _signed(where, number, cases, looks, itself, book)
    return rows.together([looks, _lists(where, number, looks)])


def _said(cases: Cases, why: Reasons, draw: np.random.Generator) -> Codes:
    """The case that each look names: none where there is none, or where it was forgotten; now and then one digit is wrong."""
    count = len(cases.of)
    case = np.where(why.nowhere[cases.of] | (draw.random(count) < why.forgotten), NOBODY, cases.codes[cases.of])
    wrong = (draw.random(count) < why.mistyped) & (case != NOBODY)
    digit = np.uint64(4) * draw.integers(12, size=count).astype(np.uint64)
    return np.where(wrong, case ^ (draw.integers(1, 16, size=count).astype(np.uint64) << digit), case)


def _signed(where: Division, number: int, cases: Cases, looks: rows.Looks, itself: Any, book: Book) -> None:
    """Looks that somebody approved before, and looks as somebody else, which are reviewed; mostly by another unit."""
    draw = where.draws("signed", number)
    unit = where.staff.units[number]
    share = 0.12 if unit.function in _SIGNED else 0.002
    before = np.flatnonzero((draw.random(len(looks)) < share) & ~itself)
    after = np.flatnonzero(itself & (draw.random(len(looks)) < 0.9))
    which = np.concatenate([before, after])
    if not len(which):
        return
    able = np.array(
        [w for w in where.staff.of("legal", "security", "executive", "admin") if where.staff.unit_of(w, 0) != number]
    )
    by = able[draw.integers(len(able), size=len(which))]
    line = np.array([where.staff.manager_of(int(who), 0) for who in np.unique(cases.who)])
    above = line[np.searchsorted(np.unique(cases.who), cases.who[which])]
    by = np.where((draw.random(len(which)) < 0.25) & (above >= 0), above, by)
    review = np.arange(len(which)) >= len(before)
    earlier = -(draw.random(len(which)) * 5 * HOUR).astype(np.int64) - MINUTE
    later = np.minimum(draw.exponential(20 * HOUR, len(which)), 9 * DAY).astype(np.int64) + HOUR
    book.approve(
        number,
        1 << 20,
        {
            "t": looks["t"][which] + np.where(review, later, earlier), "requester": looks["who"][which],
            "approver": where.staff.codes[by], "look": looks["id"][which], "kind": review.astype(np.int64),
            "outcome": draw.choice(3, size=len(which), p=[0.96, 0.025, 0.015]),
        },
    )  # fmt: skip


def _lists(where: Division, number: int, looks: rows.Looks) -> rows.Looks:
    """Now and then a search shows others, too: more rows of the same request, at whoever is called alike."""
    draw = where.draws("lists", number)
    first = np.flatnonzero((looks["mode"] == 1) & (draw.random(len(looks)) < 0.04))
    looks["bulk"][first] = looks["id"][first]
    of_ = np.repeat(first, draw.integers(1, 3, size=len(first)))
    columns = {
        name: looks[name][of_]
        for name in ("t", "who", "case", "mode", "fields", "detail", "purpose", "app", "ip", "country", "bulk")
    }
    columns["person"] = where.persons.codes[pick(where.persons.known, draw, len(of_))]
    made = rows.made(where.seed, where.number, number, _LISTS, columns, draw)
    rows.alike(made, np.arange(len(made)), looks, of_)
    return made
