# SPDX-License-Identifier: Apache-2.0
"""What a witness has cosigned last, in SQLite: ``witness.heads.Heads``.

    head   origin ─▶ size, root, note, time; hash: the origin as it stands in a path

Invariant: a row is read, decided upon and replaced inside one BEGIN IMMEDIATE … COMMIT, so two requests that contradict
each other are never both cosigned, whichever processes take them. It is in no backup: a restored one would cosign again
what it has forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from whosaw.errors import Damaged
from whosaw.store.sqlite import SqliteFile
from whosaw.tlog.witness import Cosigned, origin_hash

VERSION = 1
_SCHEMA = (
    "CREATE TABLE head (origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, time_s INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)
_ROW = "size, root, note, time_s"

T = TypeVar("T")


class SqliteHeads:
    """The heads of one witness. Only `make` makes the file: a wrong path is never a witness that has seen nothing."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(
            path,
            _SCHEMA,
            version=VERSION,
            create=False,
            damaged_hint="a witness whose memory is lost must not go on under its keys: make a new one, with new keys",
        )

    def make(self) -> None:
        """Make the file, with nothing seen."""
        self._file.make()

    def exists(self) -> bool:
        return self._file.exists()

    def latest(self, origin: str) -> Cosigned | None:
        return _one(self._file.rows(f"SELECT {_ROW} FROM head WHERE origin = ?", (origin,)))  # noqa: S608 - our columns

    def shown(self, origin_hash: str) -> Cosigned | None:
        return _one(self._file.rows(f"SELECT {_ROW} FROM head WHERE hash = ?", (origin_hash,)))  # noqa: S608  columns of ours

    def advance(self, origin: str, decide: Callable[[Cosigned | None], tuple[T, Cosigned | None]]) -> T:
        with self._file.transaction() as db:
            last = _one(db.execute(f"SELECT {_ROW} FROM head WHERE origin = ?", (origin,)).fetchall())  # noqa: S608  columns of ours
            value, new = decide(last)
            if new is not None:
                row = (origin, origin_hash(origin), new.size, new.root, new.note, new.time_s)
                done = db.execute(
                    "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET "
                    "size = excluded.size, root = excluded.root, note = excluded.note, time_s = excluded.time_s",
                    row,
                )
                if done.rowcount != 1:
                    raise Damaged("a head was not kept", where=self._file.name)
        return value

    def all(self) -> Iterator[tuple[str, Cosigned]]:
        for origin, *row in self._file.stream(f"SELECT origin, {_ROW} FROM head ORDER BY origin"):  # noqa: S608  columns of ours
            yield origin, Cosigned(*row)

    def check(self) -> None:
        """Raise Damaged where the file is not whole."""
        if self._file.exists():
            self._file.check()

    def close(self) -> None:
        self._file.close()


def _one(rows: list[Any]) -> Cosigned | None:
    return Cosigned(*rows[0]) if rows else None
