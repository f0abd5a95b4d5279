# SPDX-License-Identifier: Apache-2.0
"""state.db as a file: what it does not say, what survives a kill, and what several processes make of one person."""

import ipaddress
import os
import signal
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text
from tests.contracts.state import state_db
from tests.privacy.keys import ORIGIN, counted, keyring, root, vrf_key
from tests.vault.desk import PERMITTED, PSEUDONYMS, Desk, a_look

from whosaw.errors import Misconfigured, Unavailable
from whosaw.model.access import Field
from whosaw.model.record import Stream
from whosaw.privacy.keyring import Keyring
from whosaw.privacy.names import Names
from whosaw.privacy.unseal import unseal_person, unseal_principal
from whosaw.store.sql_keys import SqlKeyRows, SqlNameRows
from whosaw.store.sql_sealed import SqlSealedRows
from whosaw.store.state_tables import STATE

ROOT = Path(__file__).parents[2]
PERSONS = ("mira.novak@example.org", "jonas.meier@example.org", "Zoë Ångström")
STAFF = ("e.huber", "t.lang")
ADDRESSES = ("203.0.113.77", "198.51.100.201", "2001:db8:1:2:3:4:5:6")


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path):
    """The migrated database and the tables in code are the same, column for column."""
    engine = state_db(tmp_path / "state.db")
    with engine.connect() as db:
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or name in STATE.tables,
        }
        assert compare_metadata(MigrationContext.configure(db, opts=options), STATE) == []
    engine.dispose()


def test_the_file_says_no_name_and_no_address(tmp_path):
    """Ids, names and addresses are nowhere in state.db or its write-ahead log: not as text, bytes, hex or base64."""
    engine = state_db(tmp_path / "state.db")
    random = counted()  # four bytes of an address stand somewhere in every few gigabytes of true randomness
    desk = Desk(rows=SqlKeyRows(engine), random=random)
    desk.sealed = SqlSealedRows(engine)
    desk.vault = desk.open_vault()
    names = Names(SqlNameRows(engine), root(), random)
    for person in PERSONS:
        for address in ADDRESSES:
            desk.vault.put(person, Field.IP, address, datetime(2026, 11, 22, tzinfo=UTC), f"{person} {address} line 1")
        desk.vault.put(person, Field.PROFILE, f"profile of {person}", datetime(2026, 11, 22, tzinfo=UTC), "profile")
    for member in STAFF:
        names.remember(member)
    hidden = {secret for each in (*PERSONS, *STAFF, *ADDRESSES) for secret in spellings(each)}
    hidden |= {root()._key, b64encode(root()._key), *(desk.keyring.key(Stream.of_person(p))._k for p in PERSONS)}
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"state.db", "state.db-wal"}
    for path in files:
        raw = path.read_bytes().lower()
        for secret in hidden:
            assert secret.lower() not in raw, f"found in {path.name}"
    # And the search would have found them: the premise of the test.
    (tmp_path / "plain").write_text(" ".join((*PERSONS, *STAFF, *ADDRESSES)))
    assert all(any(s in (tmp_path / "plain").read_bytes() for s in spellings(each)) for each in (*PERSONS, *STAFF))
    # They are all there, for whoever has the root.
    assert [unseal_person(desk.keyring, PSEUDONYMS.person(p)) for p in PERSONS] == list(PERSONS)
    assert [unseal_principal(names.rows, root(), PSEUDONYMS.principal(s)) for s in STAFF] == list(STAFF)
    engine.dispose()


def spellings(secret):
    """The ways in which a text, or an address, could stand in a file."""
    raw = secret.encode()
    yield from (raw, secret.encode("utf-16-le"), raw.hex().encode(), b64encode(raw).rstrip(b"=")[:-1])
    try:
        packed = ipaddress.ip_address(secret).packed
    except ValueError:
        return
    yield from (packed, packed[::-1], packed.hex().encode(), str(int.from_bytes(packed, "big")).encode())


def test_a_look_over_sql(tmp_path):
    """The same vault on a real file: put, closed, opened again, shown for its receipt."""
    engine = state_db(tmp_path / "state.db")
    desk = Desk(rows=SqlKeyRows(engine))
    desk.sealed = SqlSealedRows(engine)
    desk.vault = desk.open_vault()
    assert desk.put()
    assert not desk.put()
    recorded = desk.looked()
    engine.dispose()
    engine = state_db(tmp_path / "state.db")
    desk.sealed, desk.keyring = SqlSealedRows(engine), keyring(SqlKeyRows(engine))
    assert [v.text for v in desk.open_vault().open(a_look(), recorded, PERMITTED)] == ["203.0.113.0/24"]
    engine.dispose()


PROLOGUE = """
import os, signal, sys
sys.path.insert(0, {root!r})
from tests.contracts.state import state_db
from tests.privacy.keys import keyring
from pathlib import Path
from whosaw.model.record import Stream
from whosaw.store.sql_keys import SqlKeyRows
engine = state_db(Path({path!r}))
"""


def started(path, code):
    prologue = PROLOGUE.format(root=str(ROOT), path=str(path))
    return subprocess.Popen([sys.executable, "-c", prologue + code], stdout=subprocess.PIPE, text=True)


