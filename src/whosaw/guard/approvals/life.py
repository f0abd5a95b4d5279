# SPDX-License-Identifier: Apache-2.0
"""Something happens to a request: on record first, then told, then kept; whatever is cut short here is made up for.

    Kept ──caught_up──▶ is there a record more than is kept? ──▶ then it counts
      └──happen(event)──▶ step ──▶ record `id/n` in both streams ──durable──▶ notices ──▶ state.db
                            └ No       └ somebody else's n was first: catch up, and try once more

The key of the record is the request and the number of the event. The journal gives each key to one submission, so of two
gates that do something to one request at once, one is first for all, and the other sees what it did. No lock is needed.

Invariant: nothing is told, kept or counted that is not durable on record; and what is on record is told and kept by
whoever comes next, whenever the one who recorded it stopped.                    Decided in: docs/adr/0094
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from whosaw.errors import BadInput, Busy, Damaged, IdempotencyConflict, NotCanonical
from whosaw.guard.approvals.notices import notices_of
from whosaw.guard.approvals.ports import Clock, Desk
from whosaw.guard.approvals.record import body, event_of, ledger_body, made_of
from whosaw.guard.approvals.state import GATE, Event, No, Request, Standing, State, step
from whosaw.journal.submission import Record, Recorded, Submission
from whosaw.model.approval_kept import Holder, RequestRow
from whosaw.model.record import Stream

CALLER = "approvals"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A request with the records that make it. `sealed`: the reason, sealed. `holder`: the look that holds it."""

    standing: Standing
    bodies: tuple[bytes, ...] = field(repr=False)
    sealed: bytes = field(repr=False)
    holder: Holder | None = None

    @property
    def request(self) -> Request:
        return self.standing.request

    @classmethod
    def of(cls, row: RequestRow) -> Kept:
        """Raises Damaged where the records do not make a request, or not this one."""
        made = made_of(row.bodies)
        if (made.request.id, made.request.exact, made.request.person) != (row.request, row.exact, row.person):
            raise Damaged("a request for an approval is kept under another one's name", where="approvals")
        return cls(made, row.bodies, row.sealed, row.holder)

    def row(self) -> RequestRow:
        request, state = self.request, self.standing.state
        owes = state is State.USED and request.break_glass
        return RequestRow(
            request=request.id, person=request.person, exact=request.exact, state=str(state),
            open=self.standing.open or owes, asked=request.at, bodies=self.bodies, sealed=self.sealed,
        )  # fmt: skip


def find(desk: Desk, request: str) -> Kept:
    """The request as it stands at this moment. Raises BadInput where there is none by this id."""
    row = desk.rows.find(request)
    if row is None:
        raise BadInput("there is no request by this id", where="request", hint="whosaw approval list shows them")
    return current(desk, row)


def current(desk: Desk, row: RequestRow) -> Kept:
    """The request of `row`, caught up with what is on record and with the time."""
    kept, at = caught_up(desk, Kept.of(row)), moment(desk.clock)
    due = kept.standing.due(at)
    if due is None or _taken_by_a_look(desk, kept):
        return kept
    after = happen(desk, kept, Event(what=due, at=at, by=GATE))
    return kept if isinstance(after, No) else after


def begin(desk: Desk, request: Request, event: Event, account: str, reason: str) -> Kept:
    """A request from its first event. The same id again is the same request, whatever became of the first answer."""
    row = desk.rows.find(request.id)
    if row is not None:
        return _same(current(desk, row), request)
    sealed = desk.people.seal(account, request.at, reason)
    empty = Standing(request)
    found = desk.journal.find(CALLER, _key(request.id, 1))
    if found is None:
        made = _recorded(desk, empty, event, account)
        if isinstance(made, No):
            raise BadInput(made.why, where="request")
        found = made
    raw, _, first = _theirs(found)
    if first is None:
        raise Damaged("the first record of a request does not say what is asked for", where="journal")
    # Of two who ask at once under one key, the other's record counts: its times are the request's.
    sealed = sealed if first.at == request.at else desk.people.seal(account, first.at, reason)
    return _same(_kept(desk, Kept(Standing(first), (), sealed), raw), request)


