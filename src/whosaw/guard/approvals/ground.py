# SPDX-License-Identifier: Apache-2.0
"""What independence is computed from: the directory as it was in the 30 days before a request, and who approved for whom.

    staff, every version known by then ──▶ Chart of all that held in those 30 days
    the case's own people, every version ──▶ parties        units of whoever it is for ──▶ gaining
    requests of those 30 days ──▶ favours

As of the *request*: whoever re-organises a unit the day before, or between the request and the signature, changes nothing
of it. What is added to a row later in the past counts against an approver, and never for one.  Decided in: docs/adr/0093
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import Request, What
from whosaw.model.approval import As
from whosaw.policy.facts import Known, PrincipalFacts
from whosaw.policy.independence import RETURNED, Approved, Chart, Ground, Reason, against

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_NOBODY = ""  # no person has this pseudonym: the question is about the principal alone
_INTERNAL = "internal_inquiry"
_HANDS = ("assignee", "requester", "approver", "opened_by")


@dataclass(frozen=True, slots=True)
class Row:
    """``policy.independence.StaffRow``: one version of one line of the staff table, for as long as it was believed."""

    who: str = field(repr=False)
    unit: str | None
    manager: str | None = field(repr=False)
    valid_from: int | None
    valid_to: int | None


def ground_of(desk: Desk, request: Request, at: datetime) -> Ground:
    """Everything about `request` that independence depends on: the house as of the moment it was asked; favours up to the
    signature at `at`, or one could be returned in between.
    """
    since, asked = _micros(request.at - RETURNED), _micros(request.at)
    chart = Chart.between(_staff(desk, asked), since, asked)
    cases = [row for row in desk.directory.rows("cases") if row["case_id"] == request.case]
    return Ground(
        requester=request.principal,
        at=at,
        chart=chart,
        lately=tuple(favours(Kept.of(row) for row in desk.rows.since(at - 2 * RETURNED))),
        fresh=fresh(desk.directory.known(request.principal, _NOBODY, None, request.at), request.at),
        parties=_parties(desk, request, cases),
        gaining=_gaining(request, cases, chart),
        tied=_tied(desk, request.principal, since, asked),
    )


def why_not(desk: Desk, request: Request, approver: str, role: As, at: datetime) -> tuple[Reason, ...]:
    """Every reason why `approver` cannot sign `request` as `role` at the instant `at`; nothing where they can."""
    ground = ground_of(desk, request, at)
    known = desk.directory.known(approver, request.person, None, request.at)
    said = [
        *standing(desk.directory.known(approver, _NOBODY, None, at).principal),
        *against(approver, ground, related=_related(known)),
    ]
    if role is As.STEWARD and not _steward(desk, request, approver, at):
        said.append(Reason("no-steward"))
    if role is As.LEGAL and (known.principal is None or known.principal.function != "legal"):
        said.append(Reason("no-legal"))
    if not fresh(desk.directory.known(approver, _NOBODY, None, at), at):
        said.append(Reason("directory-stale"))
    return tuple(dict.fromkeys(said))


def standing(principal: PrincipalFacts | None) -> tuple[Reason, ...]:
    """Why somebody may not approve whatever it is: not known, gone, or suspended."""
    if principal is None:
        return (Reason("approver-unknown"),)
    said = {"approver-left": not principal.active, "approver-suspended": principal.suspended}
    return tuple(Reason(code) for code, holds in said.items() if holds)


def favours(requests: Iterable[Kept]) -> Iterable[Approved]:
    """Who approved for whom, whatever became of it: a signature that was never used is a favour, too."""
    for kept in requests:
        for grant in kept.standing.grants:
            yield Approved(kept.request.principal, grant.by, grant.at)


def fresh(known: Known, at: datetime) -> bool:
    """Whether the directory was confirmed lately, as of `at`."""
    return known.feed is not None and timedelta(0) <= at - known.feed.confirmed <= known.feed.limit


def _staff(desk: Desk, at: int) -> Iterable[Row]:
    for row in desk.directory.rows("staff"):
        if row["known_from"] > at:
            continue
        # A row that was taken back in these days was the organisation's own word until then. It counts.
        yield Row(
            row["principal"], row["unit"], row["manager"], row["valid_from"], min(row["valid_to"], row["known_to"])
        )


def _parties(desk: Desk, request: Request, cases: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Whoever has, or had, a hand in the case; a person's own account among them is their owner's hand."""
    hands = {row[name] for row in cases for name in _HANDS}
    hands |= {row["added_by"] for row in desk.directory.rows("case_persons") if row["case_id"] == request.case}
    owners = {row["principal"] for row in desk.directory.rows("staff") if row["own_person"] in hands - {None}}
    return frozenset(hands | owners) - {None}


