# SPDX-License-Identifier: Apache-2.0
"""One SQLite file of ours: opened the same way everywhere, with its transactions said out loud.

    isolation_level=None      no transaction begins unless we say BEGIN IMMEDIATE
    journal_mode=WAL          readers, in this process and in others, never block the writer
    synchronous=FULL          a COMMIT that returned is on the disk; NORMAL where the file can be rebuilt
    user_version              the layout; a newer one is refused, and nothing was changed. An older one is brought up
                              by whoever writes first; readers take it as it is

A failure before COMMIT rolled everything back: Unavailable. A failure *of* COMMIT leaves the outcome open:
OutcomeUnknown. Busy is not a lost swap, and a row count of 0 is: whoever writes checks it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from whosaw.errors import Damaged, Misconfigured, OutcomeUnknown, Unavailable, WhosawError

BUSY_MS = 5_000
_AT_ONCE = 500  # variables in one statement; SQLite takes at least 999


def private_file(path: Path) -> None:
    """Make an empty file that only its owner reads, if there is none. SQLite gives its mode to those beside it.

    Raises Unavailable; an empty file, which is no database, may be there then.
    """
    # The folder is private, too; but a copy of the files elsewhere has the files' modes and not the folder's.
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Unavailable(
            f"cannot make {path.name}: {error.strerror}",
            part=path.name,
            hint="free space or mend the disk, then try again",
        ) from error


class SqliteFile:
    """A database file. Reading and writing have a connection each, made when first used, safe between threads."""

    def __init__(
        self,
        path: Path,
        schema: Sequence[str],
        *,
        version: int,
        create: bool,
        steps: Mapping[int, Sequence[str]] = MappingProxyType({}),
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        damaged_hint: str = "keep a copy of the whole folder and restore the file from what belongs to it",
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    ) -> None:
        """`create`: make the file when it is first used. Otherwise only `make` does.

        `steps`: the statements that bring a file of an older layout to the one after it.
        """
        self._steps = steps
        self._path, self._schema, self._version, self._create = path, schema, version, create
        self._synchronous, self._connect, self._hint = synchronous, connect, damaged_hint
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._read_lock, self._write_lock = threading.Lock(), threading.Lock()

    @property
    def name(self) -> str:
        return self._path.name

    def exists(self) -> bool:
        """Whether there is a database. Looking makes none; one that a crash left without its first table is none."""
        if self._writer or self._reader:
            return True
        if not self._path.exists():
            return False
        with self._told(), closing(sqlite3.connect(self._path, timeout=BUSY_MS / 1000)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            return version != 0 or connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None

    def check(self) -> None:
        """Raise Damaged where the file is not whole: pages, trees, types."""
        found = self.rows("PRAGMA integrity_check(1)")
        if found != [("ok",)]:
            raise Damaged(f"{self.name} is not whole", where=self.name, hint=self._hint)

    def make(self) -> None:
        """Make the file and its tables, if they are not there."""
        with self._write_lock, self._told():
            self._writer = self._writer or self._open(create=True, writes=True)

    def renew(self) -> None:
        """Throw the file away, whatever it holds, and make an empty one: for what is worked out from elsewhere."""
        self.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        self.make()

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._read_lock, self._told():
            self._reader = self._reader or self._open(create=self._create)
            return self._reader.execute(statement, values).fetchall()

    def among(self, statement: str, keys: Sequence[bytes]) -> list[Any]:
        """Rows of a query that ends in ``IN``, for any number of keys: one statement for hundreds of them."""
        found: list[Any] = []
        for at in range(0, len(keys), _AT_ONCE):
            some = keys[at : at + _AT_ONCE]
            found += self.rows(f"{statement} ({','.join('?' * len(some))})", some)
        return found

    def stream(self, statement: str) -> Iterator[Any]:
        """Rows of a query that may be long, on a connection of its own."""
        with self._told():
            connection = self._open(create=False)
            try:
                yield from connection.execute(statement)
            finally:
                connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT. What is raised inside, by us or by SQLite, has changed nothing."""
        with self._write_lock:
            with self._told():
                self._writer = self._writer or self._open(create=self._create, writes=True)
                writer = self._writer
                writer.execute("BEGIN IMMEDIATE")
            try:
                with self._told():
                    yield writer
            except BaseException:
                self._roll_back(writer)
                raise
            self._commit(writer)

    def _roll_back(self, writer: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            return
        raise OutcomeUnknown(f"{self.name}: a transaction could not be taken back", part=self.name)

    def _commit(self, writer: sqlite3.Connection) -> None:
        try:
            writer.execute("COMMIT")
        except sqlite3.Error as error:
            # Not rolled back and not tried again: the disk may have it.
            raise OutcomeUnknown(f"{self.name}: COMMIT failed: {error}", part=self.name) from error

    def close(self) -> None:
        with self._read_lock, self._write_lock:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def has(self, table: str) -> bool:
        """Whether the file has this table: one of an older layout, which nobody has written to yet, may not."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))

    def _open(self, *, create: bool, writes: bool = False) -> sqlite3.Connection:
        if create:
            private_file(self._path)
        elif not self._path.exists():
            raise Unavailable(
                f"there is no {self.name}",
                part=self.name,
                hint="docs/restore.md says which files may be restored, and which never",
            )
        connection = self._connect(
            self._path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False, uri=False
        )
        try:
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            connection.execute("PRAGMA fullfsync=1")  # macOS; nothing elsewhere
            self._check_layout(connection, create=create, writes=writes)
            # After the layout was found to be ours: this writes to the file where it is not in this mode yet.
            connection.execute("PRAGMA journal_mode=WAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_layout(self, connection: sqlite3.Connection, *, create: bool, writes: bool) -> None:
        found = _layout(connection)
        if found == 0 and create and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            connection.execute("BEGIN IMMEDIATE")
            for statement in self._schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={self._version}")
            connection.execute("COMMIT")
        elif found > self._version:
            raise Misconfigured(
                f"{self.name} has layout {found}, this version of whosaw knows {self._version}",
                setting=self.name,
                hint="use the version of whosaw that made the folder, or a newer one; nothing was changed",
            )
        elif found != self._version and found not in self._steps:
            raise Damaged(f"{self.name} has no layout of ours", where=self.name, hint=self._hint)
        elif writes and found != self._version:
            self._bring_up(connection)

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """From an older layout to ours, in one transaction."""
        connection.execute("BEGIN IMMEDIATE")
        for layout in range(_layout(connection), self._version):
            for statement in self._steps[layout]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={self._version}")
        connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors in our words."""
        try:
            yield
        except WhosawError:
            raise
        except sqlite3.OperationalError as error:
            # Our statements never change, so one that makes no sense to SQLite means that the tables are not ours.
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                raise Damaged(f"{self.name}: {error}", where=self.name, hint=self._hint) from error
            raise Unavailable(f"{self.name}: {error}", part=self.name, hint="nothing was changed; try again") from error
        except sqlite3.Error as error:
            raise Damaged(f"{self.name}: {error}", where=self.name, hint=self._hint) from error


def _layout(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)
