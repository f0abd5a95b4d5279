# SPDX-License-Identifier: Apache-2.0
"""How many share a network, in SQL. Tokens, numbers of periods and shares; none of them says anything without its key.

A count stops at what is enough: it takes as long for the network of a million people as for that of twenty.

What was shown is kept in groups: whoever may write writes for all who wait, in one transaction, so that many looks share one
sync of the disk. And each write empties what every other connection remembers of the file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, Select, bindparam, delete, func, select, text

from whosaw.directory.query import ask, tell
from whosaw.errors import Unavailable
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


@dataclass(slots=True)
class _Keeping:
    """What one look wants kept, and what became of it."""

    handle: bytes
    look: bytes
    sealed: bytes = field(repr=False)
    kept: bytes | None = field(default=None, repr=False)
    error: Exception | None = None

    @property
    def order(self) -> tuple[bytes, bytes]:
        return self.handle, self.look


class SqlCrowdRows:
    """``vault.ports.CrowdRows`` on an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[_Keeping] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()

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
        mine = _Keeping(handle, look, sealed)
        with self._lock:
            self._waiting.append(mine)
        with self._writing:
            if mine.kept is None and mine.error is None:  # nobody has written it for us meanwhile
                with self._lock:
                    group, self._waiting = self._waiting, []
                self._keep(group)
        if mine.kept is None:
            raise mine.error or Unavailable("what a look showed was not kept", part=_PART)
        return mine.kept

    def _keep(self, group: Sequence[_Keeping]) -> None:
        """All of them or none, durable. Raises nothing: each of those who wait is told."""
        kept: list[bytes] = []
        # Sorted: two gates that keep the same rows in another order would wait for each other.
        group = sorted(group, key=lambda each: each.order)
        error: Exception = Unavailable("what a look showed was not kept", part=_PART)
        try:
            with answering(_PART), self._engine.begin() as db:
                for each in group:
                    given = {"handle": each.handle, "look": each.look, "sealed": each.sealed}
                    if tell(db, _KEEP, given):
                        kept.append(each.sealed)
                    else:
                        rows = ask(db, _SHOWN, {"of": each.handle, "which": each.look})
                        kept.append(bytes(rows[0]["sealed"]))
        except Exception as failed:  # noqa: BLE001  whatever it was, those who wait are told, and show nothing
            kept, error = [], failed
        finally:
            for n, each in enumerate(group):
                each.kept, each.error = (kept[n], None) if len(kept) == len(group) else (None, error)


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
