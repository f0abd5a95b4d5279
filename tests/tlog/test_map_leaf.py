# SPDX-License-Identifier: Apache-2.0
"""Leaves of the map log: the specification's bytes, one spelling, and exactly the lines of the log's Ed25519 keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, patient
from tests.tlog.test_prefix import ROOT_4
from tests.tlog.worked import LOG_KEY, LOG_SEED, NOTE_4, ORIGIN
from tests.tlog.worked import ROOT_4 as TREE_4

from whosaw.errors import NotCanonical, ProofFailed
from whosaw.tlog.checkpoint import Checkpoint
from whosaw.tlog.map_leaf import LIMIT, MapLeaf, map_origin
from whosaw.tlog.merkle import leaf_hash
from whosaw.tlog.note import Ed25519Signer, MlDsaSigner, VerifierKey, sign_note

ED25519, MLDSA = Ed25519Signer.from_seed(ORIGIN, LOG_SEED), MlDsaSigner.from_seed(ORIGIN, b"\x08" * 32)
STRANGER = Ed25519Signer.from_seed(ORIGIN, b"\x09" * 32)
KEYS = [VerifierKey.parse(signer.vkey()) for signer in (ED25519, MLDSA)]
HEAD = Checkpoint.of(ORIGIN, 4, bytes.fromhex(TREE_4))
WORKED = ROOT_4.encode() + b"\n" + NOTE_4


def test_the_worked_example():
    """256 bytes, and their hash, as the specification prints them; made from a note that has more lines."""
    assert ED25519.vkey() == LOG_KEY
    full = sign_note(HEAD.encode(), (ED25519, MLDSA, STRANGER), 0)
    made = MapLeaf.of(bytes.fromhex(ROOT_4), full, KEYS)
    assert made.encode() == WORKED
    assert len(WORKED) == 256
    assert leaf_hash(WORKED).hex() == "612c354a41560d3023aa6ea416a7f473ab1b741d041f6ac0064fcfe2dc028df4"
    assert MapLeaf.parse(WORKED) == made
    assert made.open(KEYS) == HEAD
    assert map_origin(ORIGIN) == "log.example.org/whosaw/map"


@pytest.mark.parametrize(
    "signers", [(ED25519, MLDSA), (MLDSA,), (STRANGER,), (ED25519, STRANGER), (ED25519, ED25519)],
    ids=["both", "the other key", "a stranger", "a stranger beside", "twice"],
)  # fmt: skip
def test_other_lines_are_no_leaf(signers):
    """Exactly the Ed25519 lines of the log: with another line the same size would have two leaves."""
    leaf = MapLeaf(bytes(32), sign_note(HEAD.encode(), signers, 0))
    with pytest.raises(ProofFailed):
        MapLeaf.parse(leaf.encode()).open(KEYS)


def test_an_altered_head_is_not_signed():
    """Another size in the same note."""
    leaf = MapLeaf.parse(WORKED.replace(b"\n4\n", b"\n5\n"))
    with pytest.raises(ProofFailed):
        leaf.open(KEYS)


@pytest.mark.parametrize("raw", [
    b"", WORKED[1:], WORKED[64:], WORKED.upper(), WORKED[:64].upper() + WORKED[64:], WORKED + b"\n", b" " + WORKED,
    WORKED.replace(b"\n", b"\r\n"), WORKED[:62] + b"  " + WORKED[64:], WORKED[:64] + WORKED[65:], WORKED.replace(b"\n4\n", b"\n04\n"),
    WORKED[:65], WORKED[:64] + b"\n" + b"x" * LIMIT,
])  # fmt: skip
def test_another_spelling_is_no_leaf(raw):
    """Capitals, blanks, a root that is cut, no note behind it, too long: NotCanonical."""
    with pytest.raises(NotCanonical):
        MapLeaf.parse(raw)


@patient
@given(damaged(WORKED) | st.binary(max_size=100))
def test_what_is_read_is_written_back(raw):
    """Accepted bytes render to the same bytes, and nothing crashes."""
    accepted_is_canonical(MapLeaf.parse, MapLeaf.encode, raw)
