# SPDX-License-Identifier: Apache-2.0
"""What somebody is shown of a request: the one who asked, how it stands; one who may sign, what they need to judge it.

    the one who asked    state, who must sign, until when               nothing about the person, ever
    who may sign         and: who asks, of which unit and function, for what, why in their words, what lies between the two, the person as a pseudonym
    who may not          why not, and nothing else

Invariant: a reason is somebody's own word and is labelled so; whoever cannot sign does not read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.guard.approvals.ground import why_not
from whosaw.guard.approvals.life import Kept, current, moment
from whosaw.guard.approvals.pattern import Pattern, pattern
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import State
from whosaw.guard.approvals.use import settle
from whosaw.model.approval import GROUPS, As, Counts
from whosaw.policy.independence import Reason

SIGNED_HERE = (As.INDEPENDENT, As.STEWARD, As.LEGAL)


@dataclass(frozen=True, slots=True)
class View:
    """A request as one person sees it. `against`: for each thing that they could sign as, why they cannot.

    `asker`, `of` (their functions and units), `reason`, `pattern` are for those who can sign as one thing at least, or have;
    None for everybody else. `gave`: they have.
    """

    kept: Kept
    mine: bool
    against: Mapping[As, tuple[Reason, ...]] = field(default_factory=dict)
    asker: str | None = field(default=None, repr=False)
    of: tuple[str, ...] = ()
    reason: str | None = field(default=None, repr=False)
    pattern: Pattern | None = None
    gave: bool = False

    @property
    def roles(self) -> tuple[As, ...]:
        """What they can sign it as."""
        return tuple(role for role, reasons in self.against.items() if not reasons)

    @property
    def lacking(self) -> Counts:
        """How many signatures of each group it still waits for."""
        counts, needs = self.kept.standing.counts, self.kept.request.needs
        return Counts(**{name: max(0, getattr(needs, name) - getattr(counts, name)) for name in GROUPS})

    @property
    def best(self) -> As | None:
        """What their signature would help most as: of a group that still lacks one, before any other."""
        lacking = self.lacking
        wanted = {As.STEWARD: lacking.stewards, As.LEGAL: lacking.legal}
        return max(self.roles, key=lambda role: wanted.get(role, 0), default=None)


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
        of=_of(desk, request.principal, request.at),
        reason=desk.people.open(request.person, request.at, kept.sealed),
        pattern=pattern(desk, request, who, at),
        gave=kept.standing.gives(who),
    )


def _of(desk: Desk, principal: str, at: datetime) -> tuple[str, ...]:
    """What they work as and where, as was known when they asked: `fraud in fraud-1`."""
    rows = [row for row in desk.directory.rows("staff", at) if row["principal"] == principal]
    return tuple(sorted({f"{row['function']} in {row['unit']}" for row in rows}))


def views(desk: Desk, staff: str, told: Collection[str] = ()) -> list[View]:
    """Everything that this one of the staff has to do with: what they asked, what waits for somebody like them, and what they
    were `told` of, also where they cannot sign it.
    """
    settle(desk)
    found = []
    for row in desk.rows.open():
        made = view(desk, current(desk, row), staff)
        waiting = made.kept.standing.state in (State.PENDING, State.USED) and bool(made.roles)
        if made.mine or made.gave or waiting or made.kept.request.id in told:
            found.append(made)
    return found
