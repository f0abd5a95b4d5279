# SPDX-License-Identifier: Apache-2.0
"""The contract of Head, held by the fake, by SQLite and by PostgreSQL alike, also when they fail."""

import threading

import pytest
from tests.contracts.failing import Fate, failing_postgres, failing_sqlite

from whosaw.errors import Contradiction, OutcomeUnknown, Unavailable
from whosaw.journal.ports import HeadState, Placed
from whosaw.store.memory import MemoryHead
from whosaw.store.pg import Database
from whosaw.store.pg_head import PgHead
from whosaw.store.sql_head import SqliteHead

ONE, TWO, THREE = (HeadState(b"note %d" % n, n, 1_000 * n) for n in (1, 2, 3))
KEY, OTHER = b"k" * 32, b"o" * 32
HANDLE = b"h" * 16


class InMemory:
    def __init__(self, path):
        self.head = MemoryHead()

    def arm(self, call, fate):
        error = Unavailable if call == "begin" else OutcomeUnknown
        self.head.faults.arm("swap", "lost" if call == "begin" else fate, error=error)

    def again(self):
        return self.head

    def close(self):
        pass


class OnDisk:
    def __init__(self, path):
        self.path, self.head = path / "private" / "head.db", SqliteHead(path / "private" / "head.db")
        self.fate = failing_sqlite(self.head._file)

    def arm(self, call, fate):
        self.fate.arm({"begin": "BEGIN", "commit": "COMMIT"}[call], fate)

    def again(self):
        """The process died, and another one looks."""
        self.head.close()
        self.head = SqliteHead(self.path)
        return self.head

    def close(self):
        self.head.close()


class OnServer:
    def __init__(self, conninfo):
        self.conninfo, self.fate = conninfo, Fate()
        self.database = Database(conninfo, connect=failing_postgres(self.fate))
        self.head = PgHead(self.database)

    def arm(self, call, fate):
        self.fate.arm({"begin": "BEGIN", "commit": "COMMIT"}[call], fate)

    def again(self):
        """The process died, and another one looks."""
        self.database.close()
        self.database = Database(self.conninfo)
        self.head = PgHead(self.database)
        return self.head

    def close(self):
        self.database.close()


@pytest.fixture(params=[InMemory, OnDisk, pytest.param(OnServer, marks=pytest.mark.postgres)])
def store(request, tmp_path):
    made = request.param(request.getfixturevalue("database") if request.param is OnServer else tmp_path)
    yield made
    made.close()


def test_reading_makes_nothing(store, tmp_path):
    """A wrong path is no log: None, no rows, and no file."""
    assert store.head.read() is None
    store.head.check()
    assert list(tmp_path.rglob("*")) == []


def test_the_first_head_is_made_once(store):
    """It is read as it was written; a second one is a contradiction and changes nothing."""
    store.head.create(ONE, {KEY: Placed(0, 1, 5)})
    assert store.again().read() == ONE
    assert list(store.head.all_placed()) == [(KEY, Placed(0, 1, 5))]
    with pytest.raises(Contradiction):
        store.head.create(TWO, {OTHER: Placed(0, 1, 5)})
    assert store.head.read() == ONE
    assert store.head.placed([OTHER]) == {}


def test_a_swap_moves_everything_together(store):
    """Note, size, time, positions and idempotency rows are all there, in this process and in the next."""
    store.head.create(ONE, {})
    store.head.swap(ONE.note, TWO, {HANDLE: 1}, {KEY: Placed(1, 1, 7)})
    store.head.swap(TWO.note, THREE, {HANDLE: 2, b"i" * 16: 1}, {OTHER: Placed(2, 3, 9)})
    head = store.again()
    head.check()
    assert head.read() == THREE
    assert head.positions([HANDLE, b"i" * 16, b"n" * 16]) == {HANDLE: 2, b"i" * 16: 1}
    assert head.placed([KEY, b"n" * 32]) == {KEY: Placed(1, 1, 7)}
    assert list(head.all_positions()) == [(HANDLE, 2), (b"i" * 16, 1)]
    assert list(head.all_placed()) == [(KEY, Placed(1, 1, 7)), (OTHER, Placed(2, 3, 9))]


def test_a_lost_swap_changes_nothing(store):
    """Who swaps from a note that is not the head's has met another sequencer: nothing of it is stored."""
    store.head.create(ONE, {})
    store.head.swap(ONE.note, TWO, {}, {})
    with pytest.raises(Contradiction):
        store.head.swap(ONE.note, THREE, {HANDLE: 9}, {KEY: Placed(1, 1, 7)})
    assert (store.head.read(), store.head.positions([HANDLE]), store.head.placed([KEY])) == (TWO, {}, {})


@pytest.mark.parametrize(("call", "fate", "error"), [
    ("begin", "lost", Unavailable), ("commit", "lost", OutcomeUnknown), ("commit", "late", OutcomeUnknown),
])  # fmt: skip
def test_after_an_error_the_head_is_old_or_new_and_never_a_third(store, call, fate, error):
    """Unavailable changed nothing and may be tried again; OutcomeUnknown is one or the other, whole."""
    store.head.create(ONE, {})
    store.arm(call, fate)
    with pytest.raises(error):
        store.head.swap(ONE.note, TWO, {HANDLE: 1}, {KEY: Placed(1, 1, 7)})
    if error is Unavailable:
        store.head.swap(ONE.note, TWO, {HANDLE: 1}, {KEY: Placed(1, 1, 7)})
        moved = True
    else:
        moved = fate == "late"
    head = store.again()
    assert head.read() == (TWO if moved else ONE)
    assert head.positions([HANDLE]) == ({HANDLE: 1} if moved else {})
    assert list(head.all_placed()) == ([(KEY, Placed(1, 1, 7))] if moved else [])


def test_many_keys_at_once(store):
    """More keys than one statement takes: each found, none invented."""
    keys = {n.to_bytes(32): Placed(n, 1, 1) for n in range(1, 2_500)}
    store.head.create(ONE, keys)
    assert store.head.placed([*keys, b"n" * 32]) == keys
    assert store.head.placed([]) == {}


def test_of_two_sequencers_exactly_one_goes_on(store):
    """Both swap from the same note at once: one wins, the other is told."""
    store.head.create(ONE, {})
    told, start = [], threading.Barrier(2)

    def swap(new):
        start.wait()
        try:
            store.head.swap(ONE.note, new, {}, {})
            told.append(new)
        except Contradiction:
            told.append(None)

    threads = [threading.Thread(target=swap, args=(new,)) for new in (TWO, THREE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [new for new in told if new is not None]
    assert store.head.read() == won


def test_tables_are_made_anew_and_the_head_stays(store):
    """A repair makes the tables exactly what it was given; for a head that moved meanwhile it changes nothing."""
    store.head.create(ONE, {KEY: Placed(0, 1, 5)})
    store.head.swap(ONE.note, TWO, {HANDLE: 3, b"x" * 16: 1}, {OTHER: Placed(1, 1, 6)})
    with pytest.raises(Contradiction):
        store.head.mend(ONE.note, {}, {})
    assert dict(store.head.all_positions()) == {HANDLE: 3, b"x" * 16: 1}
    positions, placed = {HANDLE: 2}, {KEY: Placed(0, 1, 5), b"n" * 32: Placed(1, 1, 7)}
    store.head.mend(TWO.note, positions, placed)
    head = store.again()
    assert (dict(head.all_positions()), dict(head.all_placed()), head.read()) == (positions, placed, TWO)
    head.mend(TWO.note, {}, {})
    assert (list(head.all_positions()), list(head.all_placed()), head.read()) == ([], [], TWO)
