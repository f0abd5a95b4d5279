# SPDX-License-Identifier: Apache-2.0
"""The root key and the files that keys stand in."""

import hmac
import os
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import Misconfigured
from whosaw.privacy.root import Root, encode_seed, expand, hmac_sha256, parse_seed


@given(st.binary(min_size=32, max_size=32))
def test_a_key_file_holds_what_was_written(key):
    """parse(encode(key)) is the key, and encode(parse(file)) is the file."""
    assert parse_seed(encode_seed(key), "keys/x") == key
    assert Root.parse(Root(key).encode()).encode() == encode_seed(key)


@given(st.binary(max_size=80))
def test_any_other_bytes_are_refused_in_words(raw):
    """Arbitrary bytes are a key file or Misconfigured, never a crash, and never accepted in a second spelling."""
    try:
        key = parse_seed(raw, "keys/x")
    except Misconfigured as error:
        assert error.setting == "keys/x"
        assert error.hint
    else:
        assert encode_seed(key) == raw


GOOD = encode_seed(bytes(range(32)))


@pytest.mark.parametrize(
    ("why", "raw"),
    [
        ("empty", b""),
        ("no newline at the end", GOOD[:-1]),
        ("two newlines", GOOD + b"\n"),
        ("Windows line ending", GOOD[:-1] + b"\r\n"),
        ("byte order mark", b"\xef\xbb\xbf" + GOOD),
        ("31 bytes", b64encode(bytes(31)) + b"\n"),
        ("33 bytes", b64encode(bytes(33)) + b"\n"),
        ("unused bits set", GOOD[:-3] + b"9=\n"),
        ("hex instead of base64", bytes(32).hex().encode() + b"\n"),
        ("truncated", GOOD[:20]),
        ("not text", b"\xff" * 45),
    ],
)
def test_a_damaged_key_file_stops_the_start(why, raw):
    """A key file in any other spelling is damaged; the error names the file and what to do, and none of its bytes."""
    with pytest.raises(Misconfigured, match="keys/root is damaged") as caught:
        Root.parse(raw)
    assert "backup" in caught.value.hint
    assert not raw or raw.strip().decode("latin-1") not in str(caught.value)


def test_a_missing_key_file_is_never_made_anew():
    """No file: refuse to start, say which file, and say that no new key is made."""
    with pytest.raises(Misconfigured, match="keys/root is missing") as caught:
        Root.parse(None)
    assert "none is made" in caught.value.hint
    assert caught.value.setting == "keys/root"


def test_expand_is_hkdf_expand():
    """Our one-block HKDF-Expand agrees with the library's."""
    for info in (b"", b"whosaw/value/v1", bytes(200)):
        key = os.urandom(32)
        assert expand(key, info) == HKDFExpand(SHA256(), 32, info).derive(key)


def test_every_key_under_the_root_is_another():
    """No two purposes or epochs share a key, and none is the root itself."""
    raw = bytes(range(32))
    root = Root(raw)
    keys = [
        root.lookup,
        root.principals,
        root.names,
        root.digests,
        root.check,
        *(root.epoch(e) for e in range(20)),
        raw,
    ]
    assert len(set(keys)) == len(keys)


def test_the_root_does_not_print_itself():
    """repr, str and format show nothing of the key."""
    raw = os.urandom(32)
    root = Root(raw)
    for text in (repr(root), str(root), f"{root}", repr([root])):
        assert raw.hex() not in text
        assert b64encode(raw).decode() not in text
        assert repr(raw) not in text


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), bytearray(32)])
def test_a_root_has_32_bytes(key):
    """Nothing but 32 bytes is a root."""
    with pytest.raises(Misconfigured):
        Root(key)


@given(key=st.binary(max_size=64), text=st.binary(max_size=300))
def test_our_hmac_is_hmac(key, text):
    """Any key of up to 64 bytes and any text: what the standard library makes of them."""
    assert hmac_sha256(key, text) == hmac.digest(key, text, "sha256")
