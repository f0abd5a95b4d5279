# SPDX-License-Identifier: Apache-2.0
"""What somebody is shown of a request: the one who asked, how it stands; one who may sign, what they need to judge it.

    the one who asked    state, who must sign, until when               nothing about the person, ever
    who may sign         and: who asks, for what, why in their words, what lies between the two, the person as a pseudonym
    who may not          why not, and nothing else

Invariant: a reason is somebody's own word and is labelled so; whoever cannot sign does not read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from whosaw.guard.approvals.ground import Pattern, pattern, why_not
from whosaw.guard.approvals.life import Kept, current, moment
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import State
from whosaw.guard.approvals.use import settle
from whosaw.model.approval import As
from whosaw.policy.independence import Reason

SIGNED_HERE = (As.INDEPENDENT, As.STEWARD, As.LEGAL)


@dataclass(frozen=True, slots=True)
class View:
    """A request as one person sees it. `against`: for each thing that they could sign as, why they cannot.

    `asker`, `reason`, `pattern` are for those who can sign as one thing at least; None for everybody else.
    """

    kept: Kept
    mine: bool
    against: Mapping[As, tuple[Reason, ...]] = field(default_factory=dict)
    asker: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)
    pattern: Pattern | None = None

    @property
    def roles(self) -> tuple[As, ...]:
        """What they can sign it as."""
        return tuple(role for role, reasons in self.against.items() if not reasons)


def view(desk: Desk, kept: Kept, staff: str) -> View:
    """`kept` as this one of the staff may see it."""
    request, who, at = kept.request, desk.people.principal(staff), moment(desk.clock)
    if request.principal == who:
        return View(kept, mine=True)
    roles = SIGNED_HERE if kept.standing.state is State.PENDING else (As.INDEPENDENT,)
    against = {role: why_not(desk, request, who, role, at) for role in roles}
    if all(against.values()) and not kept.standing.gives(who):
        return View(kept, mine=False, against=against)
    return View(
        kept,
        mine=False,
        against=against,
        asker=desk.people.staff(request.principal),
        reason=desk.people.open(request.person, request.at, kept.sealed),
        pattern=pattern(desk, request.principal, who, at),
    )


def views(desk: Desk, staff: str) -> list[View]:
    """Everything that this one of the staff has to do with: what they asked, and what waits for somebody like them."""
    settle(desk)
    who = desk.people.principal(staff)
    found = []
    for row in desk.rows.open():
        made = view(desk, current(desk, row), staff)
        waiting = made.kept.standing.state in (State.PENDING, State.USED) and bool(made.roles)
        if made.mine or made.kept.standing.gives(who) or waiting:
            found.append(made)
    return found
