# SPDX-License-Identifier: Apache-2.0
"""Is an approver independent of the one who asks, and are both apart from those named? Computed, never assumed.

    staff rows ──Chart.between──▶ who works in which unit, under whom
    independent(requester, approver)   not the same · neither above the other · no common manager within two levels ·
                                       another unit · did not just approve for each other
    apart(one, named)                  not one of them · not of their unit or home · neither above nor below any of them
    against(approver, ground)          independent, and: no sister unit under one boss · no favour that comes back by way
                                       of a third · no party to the case · not of the unit that gains · not of the person's
                                       · not one with another who signed
    one_will(one, other, chart, tied)  two who sign count as one: of one unit, one line, under one manager, of one home

For opening a name, being apart from those named is read over the whole time from their first look. Everything else is read
over the 30 days before the question: a unit that was re-organised the day before is still the unit that it was.

Invariant: what is not known forbids. Every reason that speaks is returned, in words that name nobody; none: independent.
                                                              Design: docs/adr/0051, docs/adr/0093
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

Role = Literal["requester", "approver", "reviewer"]
LEVELS = 2
RETURNED = timedelta(days=30)

_ROLE: Mapping[Role, str] = {
    "requester": "The one who asks",
    "approver": "The one who approves",
    "reviewer": "The one who reviews",
}
_STANDING = {
    "unknown": "is not known to the directory.",
    "left": "does not work here at this moment.",
    "suspended": "is suspended.",
    "named": "is one of those named.",
    "unit-of-named": "works, or worked since the first look, in a unit of those named.",
    "tied-to-named": "shares an account or a home with one of those named, or did since the first look.",
    "line-of-named": "stands above or below one of those named in a reporting line, or stood there since the first look.",
}

# Every code that a refusal can have, with its sentence. Codes are recorded; they may be added, never reused.
REASONS: Mapping[str, str] = {
    "no-finding": "There is no finding with this id.",
    "directory-stale": "The directory was not confirmed lately, so nobody can say who is independent of whom.",
    "own-person": "The person is the one who asks, or of their household, unit or reporting line.",
    "held": "A hold keeps these records; it has to be lifted first.",
    "requester-looked": "The one who asks has looked at this person, and the records of it would be erased.",
    "persons-not-opened": "The one who asks has not opened, with another, the names of the persons of this finding.",
    "not-of-finding": "A look that was given is not one behind this finding, at one of its persons.",
    "no-address-shown": "A look that was given showed neither an address nor a place: it was for other fields, or it was refused.",
    "own-look": "The one who asks is the one who looked, and hears no more than the gate said.",
    "same": "The one who asks and the one who approves are the same.",
    "line": "One of the two stands above the other in a reporting line.",
    "common-manager": "The two have a common manager within two levels.",
    "same-unit": "The two work in the same unit.",
    "unit-unknown": "The unit of one of the two is not known.",
    "returned": "The one who asks approved a request of the one who approves within the last 30 days.",
    "sister-unit": "The units of the two stand side by side under one boss, within two levels of one of the two.",
    "favour-by-way-of": "The one who asks approved, within 30 days, for somebody who approved for the one who approves.",
    "tied": "The two share an account or a home.",
    "fellow": "Another who signed for this look is of the same unit or reporting line, under the same manager, or of the same home; "
    "the two count as one.",
    "party": "The one who approves has to do with the case, or with the person.",
    "gains": "The one who approves is of the unit that gains from the look.",
    "signature": "The signature is not that of a key of the one who approves over exactly this request.",
    "no-overseer": "No overseer with this key stands in the settings, or none does any more.",
    "no-passkey": "In this house one who approves signs with a passkey, and none was given.",
    "no-steward": "The one who approves is no steward of the region that the person is of.",
    "no-legal": "The one who approves is not of the function legal, or the unit is that of the one who asks.",
    "named-unknown": "One of those named is not known to the directory, so nobody can say who is apart from them; load "
    "tables that have them, and ask again.",
    **{f"{role}-{code}": f"{who} {rest}" for role, who in _ROLE.items() for code, rest in _STANDING.items()},
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. `code` is recorded, `sentence` is for people; neither names anybody."""

    code: str

    @property
    def sentence(self) -> str:
        return REASONS.get(self.code, "A reason that this version does not know.")


