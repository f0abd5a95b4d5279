# SPDX-License-Identifier: Apache-2.0
"""The folder that the directory is loaded from, as it stood at one instant.

    Company, instant ──▶ staff.csv  persons.csv  cases.csv  case_persons.csv  assignments.csv

Invariant: nothing that happened after the instant is in it: a case opened later is not there, and one closed later is
open. The same instant gives the same bytes.                                        Format: whosaw-dataset/1
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path

from whosaw.model.record import time_text
from whosaw.simulate.summer.cases import Case
from whosaw.simulate.summer.company import Company
from whosaw.simulate.summer.staff import FRAUD, SECURITY, SUPPORT

_QUEUES = (*SUPPORT, FRAUD, SECURITY)


def tables(company: Company, cases_as_of: datetime) -> Mapping[str, str]:
    """The CSV text of each table, by its name: `staff`, `persons`, `cases`, `case_persons`, `assignments`."""
    known = [case for case in company.cases if case.opened <= cases_as_of]
    return {
        "staff": _staff(company),
        "persons": _persons(company),
        "cases": _cases(known, cases_as_of),
        "case_persons": _case_persons(known),
        "assignments": _assignments(company),
    }


def write(folder: Path, tables: Mapping[str, str]) -> None:
    """One file per table in `folder`, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def _staff(company: Company) -> str:
    columns = "staff_id unit function role manager employer country valid_from own_person"
    rows = [
        (
            each.staff_id, each.unit, each.function, each.role, each.manager, company.name, each.country,
            time_text(each.since), each.own_person,
        )
        for each in company.staff
    ]  # fmt: skip
    return _csv(columns, rows)


def _persons(company: Company) -> str:
    rows = [(each.person, each.region, "|".join(each.classes), each.household) for each in company.persons]
    return _csv("person region classes household", rows)


def _cases(known: Iterable[Case], at: datetime) -> str:
    columns = "case_id type opened closed assignee requester approver status opened_by queue"
    rows = [
        (
            each.case_id, each.type, time_text(each.opened), time_text(each.closed) if each.closed <= at else None,
            each.assignee, each.requester, each.approver, "closed" if each.closed <= at else "open",
            each.opened_by, each.queue,
        )
        for each in known
    ]  # fmt: skip
    return _csv(columns, rows)


def _case_persons(known: Iterable[Case]) -> str:
    rows = [(each.case_id, name, time_text(each.opened), each.opened_by) for each in known for name in each.persons]
    return _csv("case_id person added added_by", rows)


def _assignments(company: Company) -> str:
    # The audit department has no queue here: a queue of one's own unit would be one more reason written by oneself.
    rows = [
        (each.staff_id, "queue", each.unit, time_text(each.since)) for each in company.staff if each.unit in _QUEUES
    ]
    return _csv("staff_id scope_kind scope from", rows)


def _csv(columns: str, rows: Iterable[tuple[str | None, ...]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns.split())
    writer.writerows(rows)
    return out.getvalue()
