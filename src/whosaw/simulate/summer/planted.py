# SPDX-License-Identifier: Apache-2.0
"""What the audit department does after each article: first it asks, is refused, and then takes the tool that asks nobody.

    article ──1 to 2 working days──▶ Asks (refused) ──▶ Uses: the author, those around her, suspected staff

Invariant: nobody outside the department ever opened a case for these looks. Everybody on the list is looked at by one
auditor in each country, and no auditor looks at the whole list: each alone is nearly usual, together they are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random

from whosaw.model.access import Asked
from whosaw.simulate.summer.acts import Asks, Publishes, Uses
from whosaw.simulate.summer.articles import articles
from whosaw.simulate.summer.cases import AUDIT_CASE
from whosaw.simulate.summer.company import Company, truth
from whosaw.simulate.summer.days import clock, instant, working_days
from whosaw.simulate.summer.persons import around
from whosaw.simulate.summer.staff import Colleague

APP = "audit-desk"
_EXACT = (Asked.parse("ip:exact"),)


@dataclass(frozen=True, slots=True)
class _Wave:
    """What follows one article: the `days` on which, by whom, at whom. Auditors are in the order of their countries."""

    number: int
    start: date
    days: tuple[int, ...]
    auditors: tuple[Colleague, ...] = field(repr=False)
    persons: tuple[str, ...] = field(repr=False)


def planted(company: Company, random: Random) -> Iterator[Asks | Uses]:
    """The department's looks, in no particular order."""
    for wave in _waves(company):
        yield from _asked(wave, random)
        yield from _used(wave, random)


def _waves(company: Company) -> Iterator[_Wave]:
    known, published = truth(company), articles(company.start)
    auditors = [each for each in company.staff if each.staff_id in known.principals]
    auditors.sort(key=lambda each: (each.country, each.staff_id))
    for number, article in enumerate(published):
        two = tuple(known.suspected[(2 * number + step) % len(known.suspected)] for step in range(2))
        persons = (article.person, *around(article.person), *two)
        if article is published[-1]:
            # The last article quotes three of the staff, and everybody is looked at again.
            persons = known.persons
        yield _Wave(number, company.start, _days_after(company.start, article), tuple(auditors), persons)


def _days_after(start: date, article: Publishes) -> tuple[int, ...]:
    """Five working days, from the second after the article on: the directory knows the case by then."""
    published = (article.at.date() - start).days
    return working_days(start, published + 1, published + 12)[1:6]


def _asked(wave: _Wave, random: Random) -> Iterator[Asks]:
    """A few questions on the first day: the author, somebody near her, one of the staff. Later fewer are asked."""
    persons = (wave.persons[0], wave.persons[1], wave.persons[-1])
    for step, person in enumerate(persons if wave.number == 0 else persons[:2]):
        who = wave.auditors[(wave.number + step) % len(wave.auditors)]
        at = instant(wave.start, wave.days[0], random.randint(*_office_hours(who)))
        look_id = f"l-{random.getrandbits(64):016x}"
        yield Asks(at, who.staff_id, person, _EXACT, "internal_inquiry", AUDIT_CASE, APP, look_id)


def _used(wave: _Wave, random: Random) -> Iterator[Uses]:
    """Everybody by one auditor in each country, on some later day, in the evening."""
    half = len(wave.auditors) // 2
    for place, person in enumerate(wave.persons):
        turn = (place + wave.number) % half
        for who in (wave.auditors[turn], wave.auditors[half + turn]):
            for _ in range(2 if random.random() < 0.2 else 1):
                at = instant(wave.start, random.choice(wave.days[1:]), random.randint(*_evening(who)))
                yield Uses(at, who.staff_id, person, f"{random.getrandbits(128):032x}")


def _office_hours(who: Colleague) -> tuple[int, int]:
    return (clock(8, 30), clock(16)) if who.country == "IE" else (clock(14), clock(21))


def _evening(who: Colleague) -> tuple[int, int]:
    return (clock(16, 30), clock(20)) if who.country == "IE" else (clock(21), clock(23, 50))
