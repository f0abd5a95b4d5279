# SPDX-License-Identifier: Apache-2.0
"""The contract of a witness's heads, held by the fake and by SQLite alike, also when they fail."""

import threading

import pytest
from tests.contracts.failing import failing_sqlite

from whosaw.errors import OutcomeUnknown, Unavailable
from whosaw.store.memory_witness import MemoryHeads
from whosaw.store.sql_witness import SqliteHeads
from whosaw.tlog.witness import Cosigned, origin_hash

LOG, OTHER = "log.example.org/a", "log.example.org/b"
ONE, TWO = Cosigned(1, b"r" * 32, b"note one", 100), Cosigned(2, b"s" * 32, b"note two", 200)


class InMemory:
    def __init__(self, path):
        self.heads = MemoryHeads()

    def arm(self, call, fate):
        error = Unavailable if call == "begin" else OutcomeUnknown
        self.heads.faults.arm("advance", "lost" if call == "begin" else fate, error=error)

    def again(self):
        return self.heads

    def close(self):
        pass


class OnDisk:
    def __init__(self, path):
        self.path = path / "witness.db"
        self.heads = SqliteHeads(self.path)
        self.fate = failing_sqlite(self.heads._file)
        self.heads.make()

    def arm(self, call, fate):
        self.fate.arm({"begin": "BEGIN", "commit": "COMMIT"}[call], fate)

    def again(self):
        """The process died, and another one looks."""
        self.heads.close()
        self.heads = SqliteHeads(self.path)
        return self.heads

    def close(self):
        self.heads.close()


@pytest.fixture(params=[InMemory, OnDisk])
def store(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    made.close()


def to(new, value="said", met=None):
    """A decision that is always the same, and remembers what it was given."""

    def decide(last):
        if met is not None:
            met.append(last)
        return value, new

    return decide


def test_nothing_is_seen_at_first(store):
    """No head, no list; a decision is given None."""
    met = []
    assert store.heads.latest(LOG) is None
    assert store.heads.shown(origin_hash(LOG)) is None
    assert list(store.heads.all()) == []
    assert store.heads.advance(LOG, to(None, 7, met)) == 7
    assert met == [None]
    assert store.again().latest(LOG) is None


def test_a_head_is_kept_and_replaced(store):
    """It is read as it was written, by origin and by hash, after a restart too; other logs are not touched."""
    met = []
    store.heads.advance(LOG, to(ONE))
    store.heads.advance(OTHER, to(TWO))
    store.heads.advance(LOG, to(TWO, met=met))
    assert met == [ONE]
    assert store.heads.advance(LOG, to(None, "no")) == "no"
    heads = store.again()
    assert heads.latest(LOG) == heads.shown(origin_hash(LOG)) == TWO
    assert list(heads.all()) == [(LOG, TWO), (OTHER, TWO)]
    assert heads.shown("0" * 64) is None


@pytest.mark.parametrize(
    ("call", "fate", "kept"), [("begin", "lost", ONE), ("commit", "lost", ONE), ("commit", "late", TWO)]
)
def test_a_failure_says_nothing_of_what_was_decided(store, call, fate, kept):
    """No value comes back; the head is the old one or, where the outcome is unknown, the new one."""
    store.heads.advance(LOG, to(ONE))
    store.arm(call, fate)
    with pytest.raises(Unavailable if call == "begin" else OutcomeUnknown):
        store.heads.advance(LOG, to(TWO))
    assert store.again().latest(LOG) == kept
    store.heads.advance(LOG, to(TWO))
    assert store.heads.latest(LOG) == TWO


def test_a_decision_that_fails_keeps_nothing(store):
    """What it raises comes through, and the next one may decide."""
    store.heads.advance(LOG, to(ONE))

    def fails(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.heads.advance(LOG, fails)
    assert store.heads.latest(LOG) == ONE
    store.heads.advance(LOG, to(TWO))


def test_one_decides_after_the_other(store):
    """Eight threads that each add one to the size they are given: none is given what another one is given."""

    def more(last):
        size = (last.size if last else 0) + 1
        return size, Cosigned(size, bytes(32), b"note", size)

    said = []
    threads = [
        threading.Thread(target=lambda: said.extend(store.heads.advance(LOG, more) for _ in range(5))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == list(range(1, 41))
    assert store.heads.latest(LOG).size == 40


def test_two_processes_decide_one_after_the_other(tmp_path):
    """Two connections to one file, as two processes have them: the second sees what the first has kept."""
    one, two = SqliteHeads(tmp_path / "witness.db"), SqliteHeads(tmp_path / "witness.db")
    one.make()
    met, inside = [], threading.Event()

    def slow(last):
        inside.set()
        threading.Event().wait(0.05)
        return "slow", ONE

    thread = threading.Thread(target=one.advance, args=(LOG, slow))
    thread.start()
    inside.wait()
    two.advance(LOG, to(TWO, met=met))
    thread.join()
    assert met == [ONE]
    assert one.latest(LOG) == TWO
    one.close()
    two.close()


def test_a_wrong_path_is_no_witness_that_has_seen_nothing(tmp_path):
    """Nothing is made but by `make`; asking for a head says that there is no file, which is not "never cosigned"."""
    heads = SqliteHeads(tmp_path / "witness.db")
    assert not heads.exists()
    for call in (lambda: heads.latest(LOG), lambda: heads.advance(LOG, to(ONE))):
        with pytest.raises(Unavailable):
            call()
    assert list(tmp_path.iterdir()) == []
    heads.close()
