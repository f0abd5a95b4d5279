# SPDX-License-Identifier: Apache-2.0
"""The head in SQLite: ``private/head.db``, the one file that decides what this log is. ``journal.ports.Head``, `Manifest`.

    head       one row: note, size, signed_at
    position   handle ─▶ next i of the stream
    placed     idempotency key ─▶ first index, count, time of the receipt
    segment    first index ─▶ count, bytes, generation                        the manifest, since layout 2
    erasing    first erased index ─▶ all of them, handle until it is done, index of the tombstone

Invariant: the note moves from the one that was read to the next by compare-and-swap, and positions and idempotency rows
move in the same transaction. It is in no backup: a restored head signs old sizes anew, and that is a fork.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from whosaw.errors import Contradiction
from whosaw.journal.ports import Erasing, HeadState, Placed, Sealed
from whosaw.store.sqlite import SqliteFile

VERSION = 2
_MANIFEST = (
    "CREATE TABLE segment (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL, generation INTEGER NOT NULL) STRICT",
    "CREATE TABLE erasing (first INTEGER PRIMARY KEY, indexes BLOB NOT NULL, handle BLOB NOT NULL, tombstone INTEGER) STRICT",
)
_SCHEMA = (
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), note BLOB NOT NULL, size INTEGER NOT NULL, signed_at INTEGER NOT NULL) STRICT",
    "CREATE TABLE position (handle BLOB PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE placed (idem BLOB PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    *_MANIFEST,
)
_STEPS = {1: _MANIFEST}


class SqliteHead:
    """The head of one log. Only `create` makes the file: a wrong path is never a fresh log."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, version=VERSION, steps=_STEPS, create=False)
        self.manifest = SqliteManifest(self._file)

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


class SqliteManifest:
    """The manifest in the same file."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def sealed(self) -> dict[int, Sealed]:
        if not self._file.exists() or not self._file.has("segment"):
            return {}
        rows = self._file.rows("SELECT first, count, bytes, generation FROM segment ORDER BY first")
        return {row[0]: Sealed(*row) for row in rows}

    def seal(self, rows: Sequence[Sealed]) -> None:
        if not rows:
            return
        with self._file.transaction() as db:
            for row in rows:
                there = db.execute("SELECT count FROM segment WHERE first = ?", (row.first,)).fetchone()
                if there is None:
                    values = (row.first, row.count, row.bytes, row.generation)
                    db.execute("INSERT INTO segment VALUES (?, ?, ?, ?)", values)
                elif there != (row.count,):
                    raise Contradiction("a segment was sealed before, with other frames", where=self._file.name)

    def rewrite(self, old: Sealed, new: Sealed) -> None:
        with self._file.transaction() as db:
            moved = db.execute(
                "UPDATE segment SET bytes = ?, generation = ? WHERE first = ? AND count = ? AND bytes = ? AND generation = ?",
                (new.bytes, new.generation, old.first, old.count, old.bytes, old.generation),
            )
            if moved.rowcount != 1 or (old.first, old.count) != (new.first, new.count):
                raise Contradiction("the manifest does not hold the segment that was rewritten", where=self._file.name)

    def erasing(self) -> list[Erasing]:
        if not self._file.exists() or not self._file.has("erasing"):
            return []
        rows = self._file.rows("SELECT indexes, handle, tombstone FROM erasing ORDER BY first")
        return [Erasing(_numbers(raw), handle, tombstone) for raw, handle, tombstone in rows]

    def intend(self, job: Erasing) -> None:
        raw = b"".join(index.to_bytes(8) for index in job.indexes)
        with self._file.transaction() as db:
            db.execute("DELETE FROM erasing WHERE first = ? AND tombstone IS NULL", (job.first,))
            db.execute("INSERT OR IGNORE INTO erasing VALUES (?, ?, ?, NULL)", (job.first, raw, job.handle))
            there = db.execute("SELECT indexes FROM erasing WHERE first = ?", (job.first,)).fetchone()
            if there != (raw,):
                raise Contradiction("another erasure begins at this index", where=self._file.name)

    def begin(self, job: Erasing) -> None:
        with self._file.transaction() as db:
            known = db.execute(
                "UPDATE erasing SET tombstone = ?1 WHERE first = ?2 AND (tombstone IS NULL OR tombstone = ?1)",
                (job.tombstone, job.first),
            )
            if known.rowcount != 1:
                raise Contradiction("this erasure was not intended, or is another's", where=self._file.name)
            db.execute("DELETE FROM position WHERE handle = ?", (job.handle,))

    def forget(self, job: Erasing) -> None:
        with self._file.transaction() as db:
            db.execute("DELETE FROM erasing WHERE first = ? AND tombstone IS NULL", (job.first,))

    def done(self, job: Erasing) -> None:
        with self._file.transaction() as db:
            db.execute("UPDATE erasing SET handle = x'' WHERE first = ?", (job.first,))


def _numbers(raw: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(raw[at : at + 8]) for at in range(0, len(raw), 8))


def _rows(placed: Mapping[bytes, Placed]) -> list[tuple[bytes, int, int, int]]:
    return [(idem, (p := placed[idem]).first, p.count, p.at) for idem in sorted(placed)]
