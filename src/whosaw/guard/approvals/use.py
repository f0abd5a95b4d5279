# SPDX-License-Identifier: Apache-2.0
"""One look and its approvals: taken before the decision, counted, written into the look's record, used up.

    exact digest ──hold──▶ Held: counts for the decision, signatures for the record
                            ├─ permitted, recorded ──▶ used       the record of the look is the record of the use
                            └─ refused ──▶ let_go                 it was not used; the next look may try

An approval that is used once is held before anything is decided, in one statement of the database: of two looks that
come at once, through whatever gates, one sees it and the other does not. The same look again, under the same key, gets
what it holds. A crash leaves the approval held: by a look that nobody was shown anything for, or that is on record. The
first is found out at the next start, where one process has the house to itself; the second by whoever needs it next.

Invariant: what counts is a pure function of the requests, the instant and who still may approve (``valid``), and stands
in the look's record word for word, so that the decision can be made again from it. Decided in: docs/adr/0095
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whosaw.errors import NotCanonical, Unavailable
from whosaw.guard.approvals.ground import fellows, standing
from whosaw.guard.approvals.life import Kept, caught_up, current, happen, moment
from whosaw.guard.approvals.notices import overdue
from whosaw.guard.approvals.overseer import counts
from whosaw.guard.approvals.ports import Desk
from whosaw.guard.approvals.state import GATE, Event, Grant, No, Standing, State, What
from whosaw.model.approval import GROUPS, Approval, As, Counts, Overseen, Passkey, Uses, counted_as
from whosaw.model.approval_kept import Holder, RequestRow
from whosaw.model.look_body import LookBody
from whosaw.policy.facts import NO_APPROVALS, ApprovalFacts
from whosaw.policy.independence import RETURNED


@dataclass(frozen=True, slots=True)
class Held:
    """What one look has: `approvals` to write into its record, `counts` for the decision."""

    holder: Holder
    requests: tuple[str, ...]
    approvals: tuple[Approval, ...] = field(repr=False)

    @property
    def counts(self) -> Counts:
        return counted_as(each.role for each in self.approvals)

    @property
    def facts(self) -> ApprovalFacts:
        """What the decision may know of it."""
        if not self.approvals:
            return NO_APPROVALS
        counts = self.counts
        return ApprovalFacts(**{name: getattr(counts, name) for name in GROUPS})


def hold(desk: Desk, exact: bytes, holder: Holder, at: datetime) -> Held:
    """Every approval of exactly this look that is good at the instant `at`, held for it."""
    mine: list[Standing] = []
    for row in desk.rows.exact(exact):
        kept = current(desk, row)
        if kept.holder not in (None, holder):
            _settle_held(desk, kept)  # by a look that stopped after its record, and would keep it for nobody
            kept = current(desk, desk.rows.find(kept.request.id) or row)
        still = _still(desk, at)
        if good(kept.standing, at, still) and (
            kept.request.uses is Uses.WINDOW or desk.rows.hold(kept.request.id, holder)
        ):
            mine.append(kept.standing)
    if not mine:
        return Held(holder, (), ())
    return Held(holder, tuple(each.request.id for each in mine), valid(mine, at, _apart(desk, mine, at)))


def good(standing: Standing, at: datetime, still: Callable[[Grant], bool]) -> bool:
    """Whether this request can be used at `at`: signed by all groups, by people who may still sign, and in time."""
    return standing.open and standing.state is not State.PENDING and bool(valid([standing], at, still))


def valid(standings: Iterable[Standing], at: datetime, still: Callable[[Grant], bool]) -> tuple[Approval, ...]:
    """The signatures that count at `at`, each approver's once, the oldest first. `still`: whose word still counts.

    Pure. A request that lost so many of its signatures that one of its groups is not reached counts for nothing.
    """
    found: dict[str, Approval] = {}
    for each in standings:
        request = each.request
        # What was given while the look was already under way is not of this look: it says that it was approved before.
        grants = [grant for grant in each.grants if grant.at <= at and still(grant)]
        if at >= request.until or not counted_as(grant.role for grant in grants).reach(request.needs):
            continue
        for grant in grants:
            made = Approval(
                request=request.id, by=grant.by, role=grant.role, given=grant.at, until=request.until,
                uses=request.uses, proof=grant.proof,
            )  # fmt: skip
            found.setdefault(grant.by, made)
    return tuple(sorted(found.values(), key=lambda a: (a.given, a.by)))


def used(desk: Desk, requests: Iterable[str], look: str) -> None:
    """The look is on record with these approvals: they are used. Safe to repeat. Raises Unavailable where another look used one."""
    for request in requests:
        row = desk.rows.find(request)
        if row is None:
            continue
        event = Event(what=What.USED, at=moment(desk.clock), by=GATE, look=look)
        if isinstance(happen(desk, Kept.of(row), event), No) and _of_another(desk, row, look):
            raise Unavailable(
                "nothing was shown: another look has used an approval that this one needs",
                part="approvals",
                hint="the record of the look stands; a new look, with a key of its own, needs a new approval",
            )


def _of_another(desk: Desk, row: RequestRow, look: str) -> bool:
    """Whether another look than this used what is used once, as it stands at this moment."""
    now = caught_up(desk, Kept.of(desk.rows.find(row.request) or row)).standing
    return now.request.uses is not Uses.WINDOW and now.used not in (None, look)


def let_go(desk: Desk, held: Held) -> None:
    """The look was refused: nothing was used."""
    for request in held.requests:
        desk.rows.let_go(request, held.holder)


def void(desk: Desk, principal: str, reason: str) -> int:
    """Somebody has left or was suspended: whatever is open of theirs, asked or signed, is void. How many that were."""
    number = 0
    for row in desk.rows.open():
        kept = current(desk, row)
        if kept.request.principal == principal or kept.standing.gives(principal):
            event = Event(what=What.VOID, at=moment(desk.clock), by=GATE, reasons=(reason,))
            number += isinstance(happen(desk, kept, event), Kept)
    return number


def settle(desk: Desk) -> None:
    """Make up for what time, a crash or a leaver has left open: expired, used and void requests, reviews that are overdue."""
    at = moment(desk.clock)
    for row in desk.rows.open():
        kept = caught_up(desk, Kept.of(row))
        _settle_held(desk, kept)
        kept = current(desk, row)
        if (gone := _gone(desk, kept)) and not kept.request.break_glass:
            happen(desk, kept, Event(what=What.VOID, at=at, by=GATE, reasons=gone))
        if kept.request.break_glass and at >= kept.request.until and kept.standing.state is State.USED:
            desk.notices.tell(overdue(desk, kept.standing))


def _gone(desk: Desk, kept: Kept) -> tuple[str, ...]:
    """Why somebody whom the request needs is not here any more: the one who asks, or one who signed; overseers are not staff."""
    at = desk.clock()  # to the microsecond: whoever left within this millisecond has left
    signed = [grant.by for grant in kept.standing.grants if not isinstance(grant.proof, Overseen)]
    said = [
        reason.code
        for who in (kept.request.principal, *signed)
        for reason in standing(desk.directory.known(who, "", None, at).principal)
    ]
    return tuple(dict.fromkeys(said))


def abandoned(desk: Desk) -> int:
    """At a start of a house that nobody else has open: no look is under way, so whatever holds an approval and is not on record
    died, and gives it back. How many that were. Where several gates share a database nobody can know that, and nothing calls this.
    """
    number = 0
    for row in desk.rows.open():
        if row.holder is not None and desk.journal.find(row.holder.caller, row.holder.key) is None:
            desk.rows.let_go(row.request, row.holder)
            number += 1
    return number


def _settle_held(desk: Desk, kept: Kept) -> None:
    """What became of the look that holds it: recorded and permitted, it used it; refused, it gives it back."""
    holder = kept.holder
    if holder is None or kept.standing.state is not State.APPROVED:
        return
    recorded = desk.journal.find(holder.caller, holder.key)
    if recorded is None:
        return  # it may still come: a gate may be about to record it at this very moment
    try:
        look = LookBody.decode(recorded.leaves[-1].body)
    except (NotCanonical, IndexError):
        return
    if look.decision == "permit":
        happen(desk, kept, Event(what=What.USED, at=moment(desk.clock), by=GATE, look=look.look))
    else:
        desk.rows.let_go(kept.request.id, holder)


def _still(desk: Desk, at: datetime) -> Callable[[Grant], bool]:
    """Whose word counts at `at`: staff who are here, with keys that were not taken away; overseers by their keys."""
    asked: dict[str, bool] = {}

    def still(grant: Grant) -> bool:
        if isinstance(grant.proof, Overseen) or grant.role is As.OVERSEER:
            return isinstance(grant.proof, Overseen) and counts(grant.proof.vkey, grant.by, desk.house.overseers)
        if grant.by not in asked:
            asked[grant.by] = not standing(desk.directory.known(grant.by, "", None, at).principal)
        return asked[grant.by] and _key_counts(desk, grant)

    return still


def _apart(desk: Desk, standings: Sequence[Standing], at: datetime) -> Callable[[Grant], bool]:
    """Whose word counts, and of several of the staff who count as one only the first's.

    Asked when they sign, too; but two who sign at one moment, or under two requests, do not see each other there.
    """
    still = _still(desk, at)
    grants = sorted((grant for each in standings for grant in each.grants if still(grant)), key=lambda g: (g.at, g.by))
    staff = list(dict.fromkeys(grant.by for grant in grants if grant.role is not As.OVERSEER))
    if len(staff) < 2:  # nobody is one with nobody
        return still
    last = max(each.request.at for each in standings)
    chart = desk.directory.chart(last, (last - min(each.request.at for each in standings)).days + RETURNED.days + 1)
    ones: list[str] = []
    for who in staff:
        if not fellows(desk, ones, [who], chart, last):
            ones.append(who)
    return lambda grant: still(grant) and (grant.role is As.OVERSEER or grant.by in ones)


def _key_counts(desk: Desk, grant: Grant) -> bool:
    if not isinstance(grant.proof, Passkey):
        return not desk.house.passkeys
    keys: Sequence[bytes] = [each.public for each in desk.keys.of(grant.by) if each.removed is None]
    return grant.proof.public in keys
