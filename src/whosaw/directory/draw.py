# SPDX-License-Identifier: Apache-2.0
"""A sample of finished cases, drawn here and not by whoever looks: the case that quality sampling stands on.

    cases closed in the last 30 days, not handled by the one who checks ──seed──▶ so many of them ──▶ one case of type
                                                                        quality_sample, which names their persons

Who checks how well others work chooses nothing: neither the cases nor, by asking again, better ones; each draw is on record
before it counts, and whoever orders one may not look under it, for they opened it.

Invariant: only this writes cases of the source `whosaw`; no table and no ticket can say that it was drawn.
                                                                                        Decided in: docs/adr/0089
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from whosaw.directory.change import DRAWN, Office, Said, bring
from whosaw.directory.content import Cells, rows_of
from whosaw.directory.tables import CASE_PERSONS, CASES, FOR_EVER, instant, micros
from whosaw.directory.transaction import reading
from whosaw.errors import BadInput

TYPE = "quality_sample"
MOST = 40
_DAYS, _LASTS = timedelta(days=30), timedelta(days=7)
_DIGEST = "sha256"


@dataclass(frozen=True, slots=True)
class Sample:
    """`case`: what a look gives as its case. `cases`: those that were drawn, to be opened where they are kept."""

    case: str
    cases: tuple[str, ...] = field(repr=False)
    persons: int


def draw(checker: str, by: str, count: int, *, office: Office, random: Callable[[int], bytes]) -> Sample:
    """Draw `count` cases for `checker` to look at, ordered by `by`; both pseudonyms. Raises BadInput where there are none.

    It is open for a week.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"1 to {MOST} cases", where="--cases")
    if checker == by:
        raise BadInput("whoever checks does not draw", where="--by", hint="somebody else orders the sample")
    now = micros(office.clock())
    with reading(office.engine) as db:
        closed = select(CASES.c.case_id, CASES.c.assignee).where(
            CASES.c.known_to == FOR_EVER,
            CASES.c.source != DRAWN,
            CASES.c.closed <= now,
            CASES.c.closed > micros(instant(now) - _DAYS),
        )
        ids = sorted(row.case_id for row in db.execute(closed) if row.assignee != checker)
        seed = random(32)
        # By a keyed order: every case is as likely as every other, and a seed that nobody chose says which.
        drawn = sorted(sorted(ids, key=lambda each: hmac.digest(seed, each.encode(), _DIGEST))[:count])
        persons = {
            person
            for case in drawn
            for person in db.scalars(
                select(CASE_PERSONS.c.person).where(CASE_PERSONS.c.case_id == case, CASE_PERSONS.c.known_to == FOR_EVER)
            )
        }
    if not persons:
        raise BadInput("no case that names somebody was closed in the last 30 days", where="cases")
    case = f"sample-{instant(now):%Y%m%d}-{random(6).hex()}"
    bring(_said(case, checker, by, persons, now), source=DRAWN, office=office)
    return Sample(case, tuple(drawn), len(persons))


def _said(case: str, checker: str, by: str, persons: set[str], now: int) -> list[Said]:
    row: Cells = {
        "case_id": case, "type": TYPE, "opened": now, "closed": micros(instant(now) + _LASTS), "assignee": checker,
        "requester": None, "approver": None, "status": None, "opened_by": by, "queue": None,
    }  # fmt: skip
    named: list[dict[str, Any]] = [
        {"case_id": case, "person": person, "added": now, "added_by": by, "fields": None} for person in sorted(persons)
    ]
    about = {"case_id": case}
    return [Said("cases", about, rows_of([row])), Said("case_persons", about, rows_of(named))]
