# SPDX-License-Identifier: Apache-2.0
"""Who has to be told what of a request, by pseudonym: worked out from the event alone, so that it can be made up for.

    asked            those whom it was sent to; overseers, where one of them is needed
    broken           the supervisor and every overseer, at once
    given, approved  the one who asks
    refused, expired, withdrawn, void, used      the one who asks and those who signed
    reviewed         the one who asks, and the supervisor of a broken glass
    overdue          the supervisor and every overseer, when a review was not done in its time

Invariant: the same event makes the same notices, under the same ids. None says whom it is about, or why.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Event, Standing, State, What
from whosaw.model.approval_kept import Notice

OVERDUE = "overdue"


def notices_of(desk: Desk, event: Event, after: Standing) -> list[Notice]:
    """Everybody who has to be told of `event`; not the one whose doing it was."""
    what = str(after.state if event.what is What.GIVEN and after.state is State.APPROVED else event.what)
    whom = sorted({*_concerned(desk, event, after), *event.to} - {event.by})
    return [_notice(f"{after.version}", who, what, after.request.id, event.at) for who in whom]


def overdue(desk: Desk, standing: Standing) -> list[Notice]:
    """That a review was not done in its time; once."""
    request = standing.request
    whom = sorted({*supervisors(desk, request.principal, standing), *_overseers(desk)})
    return [_notice(OVERDUE, who, OVERDUE, request.id, request.until) for who in whom]


def _notice(occasion: str, whom: str, what: str, request: str, at: datetime) -> Notice:
    return Notice(sha256(f"{request}/{occasion}/{whom}".encode()).hexdigest()[:48], whom, what, request, at)


def _concerned(desk: Desk, event: Event, after: Standing) -> Iterable[str]:
    request = after.request
    signed = [grant.by for grant in after.grants]
    match event.what:
        case What.ASKED:
            return _overseers(desk) if request.needs.overseers else ()
        case What.BROKEN:
            return (*supervisors(desk, request.principal, after), *_overseers(desk))
        case What.GIVEN:
            return (request.principal,)
        case What.REVIEWED if request.break_glass:
            return (request.principal, *supervisors(desk, request.principal, after))
        case _:
            return (request.principal, *signed)


def supervisors(desk: Desk, principal: str, standing: Standing) -> tuple[str, ...]:
    """Whom the principal reports to, as known when the request was made."""
    at = standing.request.at
    rows = desk.directory.rows("staff", at)
    mine = [row for row in rows if row["principal"] == principal and row["manager"] is not None]
    return tuple(sorted({str(row["manager"]) for row in mine}))


def _overseers(desk: Desk) -> tuple[str, ...]:
    return tuple(sorted({key.name for key in desk.house.overseers}))
