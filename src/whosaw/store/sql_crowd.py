# SPDX-License-Identifier: Apache-2.0
"""How many share a network, in SQL. Tokens, numbers of periods and shares; none of them says anything without its key.

A count stops at what is enough: it takes as long for the network of a million people as for that of twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, bindparam, delete, func, select, text

from whosaw.directory.query import ask
from whosaw.store.state_tables import CROWD, PREFIXES, answering

_PART = "crowd"
_JOIN = text("INSERT INTO crowd (token, period, share) VALUES (:token, :period, :share) ON CONFLICT DO NOTHING")
_KEEP = text(
    "INSERT INTO prefixes_shown (handle, look, sealed) VALUES (:handle, :look, :sealed) ON CONFLICT DO NOTHING"
)
_COUNT = select(func.count().label("people")).select_from(
    select(CROWD.c.share)
    .where(CROWD.c.token == bindparam("of"), CROWD.c.period.in_([bindparam("one"), bindparam("other")]))
    .distinct()
    .limit(bindparam("enough"))
    .subquery()
)
_SHOWN = select(PREFIXES.c.sealed).where(PREFIXES.c.handle == bindparam("of"), PREFIXES.c.look == bindparam("which"))
_LEAVE = delete(CROWD).where(
    CROWD.c.token == bindparam("of"), CROWD.c.period == bindparam("at"), CROWD.c.share == bindparam("whose")
)


class SqlCrowdRows:
    """``vault.ports.CrowdRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def join(self, pages: Iterable[Sequence[tuple[bytes, int, bytes]]]) -> None:
        with answering(_PART), self._engine.begin() as db:
            for page in pages:
                # Sorted: two gates that keep the same rows in another order would wait for each other.
                rows = [{"token": token, "period": period, "share": share} for token, period, share in sorted(page)]
                db.execute(_JOIN, rows)

    def count(self, tokens: Sequence[tuple[bytes, int]], periods: tuple[int, int]) -> Sequence[int]:
        one, other = periods
        with answering(_PART), self._engine.connect() as db:
            found = [ask(db, _COUNT, {"of": t, "enough": n, "one": one, "other": other}) for t, n in tokens]
        return [rows[0]["people"] for rows in found]

    def leave(self, handle: bytes, shares: Sequence[tuple[bytes, int, bytes]]) -> None:
        rows = [{"of": token, "at": period, "whose": share} for token, period, share in sorted(set(shares))]
        with answering(_PART), self._engine.begin() as db:
            if rows:
                db.execute(_LEAVE, rows)
            db.execute(delete(PREFIXES).where(PREFIXES.c.handle == handle))

    def empty(self) -> bool:
        with answering(_PART), self._engine.connect() as db:
            return db.execute(select(CROWD.c.period).limit(1)).first() is None

    def shown(self, handle: bytes, look: bytes) -> bytes | None:
        with answering(_PART), self._engine.connect() as db:
            rows = ask(db, _SHOWN, {"of": handle, "which": look})
        return bytes(rows[0]["sealed"]) if rows else None

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        with answering(_PART), self._engine.begin() as db:
            db.execute(_KEEP, {"handle": handle, "look": look, "sealed": sealed})
            rows = ask(db, _SHOWN, {"of": handle, "which": look})
        return bytes(rows[0]["sealed"])
