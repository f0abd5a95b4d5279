# SPDX-License-Identifier: Apache-2.0
"""An independent Merkle tree says the same. pymerkle is a tool of the tests: its licence keeps it out of the package."""

import random
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion

from whosaw.tlog import merkle as m

ROOT = Path(__file__).parents[2]
SIZES = [1, 2, 3, 7, 8, 9, 100, 255, 256, 257, 1_000]


def ranges(old, start, end, whole=True):
    """Which leaves each hash of a consistency proof is over: SUBPROOF of RFC 6962 section 2.1.2, with ranges for hashes."""
    size = end - start
    if old == size:
        return [] if whole else [(start, end)]
    k = 1 << (size - 1).bit_length() - 1
    if old <= k:
        return [*ranges(old, start, start + k, whole), (start + k, end)]
    return [*ranges(old - k, start + k, end, False), (start, start + k)]


@pytest.fixture(scope="module", params=range(3))
def tree(request):
    """Random entries, as leaf hashes of ours and in a tree of theirs."""
    dice = random.Random(f"oracle {request.param}")
    entries = [dice.randbytes(dice.choice([0, 1, 31, 32, 65, 300])) for _ in range(SIZES[-1])]
    theirs = InmemoryTree(algorithm="sha256")
    for entry in entries:
        theirs.append_entry(entry)
    return dice, entries, [m.leaf_hash(entry) for entry in entries], theirs


def test_the_same_roots(tree):
    """Of every size up to a thousand, and of nothing."""
    _, _, hashes, theirs = tree
    edge = m.Edge()
    for size in range(SIZES[-1] + 1):
        assert edge.root() == theirs.get_root(size)
        if size < SIZES[-1]:
            edge.append(hashes[size])


def test_the_same_inclusion_proofs(tree):
    """Hash for hash; each of us accepts what the other made, and refuses it for another leaf."""
    dice, _, hashes, theirs = tree
    node = m.nodes_of(hashes)
    for size in SIZES:
        root = theirs.get_root(size)
        for index in {0, size - 1, *(dice.randrange(size) for _ in range(12))}:
            proof = theirs.prove_inclusion(index + 1, size)
            base, *path = proof.path
            assert (base, path) == (hashes[index], m.prove_inclusion(node, index, size))
            m.check_inclusion(base, index, size, path, root)
            verify_inclusion(base, root, proof)
            with pytest.raises(InvalidProof):
                verify_inclusion(bytes(32), root, proof)


def test_the_same_consistency(tree):
    """Their proofs go down to a leaf where RFC 6962 stops earlier; so each hash of ours is their root of the same leaves."""
    dice, entries, hashes, theirs = tree
    node = m.nodes_of(hashes)
    for new in SIZES:
        for old in {1, new, *(dice.randrange(1, new + 1) for _ in range(8))}:
            roots = theirs.get_root(old), theirs.get_root(new)
            verify_consistency(*roots, theirs.prove_consistency(old, new))
            proof = m.prove_consistency(node, old, new)
            m.check_consistency(old, new, proof, *roots)
            assert proof == [root_of(entries[start:end]) for start, end in ranges(old, 0, new)]


def root_of(entries):
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree.get_root()


def test_it_is_never_part_of_the_package():
    """Nothing in `src` names it, and nothing that is installed with the package asks for it."""
    assert [path for path in sorted((ROOT / "src").rglob("*.py")) if "pymerkle" in path.read_text()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *chain(*project["project"]["optional-dependencies"].values())]
    assert not [line for line in asked if line.startswith("pymerkle")]
    assert [line for line in project["dependency-groups"]["dev"] if str(line).startswith("pymerkle")]
    assert "pymerkle" not in (ROOT / "requirements" / "run.lock").read_text()
