# SPDX-License-Identifier: Apache-2.0
"""Receipts: seven lines under a key of their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tlog.given import accepted_is_canonical, damaged, one_bit_flips, patient
from tests.tlog.worked import LEAVES, LOG_SEED, ORIGIN, RECEIPT, RECEIPT_SEED

from whosaw.errors import BadInput, NotCanonical, ProofFailed
from whosaw.tlog import receipt as r
from whosaw.tlog.note import COSIGNATURE, Ed25519Signer, MlDsaSigner, parse_note, sign_note

SIGNER = Ed25519Signer.from_seed(r.signing_name(ORIGIN), RECEIPT_SEED)
AT = datetime(2026, 11, 22, 10, 15, 30, 123_000, UTC)
GOOD = r.Receipt(ORIGIN, 2, 1, bytes.fromhex(LEAVES[2]), r.idem("guard", "req-1"), AT, AT + timedelta(minutes=1))
TEXT = parse_note(RECEIPT).text


def test_the_worked_example():
    """The receipt of the specification, byte for byte, signed and opened."""
    assert sign_note(GOOD.encode(), [SIGNER], 0) == RECEIPT
    assert r.open_receipt(RECEIPT, SIGNER.key) == GOOD
    assert list(GOOD.indexes) == [2]


def test_idempotency_keys_are_the_callers_own():
    """The length before the caller keeps ("a", "bc") and ("ab", "c") apart."""
    assert r.idem("guard", "req-1") == sha256(b"whosaw/idem/v1\x00\x05guardreq-1").digest()
    assert r.idem("a", "bc") != r.idem("ab", "c")
    for caller, key in (("", "a"), ("a", ""), ("a", "k" * 65), ("c" * 256, "a")):
        with pytest.raises(BadInput):
            r.idem(caller, key)


def test_the_last_of_everything():
    """The longest caller and key, the last index, published at once: all still a receipt."""
    assert len(r.idem("c" * 255, "k" * 64)) == 32
    last = replace(GOOD, first=2**63 - 3, count=2, by=AT)
    assert r.Receipt.parse(last.encode()) == last
    with pytest.raises(BadInput):
        replace(last, count=3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"whosaw/receipt/v1", b"whosaw/receipt/v2"),
        (b"origin log", b"origin  log"),
        (b"origin log", b"origin a b"),
        (b"origin ", b"Origin "),
        (b"leaves 2 1", b"leaves 2"),
        (b"leaves 2 1", b"leaves 2 0"),
        (b"leaves 2 1", b"leaves 02 1"),
        (b"leaves 2 1", b"leaves 2 1 "),
        (b"leaves 2 1", b"leaves 2  1"),
        (b"leaves 2 1", b"leaves 2 1 1"),
        (b"leaves 2 1", b"leaves -2 1"),
        (b"leaves 2 1", b"leaves 9223372036854775807 1"),
        (b"root C1", b"root AC1"),
        (b"gU=\n", b"gV=\n"),
        (b"at 2026", b"at 2027"),
        (b".123Z\nby", b".12Z\nby"),
        (b".123Z\nby", b".123Z\n\nby"),
        (b"\nby ", b"\nuntil "),
        (b"key J", b"extra\nkey J"),
        (b"by 2026-11-22T10:16:30.123Z\n", b""),
        (b"by 2026-11-22T10:16:30.123Z\n", b"by 2026-11-22T10:16:30.123Z\nmore x\n"),
    ],
)
def test_no_other_receipt(old, new):
    """Order, words, blanks, numbers and times: one spelling."""
    changed = TEXT.replace(old, new, 1)
    assert changed != TEXT
    with pytest.raises(NotCanonical):
        r.Receipt.parse(changed)
    with pytest.raises(NotCanonical):
        r.open_receipt(sign_note(changed, [SIGNER], 0), SIGNER.key)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "a b"}, {"first": -1}, {"first": True}, {"count": 0}, {"count": True}, {"first": 2**63 - 1},
        {"root": b""}, {"key": bytes(31)}, {"by": AT - timedelta(milliseconds=1)},
    ],
)  # fmt: skip
def test_no_other_receipt_is_made(wrong):
    """What would not be read is not made."""
    with pytest.raises(BadInput):
        replace(GOOD, **wrong)


def test_only_the_receipt_key_of_the_origin_signs():
    """A checkpoint key, a witness, another log's receipt key: no receipt."""
    others = [
        Ed25519Signer.from_seed(ORIGIN, LOG_SEED),
        Ed25519Signer.from_seed("other.example.org/receipts", RECEIPT_SEED),
        Ed25519Signer.from_seed(r.signing_name(ORIGIN), RECEIPT_SEED, COSIGNATURE),
    ]
    for signer in others:
        with pytest.raises(ProofFailed):
            r.open_receipt(sign_note(TEXT, [signer], 5), signer.key)
        with pytest.raises(ProofFailed):
            r.open_receipt(RECEIPT, signer.key)
    with pytest.raises(NotCanonical):
        sign_note(TEXT, [MlDsaSigner.from_seed(r.signing_name(ORIGIN), RECEIPT_SEED)], 5)


def test_every_flipped_bit_of_a_receipt_is_found():
    """Text, name, id and signature: each bit counts."""
    for flipped in one_bit_flips(RECEIPT):
        with pytest.raises((NotCanonical, ProofFailed)):
            r.open_receipt(flipped, SIGNER.key)


@patient
@given(st.one_of(st.binary(max_size=120), damaged(TEXT)))
def test_accepted_receipts_are_canonical(raw):
    """Whatever is taken for a receipt renders back to the same bytes."""
    accepted_is_canonical(r.Receipt.parse, r.Receipt.encode, raw)


@patient
@given(
    st.integers(0, 2**62), st.integers(1, 20_000), st.binary(min_size=32, max_size=32),
    st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),
)  # fmt: skip
def test_every_receipt_there_and_back(first, count, root, at):
    """Any leaves, any time, cut to milliseconds."""
    made = r.Receipt("log", first, count, root, root, at, at + timedelta(minutes=1))
    assert r.Receipt.parse(made.encode()).encode() == made.encode()
