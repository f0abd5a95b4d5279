# SPDX-License-Identifier: Apache-2.0
"""Leaves: the worked example of the format, byte for byte, and everything that is refused."""

import hmac
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, patient
from tests.tlog.worked import BODIES, COMMITMENTS, K_PERSON, LABELS, LEAVES, NONCES, ROOT_3, ROOT_4

from whosaw.errors import BadInput, NotCanonical
from whosaw.tlog import leaf as f
from whosaw.tlog import merkle


def test_the_worked_example():
    """Labels, commitments, leaf hashes and roots of the four leaves of the specification."""
    assert f.GENESIS_LABEL.hex() == LABELS[0]
    assert [f.label(K_PERSON, i).hex() for i in (1, 2)] == LABELS[2:]
    made = [f.commitment(nonce, body) for nonce, body in zip(NONCES, BODIES, strict=True)]
    assert {i: made[i].hex() for i in COMMITMENTS} == COMMITMENTS
    entries = [f.entry(bytes.fromhex(label), c) for label, c in zip(LABELS, made, strict=True)]
    assert {len(entry) for entry in entries} == {65}
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    assert {i: hashes[i].hex() for i in LEAVES} == LEAVES
    assert (merkle.root(hashes[:3]).hex(), merkle.root(hashes).hex()) == (ROOT_3, ROOT_4)


def test_the_enrolment_names_the_stream_key():
    """The digest in the body of the enrolment, and the VRF input of the same id."""
    assert b64encode(f.stream_key_digest(K_PERSON)) == b"0ruyVtl+jRHm2gB6vDnz8xVfI2pXQoFuo92CM9dfnS0="
    assert f.alpha(f.StreamKind.PERSON, "p-1", 0).hex() == "77686f7361772f656e726f6c2f7631010003702d3100000000"


def test_derivations_by_the_textbook():
    """HKDF-Expand of one block is one HMAC; a label is one HMAC."""
    origin = b"log.example.org/whosaw"
    info = (
        b"whosaw/stream/v1" + len(origin).to_bytes(2, "big") + origin + (3).to_bytes(4, "big") + (1).to_bytes(4, "big")
    )
    made = f.derive_stream_key(K_PERSON, origin.decode(), 3, 1)
    assert made == hmac.digest(K_PERSON, info + b"\1", "sha256")
    assert f.label(made, 2**40) == hmac.digest(made, b"whosaw/label/v1" + (2**40).to_bytes(8, "big"), "sha256")
    assert f.stream_key_digest(made) == sha256(b"whosaw/stream-key/v1" + made).digest()


def test_one_person_in_two_logs_has_unrelated_labels():
    """Origin, generation and rekeys all change the stream key."""
    keys = {
        f.derive_stream_key(K_PERSON, origin, generation, rekeys)
        for origin in ("a", "b")
        for generation in (0, 1)
        for rekeys in (0, 1)
    }
    assert len(keys) == 8


def test_alpha_is_for_one_id():
    """Kind, id and generation all change it, and a person cannot be called like a named stream."""
    made = {f.alpha(kind, id_, g) for kind in (1, 2) for id_ in ("a", "ab", "admin", "ä") for g in (0, 1)}
    assert len(made) == 16


@pytest.mark.parametrize("raw", [b"", bytes(64), bytes(66), bytes(65), b"\2" + bytes(64), b"\x81" + bytes(64)])
def test_no_other_leaf(raw):
    """65 bytes, version 1."""
    with pytest.raises(NotCanonical, match="leaf 7"):
        f.parse_entry(raw, "leaf 7")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: f.commitment(bytes(31), b"{}"),
        lambda: f.commitment(bytes(33), b"{}"),
        lambda: f.entry(bytes(31), bytes(32)),
        lambda: f.entry(bytes(32), bytes(33)),
        lambda: f.label(K_PERSON, 0),
        lambda: f.label(K_PERSON, -1),
        lambda: f.label(K_PERSON, True),
        lambda: f.label(K_PERSON, 2**63),
        lambda: f.label(K_PERSON[1:], 1),
        lambda: f.stream_key_digest(b""),
        lambda: f.derive_stream_key(b"", "log", 0, 0),
        lambda: f.derive_stream_key(K_PERSON, "a b", 0, 0),
        lambda: f.derive_stream_key(K_PERSON, "log", 2**32, 0),
        lambda: f.derive_stream_key(K_PERSON, "log", 0, -1),
        lambda: f.alpha(0, "a", 0),
        lambda: f.alpha(3, "a", 0),
        lambda: f.alpha(True, "a", 0),
        lambda: f.alpha(1, "", 0),
        lambda: f.alpha(1, "a" * 201, 0),
        lambda: f.alpha(1, "\ud800", 0),
        lambda: f.alpha(1, "a", 2**32),
        lambda: f.alpha(1, "a", False),
    ],
)
def test_what_cannot_be_derived(wrong):
    """Widths are fixed and numbers bounded, or two inputs could mean the same bytes."""
    with pytest.raises(BadInput):
        wrong()


def test_the_longest_id():
    """200 bytes of UTF-8, which may be fewer characters."""
    assert len(f.alpha(1, "ä" * 100, 2**32 - 1)) == 15 + 1 + 2 + 200 + 4


def test_errors_do_not_carry_the_id():
    """An id that is too long is not shown in the message."""
    with pytest.raises(BadInput) as caught:
        f.alpha(1, "p-secret" * 40, 0)
    assert "secret" not in str(caught.value)


@patient
@given(
    st.one_of(
        st.binary(max_size=70),
        st.binary(min_size=65, max_size=65),
        st.binary(min_size=64, max_size=64).map(lambda b: b"\1" + b),
    )
)
def test_accepted_leaves_are_canonical(raw):
    """Whatever is taken for a leaf renders back to the same bytes."""
    accepted_is_canonical(f.parse_entry, lambda pair: f.entry(*pair), raw)
