# SPDX-License-Identifier: Apache-2.0
"""The trie: the specification's numbers, its own words as an oracle, every small world, every bit."""

import random
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import one_bit_flips, patient
from tests.tlog.worked import K_PERSON, LABELS, LOG_SEED, NOTE_4, ORIGIN

from whosaw.errors import BadInput, NotCanonical, ProofFailed, WhosawError
from whosaw.tlog import leaf, merkle, note
from whosaw.tlog import prefix as t
from whosaw.tlog.crown import Crown

EMPTY = "dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986"
ROOT_3 = "2d0d325b836ff5c970f65c264c8ce691360ac1b4e197eeaf2712beb083af4b67"
ROOT_4 = "e0e5b3dc18061b99244cf676cb2db0f9544806444b7ba5e439ff52be4602606c"
LABEL_3 = "05106a77df2dbfb66e3b1b66f472d9ff60f3fec7348eba69bac3b87928434ca1"
OF_LABEL_2 = [
    "76055defb0daed3b30b9107ad02bee158b0fbb63c57fea2de608f7250e9fab03",
    "3336448f95292333733a16fd869518d6dc0120b20d7aca2a265e09ec8e5c0c7e",
]
OF_LABEL_3 = [
    "9522c8b49e1f2a9508db736ea4e534349980f168d8902a665236c35537b8071e",
    EMPTY,
    "e47945eb3c0a9c25034e4bed0c2dcec003af828e32631d181368db0fa56eba7b",
]
WORKED = [(bytes.fromhex(label), index) for index, label in enumerate(LABELS)]


# The oracle: the definition, word for word, over sets of pairs.


def bit(label, j):
    return (label[j >> 3] >> (7 - (j & 7))) & 1


def naive(pairs, d=0):
    if not pairs:
        return sha256(b"\x02").digest()
    if len(pairs) == 1:
        ((label, index),) = pairs
        return sha256(b"\x03" + label + index.to_bytes(8, "big")).digest()
    zero, one = ({p for p in pairs if bit(p[0], d) == b} for b in (0, 1))
    return sha256(b"\x04" + naive(zero, d + 1) + naive(one, d + 1)).digest()


def naive_way(pairs, label):
    """Terminal and siblings, deepest first."""
    siblings, d = [], 0
    while len(pairs) > 1:
        siblings.insert(0, naive({p for p in pairs if bit(p[0], d) != bit(label, d)}, d + 1))
        pairs = {p for p in pairs if bit(p[0], d) == bit(label, d)}
        d += 1
    return next(iter(pairs), None), tuple(siblings)


def some_pairs(count, seed=1):
    chance = random.Random(seed)
    return [(chance.randbytes(32), index) for index in range(count)]


def near(label, j):
    """The label with bit j turned over."""
    return (int.from_bytes(label) ^ 1 << 255 - j).to_bytes(32)


# Labels that share long beginnings, for what random ones never do.
CLOSE = [
    bytes(32),
    near(bytes(32), 255),
    near(bytes(32), 254),
    near(bytes(32), 0),
    b"\xff" * 32,
    near(b"\xff" * 32, 255),
]
labels = st.one_of(st.binary(min_size=32, max_size=32), st.sampled_from(CLOSE), st.builds(
    near, st.sampled_from(CLOSE), st.integers(0, 255)))  # fmt: skip
worlds = st.lists(labels, max_size=24, unique=True).map(lambda found: [(x, n * 7) for n, x in enumerate(found)])


# The worked example


def test_the_worked_example():
    """Roots, siblings and ends of the specification's four leaves, typed in as printed there."""
    assert t.EMPTY.hex() == EMPTY
    assert t.root(t.rows_of(WORKED[:3])).hex() == ROOT_3
    assert t.root(t.rows_of(WORKED)).hex() == ROOT_4
    rows, root = t.rows_of(WORKED), bytes.fromhex(ROOT_4)
    present = t.prove(rows, leaf.label(K_PERSON, 2))
    assert (present.terminal, [s.hex() for s in present.siblings]) == (WORKED[3], OF_LABEL_2)
    assert present.check(root) == 3
    assert leaf.label(K_PERSON, 3).hex() == LABEL_3
    absent = t.prove(rows, bytes.fromhex(LABEL_3))
    assert (absent.terminal, [s.hex() for s in absent.siblings]) == (None, OF_LABEL_3)
    assert absent.check(root) is None
    other = t.prove(rows, leaf.label(K_PERSON, 4))
    assert other.label.hex().startswith("8aa9b532b736")
    assert (other.terminal, [s.hex() for s in other.siblings]) == (WORKED[3], OF_LABEL_2)
    assert other.check(root) is None
    deep = t.prove(rows, leaf.label(K_PERSON, 1))
    assert (deep.check(root), len(deep.siblings)) == (2, 6)
    assert [s == t.EMPTY for s in deep.siblings] == [False, True, True, True, True, False]


