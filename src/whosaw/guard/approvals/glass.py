# SPDX-License-Identifier: Apache-2.0
"""Breaking the glass: a look that could not wait for an approval, seen at once by others, and reviewed by another unit.

    permitted ──broken──▶ on record, supervisor and overseers told ──▶ the look is recorded, and shown
                              └── due in 24 hours ──review──▶ reviewed       not in time ──▶ its principal breaks no more

Invariant: the record that the glass was broken comes before the look's own. A crash between the two leaves a review that
is owed for a look that nobody saw, which is wrong in the safe direction.
"""

from __future__ import annotations

from base64 import b32encode
from datetime import datetime, timedelta

from whosaw.guard.approvals.answer import Refused
from whosaw.guard.approvals.ground import why_not
from whosaw.guard.approvals.life import Kept, begin, find, happen, moment, refused
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Event, No, Request, State, What
from whosaw.guard.approvals.terms import NOTHING
from whosaw.model.access import Look
from whosaw.model.approval import As, Uses
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import exact_digest
from whosaw.model.record import canonical


def broken(desk: Desk, look: Look, holder: Holder, at: datetime) -> Kept:
    """Put it on record that `look` breaks the glass, and tell. The same look again is the same."""
    principal, person = desk.people.principal(look.principal), desk.people.person(look.person)
    terms = desk.terms.get(look.purpose)
    hours = desk.house.review_h if terms is None else terms.review_h
    due = at + timedelta(hours=hours)
    said = canonical({"domain": "whosaw/approval/glass/v1", "caller": holder.caller, "key": holder.key})
    request = Request(
        id=f"b-{b32encode(desk.people.digest(said)[:10]).decode().lower()}",
        exact=exact_digest(look, principal, person),
        principal=principal,
        person=person,
        asked=tuple(sorted(look.asked)),
        purpose=look.purpose,
        case=look.case,
        mode=look.mode,
        needs=NOTHING,
        at=at,
        answer_by=due,
        until=due,
        uses=Uses.ONCE,
        reason=desk.people.digest(b"approval/reason\0"),
        break_glass=True,
    )
    return begin(desk, request, Event(what=What.BROKEN, at=at, by=principal, look=look.look_id), look.person, "")


def owes_review(desk: Desk, principal: str, at: datetime) -> bool:
    """Whether a glass that this principal broke was not reviewed in its time."""
    return any(
        kept.request.break_glass
        and kept.request.principal == principal
        and kept.standing.state is State.USED
        and at >= kept.request.until
        for kept in map(Kept.of, desk.rows.open())
    )


def review(desk: Desk, request: str, staff: str, *, fine: bool, nonce: str) -> Kept | No | Refused:
    """Look afterwards at what was used, as somebody who is independent of the one who used it."""
    kept, by, at = find(desk, request), desk.people.principal(staff), moment(desk.clock)
    event = Event(what=What.REVIEWED, at=at, by=by, fine=fine)
    done = kept.standing.reviewed
    if done is not None and (done.by, done.fine) == (by, fine):
        return kept
    if kept.standing.state is not State.USED:
        return happen(desk, kept, event)
    if reasons := why_not(desk, kept.request, by, As.INDEPENDENT, at):
        tried = Event(what=What.REVIEWED, at=at, by=by, reasons=tuple(reason.code for reason in reasons))
        recorded = refused(desk, kept, tried, nonce)
        return Refused(reasons, None if recorded is None else recorded.leaves[-1].index)
    return happen(desk, kept, event)
