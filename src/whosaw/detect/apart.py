# SPDX-License-Identifier: Apache-2.0
"""Who of a finding stands apart: people with next to no person in common, whom their team alone puts together.

    the principals of a finding ── persons in common, or a circle, case or group that names both ──▶ those who belong together
      of each: what is said of them alone ──▶ a finding, if any of it may be one

Three people of one unit, each at somebody else's former spouse, are three matters: what is counted of the unit says how it works, and
read as one matter it would hide each of them behind the others. People who share out a list have the circle in common, or the case.

Invariant: nothing is said of fewer people than it was counted of, and a finding of which no part may be one stays whole.
Design: docs/adr/0297
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whosaw.detect.defaults import Joining
from whosaw.detect.join import opens
from whosaw.detect.signal import TEAMS, Signal

# Accounts that stand in no directory may all be one human's.
_WORK = frozenset(TEAMS) - {"unlisted"}


def apart(parts: Iterable[Sequence[Signal]], numbers: Joining) -> list[list[Signal]]:
    """`parts`, each cut into what is said of those who belong together; strongest first. What is said of people who do not
    is left out where something is said of some of them alone.
    """
    made: list[list[Signal]] = []
    for part in parts:
        own = [[s for s in part if {look.who for look in s.looks} <= whos] for whos in _together(part, numbers.apart)]
        own = [signals for signals in own if any(opens(signal, numbers) for signal in signals)]
        made += own or [list(part)]
    return sorted(made, key=lambda part: part[0].order)


def _together(part: Sequence[Signal], share: int) -> list[set[str]]:
    """The principals of `part`, in groups: of two, `share` times what they have in common is at least what the one with fewer looked at."""
    looked: dict[str, set[str]] = {}
    for signal in part:
        for look in signal.looks:
            looked.setdefault(look.who, set()).add(
                f"look {look.look}" if look.person is None else f"person {look.person}"
            )
    named = [{look.who for look in signal.looks} for signal in part if signal.kind not in _WORK]
    groups: list[set[str]] = []
    for who, at in sorted(looked.items()):
        near = [{other for other, of in looked.items() if len(at & of) * share >= min(len(at), len(of))}]
        near += [whos for whos in named if who in whos]
        mine = {who}.union(*near)
        groups = [
            *(group for group in groups if not group & mine),
            mine.union(*(group for group in groups if group & mine)),
        ]
    return groups