def test_the_worked_example_of_the_output_log():
    """The leaf of the output log: 256 bytes with the note's Ed25519 line, and its hash as printed."""
    assert len(NOTE_4) == 191
    assert note.Ed25519Signer.from_seed(ORIGIN, LOG_SEED).sign(NOTE_4[: NOTE_4.index(b"\n\n") + 1], 0) in b64decode(
        NOTE_4.split()[-1]
    )
    entry = ROOT_4.encode() + b"\n" + NOTE_4
    assert len(entry) == 256
    assert merkle.leaf_hash(entry).hex() == "612c354a41560d3023aa6ea416a7f473ab1b741d041f6ac0064fcfe2dc028df4"


def test_the_text_of_a_proof():
    """Header, label, end of the way, siblings; in this spelling and no other."""
    rows = t.rows_of(WORKED)

    def b64(hex_):
        return b64encode(bytes.fromhex(hex_)).decode()

    ends = {2: "leaf 3", 3: "empty", 4: f"other {b64(LABELS[3])} 3"}
    siblings = {2: OF_LABEL_2, 3: OF_LABEL_3, 4: OF_LABEL_2}
    for i, end in ends.items():
        label = leaf.label(K_PERSON, i)
        lines = ["whosaw/trie-proof@v1", f"label {b64(label.hex())}", end, *map(b64, siblings[i]), ""]
        raw = "\n".join(lines).encode()
        assert t.prove(rows, label).encode() == raw
        assert t.TrieProof.parse(raw) == t.prove(rows, label)


# Small worlds


@pytest.mark.parametrize("size", range(65))
def test_every_small_trie(size):
    """n ≤ 64: the root is that of the definition, every label is shown present, and others absent, and never the other."""
    pairs = some_pairs(size)
    rows = t.rows_of(pairs)
    root = t.root(rows)
    assert root == naive(set(pairs))
    for label, index in pairs:
        proof = t.prove(rows, label)
        assert (proof.terminal, proof.siblings) == naive_way(set(pairs), label)
        assert proof.check(root) == index == proof.index
    for label, _ in some_pairs(8, seed=2):
        proof = t.prove(rows, label)
        assert (proof.terminal, proof.siblings) == naive_way(set(pairs), label)
        assert proof.check(root) is None
        assert t.TrieProof.parse(proof.encode()) == proof


@patient
@given(pairs=worlds, label=labels, data=st.data())
def test_any_order_any_labels(pairs, label, data):
    """Also for labels that differ in their last bit only: any order gives one root, and proofs as the definition has them."""
    root = naive(set(pairs))
    rows = t.rows_of(data.draw(st.permutations(pairs)))
    assert t.root(rows) == root
    known = dict(pairs)
    for asked in (label, *known):
        proof = t.prove(rows, asked)
        assert (proof.terminal, proof.siblings) == naive_way(set(pairs), asked)
        assert proof.check(root) == known.get(asked)
        assert t.TrieProof.parse(proof.encode()) == proof


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 20])
def test_every_flipped_bit_is_found(size):
    """One bit of label, end, index, sibling or root: no proof that is made so says anything about the label."""
    pairs = some_pairs(size, seed=size)
    rows = t.rows_of(pairs)
    root = t.root(rows)
    for asked in (pairs[0][0], near(pairs[0][0], 255), some_pairs(1, seed=99)[0][0]):
        proof = t.prove(rows, asked)
        broken = [proof.__class__(proof.label, proof.terminal, s) for s in flipped_siblings(proof.siblings)]
        if proof.terminal is not None:
            label, index = proof.terminal
            broken += [t.TrieProof(proof.label, (bad, index), proof.siblings) for bad in one_bit_flips(label)]
            broken += [t.TrieProof(proof.label, (label, index ^ 1 << n), proof.siblings) for n in range(63)]
            broken.append(t.TrieProof(proof.label, None, proof.siblings))
        else:
            broken += [t.TrieProof(proof.label, end, proof.siblings) for end in [pairs[0], (asked, 0)]]
        broken += [t.TrieProof(proof.label, proof.terminal, proof.siblings[:n]) for n in range(len(proof.siblings))]
        broken += [t.TrieProof(proof.label, proof.terminal, (s, *proof.siblings)) for s in (t.EMPTY, root)]
        broken += [t.TrieProof(proof.label, proof.terminal, (*proof.siblings, s)) for s in (t.EMPTY, root)]
        for bad in broken:
            with pytest.raises(ProofFailed):
                bad.check(root)
        for bad_root in one_bit_flips(root):
            with pytest.raises(ProofFailed):
                proof.check(bad_root)


