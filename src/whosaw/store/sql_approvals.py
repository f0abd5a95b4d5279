# SPDX-License-Identifier: Apache-2.0
"""Approvals in state.db: requests with their records, who holds which, notices, passkeys.

    put     records and their row in one transaction; a record that is there is left as it is
    hold    UPDATE … SET holder WHERE nobody holds it, or the same       one row, one winner, in SQLite and PostgreSQL
    seen    UPDATE … SET counter WHERE it is lower                       two assertions of a cloned key: one of them fails

What was recorded is the truth; these rows only find it. Whoever changes them here changes no record, and a request whose
bodies do not follow one from the other is refused by whoever reads it (``guard.approvals.record.made_of``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from whosaw.directory.query import ask
from whosaw.directory.remembered import memory_of
from whosaw.errors import Unavailable
from whosaw.model.approval_kept import Credential, Holder, Notice, RequestRow
from whosaw.store.state_tables import APPROVAL_RECORDS, APPROVALS, CREDENTIALS, NOTICES, answering

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PART, _APPROVED = "approvals", "approved"
_SOME = select(APPROVALS.c.request).where(APPROVALS.c.exact == bindparam("of")).limit(1)
_FEW = 4096  # requests that are remembered all at once
_EXACTS = select(APPROVALS.c.exact).limit(_FEW)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


class SqlApprovals:
    """``guard.approvals.ports.Rows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, request: str) -> RequestRow | None:
        return next(iter(self._all(select(APPROVALS).where(APPROVALS.c.request == request))), None)

    def put(self, row: RequestRow) -> None:
        with answering(_PART):
            try:
                with self._engine.begin() as db:
                    _put(db, row)
            except IntegrityError:
                # Another gate keeps the same record at this moment. What it keeps is what was recorded: ours, word for word.
                if self.find(row.request) is None:
                    raise Unavailable("a request was kept and is not there", part=_PART) from None

    def exact(self, exact: bytes) -> Sequence[RequestRow]:
        # Asked for each look, and for most of them there is nothing: that is found out in the cheapest way.
        memory = memory_of(self._engine)
        few: frozenset[bytes] | None = None if memory is None else memory.at_hand(_EXACTS)
        if few is not None and exact not in few:
            return []
        with answering(_PART):
            some = self._any(exact)
        return self._all(select(APPROVALS).where(APPROVALS.c.exact == exact)) if some else []

    def _any(self, exact: bytes) -> bool:
        """Whether there ever was a request for exactly this."""
        if (memory := memory_of(self._engine)) is None:
            with self._engine.connect() as db:
                return bool(ask(db, _SOME, {"of": exact}))
        few: frozenset[bytes] | None = memory.find(_EXACTS)
        if few is not None:
            return exact in few
        with memory.reading() as held:
            rows = ask(held, _EXACTS, {})
            if len(rows) < _FEW:
                few = frozenset(bytes(row["exact"]) for row in rows)
                held.keep(_EXACTS, few)
                return exact in few
            return bool(ask(held, _SOME, {"of": exact}))

    def since(self, at: datetime) -> Sequence[RequestRow]:
        return self._all(select(APPROVALS).where(APPROVALS.c.asked >= _micros(at)))

    def open(self) -> Sequence[RequestRow]:
        return self._all(select(APPROVALS).where(APPROVALS.c.open))

    def _all(self, query: Select[Any]) -> list[RequestRow]:
        with answering(_PART), self._engine.connect() as db:
            rows = db.execute(query.order_by(APPROVALS.c.asked, APPROVALS.c.request)).mappings().all()
            bodies = _bodies(db, [row["request"] for row in rows])
        # A request that is erased between the two reads has no bodies any more, and is not there.
        return [_kept(row, bodies[row["request"]]) for row in rows if row["request"] in bodies]

    def hold(self, request: str, holder: Holder) -> bool:
        free = APPROVALS.c.holder_key.is_(None) | _held(holder)
        # State and holder in one statement: what was used, or given to another, a moment ago is not free any more.
        fits = (APPROVALS.c.request == request) & (APPROVALS.c.state == _APPROVED) & free
        with answering(_PART), self._engine.begin() as db:
            change = update(APPROVALS).where(fits).values(holder_caller=holder.caller, holder_key=holder.key)
            return db.execute(change).rowcount == 1

    def let_go(self, request: str, holder: Holder) -> None:
        mine = (APPROVALS.c.request == request) & _held(holder) & (APPROVALS.c.state == _APPROVED)
        with answering(_PART), self._engine.begin() as db:
            db.execute(update(APPROVALS).where(mine).values(holder_caller=None, holder_key=None))


def _put(db: Connection, row: RequestRow) -> None:
    now = {"state": row.state, "open": row.open, "version": len(row.bodies), "sealed": row.sealed}
    there = db.scalar(select(APPROVALS.c.version).where(APPROVALS.c.request == row.request))
    if there is not None and there >= len(row.bodies):
        return
    for number, body in enumerate(row.bodies, 1):
        if number > (there or 0):
            values = {"request": row.request, "number": number, "person": row.person, "body": body}
            db.execute(insert(APPROVAL_RECORDS).values(**values))
    if there is None:
        first = {"request": row.request, "person": row.person, "exact": row.exact, "asked": _micros(row.asked)}
        db.execute(insert(APPROVALS).values(**first, **now))
    else:
        db.execute(update(APPROVALS).where(APPROVALS.c.request == row.request).values(**now))


