# SPDX-License-Identifier: Apache-2.0
"""Which looks of the day are asked about. Pure: rows, what was asked before, numbers, a seed.

    looks ──too old, machines──▶ out
          ──without a reason: intimate, protected, or from the third person of the day on──▶ asked, by rule
          ──the others without a reason, a quarter by lot; those with a reason, a few by lot──▶ asked, by lot
    each day and principal at most three ──▶ their principal in a finding of several, or under review? held back
                                         ──▶ a tenth of the principals, for a while: not asked, to see what asking does

A question must not tell whether the person is protected. So of the looks that no rule meets some are asked about too, and a principal
sees only that they are asked sometimes.

Invariants: every look is considered once, in the order of the log; the same rows, records and seed give the same choice;
whether a look is drawn depends on a checkpoint that was published after it.                        Design: docs/adr/0165
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from whosaw.detect.defaults import Nudging
from whosaw.detect.lot import at, seed_of
from whosaw.nudge.record import Chosen, Fate

_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One look at one person by one principal, as a watch judges it. `t` in microseconds, `day` in days since 1970."""

    leaf: int
    t: int
    day: int
    who: str = field(repr=False)
    person: str = field(repr=False)
    unexplained: bool
    intimate: bool
    protected: bool
    repeat: bool
    human: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """A look that was chosen, and what becomes of it."""

    row: Row
    chosen: Chosen
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """One round. `looks`: those that were considered."""

    picks: tuple[Pick, ...]
    looks: int
    stale: int
    nobody: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was asked so far. `of_day`: how often, by principal and day of the look. `held`: principals who would be warned."""

    of_day: Counter[tuple[str, int]] = field(default_factory=Counter)
    held: Collection[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Lots:
    """What lots are drawn with. `root`: of the newest checkpoint; `while_`: of the one with which this while's first round was drawn."""

    root: bytes
    while_: bytes


def pick(  # noqa: PLR0917  every one of them changes the choice
    rows: Sequence[Row], first: int, now: int, before: Before, numbers: Nudging, lots: Lots
) -> Picked:
    """Choose among the looks from leaf `first` on. `rows`: those, and all others of the same days. `now` in microseconds."""
    drawn = seed_of("whosaw/nudge/v1", lots.root.hex())
    considered = sorted((r for r in rows if r.leaf >= first), key=lambda r: (r.leaf, r.who))
    fresh = [row for row in considered if row.t > now - numbers.fresh_h * _HOUR]
    people = [row for row in fresh if row.human]
    nth, asked = _nth(rows), Counter(before.of_day)
    picks = []
    for row in people:
        chosen = _chosen(row, nth[row.leaf, row.who], numbers, drawn)
        if chosen is None or asked[row.who, row.day] >= numbers.a_day:
            continue
        asked[row.who, row.day] += 1
        picks.append(Pick(row, chosen, _fate(row, before, numbers, lots)))
    return Picked(
        picks=tuple(picks), looks=len(considered), stale=len(considered) - len(fresh), nobody=len(fresh) - len(people)
    )


def period(day: int, numbers: Nudging) -> int:
    """The number of the period that a day is in."""
    return day // numbers.period_days


def _nth(rows: Sequence[Row]) -> dict[tuple[int, str], int]:
    """Of each look, counting from 1: which of this principal's persons without a reason on this day it is at."""
    persons: dict[tuple[str, int], dict[str, int]] = {}
    found = {}
    for row in sorted(rows, key=lambda r: (r.t, r.leaf, r.who)):
        seen = persons.setdefault((row.who, row.day), {})
        if row.unexplained:
            seen.setdefault(row.person, len(seen) + 1)
        found[row.leaf, row.who] = seen.get(row.person, 0)
    return found


def _chosen(row: Row, nth: int, numbers: Nudging, seed: bytes) -> Chosen | None:
    # The lot is drawn for every look, met by a rule or not: then it is one chance for all, and nobody's draw is another's.
    lot = at(seed, f"{row.leaf}/{row.who}")
    if row.unexplained and (row.intimate or row.protected or nth >= numbers.third):
        return Chosen.RULE
    share = numbers.unexplained if row.unexplained else numbers.lot
    return Chosen.LOT if lot < share else None


def _fate(row: Row, before: Before, numbers: Nudging, lots: Lots) -> Fate:
    if row.who in before.held:
        return Fate.HELD
    while_ = seed_of("whosaw/nudge/apart/v1", lots.while_.hex(), str(period(row.day, numbers)))
    return Fate.APART if at(while_, row.who) < numbers.apart else Fate.ASKED
