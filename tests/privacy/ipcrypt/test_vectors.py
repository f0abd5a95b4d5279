# SPDX-License-Identifier: Apache-2.0
"""What the specification says must come out: draft-denis-ipcrypt, appendix "Test Vectors". A few are typed here, the rest is shared."""

from ipaddress import ip_address

import ipcrypt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.privacy.ipcrypt.given import KEY_32, addresses, vectors

from whosaw.privacy.ipcrypt.address import packed, spelled
from whosaw.privacy.ipcrypt.deterministic import Deterministic
from whosaw.privacy.ipcrypt.ndx import Ndx
from whosaw.privacy.ipcrypt.pfx import Pfx

DETERMINISTIC = (
    ("0123456789abcdeffedcba9876543210", "0.0.0.0", "bde9:6789:d353:824c:d7c6:f58a:6bd2:26eb"),
    ("1032547698badcfeefcdab8967452301", "255.255.255.255", "aed2:92f6:ea23:58c3:48fd:8b8:74e8:45d8"),
    ("2b7e151628aed2a6abf7158809cf4f3c", "192.0.2.1", "1dbd:c1b9:fff1:7586:7d0b:67b4:e76e:4777"),
)
NDX = (
    "2b7e151628aed2a6abf7158809cf4f3c3c4fcf098815f7aba6d2ae2816157e2b", "192.0.2.1", "21bd1834bc088cd2b4ecbe30b70898d7",
    "21bd1834bc088cd2b4ecbe30b70898d7259e85ebaa000667d2437ac7e2208d71",
)  # fmt: skip
NETWORK = (
    ("10.0.0.47", "19.214.210.244"), ("10.0.0.129", "19.214.210.80"), ("10.0.0.234", "19.214.210.30"),
    ("2001:db8::a5c9:4e2f:bb91:5a7d", "7cec:702c:1243:f70:1956:125:b9bd:1aba"),
    ("2001:db8::7234:d8f1:3c6e:9a52", "7cec:702c:1243:f70:a3ef:c8e:95c1:cd0d"),
)  # fmt: skip


@pytest.mark.parametrize(("key", "address", "pseudonym"), DETERMINISTIC)
def test_deterministic_as_the_draft_has_it(key, address, pseudonym):
    made = Deterministic(bytes.fromhex(key))
    assert made.encrypt(address) == pseudonym
    assert made.decrypt(pseudonym) == address


def test_ndx_as_the_draft_has_it():
    key, address, tweak, pseudonym = NDX
    made = Ndx(bytes.fromhex(key))
    assert made.encrypt(address, bytes.fromhex(tweak)).hex() == pseudonym
    assert made.decrypt(bytes.fromhex(pseudonym)) == address


@pytest.mark.parametrize(("address", "pseudonym"), NETWORK)
def test_pfx_as_the_draft_has_it(address, pseudonym):
    assert Pfx(KEY_32).encrypt(address) == pseudonym
    assert Pfx(KEY_32).decrypt(pseudonym) == address


def test_every_shared_vector_one_by_one_and_as_a_batch():
    for each in vectors("deterministic"):
        made = Deterministic(bytes.fromhex(each["key"]))
        assert (made.encrypt(each["ip"]), made.decrypt(each["encrypted_ip"])) == (each["encrypted_ip"], each["ip"])
    for each in vectors("ndx"):
        made, raw = Ndx(bytes.fromhex(each["key"])), bytes.fromhex(each["output"])
        assert made.encrypt(each["ip"], bytes.fromhex(each["tweak"])) == raw
        assert made.decrypt(raw) == each["ip"]
    by_key = {}
    for each in vectors("pfx"):
        made = Pfx(bytes.fromhex(each["key"]))
        assert (made.encrypt(each["ip"]), made.decrypt(each["encrypted_ip"])) == (each["encrypted_ip"], each["ip"])
        by_key.setdefault(each["key"], []).append(each)
    for key, some in by_key.items():
        plain, secret = (
            np.frombuffer(b"".join(packed(each[name]) for each in some), np.uint8).reshape(-1, 16)
            for name in ("ip", "encrypted_ip")
        )
        assert np.array_equal(Pfx(bytes.fromhex(key)).encrypt_all(plain), secret)
        assert np.array_equal(Pfx(bytes.fromhex(key)).decrypt_all(secret), plain)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(addresses, min_size=1, max_size=5), st.binary(min_size=32, max_size=32).filter(lambda k: k[:16] != k[16:])
)
def test_another_implementation_agrees(some, key):
    """The specification's own, one address at a time: on addresses and keys that stand in no vector."""
    plain = np.frombuffer(b"".join(map(packed, some)), np.uint8).reshape(-1, 16)
    for ours, theirs in (
        (Deterministic(key[:16]), lambda each: ipcrypt.deterministic_encrypt(each, key[:16])),
        (Pfx(key), lambda each: ipcrypt.pfx_encrypt(each, key)),
    ):
        expected = [packed(str(theirs(ip_address(each)))) for each in some]
        assert [row.tobytes() for row in ours.encrypt_all(plain)] == expected
    secret = [ipcrypt.ndx_encrypt(ip_address(each), key) for each in some]
    assert [Ndx(key).decrypt(each) for each in secret] == [spelled(packed(each)) for each in some]
