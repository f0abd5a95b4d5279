# SPDX-License-Identifier: Apache-2.0
"""The contract of Manifest, held by the fake, by SQLite and by PostgreSQL alike, also when they fail."""

import sqlite3
from contextlib import closing

import pytest
from tests.contracts.failing import Fate, failing_postgres, failing_sqlite

from whosaw.errors import Contradiction, Misconfigured, OutcomeUnknown, Unavailable
from whosaw.journal.ports import Erasing, HeadState, Placed, Sealed
from whosaw.store.memory import MemoryHead
from whosaw.store.memory_manifest import MemoryManifest
from whosaw.store.pg import Database
from whosaw.store.pg_head import PgHead
from whosaw.store.pg_manifest import PgManifest
from whosaw.store.sql_head import SqliteHead

HANDLE = b"h" * 16
HEAD = HeadState(b"note", 9, 1_000)
ROW, NEXT = Sealed(0, 5, 700, 0), Sealed(5, 4, 600, 0)
JOB = Erasing((2, 3, 7), HANDLE)

CALLS = {
    "seal": lambda m: m.seal([ROW, NEXT]),
    "rewrite": lambda m: m.rewrite(ROW, Sealed(0, 5, 400, 1)),
    "intend erasing": lambda m: m.intend(JOB),
    "begin erasing": lambda m: m.begin(Erasing(JOB.indexes, HANDLE, 8)),
    "forget erasing": lambda m: m.forget(JOB),
    "done erasing": lambda m: m.done(JOB),
}


class InMemory:
    def __init__(self, path):
        self.head = MemoryHead()
        self.manifest = MemoryManifest(self.head)

    def arm(self, call, word, fate):
        error = Unavailable if word == "BEGIN" else OutcomeUnknown
        self.head.faults.arm(call, "lost" if word == "BEGIN" else fate, error=error)

    def again(self):
        return self.manifest

    def close(self):
        pass


class OnDisk:
    def __init__(self, path):
        self.path = path / "private" / "head.db"
        self.head = SqliteHead(self.path)
        self.manifest, self.fate = self.head.manifest, failing_sqlite(self.head._file)

    def arm(self, call, word, fate):
        self.fate.arm(word, fate)

    def again(self):
        self.head.close()
        self.head = SqliteHead(self.path)
        self.manifest = self.head.manifest
        return self.manifest

    def close(self):
        self.head.close()


class OnServer:
    def __init__(self, conninfo):
        self.conninfo, self.fate = conninfo, Fate()
        self._use(Database(conninfo, connect=failing_postgres(self.fate)))

    def _use(self, database):
        self.database, self.head, self.manifest = database, PgHead(database), PgManifest(database)

    def arm(self, call, word, fate):
        self.fate.arm(word, fate)

    def again(self):
        self.database.close()
        self._use(Database(self.conninfo))
        return self.manifest

    def close(self):
        self.database.close()


@pytest.fixture(params=[InMemory, OnDisk, pytest.param(OnServer, marks=pytest.mark.postgres)])
def store(request, tmp_path):
    made = request.param(request.getfixturevalue("database") if request.param is OnServer else tmp_path)
    made.head.create(HEAD, {})
    yield made
    made.close()


def test_where_there_is_no_log_there_is_nothing(tmp_path):
    """A wrong path has no rows, and gets no file."""
    manifest = SqliteHead(tmp_path / "private" / "head.db").manifest
    assert (manifest.sealed(), manifest.erasing()) == ({}, [])
    assert list(tmp_path.rglob("*")) == []


def test_a_segment_is_sealed_once(store):
    """The same row again changes nothing, nor does a first one after it was rewritten; one of other frames contradicts."""
    store.manifest.seal([ROW])
    store.manifest.seal([ROW, NEXT])
    store.manifest.seal([])
    assert store.again().sealed() == {0: ROW, 5: NEXT}
    store.manifest.rewrite(ROW, Sealed(0, 5, 400, 1))
    store.manifest.seal([ROW])
    assert store.manifest.sealed() == {0: Sealed(0, 5, 400, 1), 5: NEXT}
    with pytest.raises(Contradiction):
        store.manifest.seal([Sealed(9, 1, 200, 0), Sealed(5, 3, 600, 0)])
    assert store.again().sealed() == {0: Sealed(0, 5, 400, 1), 5: NEXT}


def test_a_generation_follows_the_one_that_was_read(store):
    """Who rewrites what is not there any more, or another segment than the one read, has met another eraser."""
    store.manifest.seal([ROW])
    for old, new in [(NEXT, NEXT), (Sealed(0, 5, 1, 0), ROW), (ROW, Sealed(0, 4, 400, 1)), (ROW, Sealed(1, 5, 400, 1))]:
        with pytest.raises(Contradiction):
            store.manifest.rewrite(old, new)
    assert store.again().sealed() == {0: ROW}


