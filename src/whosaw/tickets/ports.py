# SPDX-License-Identifier: Apache-2.0
"""The one small protocol behind which every ticket system stands.

    case("SUP-12", deadline) ──▶ SeenCase      it is there, and this is how it stands
                             ──▶ None          it says that it has no such case
                             ──▶ Unavailable   it said nothing, or nothing that can be believed

Invariant: silence is never read as an answer. Whatever is not exactly what the system documents, raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from whosaw.errors import Unavailable
from whosaw.tickets.seen import SeenCase

PART = "tickets"
_HINT = "nothing was released; look at the system, its address and its token, then ask again"

Clock = Callable[[], datetime]
# Seconds that only go forward. For deadlines: a clock that is set back would make one endless.
Timer = Callable[[], float]


class CaseSystem(Protocol):
    """A system that keeps cases. Safe to share between threads."""

    def case(self, id: str, deadline: float) -> SeenCase | None:  # noqa: A002  the word of the protocol
        """How the case stands now. `deadline`: an instant of the `Timer`, for the whole question, pages included.

        Raises Unavailable, in words of ours, never the system's: those could quote a ticket.
        """
        ...


def silent(why: str) -> Unavailable:
    """A system that said nothing, or nothing that can be believed. `why`: in words of ours, never the system's."""
    return Unavailable(why, part=PART, hint=_HINT)
