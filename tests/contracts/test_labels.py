# SPDX-License-Identifier: Apache-2.0
"""The contract of Labels, held by the fake, by SQLite and by PostgreSQL alike, also when they fail."""

import pytest
from tests.contracts.failing import Fate, failing_postgres, failing_sqlite

from whosaw.errors import Contradiction, OutcomeUnknown
from whosaw.store.memory import MemoryLabels
from whosaw.store.pg import Database
from whosaw.store.pg_labels import PgLabels
from whosaw.store.sql_labels import SqliteLabels

LABELS = [bytes([n]) * 32 for n in range(10)]


class InMemory:
    def __init__(self, path):
        self.labels = MemoryLabels()

    def arm(self, fate):
        self.labels.faults.arm("", fate)

    def again(self):
        return self.labels

    def close(self):
        pass


class OnDisk:
    def __init__(self, path):
        self.path, self.labels = path / "labels.db", SqliteLabels(path / "labels.db")
        self.fate = failing_sqlite(self.labels._file)
        self.labels.size()

    def arm(self, fate):
        self.fate.arm("COMMIT", fate)

    def again(self):
        self.labels.close()
        self.labels = SqliteLabels(self.path)
        return self.labels

    def close(self):
        self.labels.close()


class OnServer:
    def __init__(self, conninfo):
        self.conninfo, self.fate = conninfo, Fate()
        self.database = Database(conninfo, connect=failing_postgres(self.fate))
        self.database.make()
        self.labels = PgLabels(self.database)

    def arm(self, fate):
        self.fate.arm("COMMIT", fate)

    def again(self):
        self.database.close()
        self.database = Database(self.conninfo)
        self.labels = PgLabels(self.database)
        return self.labels

    def close(self):
        self.database.close()


@pytest.fixture(params=[InMemory, OnDisk, pytest.param(OnServer, marks=pytest.mark.postgres)])
def store(request, tmp_path):
    made = request.param(request.getfixturevalue("database") if request.param is OnServer else tmp_path)
    yield made
    made.close()


def test_it_covers_the_leaves_from_the_first_on(store):
    """Labels come back with the indexes they were given, unknown ones are left out."""
    assert (store.labels.size(), store.labels.find(LABELS)) == (0, {})
    store.labels.extend(0, LABELS[:3])
    store.labels.extend(3, LABELS[3:4])
    labels = store.again()
    labels.check()
    assert labels.size() == 4
    assert labels.find([*LABELS, b"n" * 32]) == {label: n for n, label in enumerate(LABELS[:4])}


def test_rows_of_a_range(store):
    """Sorted rows from `low` on and below `high`, of the leaves below a size: what an index of any older size is made of."""
    labels = LABELS[::-1]
    assert store.labels.rows([(b"", None)], 10) == []
    store.labels.extend(0, labels)
    place = {label: index for index, label in enumerate(labels)}
    for low, high in (
        (b"", None),
        (LABELS[2], LABELS[5]),
        (b"\x02", b"\x05"),
        (LABELS[3], LABELS[3]),
        (b"\x09\x09", None),
    ):
        for size in (0, 1, 5, 10):
            inside = [x for x in LABELS if low <= x and (high is None or x < high) and place[x] < size]
            assert store.labels.rows([(low, high)], size) == [x + place[x].to_bytes(8, "big") for x in inside]
    store.labels.extend(10, [b"\xff" * 32])
    assert store.again().rows([(b"\xff", None)], 11) == [b"\xff" * 32 + (10).to_bytes(8, "big")]


@pytest.mark.parametrize(("first", "labels"), [
    (2, LABELS[3:4]), (4, LABELS[3:4]), (3, [LABELS[0]]), (3, [LABELS[4], LABELS[1]]), (3, [LABELS[5], LABELS[5]]),
])  # fmt: skip
def test_a_gap_or_a_label_twice_is_a_contradiction(store, first, labels):
    """All of them or none: after a refusal the table is as it was."""
    store.labels.extend(0, LABELS[:3])
    with pytest.raises(Contradiction):
        store.labels.extend(first, labels)
    store.labels.check()
    assert store.labels.size() == 3
    assert store.labels.find(LABELS) == {label: n for n, label in enumerate(LABELS[:3])}


def test_forgetting_everything(store):
    """After `clear` it covers nothing, and begins again."""
    store.labels.extend(0, LABELS)
    store.labels.clear()
    store.labels.check()
    assert (store.again().size(), store.labels.find(LABELS)) == (0, {})
    store.labels.extend(0, LABELS[5:])
    assert store.labels.find(LABELS[5:6]) == {LABELS[5]: 0}


@pytest.mark.parametrize("fate", ["lost", "late"])
@pytest.mark.parametrize("call", ["extend", "clear"])
def test_after_an_error_it_is_old_or_new_and_never_a_third(store, call, fate):
    """A write whose outcome is unknown happened as a whole or not at all."""
    store.labels.extend(0, LABELS[:3])
    store.arm(fate)
    with pytest.raises(OutcomeUnknown):
        store.labels.extend(3, LABELS[3:]) if call == "extend" else store.labels.clear()
    labels = store.again()
    labels.check()
    new = 10 if call == "extend" else 0
    assert labels.size() == (new if fate == "late" else 3)
    assert len(labels.find(LABELS)) == labels.size()
