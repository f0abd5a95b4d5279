# SPDX-License-Identifier: Apache-2.0
"""How many share a network, in SQL. Tokens, numbers of periods and shares; none of them says anything without its key.

A count stops at what is enough: it takes as long for the network of a million people as for that of twenty.
What was shown is kept in a file of its own where one gate has the folder to itself (``shown``), and in a table where many share a
database (``sql_shown``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Engine, Select, bindparam, delete, func, select

from whosaw.directory.query import Reads, ask
from whosaw.directory.remembered import VAULT, memory_of
from whosaw.store.sql_shown import SqlShown
from whosaw.store.state_tables import CROWD, add_unless_there, answering

_PART = "crowd"
_AT_ONCE = 8  # counts in one statement: the prefixes of one address
_LEAVE = delete(CROWD).where(
    CROWD.c.token == bindparam("of"), CROWD.c.period == bindparam("at"), CROWD.c.share == bindparam("whose")
)


class ShownRows(Protocol):
    """What looks showed, sealed: found again by whoever asks for the same look. All raise Unavailable."""

    def find_all(self, names: Sequence[tuple[bytes, bytes]]) -> Sequence[bytes | None]:
        """What is kept of each look, by (handle, look)."""
        ...

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        """Keep it unless something is kept; what is kept, durable."""
        ...

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> Sequence[bytes | Exception]:
        """What `keep` returns or raises for each."""
        ...

    def leave(self, handle: bytes) -> None:
        """Keep nothing of this stream."""
        ...


class SqlCrowdRows:
    """``vault.ports.CrowdRows`` on an engine."""

    def __init__(self, engine: Engine, shown: ShownRows | None = None) -> None:
        """`shown`: where it is kept what looks showed, if not in the table."""
        self._engine, self._shown = engine, shown or SqlShown(engine)

    def join(self, pages: Iterable[Sequence[tuple[bytes, int, bytes]]]) -> None:
        with answering(_PART), self._engine.begin() as db:
            for page in pages:
                # Sorted: two gates that keep the same rows in another order would wait for each other.
                add_unless_there(db, CROWD, sorted(page))

    def kept_all(self, names: Sequence[tuple[bytes, bytes]]) -> Sequence[bytes | None]:
        return self._shown.find_all(names)

    def counts(self, asked: Sequence[tuple[bytes, int, int]]) -> Sequence[int]:
        if (memory := memory_of(self._engine)) is not None:
            counts = memory.all_at_hand(asked, VAULT)
            if counts is not None:
                return counts
        with answering(_PART):
            return self._counts(asked)

    def _counts(self, asked: Sequence[tuple[bytes, int, int]]) -> Sequence[int]:
        if (memory := memory_of(self._engine)) is None:
            with self._engine.connect() as db:
                return _counted(db, asked)
        # Very many people share very few of the longest networks: until somebody comes or goes, how many is known.
        found = memory.find_all(asked, VAULT)
        if None in found:
            with memory.reading() as held:
                known = {each: held.find(each, VAULT) for each in asked}
                missing = [each for each, count in known.items() if count is None]
                for each, count in zip(missing, _counted(held, missing), strict=True):
                    # Kept beside, too: a memory that is full begins anew in the middle of this.
                    known[each] = count
                    held.keep(each, count, VAULT)
                found = [known[each] for each in asked]
        return found

    def leave(self, handle: bytes, shares: Sequence[tuple[bytes, int, bytes]]) -> None:
        rows = [{"of": token, "at": period, "whose": share} for token, period, share in sorted(set(shares))]
        with answering(_PART), self._engine.begin() as db:
            if rows:
                db.execute(_LEAVE, rows)
        self._shown.leave(handle)

    def empty(self) -> bool:
        with answering(_PART), self._engine.connect() as db:
            return db.execute(select(CROWD.c.period).limit(1)).first() is None

    def keep(self, handle: bytes, look: bytes, sealed: bytes) -> bytes:
        return self._shown.keep(handle, look, sealed)

    def keep_all(self, kept: Sequence[tuple[bytes, bytes, bytes]]) -> Sequence[bytes | Exception]:
        return self._shown.keep_all(kept)


def _counted(db: Reads, asked: Sequence[tuple[bytes, int, int]]) -> list[int]:
    """How many share each, in as few questions as can be."""
    counts: list[int] = []
    for at in range(0, len(asked), _AT_ONCE):
        some = asked[at : at + _AT_ONCE]
        given: dict[str, Any] = {}
        for n, (token, period, enough) in enumerate(some):
            given |= {f"of{n}": token, f"one{n}": period - 1, f"other{n}": period, f"enough{n}": enough}
        row = ask(db, _looked(len(some)), given)[0]
        counts += [row[f"people{n}"] for n in range(len(some))]
    return counts


@lru_cache(_AT_ONCE)
def _looked(many: int) -> Select[Any]:
    """So many counts, in one question."""
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
    return select(*counts)
