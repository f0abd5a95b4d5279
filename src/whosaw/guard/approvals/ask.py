# SPDX-License-Identifier: Apache-2.0
"""Asking for an approval of exactly one look, and taking the request back.

    look, reason ──▶ exact digest, who must sign, until when ──▶ Request ──begin──▶ pending, on record, told

The one who asks writes a reason. It is shown to those who approve as what it is, the word of the one who asks; it is
sealed under the person's own key, and of it the record holds a keyed digest, so that nobody can exchange it later.
"""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from whosaw.errors import BadInput
from whosaw.guard.approvals.ground import standing
from whosaw.guard.approvals.life import Kept, begin, find, happen, moment
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Event, No, Request, What
from whosaw.model.access import Look
from whosaw.model.approval import Counts, Uses
from whosaw.model.ask import exact_digest
from whosaw.model.record import canonical, time_text

LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request as it is asked for. `look` is what shall be approved; its own id and app do not matter, its key does:
    the same key is the same request. `to`: staff ids of those who shall be told. `window`: to be used more than once.
    """

    look: Look
    reason: str = field(repr=False)
    needs: Counts | None = None
    everything: bool = False
    window: bool = False
    to: tuple[str, ...] = field(default=(), repr=False)


def ask(desk: Desk, asking: Asking) -> Kept:
    """Ask. Raises BadInput for what cannot be asked, and has then recorded nothing."""
    look, reason = asking.look, _reason(asking.reason)
    terms = desk.terms.get(look.purpose)
    if terms is None:
        raise BadInput("no such purpose", where="purpose", hint="docs/reference.md lists the purposes")
    if look.break_glass:
        raise BadInput("a glass that is broken asks for no approval", where="break_glass")
    if asking.window and not terms.window_h:
        raise BadInput("an approval for this purpose is used once", where="window")
    principal, person = desk.people.principal(look.principal), desk.people.person(look.person)
    at = moment(desk.clock)
    if why := standing(desk.directory.known(principal, "", None, at).principal, "requester"):
        raise BadInput(why[0].sentence, where="asker", hint="who asks works here, and is suspended by nobody")
    answer_by = at + timedelta(hours=desk.house.answer_h)
    request = Request(
        id=_id(desk, principal, look.key),
        exact=exact_digest(look, principal, person),
        principal=principal,
        person=person,
        asked=tuple(sorted(look.asked)),
        purpose=look.purpose,
        case=look.case,
        mode=look.mode,
        needs=terms.needed(asking.needs, everything=asking.everything),
        at=at,
        answer_by=answer_by,
        until=until(desk, at, terms.window if asking.window else timedelta()),
        uses=Uses.WINDOW if asking.window else Uses.ONCE,
        reason=desk.people.digest(b"approval/reason\0" + reason.encode()),
    )
    to = tuple(sorted({desk.people.principal(each) for each in asking.to}))
    return begin(desk, request, Event(what=What.ASKED, at=at, by=principal, to=to), look.person, reason)


def until(desk: Desk, at: datetime, window: timedelta) -> datetime:
    """The end of the time to use it: as long after the last possible answer as there was to answer, or the window.

    It is fixed when the request is made, because everybody signs it.
    """
    answer = timedelta(hours=desk.house.answer_h)
    return at + answer + max(answer, window)


def withdraw(desk: Desk, request: str, staff: str) -> Kept | No:
    """Take it back. Only the one who asked can."""
    by = desk.people.principal(staff)
    return happen(desk, find(desk, request), Event(what=What.WITHDRAWN, at=moment(desk.clock), by=by))


def _id(desk: Desk, principal: str, key: str) -> str:
    said = canonical({"domain": "whosaw/approval/id/v1", "key": key, "principal": principal})
    return f"a-{b32encode(desk.people.digest(said)[:10]).decode().lower()}"


def _reason(text: str) -> str:
    stripped = text.strip()
    if not 1 <= len(stripped) <= LONGEST_REASON or not stripped.replace("\n", " ").isprintable():
        raise BadInput(f"a reason of 1 to {LONGEST_REASON} printable characters", where="reason")
    return stripped


def times(request: Request) -> str:
    """When it must be answered and used, for people."""
    return f"to be answered before {time_text(request.answer_by)}, to be used before {time_text(request.until)}"
