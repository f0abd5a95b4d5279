# SPDX-License-Identifier: Apache-2.0
"""How believable a company came out: the figures by which anybody can tell whether its logs are like real ones.

    explained: a case names the person, and lies with the one who looks, with their queue or with their unit

It is counted here in the simplest way there is, by codes and without times, and knows nothing of how it was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whosaw.simulate.company.division import Division
from whosaw.simulate.draw import NOBODY, Codes
from whosaw.simulate.work import rows
from whosaw.simulate.work.book import CASE, NAMED, Book


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one division; those of a company are their sums, apart from the quantiles, which are of the first."""

    looks: int
    narrow: int
    explained: int
    first: int
    first_explained: int
    repeats: int
    off_hours: int
    circle: int
    cases: int
    per_principal: tuple[int, int, int]
    per_person: tuple[int, int, int]


def figures(where: Division, looks: rows.Looks, book: Book) -> Figures:
    """The figures of one division's looks, planted ones included."""
    people = np.isin(looks["who"], where.staff.codes[list(where.staff.machines.values())], invert=True)
    narrow = looks[people & (looks["person"] != NOBODY) & (looks["bulk"] == NOBODY)]
    narrow = narrow[np.argsort(narrow["t"], kind="stable")]
    reason = _explained(where, narrow, book)
    pair = narrow["who"] ^ (narrow["person"] << np.uint64(24))
    first = np.zeros(len(narrow), dtype=bool)
    first[np.unique(pair, return_index=True)[1]] = True
    hour = (narrow["t"] // 3_600_000) % 24
    order = np.argsort(where.staff.codes)
    who = order[np.searchsorted(where.staff.codes[order], narrow["who"])]
    since = (hour - where.staff.hours[who] // 60) % 24
    return Figures(
        looks=len(looks),
        narrow=len(narrow),
        explained=int(reason.sum()),
        first=int(first.sum()),
        first_explained=int((reason & first).sum()),
        repeats=int((~first).sum()),
        off_hours=int((since > 8).sum()),
        circle=_circles(where, book),
        cases=sum(len(part) for part in book.cases),
        per_principal=_spread(narrow["who"]),
        per_person=_spread(narrow["person"]),
    )


def _spread(codes: Codes) -> tuple[int, int, int]:
    """Median, ninety-ninth of a hundred, largest."""
    if not len(codes):
        return (0, 0, 0)
    count = np.unique(codes, return_counts=True)[1]
    return (int(np.median(count)), int(np.quantile(count, 0.99)), int(count.max()))


def _explained(where: Division, looks: rows.Looks, book: Book) -> NDArray[np.bool_]:
    cases = np.concatenate([np.zeros(0, dtype=CASE), *book.cases])
    named = np.concatenate([np.zeros(0, dtype=NAMED), *book.named])
    cases = cases[np.argsort(cases["id"])]
    if not len(cases):
        return np.zeros(len(looks), dtype=bool)
    of_ = np.minimum(np.searchsorted(cases["id"], named["case"]), len(cases) - 1)
    unit = {int(where.staff.codes[spell.who]): spell.unit for spell in where.staff.spells}
    of_person = np.array([unit.get(int(code), -2) for code in np.unique(cases["assignee"])])
    lies_with = of_person[np.searchsorted(np.unique(cases["assignee"]), cases["assignee"])]
    lies = np.where(cases["queue"] >= 0, cases["queue"], lies_with)[of_]
    whose, at = np.unique(looks["who"], return_inverse=True)
    mine = (
        np.array([unit.get(int(code), -1) for code in whose])[at.reshape(-1)]
        if len(whose)
        else np.zeros(0, dtype=np.int64)
    )
    by_unit = _keys(mine, looks["person"]), _keys(lies, named["person"])
    by_self = (
        looks["who"] ^ (looks["person"] << np.uint64(24)),
        cases["assignee"][of_] ^ (named["person"] << np.uint64(24)),
    )
    return np.isin(*by_unit) | np.isin(*by_self)


def _keys(unit: NDArray[np.int64], person: Codes) -> Codes:
    return (unit.astype(np.uint64) & np.uint64(0xFFFF)) ^ (person << np.uint64(20))


def _circles(where: Division, book: Book) -> int:
    """Pairs of persons in one case who are tied to each other: how far cases follow circles."""
    named = np.concatenate([np.zeros(0, dtype=NAMED), *book.named])
    order = np.argsort(where.persons.codes)
    person = order[np.minimum(np.searchsorted(where.persons.codes[order], named["person"]), len(order) - 1)]
    by_case = np.argsort(named["case"], kind="stable")
    case, person = named["case"][by_case], person[by_case]
    same = case[1:] == case[:-1]
    a, b = person[:-1][same], person[1:][same]
    count = len(where.persons)
    there = np.concatenate([where.ties.a * count + where.ties.b, where.ties.b * count + where.ties.a])
    return int(np.isin(a * count + b, there).sum())


def together(parts: Sequence[Figures]) -> Figures:
    """Those of the company."""
    names = ("looks", "narrow", "explained", "first", "first_explained", "repeats", "off_hours", "circle", "cases")
    return Figures(
        **{name: sum(getattr(part, name) for part in parts) for name in names},
        per_principal=parts[0].per_principal,
        per_person=parts[0].per_person,
    )
