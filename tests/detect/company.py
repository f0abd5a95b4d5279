# SPDX-License-Identifier: Apache-2.0
"""A company of forty, invented: support, fraud and the others with their cases, and an internal audit of four."""

import random
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.facts.made import SEAL, Ledger, at, look

from whosaw.facts.columns import micros
from whosaw.facts.opened import Facts, open_facts
from whosaw.facts.ports import AssignmentRow, CasePersonRow, CaseRow, PersonRow, StaffRow, Tables
from whosaw.facts.project import project
from whosaw.model.access import Field

DAYS = 84
AS_OF = micros(at(DAYS))
AUDITORS = ("e-0036", "e-0037", "e-0038", "e-0039")
# unit, function, country, how many
UNITS = (
    ("support-ie", "support", "IE", 12),
    ("support-us", "support", "US", 10),
    ("fraud-ie", "fraud", "IE", 6),
    ("legal-us", "legal", "US", 2),
    ("security-ie", "security", "IE", 2),
    ("data-us", "data", "US", 4),
    ("audit-ie", "audit", "IE", 2),
    ("audit-us", "audit", "US", 2),
)
WORKING = ("support", "fraud", "legal", "security")


@dataclass
class Company:
    """Rows of a directory and looks to be put into a journal. `planted`: the looks of the auditors without a reason."""

    tables: Tables
    looks: list = field(default_factory=list)
    planted: frozenset[str] = frozenset()


def staff() -> tuple[StaffRow, ...]:
    rows = []
    for unit, function, country, number in UNITS:
        for _ in range(number):
            who = f"e-{len(rows):04d}"
            rows.append(StaffRow(who=who, unit=unit, function=function, country=country, manager=f"e-m-{function}"))
    return tuple(rows)


def company(seed: int, *, slips: float = 0.03, planted: bool = True, auditing: bool = True) -> Company:
    """Twelve weeks of it. `slips`: share of looks whose case nobody linked. `auditing`: auditors work on cases too."""
    draw = random.Random(seed)
    people = staff()
    persons = [f"p-{i:04d}" for i in range(600)]
    protected = frozenset(draw.sample(persons[50:], 18))
    busy = [s for s in people if s.function in WORKING]
    cases, named, looks = [], [], []
    for number in range(700):
        person = draw.choice(persons)
        member = draw.choice(busy)
        opened = draw.uniform(0, DAYS - 3)
        colleague = draw.choice([s for s in people if s.unit != member.unit])
        case = f"c-{number:05d}"
        cases.append(
            CaseRow(
                case=case, type=f"{member.function}_review", opened=micros(at(opened)), closed=micros(at(opened + 6)),
                assignee=member.who, opened_by=colleague.who, requester=person,
            )
        )  # fmt: skip
        if draw.random() >= slips:
            named.append(CasePersonRow(case=case, person=person, added=micros(at(opened)), added_by=colleague.who))
        else:
            cases[-1] = CaseRow(
                case=case, type="unlinked", opened=micros(at(opened)), assignee=member.who, opened_by=colleague.who
            )
        looks += [_asked(member.who, person, opened + draw.uniform(0.1, 5), case) for _ in range(draw.randint(1, 4))]
    if auditing:
        looks += _audits(draw, persons, cases, named)
    looks = [args for args in looks if args[2] < at(DAYS)]
    made = [look(i, *args[:3], **args[3]) for i, args in enumerate(sorted(looks, key=lambda a: (a[2], a[0], a[1])))]
    snooped = _snoop(draw, persons, protected) if planted else []
    company_ = Company(
        Tables(
            staff_rows=people,
            person_rows=tuple(PersonRow(person=p, region="DE", protected=p in protected) for p in persons),
            case_rows=tuple(cases),
            case_person_rows=tuple(named),
            assignment_rows=(AssignmentRow(who="e-0000", scope_kind="queue", scope="q-none"),),
        ),
        made + snooped,
        frozenset(body.look for body in snooped),
    )
    company_.looks.sort(key=lambda body: (body.at, body.look))
    return company_


def _asked(who, person, day, case):
    return who, person, at(day), {"case": case, "purpose": "subject_request"}


def _audits(draw, persons, cases, named):
    looks = []
    for who in AUDITORS:
        for number in range(3):
            case, person, opened = f"c-{who}-{number}", draw.choice(persons), draw.uniform(0, DAYS - 6)
            cases.append(
                CaseRow(case=case, type="internal_inquiry", opened=micros(at(opened)), assignee=who, opened_by="e-0031")
            )
            named.append(CasePersonRow(case=case, person=person, added=micros(at(opened)), added_by="e-0031"))
            looks.append(_asked(who, person, opened + 1, case))
    return looks


def _snoop(draw, persons, protected):
    """Eleven persons, four of them protected, over ten weeks, seen in the log of a tool that asks nobody."""
    chosen = draw.sample(sorted(protected), 4) + draw.sample(sorted(set(persons) - protected), 7)
    looks = []
    for number, person in enumerate(chosen):
        for who in [*draw.sample(AUDITORS, draw.randint(1, 3)), AUDITORS[number % 4]]:
            refused = draw.random() < 0.1
            looks.append(
                look(
                    90_000 + len(looks), who, person, at(12 + draw.uniform(0, 70)), origin="observed", source="admin-log",
                    decision="refuse" if refused else None, asked=((Field.IP, "-"),),
                )
            )  # fmt: skip
    return looks


@contextmanager
def opened(folder, looks: Iterable, tables: Tables):
    """The facts of these looks and of this directory."""
    ledger = Ledger([body.encode() for body in looks])
    project(ledger, tables, folder, size=len(ledger), checkpoint=b"a signed checkpoint", seal=SEAL, at=AS_OF)
    with open_facts(folder, SEAL) as facts:
        yield facts


__all__ = ["AS_OF", "AUDITORS", "Company", "Facts", "company", "opened"]
