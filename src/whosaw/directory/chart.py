# SPDX-License-Identifier: Apache-2.0
"""Units and reporting lines over a stretch of time: who is independent of whom is computed over all of it.

    at − 30 days ─────────────────────── at
       support-1  |  moved the day before  |  task-force         both units are theirs here

A unit that was changed the day before a request launders nothing: every unit and every manager that somebody had in the
stretch counts, and so does every one that a source *said* they had, though another source, or a later load, says otherwise.

Invariant: what was not yet known at `at` is not in it, so the same question has the same answer years later.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import BindParameter, Connection, bindparam, select

from whosaw.directory.tables import STAFF
from whosaw.policy.independence import Chart

DAYS = 30
_START: BindParameter[int] = bindparam("start")
_END: BindParameter[int] = bindparam("end")
_ROWS = select(STAFF.c.principal, STAFF.c.unit, STAFF.c.manager).where(
    STAFF.c.known_from <= _END, STAFF.c.known_to > _START, STAFF.c.valid_from <= _END, STAFF.c.valid_to > _START
)


def chart(db: Connection, start: int, end: int) -> Chart:
    """All that was known, and held, at some time from `start` to `end`, both included; microseconds since 1970."""
    units: dict[str, set[str]] = defaultdict(set)
    managers: dict[str, set[str]] = defaultdict(set)
    for principal, unit, manager in db.execute(_ROWS, {"start": start, "end": end}):
        units[principal].add(unit)
        managers[principal] |= set() if manager is None else {manager}
    return Chart(
        {who: frozenset(said) for who, said in units.items()}, {who: frozenset(said) for who, said in managers.items()}
    )
