# SPDX-License-Identifier: Apache-2.0
"""The manifest in PostgreSQL, beside the head. ``journal.ports.Manifest``.

Invariant: whose term has ended puts no segment in another's place and begins no erasure; it stands behind the same fence
as the head.                                         Specification: docs/spec/erasure.md §2, docs/spec/cluster.md
"""

from __future__ import annotations

from collections.abc import Sequence

from whosaw.errors import Contradiction
from whosaw.journal.ports import Erasing, Sealed
from whosaw.store.pg import PART, Database, Term


class PgManifest:
    """The manifest of one log."""

    def __init__(self, database: Database, term: Term | None = None) -> None:
        """`term`: of the sequencer that will write."""
        self._db, self._term = database, term

    def sealed(self) -> dict[int, Sealed]:
        if not self._db.exists():
            return {}
        rows = self._db.rows("SELECT first, count, bytes, generation FROM journal.segment ORDER BY first")
        return {row[0]: Sealed(*row) for row in rows}

    def seal(self, rows: Sequence[Sealed]) -> None:
        if not rows:
            return
        with self._db.transaction(self._term) as db:
            for row in rows:
                values = (row.first, row.count, row.bytes, row.generation)
                db.execute("INSERT INTO journal.segment VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", values)
                there = db.execute("SELECT count FROM journal.segment WHERE first = %s", (row.first,)).fetchone()
                if there != (row.count,):
                    raise Contradiction("a segment was sealed before, with other frames", where=PART)

    def rewrite(self, old: Sealed, new: Sealed) -> None:
        with self._db.transaction(self._term) as db:
            moved = db.execute(
                "UPDATE journal.segment SET bytes = %s, generation = %s"
                " WHERE first = %s AND count = %s AND bytes = %s AND generation = %s",
                (new.bytes, new.generation, old.first, old.count, old.bytes, old.generation),
            )
            if moved.rowcount != 1 or (old.first, old.count) != (new.first, new.count):
                raise Contradiction("the manifest does not hold the segment that was rewritten", where=PART)

    def erasing(self) -> list[Erasing]:
        if not self._db.exists():
            return []
        rows = self._db.rows("SELECT indexes, handle, tombstone FROM journal.erasing ORDER BY first")
        return [Erasing(tuple(indexes), bytes(handle), tombstone) for indexes, handle, tombstone in rows]

    def intend(self, job: Erasing) -> None:
        with self._db.transaction(self._term) as db:
            db.execute("DELETE FROM journal.erasing WHERE first = %s AND tombstone IS NULL", (job.first,))
            db.execute(
                "INSERT INTO journal.erasing VALUES (%s, %s::bigint[], %s, NULL) ON CONFLICT DO NOTHING",
                (job.first, list(job.indexes), job.handle),
            )
            there = db.execute("SELECT indexes FROM journal.erasing WHERE first = %s", (job.first,)).fetchone()
            if there is None or tuple(there[0]) != job.indexes:
                raise Contradiction("another erasure begins at this index", where=PART)

    def begin(self, job: Erasing) -> None:
        with self._db.transaction(self._term) as db:
            known = db.execute(
                "UPDATE journal.erasing SET tombstone = %s WHERE first = %s AND coalesce(tombstone, %s) = %s",
                (job.tombstone, job.first, job.tombstone, job.tombstone),
            )
            if known.rowcount != 1:
                raise Contradiction("this erasure was not intended, or is another's", where=PART)
            db.execute("DELETE FROM journal.position WHERE handle = %s", (job.handle,))

    def forget(self, job: Erasing) -> None:
        with self._db.transaction(self._term) as db:
            db.execute("DELETE FROM journal.erasing WHERE first = %s AND tombstone IS NULL", (job.first,))

    def done(self, job: Erasing) -> None:
        with self._db.transaction(self._term) as db:
            db.execute("UPDATE journal.erasing SET handle = '' WHERE first = %s", (job.first,))
