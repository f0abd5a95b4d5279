# SPDX-License-Identifier: Apache-2.0
"""A heap of an import: cut short at every write, given again, it ends as one row after the other would; and it says when it is full."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.privacy.keys import root
from tests.vault.desk import Desk

from whosaw.errors import BadInput, Unavailable
from whosaw.model.access import Field
from whosaw.privacy.prefixes import Prefixes
from whosaw.store.memory_crowd import MemoryCrowdRows
from whosaw.store.memory_keys import MemorySealedRows
from whosaw.vault import gathered
from whosaw.vault.crowd import Crowd

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def given(count=60):
    """Rows of five people in turn, of few networks and two quarters; some are devices, and of some sources there are two rows,
    the second of a network that is nowhere else.
    """
    for n in range(count):
        person, seen = f"person-{n % 5}", BEGAN - (n % 2) * timedelta(days=91) + timedelta(seconds=n)
        if n % 7 == 3:
            yield person, Field.DEVICE, f"device {n}", seen, f"s{n}"
        elif n % 20 == 19:
            yield person, Field.IP, f"10.{n}.0.1", seen, f"s{n - 5}"
        else:
            value = f"2001:db8:{n % 3}::{n:x}" if n % 4 == 1 else f"10.0.{n % 3}.{n}"
            yield person, Field.IP, value, seen, f"s{n}"


class Cut:
    """Stores that let through so many writes; the next is lost, or happens and nobody hears of it."""

    def __init__(self, desk, left=sys.maxsize, late=False):
        self.left, self.late = left, late
        desk.sealed, desk.crowd_rows = MemorySealedRows(), MemoryCrowdRows()
        desk.sealed.add_all, desk.crowd_rows.join = self.of(desk.sealed.add_all), self.of(desk.crowd_rows.join)
        self.vault, self.desk = desk.open_vault(), desk

    def of(self, true):
        def write(*words):
            self.left -= 1
            if self.left == -1:
                if self.late:
                    true(*words)
                raise Unavailable("the disk is gone", part="a table")
            return true(*words)

        return write

    def taken(self, rows):
        heap = self.vault.gathered()
        for row in rows:
            heap.add(*row)
        return heap.settle()

    def held(self):
        """Every value, opened, with the digest of its source; and every share."""
        rows = list(self.desk.sealed._rows.values())
        keys = self.desk.keyring.held([row.handle for row in rows])
        values = {
            (keys[r.handle][1], r.field, r.seen, r.source, keys[r.handle][0].open(r.field, r.seen, r.sealed)) for r in rows
        }  # fmt: skip
        return values, self.desk.crowd_rows.rows

    def counted_anew(self):
        """The shares that are there if the values alone say who was where."""
        rows = MemoryCrowdRows()
        Crowd(rows, self.desk.sealed, self.desk.keyring, Prefixes(root()), people=2, random=self.desk.random).catch_up()
        return rows.rows


@pytest.fixture(scope="module")
def desk():
    return Desk()


@pytest.fixture(scope="module")
def one_by_one(desk):
    """What there is after each row was put."""
    there = Cut(desk)
    for row in given():
        there.vault.put(*row)
    return there.held()


def test_a_heap_ends_as_rows_that_come_one_by_one(desk, one_by_one, monkeypatch):
    """The same values and shares, whatever the pieces; of two rows of one source the first; given again, nothing is new."""
    for slice_, page in ((50_000, 2048), (7, 2), (1, 1)):
        monkeypatch.setattr(gathered, "_SLICE", slice_)
        monkeypatch.setattr(gathered, "_PAGE", page)
        there = Cut(desk)
        assert there.taken(given()) == len(one_by_one[0]) == 58
        assert there.held() == one_by_one
        assert there.taken(given()) == 0
        assert there.held() == one_by_one


def test_nobody_counts_where_a_value_that_does_not_stand_says_they_were(desk, monkeypatch):
    """Of two rows of one source, in one heap, in two, put, or in another order: the shares are those of the values that stand."""
    monkeypatch.setattr(gathered, "_SLICE", 7)
    rows, backwards = list(given()), list(given())[::-1]
    for first, then in ((rows, []), (backwards, []), (rows[:30], rows[30:]), (rows, backwards), (backwards, rows)):
        there = Cut(desk)
        there.taken(first)
        assert there.desk.crowd_rows.rows == there.counted_anew()
        there.taken(then)
        assert there.desk.crowd_rows.rows == there.counted_anew()
        for row in rows:
            assert not there.vault.put(*row)
        assert there.desk.crowd_rows.rows == there.counted_anew()


@pytest.mark.parametrize("late", [False, True])
def test_cut_short_at_every_write_and_given_again_it_is_whole(desk, one_by_one, monkeypatch, late):
    """Until then there is no value too many, and nobody counts in a network whose value did not come in."""
    monkeypatch.setattr(gathered, "_SLICE", 20)
    whole = Cut(desk)
    whole.taken(given())
    writes = sys.maxsize - whole.left
    assert writes > 6
    for left in range(writes):
        there = Cut(desk, left, late)
        with pytest.raises(Unavailable):
            there.taken(given())
        values, shares = there.held()
        assert values <= one_by_one[0] and shares <= one_by_one[1]
        assert not shares or values == one_by_one[0]
        there.taken(given())
        assert there.held() == one_by_one


def test_what_is_no_value_is_refused_and_leaves_the_heap_as_it_was(desk):
    there = Cut(desk)
    heap = there.vault.gathered()
    heap.add("mira", Field.IP, "10.0.0.1", BEGAN, "a")
    for wrong in (("ip?", BEGAN, "b"), ("10.0.0.2", BEGAN.replace(tzinfo=None), "b"), ("10.0.0.2", BEGAN, "")):
        with pytest.raises(BadInput):
            heap.add("mira", Field.IP, *wrong)
    assert (heap.count, heap.settle(), heap.count) == (1, 1, 0)
    assert len(there.held()[0]) == 1


def test_it_says_when_it_is_full(desk, monkeypatch):
    """By rows, and by what they take in memory: long values fill it sooner."""
    heap = Cut(desk).vault.gathered()
    monkeypatch.setattr(gathered, "ROWS", 3)
    fills = []
    for n in range(3):
        heap.add(f"p{n}", Field.DEVICE, "x", BEGAN, "a")
        fills.append(heap.full)
    assert fills == [False, False, True]
    monkeypatch.setattr(gathered, "BYTES", 10_000)
    heap = Cut(desk).vault.gathered()
    heap.add("p", Field.DEVICE, "x" * 9_000, BEGAN, "a")
    assert not heap.full
    heap.add("p", Field.DEVICE, "x" * 9_000, BEGAN, "b")
    assert heap.full
