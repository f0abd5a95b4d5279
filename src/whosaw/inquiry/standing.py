# SPDX-License-Identifier: Apache-2.0
"""Whether somebody may ask at all: known to the directory, working here at this moment, not suspended.

Being of audit or of security opens nothing here, and nobody is exempt: there is no role in this file.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from whosaw.directory.directory import Directory as Whole
from whosaw.errors import BadInput
from whosaw.facts.columns import micros
from whosaw.inquiry.ports import Desk, Directory
from whosaw.policy.facts import Known, PrincipalFacts
from whosaw.policy.independence import RETURNED, Reason, Role

# No person has this pseudonym: the question is about the principal alone.
_NOBODY = ""
_DAY = timedelta(days=1) // timedelta(microseconds=1)


def known(directory: Directory, principal: str, at: datetime, person: str = _NOBODY) -> Known:
    """What the directory knew of this principal, and what `person` is to them."""
    return directory.known(principal, person, None, at)


def tied(desk: Desk, one: str, first: int, at: datetime) -> frozenset[str]:
    """Whoever shared an account or a home with `one` since `first`, microseconds since 1970, or in the 30 days before `at`."""
    days = (micros(at) - first) // _DAY + 1
    return desk.directory.tied(one, at, max(days, RETURNED.days))


def standing(principal: PrincipalFacts | None, role: Role) -> tuple[Reason, ...]:
    """Why this principal may not ask or approve; nothing where they may."""
    if principal is None:
        return (Reason(f"{role}-unknown"),)
    said = {"left": not principal.active, "suspended": principal.suspended}
    return tuple(Reason(f"{role}-{code}") for code, holds in said.items() if holds)


def employed(directory: Whole, principal: str, at: datetime) -> None:
    """Raises BadInput for whoever does not work here now. Where nobody ever said who does, anybody may be the first."""
    if directory.counts() and standing(known(directory, principal, at).principal, "requester"):
        raise BadInput(
            "nobody of this id works here at this moment",
            where="--by",
            hint="a staff id, in the spelling of the directory; nothing was done",
        )


def confirmed(known: Known, at: datetime) -> tuple[Reason, ...]:
    """Why the directory cannot say who is independent of whom; nothing where it can.

    Only opening a name needs this. Were it asked of every step, whoever stops the feed would stop all inquiries.
    """
    feed = known.feed
    fresh = feed is not None and timedelta(0) <= at - feed.confirmed <= feed.limit
    return () if fresh else (Reason("directory-stale"),)
