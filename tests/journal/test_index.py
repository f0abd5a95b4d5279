# SPDX-License-Identifier: Apache-2.0
"""The index: one root for each size, whatever way it came there; proofs that the oracle makes, too; and never a bad row."""

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.world import at_size

from whosaw.errors import Damaged
from whosaw.journal import index as indexes
from whosaw.journal.index import Index
from whosaw.journal.published import entries
from whosaw.store.memory import MemoryLabels
from whosaw.store.sql_labels import SqliteLabels
from whosaw.tlog import leaf
from whosaw.tlog import prefix as t
from whosaw.tlog.tile import encode_bundle, parse_path


class Bundles:
    """A published folder with these labels and nothing else. Only what the index reads of `Folder`."""

    def __init__(self, labels):
        self.labels = labels

    def read(self, name):
        what = parse_path(name)
        return encode_bundle(leaf.entry(x, bytes(32)) for x in self.labels[what.first : what.first + what.width])


def some_labels(count, seed=1):
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(count)]


def oracle(labels, size):
    return t.rows_of((x, n) for n, x in enumerate(labels[:size]))


def covering(labels, store=None):
    made = store or MemoryLabels()
    made.extend(0, labels)
    return made


def opened(labels, store=None):
    return Index(Bundles(labels), covering(labels, store))


def test_every_size_has_its_root():
    """Leaf by leaf up to 130 and back again: the root is that of the trie over the leaves below the size."""
    labels = some_labels(130)
    index = opened(labels)
    for size in [*range(131), *range(130, -1, -1)]:
        index.move(size)
        assert (index.size, index.root()) == (size, t.root(oracle(labels, size)))


@settings(deadline=None, max_examples=12)
@given(steps=st.lists(st.integers(0, 1_000), min_size=1, max_size=6))
def test_any_way_leads_to_the_same_root(steps):
    """However it is moved to and fro, an index is that of its size."""
    labels = some_labels(1_000, seed=2)
    index = opened(labels)
    for size in steps:
        index.move(size)
    assert index.root() == t.root(oracle(labels, steps[-1]))


def test_large_steps_are_the_same_as_small_ones(monkeypatch):
    """Leaves are taken in pieces, buckets read in ranges, and the crown made deeper: no root depends on it."""
    labels = some_labels(5_000, seed=3)
    wanted = t.root(oracle(labels, 5_000))
    monkeypatch.setattr(indexes, "_AT_ONCE", 700)
    pieces = opened(labels)
    pieces.move(5_000)
    assert pieces.root() == wanted
    monkeypatch.setattr(indexes, "_AT_ONCE", 64)
    monkeypatch.setattr(indexes, "LEVELS", 3)
    monkeypatch.setattr(indexes, "MOST_LEVELS", 11)
    for size in (5_000, 300, 5):
        deeper = opened(labels)
        deeper.load(size, t.root(oracle(labels, size)))
        assert (deeper.size, deeper.root()) == (size, t.root(oracle(labels, size)))
        deeper.move(4_000)
        assert deeper.root() == t.root(oracle(labels, 4_000))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 64, 1_000])
def test_proofs_are_those_of_the_definition(size, tmp_path):
    """Present and absent, from SQLite as from memory: the proof that the whole trie gives."""
    labels = some_labels(1_200, seed=4)
    rows = oracle(labels, size)
    store = SqliteLabels(tmp_path / "labels.db")
    for index in (opened(labels), opened(labels, store)):
        index.move(size)
        now = index.at()
        assert (now.size, now.root) == (size, t.root(rows))
        for asked in (*labels[:5], *labels[max(0, size - 3) : size + 3], *some_labels(5, seed=5)):
            assert now.prove(asked) == t.prove(rows, asked)
    store.close()


def test_what_was_pinned_stays():
    """An index taken at one size goes on proving at that size, while the log and the index grow."""
    labels = some_labels(900, seed=6)
    store = covering(labels[:500])
    index = Index(Bundles(labels), store)
    index.move(400)
    then = index.at()
    store.extend(500, labels[500:])
    index.move(900)
    assert index.root() == t.root(oracle(labels, 900))
    for asked in labels[::50]:
        proof = then.prove(asked)
        assert proof == t.prove(oracle(labels, 400), asked)
        assert (proof.index is not None) == (asked in labels[:400])
    index.move(400)
    assert index.root() == then.root


def test_it_is_made_of_a_journals_own_files():
    """From the bundles and the label table of a real log, at every head and between them."""
    world = at_size(600)
    labels = [label for _, label, _ in entries(world.public, 0, 600)]
    index = Index(world.public, world.labels)
    for size in (600, 257, 256, 1, 300):
        index.move(size)
        assert index.root() == t.root(oracle(labels, size))
        assert index.at().prove(labels[0]).index == 0


# A start


@pytest.mark.parametrize("saved_at", [1, 2, 600, 1_000])
def test_a_start_goes_on_from_what_was_saved(saved_at, monkeypatch):
    """At the same size or a smaller one: the same index, and not one row of the table is hashed again but where it grew."""
    labels = some_labels(1_200, seed=8)
    before = opened(labels)
    before.move(saved_at)
    root = t.root(oracle(labels, 1_000))
    whole = opened(labels)
    whole.begin(1_000, root, None)
    monkeypatch.setattr(Index, "load", lambda *_: pytest.fail("built from the table"))
    after = opened(labels)
    after.begin(1_000, root, before.save())
    assert (after.size, after.root(), after.save()) == (1_000, root, whole.save())
    for size in (1_200, 900, 1_100, 3, 0):
        after.move(size)
        assert after.root() == t.root(oracle(labels, size))


