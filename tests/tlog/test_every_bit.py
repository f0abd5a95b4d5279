# SPDX-License-Identifier: Apache-2.0
"""Every tree up to a hundred leaves, every proof, and every way to be wrong by a little: all of it is found.

Twenty-two million flipped bits take minutes: that is `make proofs`. In `make test` every hash of every proof has one of
its bits flipped, and ``test_merkle.py`` has every bit up to sixteen leaves.
"""

import random

import pytest
from tests.tlog.given import leaves, naive_root, one_bit_flips

from whosaw.errors import ProofFailed
from whosaw.tlog import merkle as m

MOST = 100
LEAVES = leaves(MOST + 2)
NODE = m.nodes_of(LEAVES)
ROOTS = [naive_root(LEAVES[:n]) for n in range(MOST + 3)]


def refused(check, *case) -> None:
    """By the error that keeps the evidence, and by no other."""
    # Not `pytest.raises`: it costs more than the check, and this is called millions of times.
    try:
        check(*case)
    except ProofFailed:
        return
    raise AssertionError(f"accepted: {case}")


def one_bit(dice):
    """One bit of a hash, turned over."""
    return lambda hash_: [(int.from_bytes(hash_) ^ 1 << dice.randrange(256)).to_bytes(32)]


def flip_inclusions(sizes, flips) -> int:
    count = 0
    for size in sizes:
        for index in range(size):
            path = m.prove_inclusion(NODE, index, size)
            parts = [*path, LEAVES[index], ROOTS[size]]
            for at, hash_ in enumerate(parts):
                for parts[at] in flips(hash_):
                    *broken, leaf, root = parts
                    refused(m.check_inclusion, leaf, index, size, broken, root)
                    count += 1
                parts[at] = hash_
    return count


def flip_consistencies(sizes, flips) -> int:
    count = 0
    for new in sizes:
        for old in range(1, new + 1):
            path = m.prove_consistency(NODE, old, new)
            parts = [*path, ROOTS[old], ROOTS[new]]
            for at, hash_ in enumerate(parts):
                for parts[at] in flips(hash_):
                    *broken, old_root, new_root = parts
                    refused(m.check_consistency, old, new, broken, old_root, new_root)
                    count += 1
                parts[at] = hash_
    return count


def test_a_bit_of_every_hash():
    """One bit, drawn, of every leaf, hash and root of every proof."""
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    try:
        assert flip_inclusions(range(1, MOST + 1), one_bit(dice)) > 40_000
        assert flip_consistencies(range(1, MOST + 1), one_bit(dice)) > 40_000
    except AssertionError as error:
        error.add_note(f"seed {seed}")
        raise


def near(number, end):
    """Other numbers below `end`: those beside, and those that differ in one bit."""
    return {
        n for n in (number - 1, number + 1, *(number ^ 1 << bit for bit in range(8))) if 0 <= n < end and n != number
    }


def more_or_fewer(path, *extra):
    """The path with one hash more, anywhere, or one fewer."""
    for at in range(len(path) + 1):
        for hash_ in extra:
            yield [*path[:at], hash_, *path[at:]]
        if at < len(path):
            yield path[:at] + path[at + 1 :]


def test_another_place():
    """Another index, another head, a hash more or fewer: every proof of every tree, and the numbers near its own."""
    for size in range(1, MOST + 1):
        for index in range(size):
            path, leaf, root = m.prove_inclusion(NODE, index, size), LEAVES[index], ROOTS[size]
            for other in near(index, size + 2):
                refused(m.check_inclusion, leaf, other, size, path, root)
            for other in near(size, MOST + 2):
                refused(m.check_inclusion, leaf, index, other, path, ROOTS[other])
            for wrong in more_or_fewer(path, root, leaf):
                refused(m.check_inclusion, leaf, index, size, wrong, root)


def test_another_pair_of_heads():
    """The same for consistency: another old or new head, the two exchanged, a hash more or fewer."""
    for new in range(1, MOST + 1):
        for old in range(1, new + 1):
            path = m.prove_consistency(NODE, old, new)
            for other in near(old, new + 2):
                refused(m.check_consistency, other, new, path, ROOTS[other], ROOTS[new])
            for other in near(new, MOST + 2):
                refused(m.check_consistency, old, other, path, ROOTS[old], ROOTS[other])
            for wrong in more_or_fewer(path, ROOTS[old], ROOTS[new]):
                refused(m.check_consistency, old, new, wrong, ROOTS[old], ROOTS[new])
            if old != new:
                refused(m.check_consistency, new, old, path, ROOTS[new], ROOTS[old])
                refused(m.check_consistency, old, new, path, ROOTS[new], ROOTS[old])


# Sums of squares are near enough: the work of a range of sizes grows with the square of its end.
PARTS = [range(1, 51), range(51, 71), range(71, 87), range(87, MOST + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("sizes", PARTS, ids=str)
def test_every_bit_of_every_inclusion(sizes):
    """Each bit of leaf, path and root, for every index of every size."""
    assert flip_inclusions(sizes, one_bit_flips) > 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("sizes", PARTS, ids=str)
def test_every_bit_of_every_consistency(sizes):
    """Each bit of both roots and the path, for every pair of sizes."""
    assert flip_consistencies(sizes, one_bit_flips) > 1_000_000
