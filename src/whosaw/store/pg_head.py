# SPDX-License-Identifier: Apache-2.0
"""The head in PostgreSQL, for a log with many gates. ``journal.ports.Head``.

Two fences stand before every swap. The compare-and-swap lets nobody move a head that they have not read. The epoch lets
nobody move it whose term has ended: a process that slept while another one was elected wakes up with the right note in
its hand, perhaps, and still must not write.

Invariant: note, positions and idempotency rows move in one transaction, fenced by the epoch of whoever moves them.
                                                                               Specification: docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from whosaw.errors import Contradiction
from whosaw.journal.ports import HeadState, Placed
from whosaw.store.pg import PART, Connection, Database, Term

LOG, MAP = "log", "map"
_MOVE = "UPDATE journal.head SET note = %s, size = %s, signed_at = %s WHERE log = %s AND note = %s"
_POSITIONS = """INSERT INTO journal.position SELECT * FROM unnest(%b::bytea[], %b::bigint[])
    ON CONFLICT (handle) DO UPDATE SET next = excluded.next"""
PLACED = "SELECT idem, first, count, at FROM journal.placed WHERE idem = ANY(%b)"
# No ON CONFLICT: a key is placed once.
_PLACED = "INSERT INTO journal.placed SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::int[], %b::bigint[])"


class PgHead:
    """The head of one log. Only `create` makes tables: a wrong database is never a fresh log."""

    def __init__(self, database: Database, log: str = LOG, term: Term | None = None) -> None:
        """`term`: of the sequencer that will swap. Positions and idempotency rows are the log's, not its index's."""
        self._db, self._log, self._term = database, log, term

    def read(self) -> HeadState | None:
        if not self._db.exists():
            return None
        rows = self._db.rows("SELECT note, size, signed_at FROM journal.head WHERE log = %s", (self._log,))
        return HeadState(*rows[0]) if rows else None

    def create(self, state: HeadState, placed: Mapping[bytes, Placed]) -> None:
        self._db.make()
        with self._db.transaction(self._term) as db:
            made = db.execute(
                "INSERT INTO journal.head VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (self._log, state.note, state.size, state.signed_at),
            )
            if made.rowcount != 1:
                raise Contradiction("a log stands here already; it was left as it is", where=PART)
            _place(db, placed)

    def swap(self, old: bytes, new: HeadState, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        with self._db.transaction(self._term) as db:
            moved = db.execute(_MOVE, (new.note, new.size, new.signed_at, self._log, old))
            if moved.rowcount != 1:
                raise Contradiction(
                    "the head is not the one that this sequencer read: another one moved it",
                    where=PART,
                    hint="this process goes on as a gate, and stands for election again",
                )
            if positions:
                handles = sorted(positions)
                db.execute(_POSITIONS, (handles, [positions[handle] for handle in handles]))
            _place(db, placed)

    def mend(self, note: bytes, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        with self._db.transaction(self._term) as db:
            locked = "SELECT 1 FROM journal.head WHERE log = %s AND note = %s FOR UPDATE"
            if db.execute(locked, (self._log, note)).fetchone() is None:
                raise Contradiction("the head is not the one that was checked", where=PART)
            db.execute("DELETE FROM journal.position")
            db.execute("DELETE FROM journal.placed")
            handles = sorted(positions)
            db.execute(_POSITIONS, (handles, [positions[handle] for handle in handles]))
            _place(db, placed)

    def positions(self, handles: Sequence[bytes]) -> dict[bytes, int]:
        rows = self._among("SELECT handle, next FROM journal.position WHERE handle = ANY(%b)", handles)
        return dict(rows)

    def placed(self, idems: Sequence[bytes]) -> dict[bytes, Placed]:
        rows = self._among(PLACED, idems)
        return {idem: Placed(first, count, at) for idem, first, count, at in rows}

    def all_positions(self) -> Iterator[tuple[bytes, int]]:
        if self._log == LOG:
            yield from self._db.stream("SELECT handle, next FROM journal.position ORDER BY handle")

    def all_placed(self) -> Iterator[tuple[bytes, Placed]]:
        if self._log == LOG:
            for idem, *where in self._db.stream("SELECT idem, first, count, at FROM journal.placed ORDER BY first"):
                yield idem, Placed(*where)

    def check(self) -> None:
        """Whether pages are whole is for the server to say, which has checksums for it; the version is for us."""
        self._db.exists()

    def _among(self, statement: str, keys: Sequence[bytes]) -> list[Any]:
        return self._db.rows(statement, (list(keys),)) if keys and self._log == LOG else []


def _place(db: Connection, placed: Mapping[bytes, Placed]) -> None:
    if placed:
        rows = sorted(placed.items())
        columns = [p.first for _, p in rows], [p.count for _, p in rows], [p.at for _, p in rows]
        db.execute(_PLACED, ([idem for idem, _ in rows], *columns))
