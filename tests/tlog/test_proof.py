# SPDX-License-Identifier: Apache-2.0
"""Proof files: one leaf, one log, one file."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, leaves, patient, shared_json
from tests.tlog.worked import LEAVES, LOG_KEY, NOTE_4, RECEIPT

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog import merkle
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.note import VerifierKey, open_note
from whosaw.tlog.proof import TlogProof

HASH = bytes(32)
SIBLING = bytes.fromhex(LEAVES[3])
GOOD = TlogProof(2, (SIBLING, HASH), NOTE_4, RECEIPT)


def test_other_peoples_proof_files():
    """transparency-dev/formats: written to the same bytes and read back; their bad ones are refused."""
    given = shared_json("extracted/formats_tlog_proof.json")
    for case in given["marshal"]:
        extra = None if case["extra"] is None else case["extra"].encode()
        made = TlogProof(case["index"], tuple(map(b64decode, case["hashes"])), case["checkpoint"].encode(), extra)
        assert made.encode().decode() == case["want"]
        assert TlogProof.parse(case["want"].encode()) == made
    for bad in given["bad"]:
        with pytest.raises(NotCanonical):
            TlogProof.parse(bad.encode())


def test_a_proof_from_file_to_leaf():
    """Read the file, open the note, check the leaf that one holds oneself; another leaf is not in it."""
    hashes = [*leaves(2), bytes.fromhex(LEAVES[2]), SIBLING]
    path = merkle.prove_inclusion(merkle.nodes_of(hashes), 2, 4)
    proof = TlogProof.parse(TlogProof(2, tuple(path), NOTE_4).encode())
    checkpoint = Checkpoint.parse(open_note(proof.note, [VerifierKey.parse(LOG_KEY)]).text)
    with pytest.raises(ProofFailed):  # the first two leaves are not those of the worked example
        proof.check(hashes[2], checkpoint)
    ours = Checkpoint.of(checkpoint.origin, 4, merkle.root(hashes))
    proof.check(hashes[2], ours)
    for wrong in (hashes[0], hashes[3], HASH):
        with pytest.raises(ProofFailed):
            proof.check(wrong, ours)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"@v1", b"@v2", "line 1"),
        (b"extra ", b"extra  ", "line 2"),
        (b"extra ", b"Extra ", "line 2"),
        (b"index 2", b"index 02", "line 3"),
        (b"index 2", b"index", "line 3"),
        (b"index 2", b"index 2 ", "line 3"),
        (b"index 2\n", b"", "line 3"),
        (b"AAA=\n\n", b"AAB=\n\n", "line 5"),
        (b"AAA=\n\n", b"AAA=\nextra AA==\n\n", "line 6"),
        (b"\n\nlog", b"\nlog", "line 6"),
        (b"index 2", b"index 2\r", "control"),
    ],
)
def test_no_other_proof_file(old, new, why):
    """Each refusal says at which line."""
    changed = GOOD.encode().replace(old, new, 1)
    assert changed != GOOD.encode()
    with pytest.raises(NotCanonical, match=why):
        TlogProof.parse(changed)


def test_no_extra_has_one_spelling():
    """An empty extra line would be a second one."""
    with pytest.raises(NotCanonical):
        TlogProof.parse(b"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n" + NOTE_4)
    with pytest.raises(BadInput):
        TlogProof(0, (), NOTE_4, b"")


def test_limits():
    """63 hashes, a note of 128 KiB, extra data of 256 KiB; a file without a note is none."""
    assert len(TlogProof.parse(TlogProof(0, (HASH,) * 63, NOTE_4).encode()).path) == 63
    with pytest.raises(BadInput):
        TlogProof(0, (HASH,) * 64, NOTE_4)
    with pytest.raises(NotCanonical, match="63"):
        TlogProof.parse(GOOD.encode().replace(b"index 2\n", b"index 2\n" + (b"A" * 43 + b"=\n") * 62, 1))
    for extra in (b"x", bytes(256 * 1024)):
        assert TlogProof.parse(TlogProof(0, (), NOTE_4, extra).encode()).extra == extra
    longest = b"a" * (128 * 1024 - 1) + b"\n"
    assert TlogProof.parse(TlogProof(0, (), longest).encode()).note == longest
    with pytest.raises(BadInput):
        TlogProof(0, (), NOTE_4, bytes(256 * 1024 + 1))
    with pytest.raises(NotCanonical, match="note"):
        TlogProof.parse(TlogProof(0, (), b"a" * (128 * 1024) + NOTE_4).encode())
    for raw in (b"c2sp.org/tlog-proof@v1\nindex 0\n\n", b"c2sp.org/tlog-proof@v1\nindex 0\n"):
        with pytest.raises(NotCanonical, match="no note"):
            TlogProof.parse(raw)


@pytest.mark.parametrize("wrong", [(-1, ()), (True, ()), (2**63, ()), (0, (b"",)), (0, (bytes(33),))])
def test_no_other_proof_is_made(wrong):
    """What would not be read is not made."""
    with pytest.raises(BadInput):
        TlogProof(*wrong, NOTE_4)


@patient
@given(st.one_of(st.binary(max_size=120), damaged(GOOD.encode(), TlogProof(0, (), NOTE_4).encode())))
def test_accepted_proof_files_are_canonical(raw):
    """Whatever is taken for a proof file renders back to the same bytes."""
    accepted_is_canonical(TlogProof.parse, TlogProof.encode, raw)