def test_processes_that_meet_at_one_person_agree(tmp_path):
    """Three processes make keys for the same six persons at once, from an empty keyring: each person has one key."""
    path = tmp_path / "state.db"
    state_db(path).dispose()
    code = """
ring = keyring(SqlKeyRows(engine))
print([ring.of(Stream.of_person(f"person {n}")).key.hex() for n in range(6)])
"""
    running = [started(path, code) for _ in range(3)]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(said) == 1
    engine = state_db(path)
    assert len(list(SqlKeyRows(engine).all())) == 6
    engine.dispose()


def test_a_process_killed_after_storing_leaves_the_key_it_stored(tmp_path):
    """kill -9 between the row's commit and its return: the row is whole, and the next process uses it."""
    path = tmp_path / "state.db"
    code = """
class Dies(SqlKeyRows):
    def add(self, row):
        stored = super().add(row)
        print(stored.handle.hex(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

keyring(Dies(engine)).of(Stream.of_person("mira"))
"""
    process = started(path, code)
    handle = process.communicate(timeout=60)[0].strip()
    assert process.returncode == -signal.SIGKILL
    engine = state_db(path)
    assert keyring(SqlKeyRows(engine)).of(Stream.of_person("mira")).handle.hex() == handle
    engine.dispose()


def test_a_process_killed_before_storing_leaves_nothing(tmp_path):
    """kill -9 before the commit: no half row; the next process makes the key."""
    path = tmp_path / "state.db"
    code = """
class Dies(SqlKeyRows):
    def add(self, row):
        os.kill(os.getpid(), signal.SIGKILL)

keyring(Dies(engine)).of(Stream.of_person("mira"))
"""
    process = started(path, code)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    engine = state_db(path)
    assert list(SqlKeyRows(engine).all()) == []
    assert keyring(SqlKeyRows(engine)).of(Stream.of_person("mira")).handle
    engine.dispose()


def test_the_wrong_root_on_a_real_file(tmp_path):
    """A folder's state.db under another folder's root: Misconfigured, and the file is unchanged."""
    engine = state_db(tmp_path / "state.db")
    keyring(SqlKeyRows(engine)).of(Stream.of_person("mira"))
    before = list(SqlKeyRows(engine).all())
    with pytest.raises(Misconfigured, match="keys/root is not the one"):
        Keyring(SqlKeyRows(engine), root("another"), vrf_key(), ORIGIN, os.urandom, enrolled=lambda _: False)
    assert list(SqlKeyRows(engine).all()) == before
    engine.dispose()


DAMAGE = {
    "no tables": lambda path: path.write_bytes(b""),
    "not a database": lambda path: path.write_bytes(b"mira.novak@example.org" * 500),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:4096]),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_broken_file_is_unavailable_in_words(tmp_path, what):
    """A state.db that is no database, or lost its pages: Unavailable, without statements, paths or contents."""
    path = tmp_path / "state.db"
    engine = state_db(path)
    keyring(SqlKeyRows(engine)).of(Stream.of_person("mira"))
    with engine.connect() as db:
        db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    for beside in ("state.db-wal", "state.db-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    DAMAGE[what](path)
    broken = create_engine(f"sqlite:///{path}")
    calls = (
        lambda: SqlKeyRows(broken).find(bytes(32)),
        lambda: list(SqlKeyRows(broken).all()),
        lambda: SqlKeyRows(broken).claim("root", bytes(32)),
        lambda: SqlNameRows(broken).find("e-aaaaaaaaaaaaaaaa"),
        lambda: SqlSealedRows(broken).newest(bytes(16), "ip", 0, 1),
    )
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            call()
        assert "SELECT" not in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
        assert "mira" not in str(caught.value)
        assert caught.value.__suppress_context__
    broken.dispose()


def test_a_file_that_cannot_be_written_takes_nothing(tmp_path):
    """A full disk: Unavailable; what was there is there, what was not is not, and later it works."""
    engine = state_db(tmp_path / "state.db")
    ring = keyring(SqlKeyRows(engine))
    ring.of(Stream.of_person("mira"))
    with engine.connect() as db:
        pages = db.execute(text("PRAGMA page_count")).scalar_one()
    full = create_engine(f"sqlite:///{tmp_path / 'state.db'}", pool_size=1)
    with full.connect() as db:
        db.execute(text(f"PRAGMA max_page_count = {pages}"))
    rows = SqlSealedRows(full)
    desk = Desk(rows=SqlKeyRows(engine))
    desk.sealed = rows
    desk.vault = desk.open_vault()
    with pytest.raises(Unavailable, match="sealed values"):
        for n in range(50):
            desk.put("x" * 60_000, field=Field.PROFILE, source=str(n))
    assert ring.of(Stream.of_person("mira")).handle
    full.dispose()
    desk.sealed = SqlSealedRows(engine)
    desk.vault = desk.open_vault()
    assert desk.put(source="afterwards")
    engine.dispose()


def test_only_its_owner_reads_it(tmp_path):
    """Database, log and shared memory: a copy of the files does not have the folder's mode to protect it."""
    engine = state_db(tmp_path / "new" / "state.db")
    with engine.connect() as db:
        db.execute(text("SELECT 1"))
        found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    engine.dispose()
    assert set(found.values()) == {0o600}, found
    assert "state.db" in found
