# SPDX-License-Identifier: Apache-2.0
"""The cases of the summer: why the honest look, and the one case that the audit department opened for itself.

    a person asks ──portal──▶ support          a colleague of another unit reports ──▶ fraud, security

Invariant: whoever works on an honest case neither opened it nor sits in the unit of the one who did. Only
`AUDIT_CASE` was opened inside the unit that uses it, and so is a reason for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from random import Random

from whosaw.simulate.summer.articles import articles
from whosaw.simulate.summer.days import LENGTH, clock, instant, working_days
from whosaw.simulate.summer.persons import JOURNALISTS, Person
from whosaw.simulate.summer.staff import AUDIT, FRAUD, PORTAL, SECURITY, SUPPORT, Colleague

AUDIT_CASE = "c-900"
# Nobody looks before: until then the newest addresses of some are not taken in.
FIRST_LOOK_DAY = 3

_SUPPORTED, _FRAUDS, _LAST_OPENED = 84, 48, 61
_SUPPORT_TYPES = ("subject_request", "support_request", "support_request", "account_recovery")
_FRAUD_TYPES = ("fraud_report", "account_takeover", "chargeback", "fraud_review")


@dataclass(frozen=True, slots=True)
class Case:
    """A case in the hands of `assignee`, or of the whole unit `queue`. `work`: the days on which it is worked on.

    Everybody whom it names, it names from the beginning; `opened_by` named them.
    """

    case_id: str
    type: str
    opened: datetime
    closed: datetime
    opened_by: str = field(repr=False)
    persons: tuple[str, ...] = field(repr=False)
    work: tuple[int, ...] = ()
    assignee: str | None = field(default=None, repr=False)
    queue: str | None = None
    requester: str | None = field(default=None, repr=False)
    approver: str | None = field(default=None, repr=False)


def cases(start: date, staff: Sequence[Colleague], persons: Sequence[Person], random: Random) -> tuple[Case, ...]:
    """All cases in the order in which they were opened."""
    ordinary = [each for each in persons if not each.classes]
    press = [each for each in persons if each.person in JOURNALISTS]
    own = [each for each in persons if "staff" in each.classes]
    drawn = [_support(start, staff, random.choice(ordinary), random) for _ in range(_SUPPORTED)]
    # Journalists are customers too. These are the honest twins of what the audit department does.
    drawn += [_support(start, staff, each, random) for each in press]
    drawn += [_fraud(start, staff, random.choice(ordinary), random) for _ in range(_FRAUDS)]
    drawn += [_inquiry(start, staff, each, random) for each in own[:2]]
    drawn.sort(key=lambda case: (case.opened, case.persons))
    numbered = [replace(case, case_id=f"c-{100 + number}") for number, case in enumerate(drawn, start=1)]
    audit = _audit(start, staff, [*(each.person for each in press), *(each.person for each in own)])
    return tuple(sorted([*numbered, audit], key=lambda case: (case.opened, case.case_id)))


def _support(start: date, staff: Sequence[Colleague], person: Person, random: Random) -> Case:
    """The person asked, through the portal; it lies with the support of their country."""
    unit = SUPPORT[0] if person.region == "IE" else SUPPORT[1]
    made = _case(start, person, PORTAL, unit, random)
    return _given(replace(made, type=random.choice(_SUPPORT_TYPES), requester=person.person), _of(staff, unit), random)


def _fraud(start: date, staff: Sequence[Colleague], person: Person, random: Random) -> Case:
    """Reported by the person through the portal, or by support when something looked wrong."""
    reporter = random.choice(_of(staff, *SUPPORT)).staff_id
    by, requester = random.choice([(PORTAL, person.person), (reporter, None)])
    made = _case(start, person, by, FRAUD, random)
    hands = [each for each in _of(staff, FRAUD) if each.country == person.region]
    return _given(replace(made, type=random.choice(_FRAUD_TYPES), requester=requester), hands, random)


def _inquiry(start: date, staff: Sequence[Colleague], person: Person, random: Random) -> Case:
    """An honest inquiry into the work of one of the staff: the head of people opens it, security works on it."""
    head = next(each for each in _of(staff, "people") if each.role == "head of people")
    hands = [each for each in _of(staff, SECURITY) if each.country == person.region]
    made = _case(start, person, head.staff_id, SECURITY, random)
    return replace(made, type="internal_inquiry", assignee=random.choice(hands).staff_id, queue=None)


def _case(start: date, person: Person, opened_by: str, queue: str, random: Random) -> Case:
    """Opened on some day, worked on in the days after, closed when that is done; still without number and type."""
    day = random.randint(0, _LAST_OPENED)
    # The directory learns of a case in the morning after it was opened; until then no look under it is permitted.
    free = working_days(start, max(day + 1, FIRST_LOOK_DAY), day + 6)
    work = tuple(sorted(random.choice(free) for _ in range(random.choice((1, 2, 2, 3, 3)))))
    return Case(
        case_id="",
        type="",
        opened=instant(start, day, random.randint(clock(7), clock(20))),
        closed=instant(start, work[-1] + random.randint(0, 2), random.randint(clock(22, 15), clock(23, 30))),
        opened_by=opened_by,
        persons=(person.person,),
        work=work,
        queue=queue,
    )


def _given(case: Case, hands: Sequence[Colleague], random: Random) -> Case:
    """Three of four go to one of `hands`; the rest stay in the queue, for all of them."""
    return case if random.random() < 0.25 else replace(case, assignee=random.choice(hands).staff_id, queue=None)


def _audit(start: date, staff: Sequence[Colleague], names: Sequence[str]) -> Case:
    """Opened by one of the four on the morning after the first article, asked for and approved by their director."""
    opener = next(each for each in _of(staff, AUDIT) if each.role == "senior auditor")
    published = (articles(start)[0].at.date() - start).days
    morning = working_days(start, published + 1, published + 4)[0]
    return Case(
        case_id=AUDIT_CASE,
        type="internal_inquiry",
        opened=instant(start, morning, clock(8, 40)),
        closed=instant(start, LENGTH + 30),
        opened_by=opener.staff_id,
        persons=tuple(names),
        queue=AUDIT,
        requester=opener.manager,
        approver=opener.manager,
    )


def _of(staff: Sequence[Colleague], *units: str) -> list[Colleague]:
    return [each for each in staff if each.unit in units]
