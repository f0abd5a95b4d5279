# SPDX-License-Identifier: Apache-2.0
"""What a purpose says about approvals, and what a request may therefore ask for.

    purposes.toml ──Terms.of──▶ who must sign at least · how long an approval lasts · whether the glass may be broken

Invariant: what a request asks for, and what becomes of it, follows from the question alone. Nothing about the person goes
into it, or whoever asks would learn from the state of their request that somebody is protected, or lives elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from whosaw.model.approval import Counts
from whosaw.policy.purposes import Purpose

NOTHING = Counts()
EVERYTHING = Counts(independent=2, stewards=1, overseers=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`needs`: what the purpose itself demands. `window_h`: for how long an approval may be used again; 0: once."""

    needs: Counts = NOTHING
    window_h: int = 0
    break_glass: bool = False
    review_h: int = 24

    @classmethod
    def of(cls, purpose: Purpose) -> Terms:
        """What a row of purposes.toml says."""
        return cls(
            needs=Counts(independent=len(purpose.approvals), legal=purpose.approvals.count("legal")),
            window_h=purpose.window_h,
            break_glass=purpose.break_glass,
            review_h=purpose.reviewed_h or 24,
        )

    def needed(self, asked: Counts | None, *, everything: bool) -> Counts:
        """Who must sign a request: what was asked for, and no less than the purpose demands, and one at least."""
        wanted = asked or (EVERYTHING if everything else NOTHING)
        both = Counts(
            independent=max(wanted.independent, self.needs.independent, 1),
            stewards=max(wanted.stewards, self.needs.stewards),
            overseers=max(wanted.overseers, self.needs.overseers),
            legal=max(wanted.legal, self.needs.legal),
        )
        # Everybody counts among the independent ones: three who sign as three things are three.
        return replace(both, independent=max(both.independent, both.stewards + both.overseers + both.legal))

    @property
    def window(self) -> timedelta:
        return timedelta(hours=self.window_h)