def _held(holder: Holder) -> ColumnElement[bool]:
    return (APPROVALS.c.holder_caller == holder.caller) & (APPROVALS.c.holder_key == holder.key)


def _bodies(db: Connection, requests: Sequence[str]) -> dict[str, tuple[bytes, ...]]:
    found: dict[str, list[bytes]] = {}
    table = APPROVAL_RECORDS
    for at in range(0, len(requests), 500):
        some = table.c.request.in_(requests[at : at + 500])
        query = select(table.c.request, table.c.body).where(some).order_by(table.c.request, table.c.number)
        for request, body in db.execute(query):
            found.setdefault(request, []).append(bytes(body))
    return {request: tuple(bodies) for request, bodies in found.items()}


def _kept(row: RowMapping, bodies: tuple[bytes, ...]) -> RequestRow:
    return RequestRow(
        request=row["request"], person=row["person"], exact=bytes(row["exact"]), state=row["state"], open=bool(row["open"]),
        asked=_instant(row["asked"]), bodies=bodies, sealed=bytes(row["sealed"]),
        holder=None if row["holder_key"] is None else Holder(row["holder_caller"], row["holder_key"]),
    )  # fmt: skip


class SqlNotices:
    """``guard.approvals.ports.Notices`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            values = {
                "id": notice.id, "whom": notice.whom, "what": notice.what, "request": notice.request,
                "at": _micros(notice.at),
            }  # fmt: skip
            with answering("notices"):
                try:
                    with self._engine.begin() as db:
                        db.execute(insert(NOTICES).values(**values))
                except IntegrityError:
                    pass  # It is kept already, and may have been taken.

    def waiting(self, whom: Sequence[str]) -> Sequence[Notice]:
        query = select(NOTICES).where(NOTICES.c.whom.in_(list(whom)), NOTICES.c.taken.is_(None))
        with answering("notices"), self._engine.connect() as db:
            rows = db.execute(query.order_by(NOTICES.c.at, NOTICES.c.id)).mappings().all()
        return [Notice(row["id"], row["whom"], row["what"], row["request"], _instant(row["at"])) for row in rows]

    def taken(self, ids: Iterable[str], at: datetime) -> None:
        with answering("notices"), self._engine.begin() as db:
            for id_ in ids:
                db.execute(
                    update(NOTICES).where(NOTICES.c.id == id_, NOTICES.c.taken.is_(None)).values(taken=_micros(at))
                )


class SqlCredentials:
    """``guard.approvals.ports.Keys`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, credential: Credential) -> Credential:
        values = {
            "id": credential.id, "principal": credential.principal, "alg": credential.alg, "public": credential.public,
            "rp": credential.rp, "counter": credential.counter, "added": _micros(credential.added),
        }  # fmt: skip
        with answering("credentials"):
            try:
                with self._engine.begin() as db:
                    db.execute(insert(CREDENTIALS).values(**values))
            except IntegrityError:
                pass  # There is one with this id, which stays.
        found = self.find(credential.id)
        if found is None:
            raise Unavailable("a passkey was kept and is not there", part="credentials")
        return found

    def find(self, id_: bytes) -> Credential | None:
        return next(iter(self._all(CREDENTIALS.c.id == id_)), None)

    def of(self, principal: str) -> Sequence[Credential]:
        return self._all(CREDENTIALS.c.principal == principal)

    def _all(self, which: ColumnElement[bool]) -> list[Credential]:
        query = select(CREDENTIALS).where(which).order_by(CREDENTIALS.c.added, CREDENTIALS.c.id)
        with answering("credentials"), self._engine.connect() as db:
            return [_credential(row) for row in db.execute(query).mappings().all()]

    def seen(self, id_: bytes, counter: int) -> bool:
        mine = CREDENTIALS.c.id == id_
        with answering("credentials"), self._engine.begin() as db:
            if counter == 0:
                return db.scalar(select(CREDENTIALS.c.counter).where(mine)) == 0
            change = update(CREDENTIALS).where(mine, CREDENTIALS.c.counter < counter).values(counter=counter)
            return db.execute(change).rowcount == 1

    def remove(self, id_: bytes, at: datetime) -> None:
        mine = (CREDENTIALS.c.id == id_) & CREDENTIALS.c.removed.is_(None)
        with answering("credentials"), self._engine.begin() as db:
            db.execute(update(CREDENTIALS).where(mine).values(removed=_micros(at)))


def _credential(row: RowMapping) -> Credential:
    return Credential(
        id=bytes(row["id"]), principal=row["principal"], alg=row["alg"], public=bytes(row["public"]), rp=row["rp"],
        counter=row["counter"], added=_instant(row["added"]),
        removed=None if row["removed"] is None else _instant(row["removed"]),
    )  # fmt: skip
