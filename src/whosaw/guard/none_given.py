# SPDX-License-Identifier: Apache-2.0
"""Where nobody can sign: no approval.

The guard asks its port all the same, so there is no look for which nobody was asked.

Invariant: what is missing here only ever forbids.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from whosaw.errors import Unavailable
from whosaw.guard.approvals.use import Held
from whosaw.model.access import Look
from whosaw.model.approval_kept import Holder


class NoneGiven:
    """``guard.ports.Approvals`` where nobody can sign."""

    def hold(self, look: Look, principal: str, person: str, holder: Holder, at: datetime) -> Held:  # noqa: ARG002
        return Held(holder, (), ())

    def let_go(self, held: Held) -> None:
        pass  # nothing is ever held

    def used(self, requests: Iterable[str], look: str) -> None:
        pass

    def broken(self, look: Look, holder: Holder, at: datetime) -> None:  # noqa: ARG002
        raise Unavailable(
            "nobody is there who could be told that a glass is broken",
            part="approvals",
            hint="a gate with a desk for approvals takes such looks",
        )

    def owes_review(self, principal: str, at: datetime) -> bool:  # noqa: ARG002
        return False