def flipped_siblings(siblings):
    for n, sibling in enumerate(siblings):
        for bad in one_bit_flips(sibling):
            yield (*siblings[:n], bad, *siblings[n + 1 :])


def test_a_proof_for_another_label():
    """A proof says something about its own label. For one whose way parts before the end, it fails; the others are absent."""
    pairs = some_pairs(16)
    rows = t.rows_of(pairs)
    root = t.root(rows)
    for label, _ in pairs:
        proof = t.prove(rows, label)
        for j in range(256):
            moved = t.TrieProof(near(label, j), proof.terminal, proof.siblings)
            if j < len(proof.siblings):
                with pytest.raises(ProofFailed):
                    moved.check(root)
            else:
                assert moved.check(root) is None


@patient
@given(pairs=worlds, label=labels, data=st.data())
def test_no_label_both_ways(pairs, label, data):
    """Whatever is put together from hashes of the trie itself: a label that is present is never shown absent, nor moved."""
    root = naive(set(pairs))
    rows, known = t.rows_of(pairs), dict(pairs)
    hashes = [t.EMPTY, root, *(s for x in known for s in t.prove(rows, x).siblings)]
    ends = [None, *pairs, (label, 0)]
    made = t.TrieProof(
        label, data.draw(st.sampled_from(ends)), tuple(data.draw(st.lists(st.sampled_from(hashes), max_size=6)))
    )
    honest = t.prove(rows, label)
    other_end = t.TrieProof(label, data.draw(st.sampled_from(ends)), honest.siblings)
    for proof in (made, other_end):
        try:
            found = proof.check(root)
        except ProofFailed:
            continue
        assert found == known.get(label)


def test_what_is_no_trie_proof():
    """An end off the way, an empty deepest sibling, too many siblings: refused, each by its own sentence."""
    label = bytes(32)
    deep = t.TrieProof(label, None, (t.EMPTY, b"x" * 32))
    with pytest.raises(ProofFailed, match="deepest sibling"):
        deep.check(sha256(b"\x04" + sha256(b"\x04" + t.EMPTY * 2).digest() + b"x" * 32).digest())
    with pytest.raises(ProofFailed, match="not on the way"):
        t.TrieProof(label, (b"\x80" + bytes(31), 1), (b"x" * 32,)).check(b"r" * 32)
    with pytest.raises(BadInput):
        t.TrieProof(label, None, (b"x" * 32,) * 257)
    whole = t.TrieProof(label, (label, 0), (b"x" * 32,) * 256)
    assert t.TrieProof.parse(whole.encode()) == whole


@pytest.mark.parametrize("rows", [
    [t.row(b"a" * 32, 1), t.row(b"a" * 32, 2)], [t.row(b"b" * 32, 1), t.row(b"a" * 32, 2)],
])  # fmt: skip
def test_a_label_twice_or_out_of_order_is_no_set(rows):
    """A root over what is no sorted set would be nobody's."""
    with pytest.raises(BadInput):
        t.root(rows)


@pytest.mark.parametrize(("label", "index"), [(b"x" * 31, 0), (b"x" * 32, -1), (b"x" * 32, True), (b"x" * 32, 2**63)])
def test_a_pair_is_a_label_and_an_index(label, index):
    """32 bytes and an integer from 0 to 2^63 − 1."""
    with pytest.raises(BadInput):
        t.row(label, index)


# Its text


