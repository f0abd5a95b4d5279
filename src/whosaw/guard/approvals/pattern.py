# SPDX-License-Identifier: Apache-2.0
"""What an approver should know of the last thirty days before they sign: between the two, and of the one who asks.

    requests of the one who asks, by day ──▶ of those this approver answered, how many they signed       `sentence`
                                         └─▶ this very look refused before; refusals; broken glasses; many  `against`

Numbers and no names: who refused, and about whom other requests were, is nobody's business here. The request at hand counts
among nothing of it.

Invariant: it is shown and decides nothing; what decides is independence (``guard.approvals.ground``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Request, What
from whosaw.policy.independence import RETURNED

HABIT = 3  # so many signatures, and never a refusal: it has become a habit
MANY = 10  # requests of one principal in those days


@dataclass(frozen=True, slots=True)
class Pattern:
    """`given` of `answered` are the approver's; `asked`, `refused`, `broken`, `again` (refused for exactly this look) are of
    the one who asks, whoever answered.
    """

    given: int
    answered: int
    asked: int = 0
    refused: int = 0
    broken: int = 0
    again: int = 0
    days: int = RETURNED.days

    @property
    def sentence(self) -> str:
        if not self.answered:
            return f"You answered no request of this principal in the last {self.days} days."
        return f"You approved {self.given} of {self.answered} for this principal in the last {self.days} days."

    @property
    def against(self) -> tuple[str, ...]:
        """What speaks against signing without a second thought; nothing where nothing does."""
        said = {
            f"Exactly this look was asked for before, and refused: {_times(self.again)}.": self.again,
            f"You approved all {self.given} that you answered for this principal.": self.given >= HABIT
            and self.given == self.answered,
            f"Of {self.asked} other requests of theirs {self.refused} were refused.": self.refused,
            f"They looked without waiting for an approval: {_times(self.broken)}.": self.broken,
            f"They asked for {self.asked} other looks in {self.days} days.": self.asked >= MANY,
        }
        return tuple(sentence for sentence, holds in said.items() if holds)


def pattern(desk: Desk, request: Request, approver: str, at: datetime) -> Pattern:
    """Of the last 30 days. Counted over everything that is kept; the request at hand is not among what was answered."""
    given = said_no = asked = refused = broken = again = 0
    for row in desk.rows.since(at - RETURNED):
        kept = Kept.of(row)
        if kept.request.principal != request.principal:
            continue
        given += kept.standing.gives(approver)
        closed = kept.standing.closed
        no = closed is not None and closed.what is What.REFUSED
        said_no += no and closed is not None and closed.by == approver
        if kept.request.id == request.id:
            continue
        asked += not kept.request.break_glass
        broken += kept.request.break_glass
        refused += no
        again += no and kept.request.exact == request.exact
    return Pattern(given, given + said_no, asked, refused, broken, again)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