class StaffRow(Protocol):
    """One principal for a time, microseconds since 1970; a missing end is open (``facts.ports.StaffRow``)."""

    @property
    def who(self) -> str: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def manager(self) -> str | None: ...
    @property
    def valid_from(self) -> int | None: ...
    @property
    def valid_to(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Chart:
    """Units and managers of each principal over a span of time. Who is not in `units` is not known."""

    units: Mapping[str, frozenset[str]] = field(repr=False)
    managers: Mapping[str, frozenset[str]] = field(repr=False)

    @classmethod
    def between(cls, rows: Iterable[StaffRow], start: int, end: int) -> Chart:
        """All that held at some time from `start` to `end`, both included, microseconds since 1970."""
        # Don't choose between two rows that hold at once: every one of them may be the line that somebody stands in.
        units: dict[str, frozenset[str]] = {}
        managers: dict[str, frozenset[str]] = {}
        for row in rows:
            if (row.valid_from is None or row.valid_from <= end) and (row.valid_to is None or row.valid_to > start):
                units[row.who] = units.get(row.who, frozenset()) | ({row.unit} if row.unit is not None else set())
                above = set() if row.manager is None else {row.manager}
                managers[row.who] = managers.get(row.who, frozenset()) | above
        return cls(units, managers)

    def above(self, who: str, levels: int | None = None) -> frozenset[str]:
        """Everybody above `who`, up to so many levels. A line that is a loop ends where it began."""
        found: set[str] = set()
        rung = {who}
        while rung and levels != 0:
            rung = {up for each in rung for up in self.managers.get(each, ())} - found
            found |= rung
            levels = None if levels is None else levels - 1
        return frozenset(found)

    def in_line(self, one: str, other: str) -> bool:
        return one in self.above(other) or other in self.above(one)

    def bosses(self, units: frozenset[str]) -> frozenset[str]:
        """Whoever somebody of these units reports to, and is not of them."""
        inside = {who for who, of in self.units.items() if of & units}
        return frozenset(boss for who in inside for boss in self.managers.get(who, ())) - inside


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval of before: who approved for whom, when."""

    requester: str = field(repr=False)
    approver: str = field(repr=False)
    at: datetime


def independent(
    requester: str, approver: str, now: Chart, lately: Sequence[Approved] = (), at: datetime | None = None
) -> tuple[Reason, ...]:
    """Why `approver` is not independent of `requester` at this moment; nothing where they are.

    `lately`: approvals of before; only those of the 30 days up to `at` count.
    """
    tests: Mapping[str, Callable[[], bool]] = {
        "same": lambda: requester == approver,
        "line": lambda: now.in_line(requester, approver),
        "common-manager": lambda: bool(now.above(requester, LEVELS) & now.above(approver, LEVELS)),
        "same-unit": lambda: bool(_units(now, requester) & _units(now, approver)),
        "unit-unknown": lambda: not (_units(now, requester) and _units(now, approver)),
        "returned": lambda: any(_returned(each, requester, approver, at) for each in lately),
    }
    return tuple(Reason(code) for code, holds in tests.items() if holds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known about one request for an approval, as of the moment it was asked for.

    `chart`: all that held in the 30 days before. `lately`: who approved for whom in them. `fresh`: the directory was
    confirmed lately. `parties`: whoever has a hand in the case. `tied`: whoever shares an account or a home with the one who
    asks. `gaining`: units that gain from the look. `fellows`: whoever counts as one with another who signed for it.
    """

    requester: str = field(repr=False)
    at: datetime
    chart: Chart = field(repr=False)
    lately: Sequence[Approved] = field(repr=False)
    fresh: bool
    parties: frozenset[str] = field(repr=False)
    gaining: frozenset[str] = field(repr=False)
    tied: frozenset[str] = field(default=frozenset(), repr=False)
    fellows: frozenset[str] = field(default=frozenset(), repr=False)


def against(approver: str, ground: Ground, *, related: bool = False) -> tuple[Reason, ...]:
    """Why `approver` is not independent, for this look; nothing where they are. `related`: to the person."""
    chart, requester = ground.chart, ground.requester
    more: Mapping[str, Callable[[], bool]] = {
        "directory-stale": lambda: not ground.fresh,
        "sister-unit": lambda: _sisters(chart, requester, approver),
        "favour-by-way-of": lambda: _by_way_of(ground, approver),
        "tied": lambda: approver in ground.tied,
        "fellow": lambda: approver in ground.fellows,
        # One code for both: told apart, they would tell the one who approves whose the pseudonym is.
        "party": lambda: related or approver in ground.parties,
        "gains": lambda: bool(_units(chart, approver) & ground.gaining),
    }
    said = independent(requester, approver, chart, ground.lately, ground.at)
    return (*said, *(Reason(code) for code, holds in more.items() if holds()))


def one_will(one: str, other: str, chart: Chart, *, tied: bool) -> bool:
    """Whether two who sign for one look count as one: whoever has the one, has the other. `tied`: by an account or a home."""
    return (
        tied
        or bool(_units(chart, one) & _units(chart, other))
        or chart.in_line(one, other)
        or bool(chart.above(one, 1) & chart.above(other, 1))
    )


def _sisters(chart: Chart, one: str, other: str) -> bool:
    # Within two levels of one of them, or everybody in a house would be everybody's sister under its head.
    one_s, other_s = _units(chart, one), _units(chart, other)
    both = chart.bosses(one_s) & chart.bosses(other_s)
    return not one_s & other_s and bool(both & (chart.above(one, LEVELS) | chart.above(other, LEVELS)))


def _by_way_of(ground: Ground, approver: str) -> bool:
    """The requester approved for somebody who approved for the approver: a favour goes round, and would come home."""
    since = [each for each in ground.lately if ground.at - RETURNED <= each.at <= ground.at]
    helped = {each.requester for each in since if each.approver == ground.requester}
    return any(each.requester == approver and each.approver in helped for each in since)


def apart(one: str, role: Role, named: Sequence[str], since: Chart, *, tied: frozenset[str]) -> tuple[Reason, ...]:
    """Why `one` is not apart from those `named`, by the chart since their first look; nothing where they are. `tied`: whoever
    shared an account or a home with `one` since then.
    """
    tests: Mapping[str, Callable[[], bool]] = {
        "named-unknown": lambda: any(each not in since.units for each in named),
        f"{role}-named": lambda: one in named,
        f"{role}-unit-of-named": lambda: any(_units(since, one) & _units(since, each) for each in named),
        f"{role}-tied-to-named": lambda: bool(tied & set(named)),
        f"{role}-line-of-named": lambda: any(since.in_line(one, each) for each in named),
    }
    return tuple(Reason(code) for code, holds in tests.items() if holds())


def _units(chart: Chart, who: str) -> frozenset[str]:
    return chart.units.get(who, frozenset())


def _returned(before: Approved, requester: str, approver: str, at: datetime | None) -> bool:
    """The requester of now approved for the approver of now."""
    roles = before.approver == requester and before.requester == approver
    return roles and (at is None or at - RETURNED <= before.at <= at)
