# SPDX-License-Identifier: Apache-2.0
"""Where wishes wait for a gate, and answers for a command: one row each, in state.db.

    waits ──take──▶ taken ──answer──▶ answered ──read──▶ gone
      └──withdraw──▶ gone

A gate takes a wish before it does anything for it, so a command that withdraws one knows that nothing was done for it.

Invariant: what is said and what is answered stand here sealed, and no longer than somebody waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, Column, Engine, LargeBinary, MetaData, String, Table, delete, insert, select, update

from whosaw.directory.tables import micros
from whosaw.directory.transaction import reading, writing

WISH_TABLES = MetaData()
# Called so since only commands about callers left wishes.
WISHES = Table(
    "caller_wishes",
    WISH_TABLES,
    Column("wish", String(32), primary_key=True),
    Column("said", LargeBinary, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("answer", LargeBinary),
)
_TAKEN = b""
_WAITING = select(WISHES.c.wish, WISHES.c.said, WISHES.c.made).where(WISHES.c.answer.is_(None)).order_by(WISHES.c.made)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command asks of an open gate. `said` is sealed; `made` in microseconds since 1970."""

    id: str
    said: bytes = field(repr=False)
    made: int


class WishRows:
    """The table. Safe to share. Everything raises Unavailable where the database cannot be asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wish(self, id_: str, said: bytes, at: datetime) -> None:
        with writing(self._engine) as db:
            db.execute(insert(WISHES).values(wish=id_, said=said, made=micros(at)))

    def waiting(self) -> tuple[Wish, ...]:
        """Those that nobody has taken, the oldest first."""
        with reading(self._engine) as db:
            return tuple(Wish(*row) for row in db.execute(_WAITING))

    def take(self, id_: str) -> bool:
        """Take a wish; False where it was withdrawn, or another gate was first."""
        with writing(self._engine) as db:
            waits = (WISHES.c.wish == id_) & WISHES.c.answer.is_(None)
            return bool(db.execute(update(WISHES).where(waits).values(answer=_TAKEN)).rowcount)

    def answer(self, id_: str, answer: bytes) -> None:
        """Answer a wish that was taken and is still there."""
        with writing(self._engine) as db:
            taken = (WISHES.c.wish == id_) & (WISHES.c.answer == _TAKEN)
            db.execute(update(WISHES).where(taken).values(answer=answer))

    def answered(self, id_: str) -> bytes | None:
        """The answer, which is then taken away."""
        with reading(self._engine) as db:
            found: bytes | None = db.scalar(select(WISHES.c.answer).where(WISHES.c.wish == id_))
        if not found:
            return None
        with writing(self._engine) as db:
            db.execute(delete(WISHES).where(WISHES.c.wish == id_))
        return found

    def withdraw(self, id_: str) -> bool:
        """Take a wish back; False where it was taken meanwhile."""
        with writing(self._engine) as db:
            return bool(db.execute(delete(WISHES).where(WISHES.c.wish == id_, WISHES.c.answer.is_(None))).rowcount)

    def forget(self, before: datetime) -> int:
        """Take away what was taken and not read, and is older than this: its command is gone. Returns how many."""
        old = (WISHES.c.made < micros(before)) & WISHES.c.answer.is_not(None)
        with reading(self._engine) as db:
            if db.scalar(select(WISHES.c.wish).where(old).limit(1)) is None:
                return 0
        with writing(self._engine) as db:
            return int(db.execute(delete(WISHES).where(old)).rowcount)
