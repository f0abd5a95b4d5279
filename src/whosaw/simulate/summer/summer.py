# SPDX-License-Identifier: Apache-2.0
"""Ten weeks at Larkway: who connects, who asks, who goes round the gate, what the newspaper prints.

    directory each morning ─┐
    connections             ├─ sorted, no two at one instant ──▶ (Act, …)
    honest looks from cases │
    articles, and after them┘

Invariant: strictly ordered in time, since the journal refuses a clock that goes back. Every honest look is at the person
of a case, on a day of its work, by somebody in whose hands it lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from whosaw.model.access import Asked
from whosaw.simulate.summer.acts import Act, Asks, Connects, Loads, Uses
from whosaw.simulate.summer.addresses import addresses
from whosaw.simulate.summer.articles import articles
from whosaw.simulate.summer.cases import FIRST_LOOK_DAY, Case
from whosaw.simulate.summer.company import Company, stream
from whosaw.simulate.summer.days import LENGTH, clock, instant
from whosaw.simulate.summer.persons import JOURNALISTS
from whosaw.simulate.summer.planted import planted
from whosaw.simulate.summer.staff import SECURITY, SUPPORT, Colleague

_MORE_CONNECTIONS = 70
_NETWORK, _EXACT = (Asked.parse("ip:network"),), (Asked.parse("ip:exact"),)
_ACTIVITY = (Asked.parse("activity"),)


def summer(company: Company, seed: int) -> tuple[Act, ...]:
    """All that happens, in order, each act at an instant of its own."""
    acts: list[Act] = [*_mornings(company), *articles(company.start)]
    acts += _connections(company, stream(seed, "connections"))
    acts += _honest(company, stream(seed, "looks"))
    acts += planted(company, stream(seed, "planted"))
    return tuple(_apart(sorted(acts, key=lambda act: act.at)))


def _apart(acts: Iterable[Act]) -> Iterator[Act]:
    """The same in the same order; where two fall on one second, the later one waits for the next."""
    last = None
    for act in acts:
        moved = act if last is None or act.at > last else replace(act, at=last + timedelta(seconds=1))
        last = moved.at
        yield moved


def _mornings(company: Company) -> Iterator[Loads]:
    # Every day, not every working day: a directory that nobody confirmed for 24 hours forbids every look.
    for day in range(LENGTH):
        yield Loads(instant(company.start, day, clock(5, 30)))


def _connections(company: Company, random: Random) -> Iterator[Connects]:
    """Everybody in the first days, before anybody is looked at; then some of them again and again."""
    at_home = addresses(company.persons, random)
    names = [each.person for each in company.persons]
    told_of = [each.person for each in company.persons if "press" in each.classes or "staff" in each.classes]
    for person in names:
        yield _connects(company, person, at_home[person][0], random.randrange(FIRST_LOOK_DAY), random)
    for _ in range(_MORE_CONNECTIONS):
        person = random.choice(told_of if random.random() < 0.3 else names)
        yield _connects(
            company, person, random.choice(at_home[person]), random.randrange(FIRST_LOOK_DAY, LENGTH), random
        )


def _connects(company: Company, person: str, address: str, day: int, random: Random) -> Connects:
    at = instant(company.start, day, random.randint(clock(6), clock(23)))
    return Connects(at, person, address, proxied=random.random() < 0.5)


def _honest(company: Company, random: Random) -> Iterator[Asks | Uses]:
    for case in company.cases:
        hands = _hands(company, case)
        for step, day in enumerate(case.work):
            who = random.choice(hands)
            at = instant(company.start, day, random.randint(*_hours(who)))
            # A part of the work is still done in the old tool: that is how there comes to be one. The gate would
            # refuse a journalist's own request too, as long as there are no approvals.
            old_way = who.unit in SUPPORT and (case.persons[0] in JOURNALISTS or (step > 0 and random.random() < 0.25))
            number = random.getrandbits(128)
            if old_way:
                yield Uses(at, who.staff_id, case.persons[0], f"{number:032x}")
            else:
                yield _asks(at, who, case, step, f"l-{number >> 64:016x}")


def _asks(at: datetime, who: Colleague, case: Case, step: int, look_id: str) -> Asks:
    """What the purpose needs and no more; fraud begins with the network and goes on to the address."""
    if who.unit in SUPPORT:
        purpose, asked, app = "subject_request", _NETWORK, "support-desk"
    elif who.unit == SECURITY:
        purpose, asked, app = "internal_inquiry", _ACTIVITY, "security-desk"
    else:
        purpose, asked, app = "fraud_review", _EXACT if step else _NETWORK, "fraud-desk"
    return Asks(at, who.staff_id, case.persons[0], asked, purpose, case.case_id, app, look_id)


def _hours(who: Colleague) -> tuple[int, int]:
    """Office hours of their country, in UTC."""
    return (clock(8), clock(16)) if who.country == "IE" else (clock(13, 30), clock(21))


def _hands(company: Company, case: Case) -> list[Colleague]:
    """Those who may work on the case: its assignee, else everybody of its unit in the person's country."""
    region = next(each.region for each in company.persons if each.person == case.persons[0])
    return [
        each
        for each in company.staff
        if each.staff_id == case.assignee
        or (case.assignee is None and each.unit == case.queue and each.country == region)
    ]
