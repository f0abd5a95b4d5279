# SPDX-License-Identifier: Apache-2.0
"""Real stores that fail on demand: SQLite and PostgreSQL at BEGIN or COMMIT, a disk at write, link, rename or fsync, lost or late."""

import errno
import os
import sqlite3
from dataclasses import dataclass, field

import psycopg

from whosaw.store.files import durably
from whosaw.store.sqlite import SqliteFile


@dataclass
class Fate:
    """What the next statement, or call, that begins with a word meets: "lost" did not happen, "late" did."""

    word: str = ""
    fate: str = ""
    met: list[str] = field(default_factory=list)

    def arm(self, word: str, fate: str) -> None:
        self.word, self.fate = word, fate

    def meets(self, what: str) -> str:
        if not self.word or not what.startswith(self.word):
            return ""
        fate, self.word = self.fate, ""
        self.met.append(what)
        return fate


def failing_sqlite(file: SqliteFile) -> Fate:
    """From now on, connections that `file` opens fail as the fate says."""
    fate = Fate()

    class Failing(sqlite3.Connection):
        def execute(self, statement, *values):
            met = fate.meets(statement)
            done = super().execute(statement, *values) if met != "lost" else None
            if met:
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR
                raise error
            return done

    file._connect = lambda *a, **k: sqlite3.connect(*a, factory=Failing, **k)
    return fate


def failing_postgres(fate: Fate):
    """How to connect so that statements fail as the fate says. The connection is gone after it, as it would be."""

    class Failing(psycopg.Connection):
        def execute(self, query, *values, **more):
            met = fate.meets(query)
            done = super().execute(query, *values, **more) if met != "lost" else None
            if met:
                self.close()
                raise psycopg.OperationalError("server closed the connection unexpectedly")
            return done

    return Failing.connect


def failing_sync(fate: Fate, what: str = "fsync"):
    """An fsync that fails as the fate says. Lost or late, the caller cannot know."""

    def sync(fd: int) -> None:
        met = fate.meets(what)
        if met != "lost":
            durably(fd)
        if met:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return sync
