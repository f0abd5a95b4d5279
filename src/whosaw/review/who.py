# SPDX-License-Identifier: Apache-2.0
"""Who may read a finding, who may review it, and which unit it goes to. Computed as independence is, never assumed. Pure.

    reading     works here · not named · not of a unit, a line or a home of those named, since the first look
    reviewing   reading, and independent of each of those named: no common manager, no favour, no hand in the looks
    route       a unit all of whose reviewers may review it ──▶ the first such        none, or reviewers are named ──▶ the overseer

Invariant: nobody reads a finding in which they, their line or their unit is named; nobody reviews one whom a principal of it
approved; and a finding goes to no unit of which somebody may not. What is not known forbids reviewing.  Design: docs/adr/0163
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from whosaw.inquiry.standing import standing
from whosaw.policy.facts import PrincipalFacts
from whosaw.policy.independence import Approved, Chart, Reason, apart, independent

OVERSEER = "overseer"
_UNREADABLE = "named-unknown"  # an account that nobody knows is what a finding may well be about: it stays readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What it is computed from, about one finding. `since`: all that held since its first look. `lately`: approvals since a
    month before that. `signed`: who approved one of its looks. `watchers`: whoever was of a function that reviews findings
    since then; `control`: of one that reviews, audits or administers.
    """

    named: tuple[str, ...] = field(repr=False)
    since: Chart = field(repr=False)
    lately: Sequence[Approved] = field(repr=False)
    signed: frozenset[str] = field(repr=False)
    watchers: frozenset[str] = field(repr=False)
    control: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """Somebody, now. `tied`: whoever shared an account or a home with them since the first look."""

    who: str = field(repr=False)
    facts: PrincipalFacts | None = field(repr=False)
    tied: frozenset[str] = field(repr=False)


def against_reading(one: One, ground: Ground) -> tuple[Reason, ...]:
    """Why they may not read it; nothing where they may."""
    near = apart(one.who, "reviewer", ground.named, ground.since, tied=one.tied)
    return (*standing(one.facts, "reviewer"), *(reason for reason in near if reason.code != _UNREADABLE))


def against_reviewing(one: One, ground: Ground) -> tuple[Reason, ...]:
    """Why they may not review it, whatever their function; nothing where they may."""
    near = apart(one.who, "reviewer", ground.named, ground.since, tied=one.tied)
    each = [reason for named in ground.named for reason in independent(named, one.who, ground.since)]
    more = {
        "approved-for-named": any(_favour(before, one.who, ground.named) for before in ground.lately),
        "approved-look": one.who in ground.signed,
    }
    said = (*standing(one.facts, "reviewer"), *near, *each, *(Reason(code) for code, holds in more.items() if holds))
    return tuple(dict.fromkeys(said))


def route(reviewers: Mapping[str, Sequence[One]], ground: Ground) -> str:
    """The unit that reviews it, or OVERSEER. `reviewers`: of each unit of now, those of a function that reviews."""
    if any(named in ground.watchers or named not in ground.since.units for named in ground.named):
        return OVERSEER
    free = (
        unit
        for unit, ones in sorted(reviewers.items())
        if ones and not any(against_reviewing(one, ground) for one in ones)
    )
    return next(free, OVERSEER)


def also_overseer(ground: Ground) -> bool:
    """Whether the overseer has the last word: somebody named controls others, or the detectors."""
    return any(named in ground.control for named in ground.named)


def _favour(before: Approved, one: str, named: Sequence[str]) -> bool:
    return (before.approver == one and before.requester in named) or (
        before.requester == one and before.approver in named
    )