def _tied(desk: Desk, requester: str, since: int, until: int) -> frozenset[str]:
    """Whoever shares an account or a home with the one who asks, or did in these days: their second staff id, their wife."""
    staff = [row for row in desk.directory.rows("staff") if _held(row, since, until)]
    lives = {row["person"]: row["household"] for row in desk.directory.rows("persons") if _held(row, since, until)}
    accounts = {row["own_person"] for row in staff if row["principal"] == requester} - {None}
    homes = {row["household"] for row in staff if row["principal"] == requester} - {None}
    homes |= {lives.get(account) for account in accounts} - {None}
    return frozenset(
        row["principal"]
        for row in staff
        if row["own_person"] in accounts or homes & {row["household"], lives.get(row["own_person"])}
    ) - {requester}


def _held(row: Mapping[str, Any], since: int, until: int) -> bool:
    """Whether somebody said at some time of these days that this row holds in them."""
    known = bool(row["known_from"] <= until and row["known_to"] > since)
    return known and bool(row["valid_from"] <= until and row["valid_to"] > since)


def _gaining(request: Request, cases: Iterable[Mapping[str, Any]], chart: Chart) -> frozenset[str]:
    """Units that gain from the look: whose case it is, and of an inquiry into staff the unit that opened it."""
    rows = list(cases)
    whose = {row["assignee"] for row in rows}
    if request.purpose == _INTERNAL:
        whose |= {row["opened_by"] for row in rows}
    units = [chart.units.get(each, frozenset()) for each in whose - {None}]
    return frozenset().union(*units, {row["queue"] for row in rows} - {None})


def _related(known: Known) -> bool:
    """The person is the approver, or of their home or family. What cannot be said, forbids nothing here: `against` does."""
    relation = known.relation
    return relation is not None and (relation.own or relation.household or getattr(relation, "family", False))


def _steward(desk: Desk, request: Request, approver: str, at: datetime) -> bool:
    """Assigned at this moment as a steward of the person's region, or of a group of countries that it belongs to."""
    person = desk.directory.known(approver, request.person, None, request.at).person
    if person is None or person.region is None:
        return False
    here = {person.region}
    here |= {row["region"] for row in desk.directory.rows("regions", request.at) if row["country"] == person.region}
    now = _micros(at)
    return any(
        row["principal"] == approver
        and row["scope_kind"] == "steward"
        and row["scope"] in here
        and row["valid_from"] <= now < row["valid_to"]
        for row in desk.directory.rows("assignments", at)
    )


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What lies between two people: how many requests of the one the other signed, of how many they answered."""

    given: int
    answered: int
    days: int = RETURNED.days

    @property
    def sentence(self) -> str:
        if not self.answered:
            return f"You answered no request of this principal in the last {self.days} days."
        return f"You approved {self.given} of {self.answered} for this principal in the last {self.days} days."


def pattern(desk: Desk, principal: str, approver: str, at: datetime) -> Pattern:
    """Of the last 30 days. Counted over everything that is kept; the request at hand is not among what was answered."""
    given = refused = 0
    for row in desk.rows.since(at - RETURNED):
        kept = Kept.of(row)
        if kept.request.principal != principal:
            continue
        given += kept.standing.gives(approver)
        closed = kept.standing.closed
        refused += closed is not None and closed.what is What.REFUSED and closed.by == approver
    return Pattern(given, given + refused)
