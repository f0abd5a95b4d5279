# SPDX-License-Identifier: Apache-2.0
"""The search of `make thief` finds what is there: each spelling, whatever it is wrapped in, each digest, each value under its key."""

import base64
import gzip
import hashlib
import hmac
import io
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.thief import Loot, Thief, spellings

from whosaw.privacy.fields.ip import address_of
from whosaw.privacy.prefixes import Prefixes
from whosaw.privacy.root import Root, expand

FOUR, SIX = "198.51.100.213", "2001:db8:5e:7::d5"
THIEF = Thief((FOUR, SIX), ("mirabel",), (b"one line\n",))
ROOT = bytes(range(32))


def found(raw):
    return THIEF.finds(Loot("x", b"\x00\xff" * 9 + raw + b"\xfe" * 7))


def test_each_spelling_is_found_and_another_address_is_not():
    assert len(spellings(FOUR)) > 80
    for word in spellings(FOUR) | spellings(SIX):
        assert found(word), word
    for other in ("198.51.100.173", "2001:db8:5e:7::5d"):
        assert found(other.encode()) == found(base64.b64encode(other.encode())) == []
    for word in (
        b"3325256917",
        b"::ffff:c633:64d5",
        FOUR.encode("utf-16-be"),
        b"c63364d5",
        b"213.100.51.198.in-addr.arpa",
    ):
        assert word in spellings(FOUR)


def test_it_is_found_in_what_it_is_wrapped_in():
    text = f"from {FOUR} at noon".encode()
    sink = io.BytesIO()
    pq.write_table(
        pa.table({"n": list(range(99)), "where": [f"{n}.{FOUR}" for n in range(99)]}), sink, compression="zstd"
    )
    assert THIEF.finds(Loot("x", sink.getvalue()))
    for wrap in (gzip.compress, zlib.compress, base64.b64encode, base64.urlsafe_b64encode, lambda raw: raw.hex().encode(),
                 lambda raw: b"..." + base64.b64encode(b"?" + raw), lambda raw: base64.b32encode(raw + b"....").lower()):  # fmt: skip
        assert found(wrap(text)), wrap


def test_digests_are_recognised_plain_and_under_a_secret():
    secrets = {"root": ROOT, "other": bytes(32)}
    digests = THIEF.digests(secrets)

    def guessed(raw):
        return THIEF.guesses(Loot("x", b"\x01" * 5 + raw + b"\x02" * 9), digests)

    assert guessed(hashlib.sha256(FOUR.encode()).digest()) == {("address", "")}
    assert guessed(b"'" + hashlib.md5(SIX.encode()).hexdigest().encode()) == {("address", "")}
    assert guessed(base64.b64encode(hashlib.sha256(b"one line\n").digest())) == {("file", "")}
    assert guessed(hashlib.sha256(b"whosaw/value/v1" + FOUR.encode()).digest()) == {("address", "")}
    assert guessed(hmac.digest(Root(ROOT).lookup, b"\x01mirabel", "sha256")) == {("person", "root")}
    assert guessed(Prefixes(Root(ROOT)).tokens(address_of(FOUR))[0][1]) == {("network", "root")}
    assert guessed(hashlib.sha256(b"198.51.100.212").digest()) == set()


def test_a_value_opens_under_its_key_and_under_none_else():
    secrets = {"root": ROOT, "other": bytes(32)}
    for key in (ROOT, expand(ROOT, b"whosaw/value/v1")):
        sealed = bytes(12) + AESGCM(key).encrypt(bytes(12), FOUR.encode(), b"about something")
        assert THIEF.opens([sealed, bytes(60)], secrets) == {"root"}
    assert THIEF.opens([bytes(12) + AESGCM(bytes(31) + b"x").encrypt(bytes(12), FOUR.encode(), b"")], secrets) == set()
