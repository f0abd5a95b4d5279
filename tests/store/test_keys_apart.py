# SPDX-License-Identifier: Apache-2.0
"""The key table in a file of its own: how rows of an older version come there, and what is left where they were."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from whosaw.beside import all_keys
from whosaw.directory import migrate
from whosaw.errors import Misconfigured
from whosaw.model.access import Field
from whosaw.model.record import Stream
from whosaw.store import key_tables
from whosaw.store.sql_keys import SqlKeyRows
from whosaw.store.state import state_engine
from whosaw.wiring import build, house

SEEN = datetime(2026, 11, 22, tzinfo=UTC)
MIRA = Stream.of_person("mira")
# As the first revision of state.db made them.
OLD = """
CREATE TABLE keyring (lookup BLOB NOT NULL, generation INTEGER NOT NULL, rekeys INTEGER NOT NULL, epoch INTEGER NOT NULL,
 handle BLOB NOT NULL, wrapped BLOB NOT NULL, label_0 BLOB NOT NULL, sealed_id BLOB NOT NULL,
 CONSTRAINT keyring_pk PRIMARY KEY (lookup, generation), CONSTRAINT keyring_handle UNIQUE (handle));
CREATE TABLE keyring_check (name VARCHAR(16) NOT NULL, value BLOB NOT NULL, CONSTRAINT keyring_check_pk PRIMARY KEY (name));
ATTACH '{keys}' AS keys;
INSERT INTO keyring SELECT lookup, generation, rekeys, epoch, handle, wrapped, label_0, sealed_id FROM keys.keyring;
INSERT INTO keyring_check SELECT name, value FROM keys.keyring_check;
DROP TABLE crowd;
DROP TABLE prefixes_shown;
DROP TABLE imports;
DROP TABLE counts;
UPDATE alembic_version SET version_num = '0006';
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A folder as an older version left it: key rows in state.db, under an epoch that derives from the root."""
    folder = tmp_path_factory.mktemp("old") / "data"
    build(folder, "log.example.org/whosaw")
    keys = folder / "private" / "keys.db"
    with closing(sqlite3.connect(keys)) as db, db:
        db.execute("INSERT INTO epochs VALUES (1, X'')")
    with house(folder) as here:
        for person in ("mira", "owen", "kate"):
            here.vault.put(person, Field.PROFILE, f"a value of {person}", SEEN, "one")
    with closing(sqlite3.connect(folder / "private" / "state.db")) as db:
        db.executescript(OLD.format(keys=keys))
    for path in keys.parent.glob("keys.db*"):
        path.unlink()
    return folder


def rows_of(folder):
    engine = state_engine(folder / "private" / "keys.db")
    try:
        return list(SqlKeyRows(engine).all())
    finally:
        engine.dispose()


def in_state(folder) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "private").glob("state.db*")))


def test_a_start_moves_the_keys_out_of_state_db(old, tmp_path):
    """Every row is in keys.db, none of their bytes in state.db; the same persons have the same keys, and fsck's keyring opens."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder) as here:
        key = here.keyring.find(MIRA)
        assert here.keyring.epochs.numbers() == (1,)
    rows = rows_of(folder)
    assert len({row.lookup for row in rows}) == len(rows) >= 3
    raw = in_state(folder)
    assert not [row for row in rows for piece in (row.lookup, row.wrapped, row.sealed_id) if piece in raw]
    with house(folder) as here:
        assert here.keyring.find(MIRA) == key
    with all_keys(folder) as keys:
        assert keys.find(MIRA) == key


def test_a_crash_between_copy_and_removal_is_taken_up(old, tmp_path):
    """Both files hold the rows: the next start leaves them in keys.db alone."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder):
        pass
    for path in (folder / "private").glob("state.db*"):
        path.unlink()
    shutil.copy(old / "private" / "state.db", folder / "private" / "state.db")
    before = rows_of(folder)
    with house(folder) as here:
        assert here.keyring.find(MIRA) is not None
    assert rows_of(folder) == before
    assert not [row for row in before if row.wrapped in in_state(folder)]


def test_a_crash_before_the_copy_is_whole_is_taken_up(old, tmp_path):
    """keys.db is there and empty: the rows are still in state.db, and come."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    (folder / "private" / "keys.db").write_bytes(b"")
    with house(folder) as here:
        assert here.keyring.find(MIRA) is not None


def test_an_old_copy_of_state_db_brings_no_erased_key_back(old, tmp_path):
    """Rows that stand in keys.db count; those of a state.db from before the move are thrown away."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder):
        pass
    mira = next(row for row in rows_of(folder) if row.generation == 0)
    with closing(sqlite3.connect(folder / "private" / "keys.db")) as db, db:
        db.execute("DELETE FROM keyring WHERE handle = ?", (mira.handle,))
    for path in (folder / "private").glob("state.db*"):
        path.unlink()
    shutil.copy(old / "private" / "state.db", folder / "private" / "state.db")
    with house(folder):
        pass
    assert mira.handle not in {row.handle for row in rows_of(folder)}
    assert mira.wrapped not in in_state(folder)


@pytest.mark.parametrize("left", [None, b""])
def test_a_lost_key_table_stops_the_start(old, tmp_path, left):
    """Missing or empty, where state.db has none either: refused, and none is made in its place."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder):
        pass
    for path in (folder / "private").glob("keys.db*"):
        path.unlink()
    if left is not None:
        (folder / "private" / "keys.db").write_bytes(left)
    with pytest.raises(Misconfigured, match=r"private/keys\.db is missing or empty"), house(folder):
        pass
    assert not (folder / "private" / "keys.db").exists() or left is not None


def test_no_revision_drops_keys_that_nobody_moved(old, tmp_path):
    """Whoever brings state.db up to date in another way is refused while there are keys in it."""
    path = tmp_path / "state.db"
    shutil.copy(old / "private" / "state.db", path)
    engine = state_engine(path)
    with pytest.raises(Misconfigured, match="still holds keys"):
        migrate.upgrade(engine)
    assert key_tables.unmoved(engine)
    engine.dispose()


@pytest.mark.parametrize("version", [1, 2])
def test_a_key_table_of_an_earlier_version_is_of_this_one_from_a_start_on(old, tmp_path, version):
    """And not before: what reads keys and starts nothing leaves the number as it is."""
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder):
        pass
    path = folder / "private" / "keys.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE key_layout SET version = ?", (version,))
    with all_keys(folder) as keys:
        assert len(list(keys.all())) > 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT version FROM key_layout").fetchall() == [(version,)]
    with house(folder):
        pass
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT version FROM key_layout").fetchall() == [(3,)]


def test_a_key_table_of_another_version_is_refused(old, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(old, folder)
    with house(folder):
        pass
    with closing(sqlite3.connect(folder / "private" / "keys.db")) as db, db:
        db.execute("UPDATE key_layout SET version = 9")
    with pytest.raises(Misconfigured, match="version 9"), house(folder):
        pass
