# SPDX-License-Identifier: Apache-2.0
"""What independence is computed from: the directory as it was in the 30 days before a request, and who approved for whom.

    staff, of every source, every version known by then ──▶ Chart of all that held in those 30 days
    the case's own people, every version, every hand ──▶ parties        units of whoever it is for ──▶ gaining
    requests of those 30 days ──▶ favours                               requests for this look ──▶ fellows

As of the *request*: whoever re-organises a unit the day before, or between the request and the signature, changes nothing
of it. What is added to a row later in the past counts against an approver, and never for one.  Decided in: docs/adr/0093
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from whosaw.guard.approvals.life import Kept
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.record import made_of
from whosaw.guard.approvals.state import Request
from whosaw.model.approval import As
from whosaw.policy.facts import Known, PrincipalFacts
from whosaw.policy.independence import RETURNED, Approved, Chart, Ground, Reason, Role, against, one_will

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_NOBODY = ""  # no person has this pseudonym: the question is about the principal alone
_INTERNAL = "internal_inquiry"
_HANDS = ("assignee", "requester", "approver", "opened_by")


def ground_of(desk: Desk, request: Request, at: datetime) -> Ground:
    """Everything about `request` that independence depends on: the house as of the moment it was asked; favours up to the
    signature at `at`, or one could be returned in between.
    """
    chart = desk.directory.chart(request.at, RETURNED.days)
    cases, hands = (
        [row for row in desk.directory.rows(table) if row["case_id"] == request.case]
        for table in ("cases", "case_hands")
    )
    return Ground(
        requester=request.principal,
        at=at,
        chart=chart,
        lately=tuple(favours(Kept.of(row) for row in desk.rows.since(at - 2 * RETURNED))),
        fresh=fresh(desk.directory.known(request.principal, _NOBODY, None, request.at), request.at),
        parties=_parties(desk, request, cases, hands),
        gaining=_gaining(request, cases, hands, chart),
        tied=desk.directory.tied(request.principal, request.at),
        fellows=_fellows(desk, request, chart),
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


def standing(principal: PrincipalFacts | None, role: Role = "approver") -> tuple[Reason, ...]:
    """Why somebody may neither approve nor ask, whatever it is: not known, gone, or suspended."""
    if principal is None:
        return (Reason(f"{role}-unknown"),)
    said = {"left": not principal.active, "suspended": principal.suspended}
    return tuple(Reason(f"{role}-{code}") for code, holds in said.items() if holds)


def favours(requests: Iterable[Kept]) -> Iterable[Approved]:
    """Who approved for whom, whatever became of it: a signature that was never used is a favour, and so is a kind review."""
    for kept in requests:
        for grant in kept.standing.grants:
            yield Approved(kept.request.principal, grant.by, grant.at)
        reviewed = kept.standing.reviewed
        if reviewed is not None and reviewed.fine:
            yield Approved(kept.request.principal, reviewed.by, reviewed.at)


def fresh(known: Known, at: datetime) -> bool:
    """Whether the directory was confirmed lately, as of `at`."""
    return known.feed is not None and timedelta(0) <= at - known.feed.confirmed <= known.feed.limit


def fellows(desk: Desk, signed: Iterable[str], who: Iterable[str], chart: Chart, at: datetime) -> frozenset[str]:
    """Those of `who` who count as one with one of those who `signed`, by all that held in the 30 days up to `at`."""
    near = {each: desk.directory.tied(each, at) for each in set(signed)}
    return frozenset(
        one
        for one in who
        if any(one != other and one_will(one, other, chart, tied=one in of) for other, of in near.items())
    )


def _fellows(desk: Desk, request: Request, chart: Chart) -> frozenset[str]:
    """Of everybody, whoever counts as one with one of the staff who signed this request, or another for exactly this look."""
    others = [made_of(row.bodies) for row in desk.rows.exact(request.exact)]
    signed = {
        grant.by
        for each in others
        if each.request.id == request.id or each.open
        for grant in each.grants
        if grant.role is not As.OVERSEER
    }
    return fellows(desk, signed, chart.units, chart, request.at) - signed if signed else frozenset()


def _parties(
    desk: Desk, request: Request, cases: Iterable[Mapping[str, Any]], seen: Iterable[Mapping[str, Any]]
) -> frozenset[str]:
    """Whoever has, or had, a hand in the case, also by the word of the system that keeps it; a person's own account among
    them is their owner's hand.
    """
    hands = {row[name] for row in cases for name in _HANDS}
    hands |= {hand for row in seen for hand in (row["hand"], row["of"] if row["role"] == "assigned" else None)}
    hands |= {row["added_by"] for row in desk.directory.rows("case_persons") if row["case_id"] == request.case}
    owners = {row["principal"] for row in desk.directory.rows("staff") if row["own_person"] in hands - {None}}
    return frozenset(hands | owners) - {None}


def _gaining(
    request: Request, cases: Iterable[Mapping[str, Any]], seen: Iterable[Mapping[str, Any]], chart: Chart
) -> frozenset[str]:
    """Units that gain from the look: whose case it is, and of an inquiry into staff the unit that opened it."""
    rows, hands = list(cases), list(seen)
    whose = {row["assignee"] for row in rows} | {row["of"] for row in hands if row["role"] == "assigned"}
    if request.purpose == _INTERNAL:
        whose |= {row["opened_by"] for row in rows} | {row["hand"] for row in hands if row["role"] == "opened"}
    units = [chart.units.get(each, frozenset()) for each in whose - {None}]
    queues = {row["queue"] for row in rows} | {row["of"] for row in hands if row["role"] == "queued"}
    return frozenset().union(*units, queues - {None})


def _related(known: Known) -> bool:
    """The person is the approver, or of their home or family. What cannot be said, forbids nothing here: `against` does."""
    relation = known.relation
    return relation is not None and (relation.own or relation.household or getattr(relation, "family", False))


def _steward(desk: Desk, request: Request, approver: str, at: datetime) -> bool:
    """Assigned as a steward of the person's region, of one that it was lately, or of a group of countries that it belongs to: at this moment, and when the
    request was made. Who was made a steward for it is none.
    """
    person = desk.directory.known(approver, request.person, None, request.at).person
    if person is None or person.region is None:
        return False
    countries = {person.region, *person.before}
    here = countries | {
        row["region"] for row in desk.directory.rows("regions", request.at) if row["country"] in countries
    }
    return all(
        any(
            row["principal"] == approver
            and row["scope_kind"] == "steward"
            and row["scope"] in here
            and row["valid_from"] <= _micros(when) < row["valid_to"]
            for row in desk.directory.rows("assignments", when)
        )
        for when in {request.at, at}
    )


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
