# SPDX-License-Identifier: Apache-2.0
"""Labels in PostgreSQL: one table for all gates. ``journal.ports.Labels``.

Derived from the bundles, and still not a file of each gate: whoever is elected needs all of it in that moment, and a gate
that answers for a record of a second ago needs the rows of every other gate (docs/adr/0070).

Invariant: only the elected sequencer writes it. Without that fence one that woke up late would find a table that covers
more than the head it remembers, and clear it.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.errors import UniqueViolation

from whosaw.errors import Contradiction, Damaged
from whosaw.journal.ports import LabelRange
from whosaw.store.pg import PART, Database, Term

_EXTEND = "INSERT INTO journal.label SELECT * FROM unnest(%b::bytea[], %b::bigint[])"
_IN_RANGES = (
    "SELECT label, place FROM unnest(%b::bytea[], %b::bytea[]) AS range (low, high) "
    "JOIN journal.label ON label >= low AND label < high AND place < %s ORDER BY label"
)
_HINT = (
    "stop all gates and empty the tables journal.label and journal.covered; the next start fills them from the bundles"
)


class PgLabels:
    """The label table of one log."""

    def __init__(self, database: Database, term: Term | None = None) -> None:
        """`term`: of the sequencer that will write."""
        self._db, self._term = database, term

    def size(self) -> int:
        return self._covered("SELECT size FROM journal.covered WHERE id = 1")[0] if self._db.exists() else 0

    def find(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        if not labels or not self._db.exists():
            return {}
        return dict(self._db.rows("SELECT label, place FROM journal.label WHERE label = ANY(%b)", (list(labels),)))

    def rows(self, ranges: Sequence[LabelRange], size: int) -> list[bytes]:
        if not ranges or not self._db.exists():
            return []
        # A label has 32 bytes: this is above every one of them.
        lows, highs = zip(*((low, b"\xff" * 33 if high is None else high) for low, high in ranges), strict=True)
        found = self._db.rows(_IN_RANGES, (list(lows), list(highs), size))
        return [label + place.to_bytes(8) for label, place in found]

    def extend(self, first: int, labels: Sequence[bytes]) -> None:
        rows = sorted((label, first + n) for n, label in enumerate(labels))
        with self._db.transaction(self._term) as db:
            moved = db.execute(
                "UPDATE journal.covered SET size = %s WHERE id = 1 AND size = %s", (first + len(labels), first)
            )
            if moved.rowcount != 1:
                raise Contradiction(f"the label table does not end at {first}", where=PART)
            try:
                db.execute(_EXTEND, ([label for label, _ in rows], [place for _, place in rows]))
            except UniqueViolation:
                raise Contradiction(
                    "a label stands in the log twice", where=f"index {first} and the {len(labels)} from there on"
                ) from None

    def clear(self) -> None:
        with self._db.transaction(self._term) as db:
            db.execute("DELETE FROM journal.label")
            db.execute("UPDATE journal.covered SET size = 0 WHERE id = 1")

    def check(self) -> None:
        if not self._db.exists():
            return
        # One statement, or a sequencer could add to the table between the two numbers.
        size, count = self._covered("SELECT size, (SELECT count(*) FROM journal.label) FROM journal.covered")
        if size != count:
            raise Damaged(f"the label table covers {size} leaves and holds {count} labels", where=PART, hint=_HINT)

    def _covered(self, statement: str) -> tuple[int, ...]:
        rows = self._db.rows(statement)
        if len(rows) != 1:
            raise Damaged("the label table does not say what it covers", where=PART, hint=_HINT)
        found: tuple[int, ...] = rows[0]
        return found
