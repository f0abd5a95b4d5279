# SPDX-License-Identifier: Apache-2.0
"""A request for an approval and things that happen to it, as plain values."""

from datetime import UTC, datetime, timedelta

from whosaw.guard.approvals.state import GATE, Event, Request, What
from whosaw.model.access import Asked, Mode
from whosaw.model.approval import As, Counts, Uses

BEGAN = datetime(2026, 6, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
R, A, B, C = (f"e-{letter * 16}" for letter in "rabc")
P = "p-" + "p" * 16


def request(**changes) -> Request:
    """By r, for one independent approver; answered within 12 hours, used within 24."""
    given = {
        "id": "a-" + "a" * 16, "exact": bytes(range(32)), "principal": R, "person": P, "asked": (Asked.parse("ip:exact"),),
        "purpose": "fraud_review", "case": "F-1", "mode": Mode.READ, "needs": Counts(independent=1), "at": BEGAN,
        "answer_by": BEGAN + 12 * HOUR, "until": BEGAN + 24 * HOUR, "uses": Uses.ONCE, "reason": bytes(32),
    }  # fmt: skip
    return Request(**(given | changes))


def event(what, by=GATE, hours=1.0, **more) -> Event:
    if what is What.GIVEN:
        more.setdefault("role", As.INDEPENDENT)
    return Event(what=what, by=by, at=BEGAN + hours * HOUR, **more)
