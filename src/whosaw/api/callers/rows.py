# SPDX-License-Identifier: Apache-2.0
"""Tables of the callers, in state.db: who is registered, and tokens that count once.

    callers         never changed, only ended: what was registered, and when it was known
    caller_tokens   digests of tokens that were seen, until they expire

Who is registered is asked at every request: of the file whether anybody has written since (``directory.remembered``), and of a shared
database for all of it. So a caller that is removed is refused by the next request of any gate.

Invariant: no token, no claim of an employee and no id of one stands here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from whosaw.directory.query import Reads, ask
from whosaw.directory.remembered import Held, looking, memory_of
from whosaw.directory.tables import FOR_EVER, micros
from whosaw.directory.transaction import answering, reading, writing
from whosaw.errors import Busy

CALLER_TABLES = MetaData()
SETTINGS, COMMAND = "settings", "command"

CALLERS = Table(
    "callers",
    CALLER_TABLES,
    Column("row", Integer, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("origin", String(8), nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("said", LargeBinary, nullable=False),
    Column("known_from", BigInteger, nullable=False),
    Column("known_to", BigInteger, nullable=False),
    Index("callers_known_to", "known_to"),
)
TOKENS = Table(
    "caller_tokens",
    CALLER_TABLES,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("until", BigInteger, nullable=False),
    Index("caller_tokens_until", "until"),
)
_LIVE = select(CALLERS).where(CALLERS.c.known_to == FOR_EVER).order_by(CALLERS.c.name)


@dataclass(frozen=True, slots=True)
class Row:
    """One registration as it stands. `number`: how many rows there were when it was written, itself included."""

    number: int
    name: str
    origin: str
    said: bytes


class CallerRows:
    """The two tables. Safe to share. Everything raises Unavailable where the database cannot be asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ── who is registered ──

    def live(self) -> tuple[Row, ...]:
        """Everybody who is registered now, by name; the same tuple for as long as nobody has written."""
        if (memory := memory_of(self._engine)) is not None:
            with answering():
                kept: tuple[Row, ...] | None = memory.find(_LIVE)
            if kept is not None:
                return kept
        with looking(self._engine) as db:
            found = _live(db)
            if isinstance(db, Held):
                db.keep(_LIVE, found)
        return found

    def state(self) -> tuple[int, tuple[Row, ...]]:
        """How many rows were ever written, and those that hold: what a change is made on top of."""
        with reading(self._engine) as db:
            return _number(db), _live(db)

    def settled(self, name: str) -> bytes | None:
        """The digest of what whosaw.toml said last of `name`, whatever a command did since."""
        query = select(CALLERS.c.digest).where(CALLERS.c.name == name, CALLERS.c.ordered.is_(False))
        with reading(self._engine) as db:
            found: bytes | None = db.scalar(query.order_by(CALLERS.c.row.desc()).limit(1))
        return found

    def change(
        self, number: int, name: str, origin: str, said: bytes | None, *, ordered: bool, clock: Callable[[], datetime]
    ) -> None:
        """End what `name` has, and write `said` in its place, on top of `number`. Raises Busy where another came first.

        `ordered`: a command said so, not whosaw.toml.
        """
        with writing(self._engine) as db:
            if _number(db) != number:
                raise Busy(
                    "another change of the callers came first",
                    part="callers",
                    hint="the same command again compares anew",
                )
            now = micros(clock())
            live = (CALLERS.c.name == name) & (CALLERS.c.known_to == FOR_EVER)
            db.execute(update(CALLERS).where(live).values(known_to=now))
            # A removal is a row as well, one that never held: the number of rows says how often anything changed.
            ends = now if said is None else FOR_EVER
            kept = b"" if said is None else said
            row = {"name": name, "origin": origin, "ordered": ordered, "digest": hashlib.sha256(kept).digest()}
            db.execute(insert(CALLERS).values(**row, said=kept, known_from=now, known_to=ends))

    # ── tokens that count once ──

    def first(self, token: bytes, until: datetime, at: datetime) -> bool:
        """Whether a token with this digest was never seen; from now on it was, by every gate."""
        with writing(self._engine) as db:
            db.execute(delete(TOKENS).where(TOKENS.c.until <= micros(at)))
            seen = db.scalar(select(TOKENS.c.digest).where(TOKENS.c.digest == token)) is not None
            if not seen:
                db.execute(insert(TOKENS).values(digest=token, until=micros(until)))
            return not seen


def _live(db: Reads) -> tuple[Row, ...]:
    return tuple([Row(r["row"], r["name"], r["origin"], r["said"]) for r in ask(db, _LIVE, {})])


def _number(db: Connection) -> int:
    return db.scalar(select(func.max(CALLERS.c.row))) or 0
