# SPDX-License-Identifier: Apache-2.0
"""The table `pending` in PostgreSQL, as gates see it. ``journal.pending.Pending``.

Rows are added by the group, one COMMIT and one NOTIFY for all that wait in a gate: each NOTIFY of its own would queue up
behind all other commits of the server.

Invariant: a COMMIT whose outcome is unknown is settled by saying the same again. The second INSERT waits for the first
transaction, if the server has it still, and then finds its rows or makes them.  Specification: docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg

from whosaw.errors import Busy, Damaged, NotCanonical, Unavailable
from whosaw.journal.cluster.pending import Answer, Asked, Assigned, Granted, Tenure
from whosaw.journal.ports import Placed
from whosaw.journal.segment import Frame, Mark, Order, parse_all
from whosaw.journal.segments import records
from whosaw.store.pg import PART, Connection, Database, Said, together
from whosaw.store.pg_head import PLACED

LIMIT = 16_384  # rows that may wait, of all gates
ASKED, ANSWERED = "whosaw_asked", "whosaw_answered"

_ASK = """WITH few AS (SELECT count(*) < %s AS room FROM
        (SELECT FROM journal.pending WHERE first IS NULL AND refused IS NULL LIMIT %s) AS they),
    made AS (INSERT INTO journal.pending (idem, handles, bodies) SELECT asked.* FROM few,
        unnest(%b::bytea[], %b::bytea[], %b::bytea[]) AS asked WHERE room ON CONFLICT (idem) DO NOTHING)
    SELECT room FROM few"""
_ANSWERS = "SELECT idem, first, at, frames, refused FROM journal.pending WHERE idem = ANY(%b)"
_ASSIGNED = "SELECT first, at, frames FROM journal.pending WHERE first >= %s ORDER BY first"
_END = """SELECT greatest((SELECT size FROM journal.head WHERE log = 'log'),
    (SELECT first + count FROM journal.pending WHERE first IS NOT NULL ORDER BY first DESC LIMIT 1))"""
_STANDING = """SELECT epoch, extract(epoch FROM clock_timestamp() - elected), extract(epoch FROM clock_timestamp() - seen),
    (SELECT count(*) FROM journal.pending WHERE first IS NULL AND refused IS NULL),
    (SELECT count(*) FROM journal.pending WHERE first IS NOT NULL) FROM journal.leader WHERE epoch > 0"""
_WISH = """UPDATE journal.wish SET size = %s, witnessed = %s WHERE size < %s OR (size = %s AND witnessed AND NOT %s)"""


class PgPending:
    """``journal.pending.Pending`` on a database."""

    def __init__(self, database: Database, limit: int = LIMIT) -> None:
        self._db, self._limit = database, limit

    def ask(self, rows: Sequence[Asked]) -> None:
        # In one order for all gates: two that ask for the same keys wait for each other, and not both at once.
        rows = sorted(rows, key=lambda row: row.idem)
        columns = [r.idem for r in rows], [b"".join(r.handles) for r in rows], [packed(r.bodies) for r in rows]
        with self._db.at_once((_ASK, (self._limit, self._limit, *columns)), notifying(ASKED)) as (asked_, _):
            (room,) = asked_.fetchone() or (False,)
        if not room:
            raise Busy("too many submissions are waiting", part=PART, hint="nothing was recorded; try again")

    def answers(self, idems: Sequence[bytes]) -> dict[bytes, Answer]:
        return _answers(self._db.rows(_ANSWERS, (list(idems),))) if idems else {}

    def known(self, idems: Sequence[bytes]) -> tuple[dict[bytes, Answer], dict[bytes, Placed]]:
        if not idems:
            return {}, {}
        with self._db.connection() as db:
            # In this order, and each of them a look of its own: a row goes only once the head has it.
            rows, placed = together(db, (_ANSWERS, (list(idems),)), (PLACED, (list(idems),)), binary=True)
            there = {idem: Placed(*where) for idem, *where in placed.fetchall()}
            return _answers(rows.fetchall()), there

    def withdraw(self, idem: bytes) -> bool:
        with self._db.transaction() as db:
            gone = db.execute("DELETE FROM journal.pending WHERE idem = %s AND first IS NULL", (idem,))
            return gone.rowcount == 1

    def assigned(self, first: int) -> list[Assigned]:
        return [Assigned(at, frames_in(at_, frames)) for at_, at, frames in self._db.rows(_ASSIGNED, (first,))]

    def end(self) -> int:
        found: int | None = self._db.rows(_END)[0][0]
        if found is None:
            raise Damaged("the head is missing", where=PART)
        return found

    def wish(self, size: int, *, witnessed: bool) -> Granted | None:
        with self._db.connection() as db:
            # Read first: most who ask find what another asked for, and a row that is not written is not fought for.
            row = db.execute("SELECT size, note, map_note, seen FROM journal.wish", binary=True).fetchone()
            if row is None:
                raise Damaged("the table of wishes is empty", where=PART)
            if row[0] < size:
                db.execute(_WISH, (size, witnessed, size, size, witnessed))
                db.execute(*notifying(ASKED))
        return None if row[1] is None else Granted(*row[1:])

    def ear(self) -> PgEar:
        return PgEar(self._db, ANSWERED)

    def tenure(self) -> Tenure | None:
        """Who is elected; None where nobody ever was."""
        found = self._db.rows(_STANDING)
        return Tenure(*map(int, found[0])) if found else None


class PgEar:
    """``journal.pending.Ear``: LISTEN, on a connection of its own."""

    def __init__(self, database: Database, channel: str) -> None:
        self._connection: Connection = database.listening(channel)

    def wait(self, seconds: float) -> None:
        try:
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error:
            raise Unavailable("the database hung up", part=PART) from None

    def close(self) -> None:
        self._connection.close()


def _answers(rows: Iterable[tuple[bytes, int | None, int, bytes, str | None]]) -> dict[bytes, Answer]:
    return {
        idem: Answer(None if first is None else Assigned(at, frames_in(first, frames)), refused)
        for idem, first, at, frames, refused in rows
    }


def notifying(channel: str) -> Said:
    """Whoever hears `channel` is to look, once this is committed."""
    return "SELECT pg_notify(%s, '')", (channel,)


# ── what a row holds ──


def packed(bodies: Sequence[bytes]) -> bytes:
    """Bodies as a row that waits holds them: u32be length ‖ body, for each."""
    return b"".join([piece for body in bodies for piece in (len(body).to_bytes(4), body)])


def asked(idem: bytes, handles: bytes, bodies: bytes) -> Asked:
    """A row that waits. Raises Damaged."""
    found, at = [], 0
    while at < len(bodies):
        end = at + 4 + int.from_bytes(bodies[at : at + 4])
        found.append(bodies[at + 4 : end])
        at = end
    if at != len(bodies) or len(handles) != 16 * len(found) or not found:
        raise Damaged("a row of the table `pending` is not what a gate wrote", where=PART)
    return Asked(idem, tuple(handles[n : n + 16] for n in range(0, len(handles), 16)), tuple(found))


def frames_in(first: int, raw: bytes) -> tuple[Frame, ...]:
    """The frames of a row that is assigned: one whole submission, as a segment beginning there would hold it."""
    try:
        frames = tuple(records(list(parse_all(raw, Mark(first), Order(first)))))
    except NotCanonical as error:
        raise Damaged(f"a row of the table `pending`: {error}", where=PART) from None
    if not frames or frames[-1].left or frames[0].index != first:
        raise Damaged("a row of the table `pending` is no whole submission", where=PART)
    return frames
