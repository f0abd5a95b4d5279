# SPDX-License-Identifier: Apache-2.0
"""How many share a network, in SQL. Tokens, numbers of periods and shares; none of them says anything without its key.

A count stops at what is enough: it takes as long for the network of a million people as for that of twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, Select, bindparam, delete, func, select, text

from whosaw.directory.query import ask, tell
from whosaw.store.state_tables import CROWD, PREFIXES, add_unless_there, answering

_PART = "crowd"
_KEEP = text(
    "INSERT INTO prefixes_shown (handle, look, sealed) VALUES (:handle, :look, :sealed) ON CONFLICT DO NOTHING"
)
_SHOWN = select(PREFIXES.c.sealed).where(PREFIXES.c.handle == bindparam("of"), PREFIXES.c.look == bindparam("which"))
_AT_ONCE = 8  # counts in one statement: the prefixes of one address
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
                add_unless_there(db, CROWD, sorted(page))

    def looked(
        self, handle: bytes, look: bytes, asked: Sequence[tuple[bytes, int, int]]
    ) -> tuple[bytes | None, Sequence[int]]:
        kept: bytes | None = None
        counts: list[int] = []
        with answering(_PART), self._engine.connect() as db:
            for at in range(0, len(asked), _AT_ONCE):
                some = asked[at : at + _AT_ONCE]
                given: dict[str, Any] = {"of": handle, "which": look}
                for n, (token, period, enough) in enumerate(some):
                    given |= {f"of{n}": token, f"one{n}": period - 1, f"other{n}": period, f"enough{n}": enough}
                row = ask(db, _looked(len(some)), given)[0]
                kept = None if row["kept"] is None else bytes(row["kept"])
                counts += [row[f"people{n}"] for n in range(len(some))]
        return kept, counts

    def leave(self, handle: bytes, shares: Sequence[tuple[bytes, int, bytes]]) -> None:
        rows = [{"of": token, "at": period, "whose": share} for token, period, share in sorted(set(shares))]
        with answering(_PART), self._engine.begin() as db:
            if rows:
                db.execute(_LEAVE, rows)
            db.execute(delete(PREFIXES).where(PREFIXES.c.handle == handle))

    def empty(self) -> bool:
        with answering(_PART), self._engine.connect() as db:
            return db.execute(select(CROWD.c.period).limit(1)).first() is None

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        with answering(_PART), self._engine.begin() as db:
            if tell(db, _KEEP, {"handle": handle, "look": look, "sealed": sealed}):
                return sealed
            rows = ask(db, _SHOWN, {"of": handle, "which": look})
        return bytes(rows[0]["sealed"])


@lru_cache(_AT_ONCE)
def _looked(many: int) -> Select[Any]:
    """What was kept of a look, and so many counts, in one question."""
    counts = (
        select(func.count())
        .select_from(
            select(CROWD.c.share)
            .where(
                CROWD.c.token == bindparam(f"of{n}"),
                CROWD.c.period.in_([bindparam(f"one{n}"), bindparam(f"other{n}")]),
            )
            .distinct()
            .limit(bindparam(f"enough{n}"))
            .subquery()
        )
        .scalar_subquery()
        .label(f"people{n}")
        for n in range(many)
    )
    return select(_SHOWN.scalar_subquery().label("kept"), *counts)