def test_the_life_of_an_erasure(store):
    """Intended, begun under its tombstone, done: each may be said again; its stream's position goes, and no other."""
    store.head.swap(HEAD.note, HEAD, {HANDLE: 3, b"i" * 16: 1}, {b"k" * 32: Placed(2, 1, 1)})
    manifest = store.manifest
    for _ in range(2):
        manifest.intend(JOB)
        assert store.again().erasing() == [JOB]
        assert store.head.positions([HANDLE]) == {HANDLE: 3}
        manifest = store.manifest
    begun = Erasing(JOB.indexes, HANDLE, 8)
    for _ in range(2):
        manifest.begin(begun)
        assert (manifest.erasing(), begun.done) == ([begun], False)
    assert dict(store.head.all_positions()) == {b"i" * 16: 1}
    for _ in range(2):
        manifest.done(begun)
        assert store.again().erasing() == [Erasing(JOB.indexes, b"", 8)]
        manifest = store.manifest
    assert manifest.erasing()[0].done
    manifest.forget(begun)  # too late: it is on record
    assert manifest.erasing() == [Erasing(JOB.indexes, b"", 8)]


def test_what_was_never_put_on_record_is_forgotten(store):
    """Nothing is left of an intention without a tombstone; one that was never there is fine to forget."""
    store.manifest.forget(JOB)
    store.manifest.intend(JOB)
    store.manifest.forget(JOB)
    assert store.again().erasing() == []
    with pytest.raises(Contradiction):
        store.manifest.begin(Erasing(JOB.indexes, HANDLE, 8))


def test_an_erasure_is_not_another(store):
    """Once it is on record, another list at the same first index or another tombstone contradicts, and changes nothing."""
    store.manifest.intend(Erasing((2, 4), HANDLE))
    store.manifest.intend(JOB)
    store.manifest.begin(Erasing(JOB.indexes, HANDLE, 8))
    store.manifest.intend(JOB)
    with pytest.raises(Contradiction):
        store.manifest.intend(Erasing((2, 4), HANDLE))
    with pytest.raises(Contradiction):
        store.manifest.begin(Erasing(JOB.indexes, HANDLE, 9))
    assert store.again().erasing() == [Erasing(JOB.indexes, HANDLE, 8)]


@pytest.mark.parametrize(("word", "fate", "error"), [
    ("BEGIN", "lost", Unavailable), ("COMMIT", "lost", OutcomeUnknown), ("COMMIT", "late", OutcomeUnknown),
])  # fmt: skip
@pytest.mark.parametrize("call", CALLS)
def test_after_an_error_it_is_old_or_new_and_never_a_third(store, call, word, fate, error):
    """Unavailable changed nothing and may be tried again; OutcomeUnknown is one or the other, and the same again is fine."""
    for name in {"rewrite": ["seal"], "begin erasing": ["intend erasing"]}.get(call, []):
        CALLS[name](store.manifest)
    if call in {"forget erasing", "done erasing"}:
        store.manifest.intend(JOB)
    before = store.manifest.sealed(), store.manifest.erasing()
    store.arm(call, word, fate)
    with pytest.raises(error):
        CALLS[call](store.manifest)
    found = store.again()
    if fate == "lost":
        assert (found.sealed(), found.erasing()) == before
        CALLS[call](found)
    assert (found.sealed(), found.erasing()) != before


def older(path):
    """A head.db as the version before this one made it."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.executescript("""
            CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), note BLOB NOT NULL, size INTEGER NOT NULL, signed_at INTEGER NOT NULL) STRICT;
            CREATE TABLE position (handle BLOB PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE placed (idem BLOB PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO head VALUES (1, x'6e6f7465', 9, 1000);
            PRAGMA user_version = 1;
        """)


def layout(path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0]


def test_a_head_of_the_layout_before_is_read_as_it_is_and_brought_up_by_the_first_write(tmp_path):
    """Reading finds no manifest and changes nothing; the first write adds it, once, and all that was there stays."""
    path = tmp_path / "private" / "head.db"
    older(path)
    head, other = SqliteHead(path), SqliteHead(path)
    assert (head.read(), head.manifest.sealed(), head.manifest.erasing()) == (HEAD, {}, [])
    assert layout(path) == 1
    head.manifest.seal([ROW])
    other.manifest.seal([NEXT])
    assert layout(path) == 2
    assert (other.read(), other.manifest.sealed()) == (HEAD, {0: ROW, 5: NEXT})
    head.close()
    other.close()


@pytest.mark.parametrize(
    ("word", "fate"), [("BEGIN", "lost"), ("CREATE", "lost"), ("COMMIT", "lost"), ("COMMIT", "late")]
)
def test_bringing_it_up_may_fail_at_any_point(tmp_path, word, fate):
    """It is of the old layout or of the new one then, whole; the next process goes on."""
    path = tmp_path / "private" / "head.db"
    older(path)
    head = SqliteHead(path)
    failing_sqlite(head._file).arm(word, fate)
    with pytest.raises(Unavailable):
        head.manifest.seal([ROW])
    head.close()
    assert layout(path) == (2 if fate == "late" else 1)
    again = SqliteHead(path)
    again.manifest.seal([ROW])
    assert (again.read(), again.manifest.sealed()) == (HEAD, {0: ROW})
    again.close()


def test_a_newer_layout_is_refused(tmp_path):
    """Nothing is read of it, and nothing changed."""
    path = tmp_path / "private" / "head.db"
    older(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 3")
    head = SqliteHead(path)
    with pytest.raises(Misconfigured):
        head.read()
    assert layout(path) == 3
