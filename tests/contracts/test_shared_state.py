# SPDX-License-Identifier: Apache-2.0
"""state.db in PostgreSQL, where several gates share it: what only shows with several processes and a real server."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from tests.contracts.state import state_in

from whosaw.api.callers.rows import CALLER_TABLES
from whosaw.directory.migrate import check, newest, upgrade
from whosaw.directory.ticket_tables import DIRECTORY
from whosaw.directory.transaction import reading, writing
from whosaw.errors import Unavailable
from whosaw.store.key_tables import KEYS
from whosaw.store.pg import Database
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import shared_state_engine
from whosaw.store.state_tables import STATE
from whosaw.wishes.rows import WISH_TABLES

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]


@pytest.fixture
def engine(database):
    made = state_in(database)
    yield made
    made.dispose()


def test_the_revisions_make_the_tables_of_the_code_here_too(engine):
    """Types, indexes, columns: as in SQLite; and a second run changes nothing."""
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, [DIRECTORY, STATE, CALLER_TABLES, WISH_TABLES, KEYS]) == []
    check(engine)
    assert upgrade(engine) == newest()


def test_gates_that_start_at_once_migrate_once(database):
    """Six of them on an empty database: each finds it whole."""
    engines, failed = [shared_state_engine(Database(database)) for _ in range(6)], []

    def start(engine):
        try:
            upgrade(engine)
            check(engine)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert failed == []


def test_all_reads_of_one_view_see_one_state(engine):
    """What another gate commits in between is seen by the next view."""
    feed = "INSERT INTO feed (confirmed, change, digest) VALUES (1, 1, '')"
    with reading(engine) as ours:
        assert ours.scalar(text("SELECT count(*) FROM feed")) == 0
        with writing(engine) as theirs:
            theirs.execute(text(feed))
        assert ours.scalar(text("SELECT count(*) FROM feed")) == 0
    with reading(engine) as ours:
        assert ours.scalar(text("SELECT count(*) FROM feed")) == 1


def test_a_write_is_whole_or_not_there(engine):
    """An error inside takes everything back, as the server's end does."""
    with pytest.raises(ZeroDivisionError), writing(engine) as db:
        db.execute(text("INSERT INTO feed (confirmed, change, digest) VALUES (1, 1, '')"))
        raise ZeroDivisionError
    with pytest.raises(Unavailable), writing(engine) as db:
        db.execute(text("INSERT INTO feed (confirmed, change, digest) VALUES (1, 1, '')"))
        db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with reading(engine) as db:
        assert db.scalar(text("SELECT count(*) FROM feed")) == 0


ONE_GATE = """
import os, sys
from tests.privacy.keys import vrf_key
from whosaw.model.record import Stream
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.root import Root
from whosaw.store.key_tables import KEYS
from whosaw.store.pg import Database
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import shared_state_engine

engine = shared_state_engine(Database(sys.argv[1]))
root = Root.parse(sys.argv[2].encode(), "root")
keyring = Keyring(SqlKeyRows(engine), root, vrf_key(), "log.example.org/whosaw", os.urandom, enrolled=lambda _: False)
print("ready", flush=True)
sys.stdin.readline()
for n in range(8):
    key = keyring.of(Stream.of_person(f"new-{n}"))
    print(key.handle.hex(), key.key.hex(), flush=True)
engine.dispose()
"""


def test_two_processes_that_make_the_key_of_one_person_get_one_key(engine, database):
    """Both are told the key that is stored, for each of eight new persons; the other one was never given to anybody."""
    from whosaw.privacy.root import Root

    root = Root.make(os.urandom).encode().decode()
    gates = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_GATE, database, root],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for gate in gates:
        assert gate.stdout.readline() == "ready\n"
    for gate in gates:
        gate.stdin.write("\n")
        gate.stdin.flush()
    told = [gate.communicate(timeout=60)[0].split("\n")[:-1] for gate in gates]
    assert [gate.returncode for gate in gates] == [0, 0]
    assert len(set(told[0])) == 8
    assert told[0] == told[1]
    assert {line.split()[0] for line in told[0]} == {row.handle.hex() for row in SqlKeyRows(engine).all()}
