# SPDX-License-Identifier: Apache-2.0
"""Labels in SQLite: ``private/labels.db``, which says where a label stands. ``journal.ports.Labels``.

    label   label ─▶ index        covered   one row: how many leaves the table covers

Worked out from the bundles, so losing the file loses nothing: the next start builds it again. That is why a COMMIT here
need not be on the disk when it returns (synchronous=NORMAL); it is whole or not there, and `covered` says which.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from whosaw.errors import Contradiction, Damaged
from whosaw.journal.ports import LabelRange
from whosaw.store.sqlite import SqliteFile

VERSION = 1
_HINT = "stop the journal and remove the file; the next start builds it again from the bundles"
_SCHEMA = (
    "CREATE TABLE label (label BLOB PRIMARY KEY, place INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE covered (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL) STRICT",
    "INSERT INTO covered VALUES (1, 0)",
)
# One statement for hundreds of ranges: asking costs more than finding. CROSS JOIN keeps their order.
_IN_RANGES = (
    "WITH range (low, high) AS (VALUES {}) SELECT label, place FROM range CROSS JOIN label "
    "WHERE label >= low AND label < high AND place < ?"
)
_RANGES = 200  # in one statement; each is two variables
_ABOVE_ALL = b"\xff" * 33  # a label has 32 bytes


class SqliteLabels:
    """The label table of one log."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        """`create`: make the file when it is not there. A reader beside a sequencer makes none."""
        self._file = SqliteFile(path, _SCHEMA, version=VERSION, create=create, synchronous="NORMAL", damaged_hint=_HINT)

    def size(self) -> int:
        if self._absent():
            return 0
        return self._covered(self._file.rows("SELECT size FROM covered WHERE id = 1"))[0]

    def find(self, labels: Sequence[bytes]) -> dict[bytes, int]:
        if self._absent():
            return {}
        return dict(self._file.among("SELECT label, place FROM label WHERE label IN", labels))

    def rows(self, ranges: Sequence[LabelRange], size: int) -> list[bytes]:
        if self._absent():
            return []
        found: list[bytes] = []
        for at in range(0, len(ranges), _RANGES):
            some = ranges[at : at + _RANGES]
            bounds = [bound for low, high in some for bound in (low, _ABOVE_ALL if high is None else high)]
            rows = self._file.rows(_IN_RANGES.format(", ".join(["(?, ?)"] * len(some))), [*bounds, size])
            found += [label + place.to_bytes(8) for label, place in rows]
        return sorted(found)

    def extend(self, first: int, labels: Sequence[bytes]) -> None:
        rows = [(labels[n], first + n) for n in sorted(range(len(labels)), key=labels.__getitem__)]
        with self._file.transaction() as db:
            moved = db.execute("UPDATE covered SET size = ? WHERE id = 1 AND size = ?", (first + len(labels), first))
            if moved.rowcount != 1:
                raise Contradiction(f"the label table does not end at {first}", where=self._file.name)
            try:
                db.executemany("INSERT INTO label VALUES (?, ?)", rows)
            except sqlite3.IntegrityError:
                raise Contradiction(
                    "a label stands in the log twice", where=f"index {first} and the {len(labels)} from there on"
                ) from None

    def clear(self) -> None:
        try:
            self._file.check()
            with self._file.transaction() as db:
                db.execute("DELETE FROM label")
                if db.execute("UPDATE covered SET size = 0 WHERE id = 1").rowcount != 1:
                    db.execute("INSERT INTO covered VALUES (1, 0)")
        except Damaged:
            self._file.renew()

    def check(self) -> None:
        if self._absent():
            return
        self._file.check()
        # One statement, or a sequencer could add to the table between the two numbers.
        size, count = self._covered(self._file.rows("SELECT size, (SELECT COUNT(*) FROM label) FROM covered"))
        if size != count:
            raise Damaged(
                f"{self._file.name} covers {size} leaves and holds {count} labels", where=self._file.name, hint=_HINT
            )

    def close(self) -> None:
        self._file.close()

    def _absent(self) -> bool:
        """Whether there is no table yet: it covers nothing then, and who only reads makes none."""
        return not self._file.exists()

    def _covered(self, rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        if len(rows) != 1:
            raise Damaged(f"{self._file.name} does not say what it covers", where=self._file.name, hint=_HINT)
        return rows[0]
