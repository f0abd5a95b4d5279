# SPDX-License-Identifier: Apache-2.0
"""The shared vectors, a slow reference of pfx that was written from the specification's words, and addresses to try."""

import ipaddress
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import strategies as st

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "ipcrypt" / "test_vectors.json"
KEY_16 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
KEY_32 = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a")

v4 = st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n)))
v6 = st.integers(0, 2**128 - 1).map(lambda n: str(ipaddress.ip_address(n.to_bytes(16, "big"))))
near = st.integers(0, 2**12).map(lambda n: str(ipaddress.IPv6Address((0x20010DB8 << 96) + n)))
addresses = st.one_of(v4, v6, near).filter(lambda text: not text.startswith("::ffff:"))

NO_ADDRESSES = (
    "", " ", "192.0.2.1 ", " 192.0.2.1", "192.0.2.01", "192.0.2", "192.0.2.256", "192.0.2.1.", "0xc0000201", "3221225985",
    "192.0.2.1/32", "192.0.2.1:80", "fe80::1%eth0", "fe80::1%1", "[2001:db8::1]", "2001:db8::1::", "2001:db8:::1", ":", "12345::",
    "::ffff:192.0.2.01", "192.0.2.1\x00", "2001:db8::1\x00", "١٩٢.٠.٢.١", "localhost", "2001:db8::g", "\ud800",
)  # fmt: skip


def vectors(variant):
    """Those of a variant; the test is skipped, aloud, where they are not beside the checkout."""
    if not SHARED.exists():
        pytest.skip("the shared vectors are not beside this checkout: ../shared/vectors/ipcrypt")
    found = [each for each in json.loads(SHARED.read_text()) if each["variant"] == f"ipcrypt-{variant}"]
    assert len(found) >= 5, "the file of vectors has changed"
    return found


def slow_pfx(key, address):
    """Bit by bit, in whole numbers."""
    whole = ipaddress.ip_address(address)
    bits = 32 if whole.version == 4 else 128
    value = int(whole) | (0xFFFF << 32 if bits == 32 else 0)
    one, two = (Cipher(AES(half), modes.ECB()) for half in (key[:16], key[16:]))
    before = 1 if bits == 128 else (1 << 96) | 0xFFFF
    made = 0
    for bit in range(bits - 1, -1, -1):
        block = before.to_bytes(16, "big")
        turned = (one.encryptor().update(block)[15] ^ two.encryptor().update(block)[15]) & 1
        own = value >> bit & 1
        made = made << 1 | own ^ turned
        before = before << 1 & (1 << 128) - 1 | own
    return str(type(whole)(made))
