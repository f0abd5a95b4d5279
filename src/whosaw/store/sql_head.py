# SPDX-License-Identifier: Apache-2.0
"""The head in SQLite: ``private/head.db``, the one file that decides what this log is. ``journal.ports.Head``.

    head       one row: note, size, signed_at
    position   handle ─▶ next i of the stream
    placed     idempotency key ─▶ first index, count, time of the receipt

Invariant: the note moves from the one that was read to the next by compare-and-swap, and positions and idempotency rows
move in the same transaction. It is in no backup: a restored head signs old sizes anew, and that is a fork.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from whosaw.errors import Contradiction
from whosaw.journal.ports import HeadState, Placed
from whosaw.store.sqlite import SqliteFile

VERSION = 1
_SCHEMA = (
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), note BLOB NOT NULL, size INTEGER NOT NULL, signed_at INTEGER NOT NULL) STRICT",
    "CREATE TABLE position (handle BLOB PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE placed (idem BLOB PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)


class SqliteHead:
    """The head of one log. Only `create` makes the file: a wrong path is never a fresh log."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, version=VERSION, create=False)

    def read(self) -> HeadState | None:
        if not self._file.exists():
            return None
        rows = self._file.rows("SELECT note, size, signed_at FROM head WHERE id = 1")
        return HeadState(*rows[0]) if rows else None

    def create(self, state: HeadState, placed: Mapping[bytes, Placed]) -> None:
        self._file.make()
        with self._file.transaction() as db:
            if db.execute("SELECT 1 FROM head").fetchone():
                raise Contradiction("a log stands here already; it was left as it is", where=self._file.name)
            db.execute("INSERT INTO head VALUES (1, ?, ?, ?)", (state.note, state.size, state.signed_at))
            db.executemany("INSERT INTO placed VALUES (?, ?, ?, ?)", _rows(placed))

    def swap(self, old: bytes, new: HeadState, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        with self._file.transaction() as db:
            moved = db.execute(
                "UPDATE head SET note = ?, size = ?, signed_at = ? WHERE id = 1 AND note = ?",
                (new.note, new.size, new.signed_at, old),
            )
            if moved.rowcount != 1:
                raise Contradiction(
                    "the head is not the one that this sequencer read: another one moved it",
                    where=self._file.name,
                    hint="only one process may write a log; find the other one before starting again",
                )
            db.executemany(
                "INSERT INTO position VALUES (?, ?) ON CONFLICT (handle) DO UPDATE SET next = excluded.next",
                positions.items(),
            )
            # Sorted, because neighbours share pages of the tree; and no REPLACE: a key is placed once.
            db.executemany("INSERT INTO placed VALUES (?, ?, ?, ?)", _rows(placed))

    def mend(self, note: bytes, positions: Mapping[bytes, int], placed: Mapping[bytes, Placed]) -> None:
        with self._file.transaction() as db:
            if db.execute("SELECT 1 FROM head WHERE id = 1 AND note = ?", (note,)).fetchone() is None:
                raise Contradiction("the head is not the one that was checked", where=self._file.name)
            db.execute("DELETE FROM position")
            db.executemany("INSERT INTO position VALUES (?, ?)", sorted(positions.items()))
            db.execute("DELETE FROM placed")
            db.executemany("INSERT INTO placed VALUES (?, ?, ?, ?)", _rows(placed))

    def positions(self, handles: Sequence[bytes]) -> dict[bytes, int]:
        return dict(self._file.among("SELECT handle, next FROM position WHERE handle IN", handles))

    def placed(self, idems: Sequence[bytes]) -> dict[bytes, Placed]:
        rows = self._file.among("SELECT idem, first, count, at FROM placed WHERE idem IN", idems)
        return {idem: Placed(first, count, at) for idem, first, count, at in rows}

    def all_positions(self) -> Iterator[tuple[bytes, int]]:
        yield from self._file.stream("SELECT handle, next FROM position ORDER BY handle")

    def all_placed(self) -> Iterator[tuple[bytes, Placed]]:
        for idem, first, count, at in self._file.stream("SELECT idem, first, count, at FROM placed ORDER BY first"):
            yield idem, Placed(first, count, at)

    def check(self) -> None:
        if self._file.exists():
            self._file.check()

    def close(self) -> None:
        self._file.close()


def _rows(placed: Mapping[bytes, Placed]) -> list[tuple[bytes, int, int, int]]:
    return [(idem, p.first, p.count, p.at) for idem, p in sorted(placed.items())]
