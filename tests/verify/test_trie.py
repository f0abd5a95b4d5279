# SPDX-License-Identifier: Apache-2.0
"""The index built again by an outsider: the root of the definition at every size, and labels that stand twice."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.tlog import leaf, prefix
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.tile import Bundle, encode_bundle
from whosaw.verify.leaves import Claim, Leaves
from whosaw.verify.trie import Trie


def some_labels(count, seed=1):
    chance = random.Random(seed)
    return [chance.randbytes(32) for _ in range(count)]


def root_of(labels):
    return prefix.root(prefix.rows_of((x, n) for n, x in enumerate(labels)))


@pytest.mark.parametrize("expected", [1, 700, 200_000])
def test_the_root_at_every_stop(expected):
    """However many leaves it was told to expect, and wherever one stops: the root is that of the trie so far."""
    labels, trie, at = some_labels(700), Trie(expected), 0
    assert trie.root() == prefix.EMPTY
    for stop in (1, 2, 3, 10, 255, 256, 257, 600, 700):
        trie.add(at, labels[at:stop])
        at = stop
        assert trie.root() == root_of(labels[:stop])
    assert trie.twice() == []


@given(st.lists(st.integers(0, 40), max_size=60))
@settings(deadline=None)
def test_a_label_twice_is_always_found(numbers):
    """Exactly the labels that stand twice, with all their leaves; and the root is as if only the first were there."""
    labels = [bytes([n % 3]) + n.to_bytes(31) for n in numbers]
    trie = Trie(len(labels))
    trie.add(0, labels)
    first = {x: labels.index(x) for x in labels}
    for _ in range(2):
        assert trie.root() == prefix.root(prefix.rows_of(first.items()))
        assert trie.twice() == sorted(
            [i for i, other in enumerate(labels) if other == x] for x in first if labels.count(x) > 1
        )


LABELS = some_labels(600, seed=2)


def bundle(index):
    return encode_bundle(leaf.entry(x, bytes(32)) for x in LABELS[index * 256 : index * 256 + 256])


def claim(number, size, root=None):
    return Claim(number, root or root_of(LABELS[:size]), Checkpoint.of("log.example.org/whosaw", size, bytes(32)))


def test_claims_are_held_at_their_sizes():
    """Inside bundles and at their edges, several in one: each is compared at exactly its size."""
    sizes = [1, 2, 100, 255, 256, 257, 511, 512, 600]
    claims = [claim(n, size, bytes(32) if size in (100, 512) else None) for n, size in enumerate(sizes)]
    leaves = Leaves(600, claims)
    for index in range(3):
        assert list(leaves.see(Bundle(index, min(256, 600 - index * 256)), bundle(index))) == []
    assert [c.of.size for c in leaves.held] == [1, 2, 255, 256, 257, 511, 600]
    assert [c.of.size for c in leaves.wrong] == [100, 512]


def test_behind_a_gap_nothing_is_compared():
    """A bundle that could not be read makes no later index false."""
    leaves = Leaves(600, [claim(0, 256), claim(1, 600)])
    list(leaves.see(Bundle(0), bundle(0)))
    list(leaves.see(Bundle(2, 88), bundle(2)))
    assert ([c.of.size for c in leaves.held], leaves.wrong) == ([256], [])
