# SPDX-License-Identifier: Apache-2.0
"""The index built again by an outsider, heap by heap: the root of the definition at every size, and labels that stand twice."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.tlog import leaf, prefix
from whosaw.tlog.tile import encode_bundle
from whosaw.verify import heaps, trie
from whosaw.verify.heaps import Heaps, InFiles, InMemory


def some_labels(count, seed=1, begin=b""):
    chance = random.Random(seed)
    return [begin + chance.randbytes(32 - len(begin)) for _ in range(count)]


def root_of(labels):
    """By the definition; of a label that stands twice, its first leaf."""
    first = {label: index for index, label in reversed(list(enumerate(labels)))}
    return prefix.root(prefix.rows_of(first.items()))


def bundles(labels):
    for first in range(0, len(labels), 256):
        yield first, encode_bundle(leaf.entry(x, bytes(32)) for x in labels[first : first + 256])


def found(looked, cuts):
    """Roots at these sizes, and the leaves of labels that stand twice."""
    each = list(looked)
    changes = trie.joined({number: one.changes for number, _, one in each})
    return list(trie.roots(changes, len(cuts))), sorted(twice for _, _, one in each for twice in one.twice)


def in_memory(labels, cuts, end=None):
    aside = Heaps()
    for first, raw in bundles(labels):
        aside.add(first, raw)
    return found(map(InMemory(cuts, end), aside.heaps.items()), cuts)


def in_files(labels, cuts, end=None, writers=2):
    with heaps.temporary() as folder:
        for n, (first, raw) in enumerate(bundles(labels)):
            aside = Heaps(folder, str(n % writers))
            aside.add(first, raw)
            aside.flush()
        made = found(map(InFiles(folder, cuts, end), heaps.files(folder).items()), cuts)
        assert list(folder.iterdir()) == []
    return made


@pytest.mark.parametrize("cuts", [(), (700,), (3,), (1, 2, 3, 10, 255, 256, 257, 600, 700), (2, 690)])
def test_the_root_at_every_stop(cuts):
    """Wherever one stops, the root is that of the trie so far: in memory, and by files that several wrote."""
    labels = some_labels(700)
    wanted = [root_of(labels[:cut]) for cut in cuts], []
    assert in_memory(labels, cuts) == wanted
    assert in_files(labels, cuts) == wanted


@given(st.lists(st.integers(0, 40), max_size=60), st.sets(st.integers(1, 60), max_size=4))
@settings(deadline=None, max_examples=60)
def test_a_label_twice_is_always_found(numbers, sizes):
    """Exactly the labels that stand twice, with all their leaves; and the root is as if only the first were there."""
    labels = [bytes([n % 3]) + n.to_bytes(31) for n in numbers]
    cuts = sorted(size for size in sizes if size <= len(labels))
    twice = sorted([i for i, y in enumerate(labels) if y == x] for x in set(labels) if labels.count(x) > 1)
    assert in_memory(labels, cuts) == ([root_of(labels[:cut]) for cut in cuts], twice)


@pytest.mark.parametrize("alike", [0, 1, 7, 8, 20, 28, 29, 31])
def test_a_heap_too_large_is_divided(monkeypatch, alike):
    """Whoever makes a log can choose labels that begin alike: the heaps are divided, and say the same."""
    monkeypatch.setattr(heaps, "HEAP", 40 * 30)
    labels = some_labels(200 if alike == 31 else 500, begin=bytes(alike))
    labels = list(dict.fromkeys(labels))
    labels += labels[:2]
    cuts = (1, 40, 300, len(labels)) if alike < 31 else (1, len(labels))
    n = len(labels)
    wanted = [root_of(labels[:cut]) for cut in cuts], [[0, n - 2], [1, n - 1]]
    assert in_files(labels, cuts) == wanted


def test_one_label_for_all_leaves(monkeypatch):
    """A log whose leaves all have one label: its first leaves are named, whatever their number."""
    monkeypatch.setattr(heaps, "HEAP", 40 * 30)
    roots, twice = in_files([bytes(32)] * 1000, (1000,))
    assert roots == [root_of([bytes(32)])]
    assert [indexes[:5] for indexes in twice] == [[0, 1, 2, 3, 4]]


def test_leaves_after_the_end_do_not_count():
    """Where reading broke off, what another process has read beyond is nobody's business."""
    labels = some_labels(600)
    labels[500] = labels[3]
    for end, twice in ((None, [[3, 500]]), (512, [[3, 500]]), (256, [])):
        assert in_memory(labels, (), end)[1] == in_files(labels, (), end)[1] == twice
