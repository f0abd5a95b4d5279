# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: the shared vectors, naive references, ways to damage bytes."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from whosaw.errors import WhosawError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "tlog"

# A loaded machine is slow, which says nothing about the code.
patient = settings(deadline=None, max_examples=60)


def shared(name):
    """A folder or file of the shared vectors; the test is skipped, aloud, where they are not beside the checkout."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared vectors are not beside this checkout: ../shared/vectors/tlog/{name}")
    return path


def shared_json(name):
    return json.loads(shared(name).read_text())


def hash_of(text):
    """Base64 of a vector, whatever its length: refusing a hash that is not 32 bytes is the code's matter."""
    return b64decode(text or "")


def leaves(count):
    """Leaf hashes of the leaves `leaf 0`, `leaf 1`, …"""
    return [sha256(b"\0leaf %d" % i).digest() for i in range(count)]


def naive_root(hashes):
    """MTH of RFC 6962 section 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return sha256(b"\1" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def naive_path(index, hashes):
    """PATH of RFC 6962 section 2.1.1."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return [*naive_path(index, hashes[:k]), naive_root(hashes[k:])]
    return [*naive_path(index - k, hashes[k:]), naive_root(hashes[:k])]


def naive_proof(old, hashes, whole=True):
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(hashes):
        return [] if whole else [naive_root(hashes)]
    k = split(len(hashes))
    if old <= k:
        return [*naive_proof(old, hashes[:k], whole), naive_root(hashes[k:])]
    return [*naive_proof(old - k, hashes[k:], False), naive_root(hashes[:k])]


def split(size):
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def one_bit_flips(raw):
    """`raw` with each single bit turned over."""
    whole = int.from_bytes(raw, "big")
    for bit in range(len(raw) * 8):
        yield (whole ^ 1 << bit).to_bytes(len(raw), "big")


def damaged(*good):
    """A strategy: one of these texts, with a slice cut out, doubled or replaced."""

    @st.composite
    def draw(choose):
        raw = choose(st.sampled_from(good))
        start = choose(st.integers(0, len(raw)))
        end = choose(st.integers(start, min(len(raw), start + 8)))
        with_ = choose(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\n", b" ", b"0", b"=", b"+", b"-", raw[start:end] * 2]))
        )
        return raw[:start] + with_ + raw[end:]

    return draw()


def accepted_is_canonical(parse, encode, raw):
    """The property of every parser: what it takes renders back to the same bytes; all else is one of our errors."""
    try:
        made = parse(raw)
    except WhosawError:
        return False
    assert encode(made) == raw
    return True
