# SPDX-License-Identifier: Apache-2.0
"""SQLite files of ours: another version's and other people's are refused, half-made ones are none, and nothing is touched."""

import os
import sqlite3
from contextlib import closing

import pytest

from whosaw.beside import glance
from whosaw.errors import EXIT, BadInput, Busy, Damaged, Misconfigured, Unavailable
from whosaw.journal.ports import HeadState
from whosaw.store.sql_head import SqliteHead
from whosaw.store.sql_labels import SqliteLabels
from whosaw.store.state import answers, state_engine
from whosaw.wiring import build, house

ORIGIN = "log.example.org/whosaw"
STATE = HeadState(b"note", 1, 1)


@pytest.fixture
def head(tmp_path):
    made = SqliteHead(tmp_path / "head.db")
    yield made
    made.close()


def with_sqlite(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def test_a_newer_layout_is_refused_and_left_as_it_is(head, tmp_path):
    """A folder that a later version has written to: Misconfigured, with what to do, and not one byte changed."""
    head.create(STATE, {})
    head.close()
    path = tmp_path / "head.db"
    with_sqlite(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    for call in (head.read, lambda: head.create(STATE, {}), lambda: head.swap(b"note", STATE, {}, {}), head.check):
        with pytest.raises(Misconfigured, match="has layout 99") as told:
            call()
        assert "newer" in told.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("made", [SqliteHead, SqliteLabels])
def test_other_peoples_databases_are_no_tables_of_ours(made, tmp_path):
    """A database with other tables is not taken over, and gets none of ours."""
    path = tmp_path / "file.db"
    with_sqlite(path, "CREATE TABLE theirs (x)", "INSERT INTO theirs VALUES (7)")
    before = path.read_bytes()
    ours = made(path)
    with pytest.raises(Damaged, match="no layout of ours"):
        ours.read() if made is SqliteHead else ours.size()
    ours.close()
    assert path.read_bytes() == before


def test_what_is_no_database_is_damage(tmp_path):
    """Bytes that SQLite does not know: Damaged, and not Unavailable, for trying again will not help."""
    path = tmp_path / "head.db"
    path.write_bytes(b"hello, I am a text file, and a long one at that" * 20)
    head = SqliteHead(path)
    with pytest.raises(Damaged):
        head.read()
    head.close()


def test_tables_that_lost_a_column_are_damage(head, tmp_path):
    """The right version and the wrong tables: Damaged."""
    head.create(STATE, {})
    head.close()
    with_sqlite(tmp_path / "head.db", "ALTER TABLE head RENAME TO tail")
    with pytest.raises(Damaged):
        head.read()


@pytest.mark.parametrize("left", ["", "PRAGMA journal_mode=WAL", "PRAGMA user_version = 0"])
def test_a_file_that_a_crash_left_without_tables_is_none(head, tmp_path, left):
    """Whoever died between making the file and its first table made nothing; the next one makes it whole."""
    path = tmp_path / "head.db"
    path.touch()
    if left:
        with_sqlite(path, left)
    assert head.read() is None
    head.check()
    head.create(STATE, {})
    assert head.read() == STATE


def test_a_locked_database_is_unavailable(head, tmp_path, monkeypatch):
    """Somebody else's transaction is no lost swap: nothing was changed, and it may be tried again."""
    monkeypatch.setattr("whosaw.store.sqlite.BUSY_MS", 10)
    head.create(STATE, {})
    head.close()
    with closing(sqlite3.connect(tmp_path / "head.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            head.swap(b"note", HeadState(b"new", 2, 2), {}, {})
        other.execute("ROLLBACK")
    head.swap(b"note", HeadState(b"new", 2, 2), {}, {})
    assert head.read().note == b"new"


def test_a_commit_that_returned_is_on_the_disk(head, tmp_path):
    """The head waits for the disk at every COMMIT; the label table, which can be worked out again, need not."""
    head.create(STATE, {})
    assert head._file.rows("PRAGMA synchronous") == [(2,)]
    assert head._file.rows("PRAGMA journal_mode") == [("wal",)]
    labels = SqliteLabels(tmp_path / "labels.db")
    assert labels._file.rows("PRAGMA synchronous") == [(1,)]
    labels.close()


# ── a whole data folder ──


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("versions") / "data"
    build(made, ORIGIN)
    return made


def opening(folder):
    with house(folder):
        pass


def test_a_second_process_is_told_busy(folder):
    """One process has the folder; the other one leaves with exit code 6, and what it may do beside it is said."""
    with house(folder), pytest.raises(Busy) as told:
        opening(folder)
    assert EXIT[type(told.value)] == 6
    assert "beside it" in told.value.hint


def test_a_folder_of_a_later_version_is_refused(folder):
    """Settings, head database or label table of a layout that this version does not know: exit code 2, nothing changed."""
    settings = folder / "whosaw.toml"
    text = settings.read_text()
    settings.write_text(text.replace("format = 1", "format = 2"))
    with pytest.raises(Misconfigured, match="2"):
        opening(folder)
    settings.write_text(text)
    for name in ("head.db", "labels.db"):
        path = folder / "private" / name
        with closing(sqlite3.connect(path)) as db:
            (layout,) = db.execute("PRAGMA user_version").fetchone()
        with_sqlite(path, "PRAGMA user_version = 9")
        with pytest.raises(Misconfigured, match="layout 9"):
            opening(folder)
        with_sqlite(path, f"PRAGMA user_version = {layout}")
    opening(folder)


def test_a_folder_of_others_is_refused(folder, tmp_path):
    """Keys of another log, or another name for it: said at once, and nothing is signed."""
    build(tmp_path / "other", ORIGIN)
    checkpoint = (folder / "public" / "checkpoint").read_bytes()
    for name in ("log-ed25519", "log-mldsa44", "receipts-ed25519", "root", "vrf.pem"):
        ours, theirs = folder / "private" / "keys" / name, tmp_path / "other" / "private" / "keys" / name
        kept = ours.read_bytes()
        os.chmod(ours, 0o600)
        ours.write_bytes(theirs.read_bytes())
        with pytest.raises((Misconfigured, Damaged)):
            opening(folder)
        ours.write_bytes(kept)
    settings = folder / "whosaw.toml"
    text = settings.read_text()
    settings.write_text(text.replace(ORIGIN, "log.example.net/other"))
    with pytest.raises((Misconfigured, Damaged)):
        opening(folder)
    settings.write_text(text)
    assert (folder / "public" / "checkpoint").read_bytes() == checkpoint
    opening(folder)


def test_no_folder_and_no_journal_are_wrong_paths(tmp_path):
    """Opening makes nothing: BadInput, and the path is as empty as before."""
    for call in (opening, lambda path: glance(path).__enter__()):
        with pytest.raises(BadInput, match="no data folder here"):
            call(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "make", [lambda path: SqliteLabels(path).extend(0, []), lambda path: state_engine(path).connect()]
)
def test_a_file_that_cannot_be_made_is_unavailable(tmp_path, make):
    """Where something stands in the way of the folder: an error of ours, which names the file and no path."""
    (tmp_path / "private").write_bytes(b"in the way")
    with pytest.raises(Unavailable, match=r"cannot make file\.db: ") as told:
        make(tmp_path / "private" / "file.db")
    assert str(tmp_path) not in str(told.value)


def test_a_label_table_that_is_not_there_covers_nothing(tmp_path):
    """Asking makes none: what only looks at a folder leaves it as it is."""
    labels = SqliteLabels(tmp_path / "labels.db")
    assert (labels.size(), labels.find([b"x" * 32])) == (0, {})
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_nobody_can_write_is_not_well(tmp_path, monkeypatch):
    """A lock that a program left behind: every look waits for it and gets none. Health says so, and changes nothing by asking."""
    monkeypatch.setattr("whosaw.store.state.BUSY_MS", 200)
    with_sqlite(tmp_path / "state.db", "PRAGMA journal_mode = WAL", "CREATE TABLE a (b)")
    engine = state_engine(tmp_path / "state.db")
    probe = answers(engine)
    probe()
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as no:
            probe()
        assert no.value.part == "state"
        other.execute("ROLLBACK")
        probe()
        assert other.execute("SELECT count(*) FROM a").fetchone() == (0,)
    engine.dispose()