PROOFS = [t.prove(t.rows_of(WORKED), leaf.label(K_PERSON, i)).encode() for i in (2, 3, 4)]
A = b"A" * 43 + b"="
OTHER_SPELLINGS = [
    b"", b"whosaw/trie-proof@v1\n", b"whosaw/trie-proof@v2\nlabel " + A + b"\nempty\n",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nempty",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nempty \n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nEmpty\n",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nleaf 03\n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nleaf +3\n",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nleaf 9223372036854775808\n",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nleaf\n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nleaf 3 \n",
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nother " + A + b" 3\n",  # the label itself: that is `leaf 3`
    b"whosaw/trie-proof@v1\nlabel " + A + b"\nempty\n\n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nempty\nAAAA\n",
    b"whosaw/trie-proof@v1\nlabel " + b"A" * 42 + b"B=\nempty\n", b"whosaw/trie-proof@v1\nlabel AAAA\nempty\n",
    b"whosaw/trie-proof@v1\r\nlabel " + A + b"\nempty\n", b"whosaw/trie-proof@v1\nlabel " + A + b"\nempty\n" + (A + b"\n") * 257,
]  # fmt: skip


@pytest.mark.parametrize("raw", OTHER_SPELLINGS)
def test_another_spelling_is_no_proof(raw):
    """Spaces, zeros, other cases, a label of its own as another one: NotCanonical."""
    with pytest.raises(NotCanonical):
        t.TrieProof.parse(raw)


@patient
@given(base=st.sampled_from(PROOFS), data=st.data())
def test_no_bytes_crash_the_reader(base, data):
    """Mutated and arbitrary bytes are a proof, written back the same, or an error of ours."""
    at = data.draw(st.integers(0, len(base)))
    more = data.draw(st.binary(max_size=4) | st.sampled_from([b"\n", b" ", b"0", b"="]))
    raw = data.draw(st.sampled_from([base[:at] + more + base[at:], base[:at] + more + base[at + len(more) :], more]))
    try:
        made = t.TrieProof.parse(raw)
    except WhosawError:
        return
    assert made.encode() == raw


def test_nothing_of_a_label_is_in_a_repr():
    """A label finds one person's record for whoever has the log."""
    proof = t.prove(t.rows_of(WORKED), WORKED[2][0])
    assert repr(WORKED[2][0]) not in repr(proof)
    assert WORKED[2][0].hex() not in repr(proof)


# The crown


def by_bucket(crown, pairs):
    """The branches of these pairs' buckets."""
    found = {}
    for one in t.rows_of(pairs):
        found.setdefault(crown.bucket(one), []).append(one)
    return {number: t.branch(rows, crown.levels) for number, rows in found.items()}


@pytest.mark.parametrize("levels", [1, 3, 8])
@patient
@given(pairs=worlds, label=labels, cut=st.integers(0, 24))
def test_a_crown_has_the_root_of_the_trie(levels, pairs, label, cut):
    """Grown in two steps, one pair or many: the root, and the siblings of every way, are those of the whole."""
    crown = Crown(levels)
    crown.put(by_bucket(crown, pairs[:cut]))
    assert crown.root() == naive(set(pairs[:cut]))
    before = crown.copy()
    touched = {crown.bucket(x) for x, _ in pairs[cut:]}
    crown.put({number: branch for number, branch in by_bucket(crown, pairs).items() if number in touched})
    assert crown.root() == naive(set(pairs))
    assert before.root() == naive(set(pairs[:cut]))
    for asked in (label, *(x for x, _ in pairs)):
        level, above = crown.way(asked)
        first, end = crown.span(level, int.from_bytes(asked) >> 256 - level)
        rows = [one for one in t.rows_of(pairs) if first <= crown.bucket(one) < end]
        assert t.prove(rows, asked, level, above) == t.prove(t.rows_of(pairs), asked)


def test_a_crown_forgets():
    """Buckets that are emptied again leave the root of what is left: also the way back to a smaller size."""
    crown, pairs = Crown(8), some_pairs(300)
    roots = []
    for size in (0, 1, 2, 50, 300):
        crown.put(by_bucket(crown, pairs[:size]))
        roots.append((size, crown.root()))
    for size, root in reversed(roots):
        crown.put(dict.fromkeys(range(256), t.NOTHING) | by_bucket(crown, pairs[:size]))
        assert crown.root() == root == naive(set(pairs[:size]))


@pytest.mark.parametrize("levels", [0, 25])
def test_a_crown_has_its_limits(levels):
    """1 to 24 levels."""
    with pytest.raises(BadInput):
        Crown(levels)