def happen(desk: Desk, kept: Kept, event: Event) -> Kept | No:
    """What `event` makes of the request, on record, told and kept; or why it cannot happen."""
    for _ in range(_TRIES):
        kept = caught_up(desk, kept)
        account = desk.people.account(kept.request.person)
        if account is None:
            return No("The records of this person were erased, and this request with them.")
        made = _recorded(desk, kept.standing, event, account)
        if isinstance(made, No):
            return made
        raw, recorded, _ = _theirs(made)
        kept = _kept(desk, kept, raw)
        if recorded == event:
            return kept
    raise Busy("others are at this request all the time", part="approvals", hint="try again")


def caught_up(desk: Desk, kept: Kept) -> Kept:
    """`kept` with every record of it that is durable: what another gate did, or what a crash kept from being kept."""
    while True:
        found = desk.journal.find(CALLER, _key(kept.request.id, kept.standing.version + 1))
        if found is None:
            return kept
        if found.erased:
            return kept  # the person's records are gone, and the row goes with them
        kept = _kept(desk, kept, _theirs(found)[0])


def refused(desk: Desk, kept: Kept, event: Event, nonce: str) -> Recorded | None:
    """Put on record that somebody tried, and why they could not: no change of the request, and no number of its own."""
    account = desk.people.account(kept.request.person)
    if account is None:
        return None
    tried = replace(kept.standing, version=0)
    records = _records(event, tried, account)
    return desk.journal.submit(Submission(CALLER, f"no-{nonce}", records))


def moment(clock: Clock) -> datetime:
    """Now, as it will be recorded: cut to milliseconds."""
    now = clock().astimezone(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _recorded(desk: Desk, now: Standing, event: Event, account: str) -> Recorded | No:
    """The record of `event` as the next one of this request, or whatever was recorded there first."""
    after = step(now, event)
    if isinstance(after, No):
        return after
    key = _key(now.request.id, after.version)
    try:
        return desk.journal.submit(Submission(CALLER, key, _records(event, after, account)))
    except IdempotencyConflict:
        found = desk.journal.find(CALLER, key)
        if found is None:
            raise
        return found


def _records(event: Event, after: Standing, account: str) -> tuple[Record, ...]:
    # The person's first and the ledger's after it, in one submission: neither is ever there alone.
    return (
        Record(Stream.of_person(account), body(event, after)),
        Record(Stream.named("approvals"), ledger_body(event, after)),
    )


def _kept(desk: Desk, before: Kept, raw: bytes) -> Kept:
    """One record more: told, then kept. In this order, or a notice that a crash swallowed would never be made up for."""
    _, _, event, _ = event_of(raw)
    after = step(before.standing, event)
    if isinstance(after, No):
        raise Damaged("the records of a request do not follow one from the other", where="journal")
    now = Kept(after, (*before.bodies, raw), before.sealed, before.holder)
    desk.notices.tell(notices_of(desk, event, after))
    desk.rows.put(now.row())
    return now


def _theirs(recorded: Recorded) -> tuple[bytes, Event, Request | None]:
    """The record in the person's stream, among all that were recorded together."""
    for leaf in recorded.leaves:
        try:
            _, _, event, request = event_of(leaf.body)
        except NotCanonical:
            continue  # an enrolment, or the ledger's
        return leaf.body, event, request
    raise Damaged("what is recorded under this key is no record of a request", where="journal")


def _same(kept: Kept, request: Request) -> Kept:
    ours, theirs = kept.request, request
    if (ours.exact, ours.principal, ours.needs, ours.uses, ours.reason) != (
        theirs.exact, theirs.principal, theirs.needs, theirs.uses, theirs.reason,
    ):  # fmt: skip
        raise IdempotencyConflict(
            "this key was used for another request",
            hint="draw a new random key for each request, and keep it for retries",
        )
    return kept


def _taken_by_a_look(desk: Desk, kept: Kept) -> bool:
    """Whether a look holds it that is on record: then it was used in time, and whoever recorded the look says so."""
    holder = kept.holder
    return holder is not None and desk.journal.find(holder.caller, holder.key) is not None


def _key(request: str, number: int) -> str:
    return f"{request}/{number}"


def all_current(desk: Desk, rows: Sequence[RequestRow]) -> list[Kept]:
    """Each of these as it stands at this moment."""
    return [current(desk, row) for row in rows]
