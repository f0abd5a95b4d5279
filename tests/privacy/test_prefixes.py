# SPDX-License-Identifier: Apache-2.0
"""Tokens of prefixes: of exactly the networks that may be shown of an address."""

import hashlib
import hmac
import ipaddress
import random

from tests.privacy.keys import root

from whosaw.privacy.fields.ip import lengths, network_of
from whosaw.privacy.prefixes import TOKEN, Prefixes
from whosaw.privacy.root import expand


def test_a_token_is_of_the_network_that_may_be_shown():
    """Addresses of both kinds, and 6to4: for each length the digest of that network's own bytes."""
    made, draw, known = Prefixes(root()), random.Random(5), {}
    key = expand(root().digests, b"whosaw/prefix/v1")
    some = [ipaddress.IPv4Address(draw.getrandbits(32)) for _ in range(50)]
    some += [ipaddress.IPv6Address(draw.getrandbits(128)) for _ in range(50)]
    some += [ipaddress.IPv6Address(0x2002 << 112 | draw.getrandbits(112)) for _ in range(20)]
    for address in some:
        expected = []
        for length in lengths(address):
            raw = network_of(address, length).network_address.packed
            text = b"token\x00" + bytes([len(raw), length]) + raw
            expected.append((length, hmac.digest(key, text, hashlib.sha256)[:TOKEN]))
        assert list(made.tokens(address)) == expected
        assert list(made.tokens(address, known)) == list(made.tokens(address, known)) == expected
