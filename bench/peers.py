# SPDX-License-Identifier: Apache-2.0
"""The peers: what a team would write instead, on the same disk, in the same run.

    PostgreSQL   a table with a unique key, one INSERT a record, committed: durable, and nothing proves anything
    pymerkle     a Merkle tree in SQLite: it proves, one record a transaction

PostgreSQL gets its records three ways: threads and tasks through psycopg, as a Python gate would do it, and pgbench, which
is C and has no caller that does anything with the answer.
"""

import asyncio
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from pymerkle import SqliteTree

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests import postgres

SETTINGS = """
fsync = on
full_page_writes = on
synchronous_commit = on
max_connections = 300
shared_buffers = 128MB
shared_preload_libraries = ''
logging_collector = off
log_destination = 'stderr'
"""
_TABLE = "CREATE TABLE record (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, idem bytea UNIQUE, stream bytea, body bytea)"
_INSERT = "INSERT INTO record (idem, stream, body) VALUES (%s, %s, %s)"


class Postgres:
    """A server of our own, while the block lasts."""

    def __init__(self) -> None:
        self._server = postgres.server(SETTINGS)
        self._numbers = 0

    def __enter__(self) -> Self:
        self.server = self._server.__enter__()
        with self.server.connect() as db:
            db.execute(_TABLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, where)

    def keys(self, count: int) -> list[bytes]:
        """So many keys that nobody had."""
        first, self._numbers = self._numbers, self._numbers + count
        return [number.to_bytes(32) for number in range(first, first + count)]


def postgres_insert(database: Postgres, callers: int, count: int, body: bytes) -> tuple[float, float]:
    """Records a second from Python, the better of threads and tasks; and from pgbench. The best of three each."""
    python = max(
        run(database, callers, count, body) for run in (_by_threads, _by_tasks) for _ in range(3 if callers > 1 else 2)
    )
    return python, max(_by_pgbench(database, callers, body) for _ in range(3))


def _by_threads(database: Postgres, callers: int, count: int, body: bytes) -> float:
    connections = [database.server.connect() for _ in range(callers)]

    def caller(db: psycopg.Connection, keys: list[bytes]) -> None:
        for key in keys:
            db.execute(_INSERT, (key, b"s" * 16, body))

    keys = database.keys(count)
    threads = [threading.Thread(target=caller, args=(db, keys[n::callers])) for n, db in enumerate(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - began
    for db in connections:
        db.close()
    return count / taken


def _by_tasks(database: Postgres, callers: int, count: int, body: bytes) -> float:
    keys = database.keys(count)

    async def caller(db: psycopg.AsyncConnection, mine: list[bytes]) -> None:
        for key in mine:
            await db.execute(_INSERT, (key, b"s" * 16, body))

    async def all_of_them() -> float:
        where = {"host": str(database.server.folder), "user": "postgres", "dbname": "postgres", "autocommit": True}
        connections = [await psycopg.AsyncConnection.connect(**where) for _ in range(callers)]
        began = time.perf_counter()
        await asyncio.gather(*(caller(db, keys[n::callers]) for n, db in enumerate(connections)))
        taken = time.perf_counter() - began
        for db in connections:
            await db.close()
        return taken

    return count / asyncio.run(all_of_them())


def _by_pgbench(database: Postgres, callers: int, body: bytes) -> float:
    script = (
        "\\set n random(1, 9000000000000000)\n"
        "INSERT INTO record (idem, stream, body) VALUES "
        f"(sha256(int8send(:n)), '\\x{'73' * 16}', '\\x{body.hex()}') ON CONFLICT DO NOTHING;\n"
    )
    done = subprocess.run(
        [
            postgres.programs() / "pgbench", "-h", database.server.folder, "-U", "postgres", "-n", "-M", "prepared",
            "-c", str(callers), "-j", str(min(callers, 2)), "-T", "3", "-f", "-", "postgres",
        ],
        input=script, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    return float(found[1]) if found else 0.0  # on a machine so busy that not one was done before the time was over


def pymerkle_append(folder: Path, callers: int, count: int, body: bytes) -> float:
    """Records a second into a tree in SQLite, as it comes: each append is a transaction."""
    path = folder / f"pymerkle-{callers}.db"
    with SqliteTree(str(path)) as tree, ThreadPoolExecutor(callers) as pool:
        began = time.perf_counter()
        list(pool.map(lambda n: tree.append_entry(body + n.to_bytes(8)), range(count)))
        return count / (time.perf_counter() - began)