def test_what_was_saved_is_believed_only_where_it_leads_to_the_root():
    """Cut, flipped, of another log, of a larger size: the index is built from the table, as if nothing had been saved."""
    labels = some_labels(300, seed=9)
    root = t.root(oracle(labels, 200))
    index = opened(labels)
    index.move(150)
    good, other, later = index.save(), opened(some_labels(300, seed=10)), opened(labels)
    other.move(150)
    later.move(250)
    flipped = [bytes([*good[:at], good[at] ^ 1, *good[at + 1 :]]) for at in (0, 16, 24, 5_000, len(good) - 1)]
    cells = [at for at in range(25, 25 + (1 << 16)) if good[at] != 2]
    there = 25 + (1 << 16) + 32 * (cells[0] - 25)
    flipped.append(good[:there] + bytes([good[there] ^ 1]) + good[there + 1 :])
    for saved in (b"", good[:-1], good + b"x", good[:25], *flipped, other.save(), later.save()):
        made = opened(labels)
        made.begin(200, root, saved)
        assert (made.size, made.root()) == (200, root)
        made.move(300)
        assert made.root() == t.root(oracle(labels, 300))


@pytest.mark.parametrize("way", [lambda index: index.move(200), lambda index: index.move(20)])
def test_a_bucket_that_was_not_read_is_held_against_its_cell(way, monkeypatch):
    """A row that was changed while nobody looked is found before anything follows from it, forwards and backwards."""
    monkeypatch.setattr(indexes, "LEVELS", 2)
    labels = some_labels(200, seed=11)
    index = opened(labels)
    index.move(100)
    root, saved = index.root(), index.save()
    store = covering(labels)
    store._known[labels[50]] = 49
    after = Index(Bundles(labels), store)
    after.begin(100, root, saved)
    with pytest.raises(Damaged, match="label table"):
        way(after)


def test_a_log_that_outgrows_its_crown_gets_a_deeper_one(monkeypatch):
    """Without a start in between; no root depends on it."""
    monkeypatch.setattr(indexes, "LEVELS", 3)
    monkeypatch.setattr(indexes, "_AT_ONCE", 50)
    labels = some_labels(700, seed=12)
    index = opened(labels)
    depths = set()
    for size in (5, 40, 90, 400, 700, 1, 700):
        index.move(size)
        assert index.root() == t.root(oracle(labels, size))
        depths.add(index._crown.levels)
    assert len(depths) > 2


# A table that is not what the bundles say


def broken(labels, change):
    store = covering(labels)
    change(store._known)
    return Index(Bundles(labels), store)


CHANGES = {
    "a row is gone": lambda known: known.pop(LABELS[70]),
    "another index": lambda known: known.update({LABELS[70]: 71}),
    "another label": lambda known: known.update({b"x" * 32: known.pop(LABELS[70])}),
}
LABELS = some_labels(100, seed=7)


@pytest.mark.parametrize("change", CHANGES)
def test_no_root_is_made_of_a_wrong_table(change):
    """A row that is missing or moved is found before anything can be signed over it, when it comes and at a start."""
    index = broken(LABELS, CHANGES[change])
    index.move(60)
    with pytest.raises(Damaged):
        index.move(100)
    assert index.size == 60
    with pytest.raises(Damaged):
        index.load(100, t.root(oracle(LABELS, 100)))
    assert (index.size, index.root()) == (60, t.root(oracle(LABELS, 60)))


def test_a_row_too_many_is_found_at_a_start():
    """A label that no leaf has would be proven present: the root that was signed does not have it."""
    index = broken(LABELS, lambda known: known.update({b"x" * 32: 5}))
    with pytest.raises(Damaged):
        index.load(100, t.root(oracle(LABELS, 100)))


def test_no_proof_is_made_of_a_table_that_changed_since():
    """Rows that changed after the root was made give no proof at all, and above all none of absence."""
    store = covering(LABELS)
    index = Index(Bundles(LABELS), store)
    index.move(100)
    now = index.at()
    store._known.pop(LABELS[70])
    with pytest.raises(Damaged):
        now.prove(LABELS[70])


@pytest.mark.slow
def test_what_is_in_memory_does_not_grow_with_the_labels(tmp_path):
    """Four times the labels, the same memory: nothing is kept below the crown."""
    kept, peaks = [], []
    for count in (4_000, 16_000):
        labels = some_labels(count, seed=8)
        store = SqliteLabels(tmp_path / f"{count}.db")
        index = opened(labels, store)
        index.load(0, t.EMPTY)
        root = t.root(oracle(labels, count))
        tracemalloc.start()
        index.load(count, root)
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.reset_peak()
        for size in (count - 500, count):
            index.move(size)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        store.close()
    assert kept[1] < kept[0] + 100_000
    assert peaks[1] < peaks[0] + 1_000_000


def test_who_asks_keeps_what_they_were_told():
    """An index that was given out says the same whatever comes; where nobody holds one, nothing is copied."""
    labels = some_labels(300)
    index = opened(labels)
    index.move(100)
    early = index.at()
    index.move(200)
    late = index.at()
    index.move(300)
    assert (early.root, late.root) == tuple(t.root(oracle(labels, size)) for size in (100, 200))
    assert [one.prove(labels[150]).check(one.root) for one in (early, late)] == [None, 150]
    del early, late
    crown = index._crown
    index.at()
    index.move(200)
    assert index._crown is crown
    assert index.root() == t.root(oracle(labels, 200))
