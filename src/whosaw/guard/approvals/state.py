# SPDX-License-Identifier: Apache-2.0
"""The life of one request for an approval, as a pure function over values: what happened in, the next state out.

    draft ──asked──▶ pending ──given, by all groups──▶ approved ──used──▶ used ──reviewed──▶ reviewed
      │                 ├── refused    ── an approver says no, or takes back what they gave, before it is used
      │                 ├── expired    ── nobody answered in time, or nobody used it in time
      │                 └── withdrawn  ── by the one who asked; or one of those concerned has left or was suspended
      └──broken──▶ used                   the glass was broken: no approval, but a review that is owed

Invariant: nothing leads back. What is over stays over: an approval that was used once is never approved again, and a
request that has run out has no way on. The time is the event's; no event that comes too late counts.
                                                                        Specification: docs/spec/approval.md
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from whosaw.model.access import Asked, Mode
from whosaw.model.approval import As, Counts, Proof, Uses, counted_as


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    USED = "used"
    REVIEWED = "reviewed"


class What(StrEnum):
    """What can happen to a request."""

    ASKED = "asked"
    BROKEN = "broken"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    EXPIRED = "expired"
    USED = "used"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for. It never changes.

    `exact`: digest of exactly this look. `needs`: who must sign. `answer_by`, `until`: excluded ends of the time to
    answer and of the time to use. `reason`: keyed digest of what the one who asks wrote; the text is sealed elsewhere.
    """

    id: str
    exact: bytes = field(repr=False)
    principal: str = field(repr=False)
    person: str = field(repr=False)
    asked: tuple[Asked, ...]
    purpose: str
    case: str | None
    mode: Mode
    needs: Counts
    at: datetime
    answer_by: datetime
    until: datetime
    uses: Uses
    reason: bytes = field(repr=False)
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One signature that was taken."""

    by: str = field(repr=False)
    role: As
    at: datetime
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens to a request. `by`: whoever does it, or GATE. `fine`: what a review found.

    `to`: who is to be told of it besides those whom it concerns.
    """

    what: What
    at: datetime
    by: str = field(repr=False)
    role: As | None = None
    proof: Proof | None = None
    look: str | None = None
    fine: bool | None = None
    reasons: tuple[str, ...] = ()
    to: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """A request and what became of it. `version`: how many events it has seen."""

    request: Request
    state: State = State.DRAFT
    grants: tuple[Grant, ...] = ()
    version: int = 0
    closed: Event | None = None
    used: str | None = None
    reviewed: Event | None = None

    @property
    def open(self) -> bool:
        """Whether it may still become, or be, of use."""
        return self.state in (State.PENDING, State.APPROVED) or (
            self.state is State.USED and self.request.uses is Uses.WINDOW and not self.request.break_glass
        )

    @property
    def counts(self) -> Counts:
        return counted_as(grant.role for grant in self.grants)

    def due(self, at: datetime) -> What | None:
        """What has come about by the mere passing of time, and is not recorded yet."""
        late = self.state is State.PENDING and at >= min(self.request.answer_by, self.request.until)
        return What.EXPIRED if late or (self.state is State.APPROVED and at >= self.request.until) else None

    def gives(self, by: str) -> bool:
        return any(grant.by == by for grant in self.grants)


@dataclass(frozen=True, slots=True)
class No:
    """It cannot happen. `why`: a plain sentence that names nobody."""

    why: str


GATE = "gate"  # by whom what nobody does is done: what runs out, what is used
OVER = "This request is over."
_BEFORE = {
    What.ASKED: (State.DRAFT,),
    What.BROKEN: (State.DRAFT,),
    What.GIVEN: (State.PENDING,),
    What.REFUSED: (State.PENDING, State.APPROVED),
    What.WITHDRAWN: (State.PENDING, State.APPROVED),
    What.VOID: (State.PENDING, State.APPROVED, State.USED),
    What.EXPIRED: (State.PENDING, State.APPROVED),
    What.USED: (State.APPROVED,),
    What.REVIEWED: (State.USED,),
}
_AFTER = {
    What.ASKED: State.PENDING,
    What.REFUSED: State.REFUSED,
    What.WITHDRAWN: State.WITHDRAWN,
    What.VOID: State.WITHDRAWN,
    What.EXPIRED: State.EXPIRED,
}


def step(now: Standing, event: Event) -> Standing | No:
    """What `event` makes of a request, or why it cannot happen."""
    if now.state not in _BEFORE[event.what]:
        return No(OVER if now.state not in (State.DRAFT, State.PENDING) else "It has not come so far.")
    if (no := _untimely(now, event) or _not_theirs(now, event)) is not None:
        return no
    seen = replace(now, version=now.version + 1)
    match event.what:
        case What.GIVEN:
            return _given(seen, event)
        case What.USED | What.BROKEN:
            return replace(seen, state=State.USED, used=event.look)
        case What.REVIEWED:
            return replace(seen, state=State.REVIEWED, reviewed=event)
        case What.ASKED:
            return replace(seen, state=State.PENDING)
        case _:
            return replace(seen, state=_AFTER[event.what], closed=event)


def _untimely(now: Standing, event: Event) -> No | None:
    if event.what is What.EXPIRED:
        return None if now.due(event.at) is What.EXPIRED else No("Its time is not over.")
    # Whatever else comes too late finds a request that has run out, recorded so or not.
    return No(OVER) if now.due(event.at) is not None else None


def _not_theirs(now: Standing, event: Event) -> No | None:
    request = now.request
    match event.what:
        case What.ASKED | What.BROKEN:
            if request.break_glass is not (event.what is What.BROKEN):
                return No("A glass that is broken asks for nothing.")
            return None if event.by == request.principal else No("Only the one who asks can do that.")
        case What.WITHDRAWN:
            return None if event.by == request.principal else No("Only the one who asks can do that.")
        case What.GIVEN if event.by == request.principal:
            return No("Nobody approves their own request.")
        case What.GIVEN if now.gives(event.by):
            return No("An approver counts once.")
        case What.GIVEN if event.role is None:
            return No("An approver signs as something.")
        case What.REFUSED if event.by == request.principal:
            return No("Whoever asks withdraws.")
        case What.REFUSED if now.state is State.APPROVED and not now.gives(event.by):
            return No("Only one who signed can take an approval back.")
        case What.REVIEWED if event.by == request.principal or now.gives(event.by):
            return No("Nobody reviews what they asked for or approved.")
        case What.VOID if now.state is State.USED and not now.open:
            return No(OVER)
        case _:
            return None


def _given(seen: Standing, event: Event) -> Standing:
    grant = Grant(by=event.by, role=event.role or As.INDEPENDENT, at=event.at, proof=event.proof)
    made = replace(seen, grants=(*seen.grants, grant))
    return replace(made, state=State.APPROVED) if made.counts.reach(made.request.needs) else made
