# SPDX-License-Identifier: Apache-2.0
"""``guard.ports.Approvals`` over a desk: what the guard asks of approvals at each look, and nothing that approves.

hold ──▶ decide ─┬─ permitted ──▶ broken, where the glass is ──▶ the look's record ──▶ used
                 └─ refused ──▶ let_go
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.guard.approvals import glass, use
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.use import Held
from whosaw.model.access import Look
from whosaw.model.approval_kept import Holder
from whosaw.model.ask import exact_digest


@dataclass(frozen=True, slots=True)
class DeskApprovals:
    """The desk, as far as a look has to do with it."""

    desk: Desk = field(repr=False)

    def hold(self, look: Look, principal: str, person: str, holder: Holder, at: datetime) -> Held:
        return use.hold(self.desk, exact_digest(look, principal, person), holder, at)

    def let_go(self, held: Held) -> None:
        use.let_go(self.desk, held)

    def used(self, requests: Iterable[str], look: str) -> None:
        use.used(self.desk, sorted(set(requests)), look)

    def broken(self, look: Look, holder: Holder, at: datetime) -> None:
        glass.broken(self.desk, look, holder, at)

    def owes_review(self, principal: str, at: datetime) -> bool:
        return glass.owes_review(self.desk, principal, at)
